"""The files of a call: uploaded parts, URLs and file_ids, with Telegram's limits for pictures (row 18, BOTAPI §2.4)."""

import os

from sandbox.errors import bad_request
from sandbox.state.files import StoredFile, check_kind, image_size
from sandbox.wire import Call

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_PHOTO_SIDES = 10_000
MAX_PHOTO_RATIO = 20
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".gif", ".png", ".tif", ".bmp")


def input_file(call: Call, kind: str, value: str, field: str) -> StoredFile | None:
    """Return the file: an uploaded part named `field`, `attach://…`, a URL or a file_id; None without any.

    A URL is not fetched, because the sandbox has no internet: a placeholder is stored.
    """
    part = call.files.get(value.removeprefix("attach://") if value.startswith("attach://") else field)
    if part is not None:
        check_upload(kind, part.name, part.content)
        return call.world.files.add(kind, os.path.basename(part.name), part.content)
    if not value:
        return None
    if value.startswith(("http://", "https://")):
        return call.world.files.add(kind, value.rpartition("/")[2] or None)
    if value.startswith("attach://") or "." in value or "/" in value:
        raise bad_request("wrong file identifier/HTTP URL specified")
    file = call.world.files.find(call.bot.id, value)
    check_kind(file, kind)
    return call.world.files.retyped(file, kind)


def check_upload(kind: str, name: str, content: bytes) -> None:
    """Raise 400 for an empty file, and for a picture that Telegram does not take."""
    if not content:
        raise bad_request("file must be non-empty")
    if kind != "photo":
        return
    suffix = os.path.splitext(name)[1].lower()
    if suffix and suffix not in PHOTO_SUFFIXES:
        raise bad_request("photo has unsupported extension. Use one of .jpg, .jpeg, .gif, .png, .tif or .bmp")
    if len(content) > MAX_PHOTO_BYTES:
        raise bad_request("file is too big")
    size = image_size(content)
    if size is None and suffix not in (".tif", ".bmp"):
        raise bad_request("IMAGE_PROCESS_FAILED")
    longest, shortest = max(size or (1, 1)), max(min(size or (1, 1)), 1)
    if sum(size or (1, 1)) > MAX_PHOTO_SIDES or longest / shortest > MAX_PHOTO_RATIO:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
