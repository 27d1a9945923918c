"""Stored files; each has a different file_id for every bot (row 18, BOTAPI §3.5)."""

import base64
import binascii
import mimetypes
import struct
from dataclasses import dataclass

from sandbox.errors import bad_request

MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
_FOLDERS = {"photo": "photos", "video": "videos", "document": "documents", "voice": "voice", "sticker": "stickers"}
_SUFFIXES = {"photo": ".jpg", "video": ".mp4", "animation": ".mp4", "voice": ".oga", "audio": ".mp3"}
_SUFFIXES |= {"sticker": ".webp", "video_note": ".mp4", "document": ".bin"}
#: Kinds that cannot be sent as another kind; the other kinds convert to each other.
_NOT_CONVERTIBLE = frozenset({"photo", "sticker", "voice", "video_note"})


@dataclass(slots=True, eq=False)
class StoredFile:
    """A file. `content` is None for files that are declared without bytes; `size` in bytes."""

    unique_id: str
    kind: str
    size: int
    name: str
    mime_type: str
    width: int = 800
    height: int = 600
    duration_s: int = 5
    content: bytes | None = None
    path: str = ""


class FileStore:
    """All files of a world."""

    def __init__(self) -> None:
        self.by_unique_id: dict[str, StoredFile] = {}
        self.by_path: dict[str, StoredFile] = {}

    def add(
        self, kind: str, name: str | None = None, content: bytes | None = None, size: int | None = None
    ) -> StoredFile:
        """Store a new file. Width and height are read from PNG, GIF and JPEG headers."""
        number = len(self.by_unique_id) + 1
        unique_id = f"AQAD{number:08d}"
        suffix = _SUFFIXES.get(kind, ".bin")
        name = name or f"file_{number}{suffix}"
        mime_type = mimetypes.guess_type(name)[0] or mimetypes.guess_type("x" + suffix)[0]
        declared = len(content) if content is not None else 12_345 if size is None else size
        file = StoredFile(unique_id, kind, declared, name, mime_type or "application/octet-stream", content=content)
        file.width, file.height = image_size(content or b"") or (800, 600)
        ending = "." + name.rpartition(".")[2] if "." in name else suffix
        file.path = f"{_FOLDERS.get(kind, 'documents')}/file_{number}{ending}"
        self.by_unique_id[unique_id] = file
        self.by_path[file.path] = file
        return file

    def retyped(self, file: StoredFile, kind: str) -> StoredFile:
        """Return `file` if it is of `kind`, else store a new file of that kind with the same bytes."""
        if file.kind == kind:
            return file
        return self.add(kind, file.name, file.content, file.size)

    def find(self, bot_id: int, file_id: str) -> StoredFile:
        """Return the file with this file_id of the bot.

        Raises 400 for a text that is no file_id, and for another bot's file_id (BOTAPI §3.5).
        """
        try:
            parts = base64.urlsafe_b64decode(file_id + "=" * (-len(file_id) % 4)).decode("ascii").split(":")
        except (binascii.Error, ValueError) as error:
            raise bad_request("wrong remote file identifier specified: Wrong string length") from error
        if len(parts) != 4 or parts[0] != "file":
            raise bad_request("wrong remote file identifier specified: can't unserialize it. Wrong last symbol")
        file = self.by_unique_id.get(parts[3])
        if file is None or parts[1] != str(bot_id):
            raise bad_request("wrong file identifier/HTTP URL specified")
        return file


def file_id(file: StoredFile, bot_id: int, variant: str = "") -> str:
    """The file_id of `file` for one bot; `variant` names a photo size."""
    plain = f"file:{bot_id}:{file.kind}{variant}:{file.unique_id}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def check_kind(file: StoredFile, wanted: str) -> None:
    """Raise 400 when the file cannot be sent as kind `wanted` (BOTAPI §3.5)."""
    if file.kind != wanted and (file.kind in _NOT_CONVERTIBLE or wanted in _NOT_CONVERTIBLE):
        raise bad_request(f"can't use file of type {_type_name(file.kind)} as {_type_name(wanted)}")


def _type_name(kind: str) -> str:
    return {"voice": "VoiceNote", "video_note": "VideoNote"}.get(kind, kind.capitalize())


def image_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF or JPEG, None for anything else."""
    if content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return int(width), int(height)
    if content[:6] in (b"GIF87a", b"GIF89a") and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return int(width), int(height)
    if content[:2] == b"\xff\xd8":
        return _jpeg_size(content)
    return None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[position + 5 : position + 9])
            return int(width), int(height)
        position += 2 + int(struct.unpack(">H", content[position + 2 : position + 4])[0])
    return None


def placeholder_picture(file: StoredFile) -> bytes:
    """An SVG for a file that was declared without bytes."""
    hue = sum(file.unique_id.encode()) * 37 % 360
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{file.width}" height="{file.height}" viewBox="0 0 80 60">'
        f'<rect width="80" height="60" fill="hsl({hue},45%,55%)"/>'
        f'<text x="40" y="33" font-size="8" font-family="sans-serif" text-anchor="middle" fill="#fff">'
        f"{file.kind}</text></svg>"
    ).encode()
