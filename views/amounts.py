"""How many there are of something, for sentences."""

from views.language import ngettext


def messages(count: int) -> str:
    return ngettext("{count} message", "{count} messages", count).format(count=f"{count:,}")


def channels(count: int) -> str:
    return ngettext("{count} channel", "{count} channels", count).format(count=f"{count:,}")


def announcements(count: int) -> str:
    return ngettext("{count} announcement", "{count} announcements", count).format(count=f"{count:,}")


def copies(count: int) -> str:
    return ngettext("{count} copy", "{count} copies", count).format(count=f"{count:,}")
