"""`InputMedia` objects of sendMediaGroup and editMessageMedia (Client.cpp, get_input_media)."""

import json
from typing import Any

from sandbox.botapi.method import read_caption
from sandbox.botapi.uploads import input_file
from sandbox.errors import bad_request
from sandbox.state.records import Content
from sandbox.text.fields import FieldError, optional_flag, optional_text, required_text
from sandbox.wire import Call

Json = dict[str, Any]

KINDS = ("photo", "video", "animation", "audio", "document")


def read_media(call: Call, item: Any, *, for_album: bool) -> Content:
    """The content an `InputMedia` describes. Raises ApiError 400."""
    if not isinstance(item, dict):
        raise _refusal("expected an Object")
    try:
        return _content(call, item, for_album)
    except FieldError as error:
        raise _refusal(str(error)) from error


def _content(call: Call, item: Json, for_album: bool) -> Content:
    texts = {name: optional_text(item, name) for name in ("caption", "parse_mode")}
    entities = item.get("caption_entities")
    text, found = read_caption(texts | {"caption_entities": json.dumps(entities) if entities else ""})
    is_above, has_spoiler = (optional_flag(item, name) for name in ("show_caption_above_media", "has_spoiler"))
    kind = required_text(item, "type")
    media = optional_text(item, "media")
    if kind not in KINDS:
        raise FieldError(f'type "{kind}" is unsupported')
    file = input_file(call, kind, media, "")
    if file is None:
        raise FieldError("media not found")
    if for_album and kind == "animation":
        raise FieldError('type "animation" can\'t be used in sendMediaGroup')
    is_visual = kind in ("photo", "video", "animation")
    return Content(
        kind, text, found, file, has_spoiler=has_spoiler and is_visual, is_caption_above=is_above and is_visual
    )


def _refusal(why: str) -> Exception:
    return bad_request(f"can't parse InputMedia: {why}")
