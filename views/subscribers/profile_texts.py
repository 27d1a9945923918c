"""What people read about the user bot before they press Start. Owners' own texts are never overwritten."""

from views.catalogues import SOURCE, our_catalogues
from views.html import bare, cut
from views.language import _, speaking

#: characters of a channel's title in the about text, which Telegram limits to 120
_TITLE_MAX = 80


def about_user_bot(channel_title: str) -> str:
    return _("Sends you the posts of {channel}.").format(channel=cut(bare(channel_title), _TITLE_MAX))


def describe_user_bot() -> str:
    return _("Open a post's link in the channel and it arrives here. Most delete themselves after a while.")


def abouts(channel_title: str) -> dict[str | None, str]:
    """Return the about text for the apps in each language; for None, which is the first: for all others."""
    return {code: about for code, about, _description in _in_each_language(channel_title)}


def descriptions() -> dict[str | None, str]:
    """Return the description in the same way."""
    return {code: description for code, _about, description in _in_each_language("")}


def _in_each_language(channel_title: str) -> list[tuple[str | None, str, str]]:
    known, found = our_catalogues(), []
    for code in known.languages:
        with speaking(known.of(code)):
            found.append((None if code == SOURCE else code, about_user_bot(channel_title), describe_user_bot()))
    return found
