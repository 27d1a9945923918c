"""Numbers with a unit or a noun."""

from views.language import _, ngettext


def counted(number: int, word: str) -> str:
    """Return `1 message`, `1,234 messages`: English, for terminals."""
    return f"{number} {word}" if number == 1 else f"{number:,} {word}s"


def people(number: int) -> str:
    """Return `1 person`, `1,234 people`."""
    return ngettext("{count} person", "{count} people", number).format(count=f"{number:,}")


def in_bytes(size: int) -> str:
    """Return `512 bytes`, `3.4 MB`: decimal units."""
    if size >= 10**9:
        return _("{size} GB").format(size=f"{size / 10**9:,.1f}")
    if size >= 10**6:
        return _("{size} MB").format(size=f"{size / 10**6:,.1f}")
    if size >= 1000:
        return _("{size} kB").format(size=f"{size / 1000:,.1f}")
    return ngettext("{count} byte", "{count} bytes", size).format(count=size)
