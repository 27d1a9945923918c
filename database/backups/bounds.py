"""How much a backup may ask for: a file of some kilobytes can unpack to gigabytes, a short line to a heap of objects.

What is signed was written by this program: it is as large as its manifest says. The rest is bounded by the file itself.
"""

import os
import re
import struct
from dataclasses import dataclass
from typing import IO

#: bytes of a ZIP's directory: of a thousand collections
DIRECTORY_MAX = 1024 * 1024
#: levels of a document: MongoDB takes 100, and extended JSON adds some
DEPTH_MAX = 110
#: digits of a number outside quotes: none that we write has more than 20
DIGITS_MAX = 64
#: unpacked bytes that any member may have, however small it is packed
UNPACKED_FREE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of one line, and of the whole."""

    #: bytes of a line
    line: int
    #: lists, objects and commas of a line
    values: int
    #: unpacked bytes for each packed one; None: what the manifest says
    ratio: int | None

    def refuses_ratio(self, packed: int, unpacked: int) -> bool:
        return self.ratio is not None and unpacked > self.ratio * packed + UNPACKED_FREE


#: a document of 16 MB fits into such a line, as base64
SIGNED = Bounds(line=24 * 1024 * 1024, values=3_000_000, ratio=None)
#: documents of ours have some kilobytes; lines of ours are packed to about a tenth
UNSIGNED = Bounds(line=4 * 1024 * 1024, values=250_000, ratio=200)

#: a text of JSON, without going back
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % (DIGITS_MAX + 1))
_BRACKET = re.compile(rb"[\[\]{}]")


def check_shape(line: bytes, bounds: Bounds) -> None:
    """Raise ValueError for a line that costs more to parse than its document can be worth."""
    opened = line.count(b"[") + line.count(b"{")
    values = opened + line.count(b",")
    if opened <= DEPTH_MAX and values <= bounds.values and not _LONG_NUMBER.search(line):
        return
    # some of them may stand in texts
    bare = _STRING.sub(b"", line)
    if bare.count(b"[") + bare.count(b"{") + bare.count(b",") > bounds.values:
        raise ValueError("more values than a document has")
    if _LONG_NUMBER.search(bare):
        raise ValueError("a number longer than any that is stored")
    _check_depth(bare)


def _check_depth(bare: bytes) -> None:
    depth = 0
    for bracket in _BRACKET.finditer(bare):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEPTH_MAX:
            raise ValueError("nested deeper than MongoDB takes")


_END = struct.Struct("<4s4H2LH")
_LOCATOR_SIZE = 20
_END64 = struct.Struct("<4sQ2H2L4Q")


def check_directory(file: IO[bytes]) -> None:
    """Raise ValueError for a file that does not end as ours do, or whose directory would fill the memory."""
    size = file.seek(0, os.SEEK_END)
    if size < _END.size:
        raise ValueError("no backup, or one that is cut off")
    end = _END.unpack(_read(file, size - _END.size, _END.size))
    if end[0] != b"PK\x05\x06":
        raise ValueError("no backup, or one that is cut off")
    length = end[5]
    place = size - _END.size - _LOCATOR_SIZE - _END64.size
    if place >= 0 and _read(file, place + _END64.size, 4) == b"PK\x06\x07":
        end64 = _END64.unpack(_read(file, place, _END64.size))
        length = end64[8] if end64[0] == b"PK\x06\x06" else DIRECTORY_MAX + 1
    if length > DIRECTORY_MAX:
        raise ValueError("more files in it than a backup has")


def _read(file: IO[bytes], place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
