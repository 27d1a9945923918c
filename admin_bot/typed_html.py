"""What an admin typed, as HTML: formatting from the message's entities, and tags that were typed as text."""

from html import escape

from aiogram.types import Message, MessageEntity
from aiogram.utils.text_decorations import HtmlDecoration


class _Typed(HtmlDecoration):
    """Leaves typed tags as they are; the text's check refuses those that do not fit. In code they are text."""

    def quote(self, value: str) -> str:
        return value

    def code(self, value: str) -> str:
        return super().code(escape(value, quote=False))

    def pre(self, value: str) -> str:
        return super().pre(escape(value, quote=False))

    def pre_language(self, value: str, language: str) -> str:
        return super().pre_language(escape(value, quote=False), language)

    def link(self, value: str, link: str) -> str:
        return super().link(value, escape(link))


_TYPED = _Typed()


def typed_html(message: Message, start: int = 0) -> str:
    """Return the text of a message from the character `start` on."""
    text = message.text or ""
    skipped = len(text[:start].encode("utf-16-le", "surrogatepass")) // 2
    return _TYPED.unparse(text[start:], [cut for one in message.entities or () if (cut := _cut(one, skipped))])


def _cut(entity: MessageEntity, skipped: int) -> MessageEntity | None:
    """Return the entity within the text behind `skipped` UTF-16 units; None when it ends before."""
    end = entity.offset + entity.length - skipped
    begin = max(entity.offset - skipped, 0)
    return entity.model_copy(update={"offset": begin, "length": end - begin}) if end > begin else None
