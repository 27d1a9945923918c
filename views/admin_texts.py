"""What owners read everywhere in the admin bot. Everything foreign is escaped."""

from views.html import esc

#: Telegram's cap for the answer to a button, in characters
TOAST_MAX = 200

HELP = (
    "<b>Send me anything</b> and it becomes a post with a link: a text, a photo, a video, a file, a voice message, "
    "a sticker, an album. Forwarding works too.\n\n"
    "/batch puts several messages behind one link\n"
    "/posts finds a post to rename, replace or remove\n"
    "/broadcast sends one message to all subscribers or to some of them, now or later; /broadcast list shows the "
    "last ones\n"
    "/channels lists the channels one has to join before a post, and adds some\n"
    "/user ID shows a subscriber, /grant gives credits or days, /ban keeps somebody out, /unban lets in again\n"
    "/stats shows the numbers and charts of the last days\n"
    "/jobs shows what runs by itself and how it went, runs it now or pauses it\n"
    "/admin sends a link to the admin page, /backup writes a backup now\n"
    "/settings shows what you can change, /set changes it\n"
    "/cancel stops whatever I am waiting for"
)
UNKNOWN_COMMAND = "I don't know this command. /help lists the ones I know."
NOTHING_TO_CANCEL = "There is nothing to cancel. Send me anything to make a post."
CANCELLED = "Cancelled. Nothing was changed."
STALE_BUTTON = "This button is from an older screen. Open it again with /posts."


def not_for_you(user_bot_username: str) -> str:
    """The one answer to people who are not admins; short enough for a button's answer."""
    return f"This bot is for the channel's owners. To get a post, open its link: it leads to @{user_bot_username}."


def plain(sentence: str) -> str:
    """A sentence of an error (plain text, may quote what was typed) as HTML."""
    return esc(sentence)
