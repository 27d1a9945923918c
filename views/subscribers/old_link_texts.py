"""What subscribers read of a link that another bot made."""

from views.language import gettext as _


def of_another_bot() -> str:
    return _("This link is from another bot and cannot be opened any more.")


def too_many_messages() -> str:
    return _("This link opens more messages than one post can have.")


def too_many_new() -> str:
    return _("Those were many old links at once. Try again in an hour.")
