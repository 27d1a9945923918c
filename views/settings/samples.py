"""Texts of the owners as their readers get them, with the longest names and titles."""

from core.settings import TEXTS
from core.settings.announcing import fill_announcement
from core.templates import CAPTION_MAX, Html, fill, filled_length, isolated
from views.language import _, ngettext

#: characters of the longest title, text and name
_TITLE_MAX, _TEXT_MAX, _NAME_MAX = 80, 500, 64


def _values() -> dict[str, str]:
    title = _("The longest title that a post of yours can have, with eighty characters in all: ")
    text = _("The text of a post, which has at most five hundred characters. ")
    return {
        "title": isolated((title + "x" * _TITLE_MAX)[:_TITLE_MAX]),
        "text": (text * _TEXT_MAX)[:_TEXT_MAX],
        "number": "1234567",
        # in English, as announcements are
        "count": "100 messages",
        "autodelete": "46 h 59 min",
    }


def sample(name: str, html: str, bot_username: str) -> str:
    """Return the text of a setting filled, as HTML."""
    if name == "post_template":
        return fill_announcement(html, _values())
    if not TEXTS[name].placeholders:
        return html
    name = _("Somebody with a name of sixty-four characters, the longest shown")
    return fill(html, {"name": Html(isolated(name[:_NAME_MAX])), "bot": f"@{bot_username}"})


def length_words(name: str, html: str) -> str:
    """Say how long the text can get, and what that means for an announcement. Plain text."""
    longest = filled_length(html, TEXTS[name])
    if name != "post_template" or longest <= CAPTION_MAX:
        return ngettext("{count} character.", "{count} characters.", longest).format(count=f"{longest:,}")
    return ngettext(
        "{count} character; under a picture Telegram takes {most}, so such a post is announced without one.",
        "{count} characters; under a picture Telegram takes {most}, so such a post is announced without one.",
        longest,
    ).format(count=f"{longest:,}", most=f"{CAPTION_MAX:,}")
