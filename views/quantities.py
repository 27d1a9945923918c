"""Numbers with a unit or a noun."""


def counted(number: int, word: str) -> str:
    """Return `1 message`, `1,234 messages`."""
    return f"{number} {word}" if number == 1 else f"{number:,} {word}s"


def people(number: int) -> str:
    """Return `1 person`, `1,234 people`."""
    return "1 person" if number == 1 else f"{number:,} people"


def in_bytes(size: int) -> str:
    """Return `512 bytes`, `3.4 MB`: decimal units."""
    for unit, letters in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {letters}"
    return counted(size, "byte")
