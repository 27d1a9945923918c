"""Formatted texts: parse mode, trimming and detected entities when stored, HTML when shown on the page."""

import html
import json
import re
from itertools import pairwise
from typing import Any

from sandbox.errors import bad_request
from sandbox.text.dates import date_time
from sandbox.text.entities import parse_html, utf16_length

Json = dict[str, Any]

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
#: The required field of an entity, by type.
_NEEDED: dict[str, tuple[str, type]] = {
    "text_link": ("url", str),
    "text_mention": ("user", dict),
    "custom_emoji": ("custom_emoji_id", str),
    "date_time": ("unix_time", int),
}
_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "spoiler": "tg-spoiler",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
}


def read_text(raw: str, parse_mode: str, entities: str, limit: int, too_long: str) -> tuple[str, list[Json]]:
    """Parse a text into the text and the entities that are stored.

    `entities` is the JSON text of explicit entities, used only without a `parse_mode`. `limit` is in UTF-16 units after
    parsing, `too_long` the error above it. Raises 400 with Telegram's texts.
    """
    if len(raw.encode()) > MAX_RAW_BYTES:
        raise bad_request("text is too long")
    text, found = _parse(raw, parse_mode, entities)
    text, found = _trim(text, found)
    if utf16_length(text) > limit:
        raise bad_request(too_long)
    return text, found + detect(text, found)


def _parse(raw: str, parse_mode: str, entities: str) -> tuple[str, list[Json]]:
    mode = parse_mode.lower()
    if mode == "html":
        return parse_html(raw)
    if mode in ("markdown", "markdownv2"):
        raise bad_request("unsupported parse_mode (the sandbox reads HTML only)")
    if mode not in ("", "none"):
        raise bad_request("unsupported parse_mode")
    return raw, _read_entities(entities, utf16_length(raw)) if entities else []


def _read_entities(raw: str, length: int) -> list[Json]:
    try:
        items = json.loads(raw)
    except ValueError as error:
        raise bad_request("can't parse entities JSON object") from error
    if not isinstance(items, list):
        raise bad_request("can't parse entities: expected an Array")
    kept = []
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            raise bad_request("can't parse MessageEntity: expected an Object")
        offset, size = item.get("offset"), item.get("length")
        if not isinstance(offset, int) or not isinstance(size, int):
            raise bad_request('can\'t parse MessageEntity: Field "offset" must be of type Number')
        found = _complete(item)
        if found is not None and offset >= 0 and size > 0 and offset + size <= length:
            kept.append(found)
    return sorted(kept, key=lambda entity: (entity["offset"], -entity["length"]))


def _complete(item: Json) -> Json | None:
    """The entity; None for one that Telegram ignores. Raises 400 when its required field is missing."""
    needed = _NEEDED.get(item["type"])
    if needed is not None and not isinstance(item.get(needed[0]), needed[1]):
        raise bad_request(f"can't parse MessageEntity: Can't find field \"{needed[0]}\"")
    if item["type"] != "date_time":
        return item
    place = {"offset": item["offset"], "length": item["length"]}
    return date_time(str(item["unix_time"]), str(item.get("date_time_format") or ""), place)


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
    return (f"<{tag}>", f"</{tag}>") if tag else ("", "")


def _merge(text: str) -> str:
    """Join adjacent equal tags: `<b>x</b><b>y</b>` becomes `<b>xy</b>`."""
    for tag in set(_TAGS.values()):
        text = text.replace(f"</{tag}><{tag}>", "")
    return text
