"""What people read about both bots before they press Start. Owners' own texts are never overwritten."""

from views.html import bare, cut

#: characters of a channel's title in the about text, which Telegram limits to 120
_TITLE_MAX = 90


def about_admin_bot(user_bot_username: str) -> str:
    return f"Manages @{user_bot_username}."


def describe_admin_bot() -> str:
    return "Send me content, get a post. Publish, schedule, see who reads."


def about_user_bot(channel_title: str) -> str:
    return f"Sends you the posts of {cut(bare(channel_title), _TITLE_MAX)}."


def describe_user_bot() -> str:
    return "Open a post's link in the channel and it arrives here. Most delete themselves after a while."
