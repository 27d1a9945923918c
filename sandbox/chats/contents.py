"""The contents people can send: every kind of message the sandbox knows."""

from collections.abc import Callable
from typing import Any

from sandbox.arguments import find_int, find_objects, find_text, need_text
from sandbox.errors import ControlError
from sandbox.state.records import Content
from sandbox.state.world import World
from sandbox.text.entities import utf16_length
from sandbox.text.formatting import MAX_CAPTION, MAX_TEXT, detect

Json = dict[str, Any]

FILE_KINDS = frozenset(["photo", "video", "audio", "document", "voice", "animation", "sticker", "video_note"])
_WITHOUT_CAPTION = frozenset({"sticker", "video_note"})
ALBUM_KINDS = frozenset({"photo", "video", "audio", "document"})


def written(text: str, entities: list[Json], limit: int = MAX_TEXT) -> tuple[str, list[Json]]:
    """A person's text with its entities: given ones, and those the app detects. Raises ControlError above `limit`."""
    if utf16_length(text) > limit:
        raise ControlError(f"a person can write at most {limit} characters here")
    return text, entities + detect(text, entities)


def media(world: World, wanted: Json) -> Content:
    """Build the content a control call describes: kind, caption, upload or declared file. Raises ControlError."""
    kind = need_text(wanted, "kind")
    if kind in FILE_KINDS:
        return _file(world, kind, wanted)
    if kind not in _OTHERS:
        raise ControlError(f"kind must be one of {', '.join([*sorted(FILE_KINDS), *_OTHERS])}")
    return Content(kind, extra=_OTHERS[kind](world, wanted))


def _file(world: World, kind: str, wanted: Json) -> Content:
    upload = find_text(wanted, "upload")
    if upload is not None:
        stored = world.files.by_unique_id.get(upload)
        if stored is None:
            raise ControlError(f"there is no upload {upload}", 404)
        file = world.files.retyped(stored, kind)
    else:
        file = world.files.add(kind, find_text(wanted, "file_name"), size=find_int(wanted, "file_size"))
    caption = find_text(wanted, "caption") or ""
    if kind in _WITHOUT_CAPTION:
        caption = ""
    return Content(kind, *written(caption, find_objects(wanted, "caption_entities"), MAX_CAPTION), file)


def _poll(world: World, wanted: Json, kind: str = "regular") -> Json:
    options = [{"persistent_id": str(n), "text": text, "voter_count": 0} for n, text in enumerate(("Yes", "No"), 1)]
    poll = {
        "id": world.random_id(),
        "question": find_text(wanted, "caption") or "Shall we?",
        "options": options,
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": kind,
        "allows_multiple_answers": False,
        "allows_revoting": kind == "regular",
        "members_only": False,
    }
    return {"poll": poll}


def _quiz(world: World, wanted: Json) -> Json:
    return _poll(world, wanted, "quiz")


def _invoice(world: World, wanted: Json) -> Json:
    texts = {"title": "Coffee", "description": find_text(wanted, "caption") or "A cup", "start_parameter": ""}
    return {"invoice": texts | {"currency": "XTR", "total_amount": 50}}


def _game(world: World, wanted: Json) -> Json:
    return {"game": {"title": "Snake", "description": find_text(wanted, "caption") or "A game", "photo": []}}


def _contact(world: World, wanted: Json) -> Json:
    return {"contact": {"phone_number": "+15550100", "first_name": find_text(wanted, "caption") or "Carol"}}


def _location(world: World, wanted: Json) -> Json:
    return {"location": {"latitude": 52.52, "longitude": 13.405}}


def _dice(world: World, wanted: Json) -> Json:
    return {"dice": {"emoji": "🎲", "value": world.rng.randint(1, 6)}}


def _paid_media(world: World, wanted: Json) -> Json:
    preview = {"type": "preview", "width": 800, "height": 600}
    caption = find_text(wanted, "caption")
    return {"paid_media": {"star_count": 5, "paid_media": [preview]}} | ({"caption": caption} if caption else {})


_OTHERS: dict[str, Callable[[World, Json], Json]] = {
    "poll": _poll,
    "quiz": _quiz,
    "invoice": _invoice,
    "game": _game,
    "contact": _contact,
    "location": _location,
    "dice": _dice,
    "paid_media": _paid_media,
}
