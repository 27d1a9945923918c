"""Formatted texts: parse mode, trimming and detected entities when stored, HTML when shown on the page."""

import html
import json
import re
from itertools import pairwise
from typing import Any

from sandbox.errors import bad_request
from sandbox.text.dates import is_format
from sandbox.text.entities import parse_html, utf16_length
from sandbox.text.fields import (
    LONG_BITS,
    FieldError,
    optional_text,
    required_int,
    required_object,
    required_text,
)

Json = dict[str, Any]
#: A text and its entities.
Formatted = tuple[str, list[Json]]

MAX_TEXT = 4096
MAX_CAPTION = 1024
#: Raw texts beyond this are refused before parsing (BOTAPI §2.4).
MAX_RAW_BYTES = 32 * 1024

_DETECTED = re.compile(
    r"(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)\]']|\bt\.me/[\w+/?=&-]+)"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?<![\w/@])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?)\b"
    r"|(?<!\w)(?P<mention>@[A-Za-z]\w{3,31})\b"
    r"|(?<!\w)(?P<hashtag>#\w*[^\W\d_]\w*)"
)
#: Entities that Telegram finds by itself: given ones are ignored.
_DETECTED_TYPES = frozenset(
    ["mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"]
)
_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "spoiler": "tg-spoiler",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote expandable",
}


def read_text(raw: str, parse_mode: str, entities: str, limit: int, too_long: str) -> Formatted:
    """Parse a text into the text and the entities that are stored.

    `entities` is the JSON text of explicit entities, used only without a `parse_mode`. `limit` is in UTF-16 units after
    parsing, `too_long` the error above it. Raises 400 with Telegram's texts.
    """
    return finish_text(*parse_text(raw, parse_mode, entities), limit, too_long)


def parse_text(raw: str, parse_mode: str, entities: str) -> Formatted:
    """Parse a text as the Bot API server does, before it looks at chats. Raises 400 with Telegram's texts."""
    if len(raw.encode()) > MAX_RAW_BYTES:
        raise bad_request("text is too long")
    mode = parse_mode.lower()
    if not raw or mode in ("", "none"):
        return raw, _read_entities(entities, utf16_length(raw)) if entities else []
    if mode == "html":
        return parse_html(raw)
    if mode in ("markdown", "markdownv2"):
        raise bad_request("unsupported parse_mode (the sandbox reads HTML only)")
    raise bad_request("unsupported parse_mode")


def finish_text(text: str, entities: list[Json], limit: int, too_long: str) -> Formatted:
    """Trim a parsed text, check its length and add the entities that are found in it. Raises 400 `too_long`."""
    text, entities = _trim(text, entities)
    if utf16_length(text) > limit:
        raise bad_request(too_long)
    return text, entities + detect(text, entities)


def _read_entities(raw: str, length: int) -> list[Json]:
    """Explicit entities. What is no list is ignored, like entities outside of the text (Client.cpp)."""
    try:
        items = json.loads(raw)
    except ValueError:
        return []
    kept = []
    for item in items if isinstance(items, list) else []:
        found = _read_entity(item)
        if found is not None and found["offset"] >= 0 < found["length"] and _end(found) <= length:
            kept.append(found)
    return sorted(kept, key=lambda entity: (entity["offset"], -entity["length"]))


def _read_entity(item: Any) -> Json | None:
    """The entity; None for one that Telegram finds by itself. Raises ApiError 400."""
    prefix = "can't parse MessageEntity: "
    if not isinstance(item, dict):
        raise bad_request(prefix + "expected an Object")
    try:
        entity = {"offset": required_int(item, "offset"), "length": required_int(item, "length")}
        kind = required_text(item, "type")
        if not kind:
            raise FieldError("Type is not specified")
        return None if kind in _DETECTED_TYPES else entity | {"type": kind} | _details(kind, item)
    except FieldError as error:
        raise bad_request(f"{prefix}{error}") from error


def _details(kind: str, item: Json) -> Json:
    """The fields of an entity besides its place and type. Raises FieldError."""
    if kind == "text_link":
        return {"url": required_text(item, "url")}
    if kind == "text_mention":
        user = required_object(item, "user")
        required_int(user, "id", bits=LONG_BITS)
        return {"user": user}
    if kind == "custom_emoji":
        return {"custom_emoji_id": str(required_int(item, "custom_emoji_id", bits=LONG_BITS))}
    if kind == "pre":
        language = optional_text(item, "language")
        return {"language": language} if language else {}
    if kind == "date_time":
        unix, form = required_int(item, "unix_time"), optional_text(item, "date_time_format")
        if not is_format(form):
            raise FieldError("Invalid date-time format specified")
        return {"unix_time": unix} | ({"date_time_format": form} if form else {})
    if kind not in _TAGS:
        raise FieldError("Unsupported type specified")
    return {}


def _trim(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Strip spaces at both ends, as Telegram does, and shift the entities."""
    stripped = text.strip(" \t\r\n")
    if stripped == text:
        return text, entities
    cut = utf16_length(text[: len(text) - len(text.lstrip(" \t\r\n"))])
    length = utf16_length(stripped)
    kept = []
    for entity in entities:
        start = max(entity["offset"] - cut, 0)
        end = min(entity["offset"] + entity["length"] - cut, length)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return stripped, kept


def detect(text: str, entities: list[Json]) -> list[Json]:
    """Entities for commands, mentions, hashtags, e-mails and URLs in `text`, outside of `entities`."""
    found = []
    for match in _DETECTED.finditer(text):
        start = utf16_length(text[: match.start()])
        length = utf16_length(match[0])
        if not any(start < e["offset"] + e["length"] and e["offset"] < start + length for e in entities):
            found.append({"offset": start, "length": length, "type": match.lastgroup})
    return found


def to_html(text: str, entities: list[Json]) -> str:
    """`text` as safe HTML for the page: escaped, with entities as properly nested tags."""
    if not entities:
        return html.escape(text, quote=False)
    units = text.encode("utf-16-le")
    edges = sorted({0, len(units) // 2, *(e["offset"] for e in entities), *(_end(e) for e in entities)})
    out: list[str] = []
    for start, end in pairwise(edges):
        piece = html.escape(units[start * 2 : end * 2].decode("utf-16-le", "replace"), quote=False)
        inside = [e for e in entities if e["offset"] <= start and end <= _end(e)]
        inside.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        tags = [_tag(entity, piece) for entity in inside]
        out.append("".join(tag[0] for tag in tags) + piece + "".join(tag[1] for tag in reversed(tags)))
    return _merge("".join(out))


def _end(entity: Json) -> int:
    return int(entity["offset"]) + int(entity["length"])


def _tag(entity: Json, piece: str) -> tuple[str, str]:
    kind = entity["type"]
    if kind == "text_link":
        return f'<a href="{html.escape(entity["url"])}">', "</a>"
    if kind == "url":
        target = html.unescape(piece)
        return f'<a href="{html.escape(target if "://" in target else "https://" + target)}">', "</a>"
    if kind == "text_mention":
        return f'<a href="tg://user?id={int(entity["user"]["id"])}">', "</a>"
    if kind == "date_time":
        form = html.escape(entity.get("date_time_format", ""))
        return f'<tg-time unix="{int(entity["unix_time"])}"' + (f' format="{form}">' if form else ">"), "</tg-time>"
    tag = _TAGS.get(kind)
    return (f"<{tag}>", _closing(tag)) if tag else ("", "")


def _closing(tag: str) -> str:
    return f"</{tag.partition(' ')[0]}>"


def _merge(text: str) -> str:
    """Join adjacent equal tags: `<b>x</b><b>y</b>` becomes `<b>xy</b>`."""
    for tag in set(_TAGS.values()):
        text = text.replace(f"{_closing(tag)}<{tag}>", "")
    return text
