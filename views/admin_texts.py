"""What owners read everywhere in the admin bot. Everything foreign is escaped and isolated here."""

from views.html import cut, esc

#: first-strong isolate and its end: a right-to-left name cannot turn the sentence around
_ISOLATE, _END = "\u2068", "\u2069"
#: direction controls that could break out of the isolate
_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

#: Telegram's cap for the answer to a button, in characters
TOAST_MAX = 200

HELP = (
    "<b>Send me anything</b> and it becomes a post with a link: a text, a photo, a video, a file, a voice message, "
    "a sticker, an album. Forwarding works too.\n\n"
    "/batch puts several messages behind one link\n"
    "/posts finds a post to rename, replace or remove\n"
    "/settings shows what you can change, /set changes it\n"
    "/cancel stops whatever I am waiting for"
)
UNKNOWN_COMMAND = "I don't know this command. /help lists the ones I know."
NOTHING_TO_CANCEL = "There is nothing to cancel. Send me anything to make a post."
CANCELLED = "Cancelled. Nothing was changed."
STALE_BUTTON = "This button is from an older screen. Open it again with /posts."


def isolate(text: str, limit: int = 80) -> str:
    """A name or title inside a sentence: cut, escaped, and kept from turning the sentence around it."""
    return f"{_ISOLATE}{esc(cut(bare(text), limit))}{_END}"


def bare(text: str) -> str:
    """`text` without direction controls; for buttons, which are not HTML."""
    return text.translate(_CONTROLS)


def not_for_you(user_bot_username: str) -> str:
    """The one answer to people who are not admins; short enough for a button's answer."""
    return f"This bot is for the channel's owners. To get a post, open its link: it leads to @{user_bot_username}."


def plain(sentence: str) -> str:
    """A sentence of an error (plain text, may quote what was typed) as HTML."""
    return esc(sentence)


def counted(number: int, word: str) -> str:
    """`1 item`, `3 items`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
