"""The encoding of a text file: UTF-8, UTF-16 or Windows-1251. It is read once, piece by piece."""

import codecs
import re
from collections.abc import Iterator
from typing import IO

from core.exchange.imports.problems import FileProblem, UnusableFile

#: bytes read at once
_PIECE = 65_536
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: archives and Office files, old Office files, PDF, compressed files
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"{\\rtf")
#: the least share of zero bytes by which UTF-16 without its mark is known, on the side of its high bytes
_ZEROS_MIN = 0.3
_ASCII = re.compile("[\x00-\x7f]+")
_CYRILLIC = re.compile(r"[\u0400-\u045f\u0490\u0491]")
#: letters of both alphabets in one word: French or German read as Russian
_MIXED = re.compile(r"(?<=[A-Za-z])[\u0400-\u045f]|[\u0400-\u045f](?=[A-Za-z])")
#: signs of Windows-1251 that are no letters and that people type
_SIGNS = re.compile("[«»—–…№“”„‘’•€©®°·§±™\u00a0]")


def find_encoding(file: IO[bytes]) -> str:
    """Return the name of the encoding for `io.TextIOWrapper`; the file is at its beginning afterwards.

    Raises UnusableFile for what is no text, and for letters that are of none of the encodings: nothing is guessed where
    names would come out wrong.
    """
    file.seek(0)
    head = file.read(_PIECE)
    if not head.strip(b"\r\n\t \x00"):
        raise UnusableFile(FileProblem.EMPTY)
    if head.startswith(_NO_TEXT):
        raise UnusableFile(FileProblem.NOT_TEXT)
    encoding = _of_zeros(head)
    if encoding is None:
        encoding = _of_bytes(file)
    elif _first_broken(file, encoding) is not None:
        raise UnusableFile(FileProblem.LETTERS)
    file.seek(0)
    return encoding


def _of_zeros(head: bytes) -> str | None:
    """Return UTF-16 where its mark or its zero bytes are; None for encodings of single bytes."""
    if head.startswith(_UTF_16):
        return "utf-16"
    if b"\x00" not in head:
        return None
    zeros = head[1::2].count(0), head[0::2].count(0)
    half = len(head) / 2
    if zeros[0] > _ZEROS_MIN * half and zeros[1] < zeros[0] / 10:
        return "utf-16-le"
    if zeros[1] > _ZEROS_MIN * half and zeros[0] < zeros[1] / 10:
        return "utf-16-be"
    raise UnusableFile(FileProblem.NOT_TEXT)


def _of_bytes(file: IO[bytes]) -> str:
    broken = _first_broken(file, "utf-8-sig")
    if broken is None:
        return "utf-8-sig"
    if _is_mostly_utf_8(file):
        raise UnusableFile(FileProblem.LETTERS, broken)
    _check_cyrillic(file, broken)
    return "cp1251"


def _pieces(file: IO[bytes], encoding: str, errors: str = "strict") -> Iterator[str]:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    while piece := file.read(_PIECE):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _first_broken(file: IO[bytes], encoding: str) -> int | None:
    """Return the line of the first letter that cannot be decoded; None when all can."""
    line = 1
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    while True:
        piece = file.read(_PIECE)
        try:
            line += decoder.decode(piece, final=not piece).count("\n")
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].count(b"\n")
        if not piece:
            return None


def _is_mostly_utf_8(file: IO[bytes]) -> bool:
    good = bad = 0
    for text in _pieces(file, "utf-8-sig", "replace"):
        foreign = _ASCII.sub("", text)
        broken = foreign.count("\ufffd")
        bad += broken
        good += len(foreign) - broken
    return good > bad


def _check_cyrillic(file: IO[bytes], broken: int) -> None:
    """Raise UnusableFile unless the file makes sense as Russian text."""
    letters = mixed = others = 0
    try:
        for text in _pieces(file, "cp1251"):
            letters += len(_CYRILLIC.findall(text))
            mixed += len(_MIXED.findall(text))
            others += len(_CYRILLIC.sub("", _SIGNS.sub("", _ASCII.sub("", text))))
            if "\x00" in text:
                raise UnusableFile(FileProblem.NOT_TEXT)
    except UnicodeDecodeError as error:
        raise UnusableFile(FileProblem.LETTERS, broken) from error
    if 10 * others > letters or 2 * mixed > letters:
        raise UnusableFile(FileProblem.LETTERS, broken)
