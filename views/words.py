"""Numbers with their word."""


def counted(number: int, word: str) -> str:
    """`1 message`, `3 messages`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
