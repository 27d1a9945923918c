"""What people read about the admin bot before they press Start. Owners' own texts are never overwritten."""

from views.language import _


def about_admin_bot(user_bot_username: str) -> str:
    return _("Manages @{username}.").format(username=user_bot_username)


def describe_admin_bot() -> str:
    return _("Send me content, get a post. Publish, schedule, see who reads.")
