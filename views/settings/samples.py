"""Texts of the owners as their readers get them, with the longest names and titles."""

from core.settings import TEXTS
from core.settings.announcing import fill_announcement
from core.templates import CAPTION_MAX, Html, fill, filled_length, isolated

_TITLE = "The longest title that a post of yours can have, with eighty characters in all: "
_TEXT = "The text of a post, which has at most five hundred characters. "
_VALUES = {
    "title": isolated((_TITLE + "x" * 80)[:80]),
    "text": (_TEXT * 8)[:500],
    "number": "1234567",
    "count": "100 messages",
    "autodelete": "46 h 59 min",
}
_NAME = "Somebody with a name of sixty-four characters, the longest shown"


def sample(name: str, html: str, bot_username: str) -> str:
    """Return the text of a setting filled, as HTML."""
    if name == "post_template":
        return fill_announcement(html, _VALUES)
    if not TEXTS[name].placeholders:
        return html
    return fill(html, {"name": Html(isolated(_NAME)), "bot": f"@{bot_username}"})


def length_words(name: str, html: str) -> str:
    """Say how long the text can get, and what that means for an announcement. Plain text."""
    longest = filled_length(html, TEXTS[name])
    words = f"{longest:,} characters"
    if name != "post_template" or longest <= CAPTION_MAX:
        return f"{words}."
    return f"{words}; under a picture Telegram takes {CAPTION_MAX:,}, so such a post is announced without one."
