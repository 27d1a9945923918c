"""Numbers with their word."""


def counted(number: int, word: str) -> str:
    """`1 message`, `3 messages`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def people(number: int) -> str:
    """`1 person`, `1,234 people`."""
    return "1 person" if number == 1 else f"{number:,} people"
