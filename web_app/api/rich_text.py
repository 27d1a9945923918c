"""A formatted text as a tree for the page, which makes elements of known tags and texts of it: no HTML reaches it."""

from html.parser import HTMLParser

from pydantic import BaseModel, ConfigDict, Field

#: tags that are shown; of others, like custom emoji, what they hold
_SHOWN = frozenset({"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"})
#: tags within each other that are shown: JSON is not written of what is nested hundreds of times
_DEEPEST = 30


class Piece(BaseModel):
    """A text, or a tag around pieces."""

    model_config = ConfigDict(frozen=True)

    text: str = ""
    tag: str = Field("", description="empty: a text")
    href: str = Field("", description="of a link")
    inside: "list[Piece]" = []


class _Open:
    def __init__(self, tag: str, href: str) -> None:
        self.tag = tag
        self.href = href
        self.inside: list[Piece] = []


class _Reader(HTMLParser):
    """Reads texts in their stored form: balanced tags that Telegram knows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.opened = [_Open("", "")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(_Open(tag, dict(attrs).get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        ended = self.opened.pop()
        is_shown = tag in _SHOWN and len(self.opened) <= _DEEPEST
        pieces = [Piece(tag=tag, href=ended.href, inside=ended.inside)] if is_shown else ended.inside
        self.opened[-1].inside += pieces

    def handle_data(self, data: str) -> None:
        self.opened[-1].inside.append(Piece(text=data))


def pieces_of(html: str) -> list[Piece]:
    """Return the pieces of a stored text (`core.templates.check`)."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.opened[0].inside
