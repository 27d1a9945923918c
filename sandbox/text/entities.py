"""Parses Telegram's HTML into entities, with Telegram's error texts (row 19; TDLib MessageEntity.cpp, BOTAPI §2.4)."""

import re
from dataclasses import dataclass
from typing import Any

from sandbox.errors import ApiError, bad_request
from sandbox.text.dates import date_time

Json = dict[str, Any]

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot));?")
_SPACES = " \t\r\n\v\f\0"


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, the unit of offsets and limits in the Bot API."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


@dataclass(slots=True)
class _Tag:
    name: str
    argument: str
    offset: int
    start: int
    attributes: dict[str, str]


class _Parser:
    """Parses a text in one pass. Positions are characters, in error texts bytes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.plain: list[str] = []
        self.offset = 0
        self.open: list[_Tag] = []
        self.entities: list[Json] = []

    def parse(self) -> tuple[str, list[Json]]:
        while self.position < len(self.text):
            character = self.text[self.position]
            if character == "<":
                self._read_tag()
            elif character == "&":
                self._read_reference()
            else:
                self._read_plain()
        if self.open:
            raise _error(f'Can\'t find end tag corresponding to start tag "{self.open[-1].name}"')
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self.plain), self.entities

    def _put(self, text: str) -> None:
        self.plain.append(text)
        self.offset += utf16_length(text)

    def _read_plain(self) -> None:
        end = self.position
        while end < len(self.text) and self.text[end] not in "<&":
            end += 1
        self._put(self.text[self.position : end])
        self.position = end

    def _read_reference(self) -> None:
        decoded, self.position = _decode_reference(self.text, self.position)
        self._put(decoded)

    def _read_tag(self) -> None:
        if self.text.startswith("</", self.position):
            self._read_end_tag()
        else:
            self._read_start_tag()

    def _at(self, position: int) -> int:
        return len(self.text[:position].encode())

    def _peek(self) -> str:
        return self.text[self.position] if self.position < len(self.text) else ""

    def _skip_spaces(self) -> None:
        while self._peek() and self._peek() in _SPACES:
            self.position += 1

    def _word(self, stops: str) -> str:
        start = self.position
        while self._peek() and self._peek() not in stops:
            self.position += 1
        return self.text[start : self.position]

    def _read_start_tag(self) -> None:
        begin = self.position
        self.position += 1
        name = self._word(_SPACES + ">").lower()
        if not self._peek():
            raise _error(f"Unclosed start tag at byte offset {self._at(begin)}")
        if name not in _TYPES:
            raise _error(f'Unsupported start tag "{name}" at byte offset {self._at(begin)}')
        attributes = self._read_attributes(name, begin)
        argument = ""
        for attribute, value in attributes.items():
            argument = _argument(name, attribute, value) or argument
        self.position += 1
        if name == "span" and argument != "spoiler":
            raise _error(f'Tag "span" must have class "tg-spoiler" at byte offset {self._at(begin)}')
        self.open.append(_Tag(name, argument, self.offset, len(self.plain), attributes))

    def _read_attributes(self, name: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while True:
            self._skip_spaces()
            if self._peek() == ">":
                return attributes
            attribute = self._word(_SPACES + "=>").lower()
            if not attribute:
                raise _error(f'Empty attribute name in the tag "{name}" at byte offset {self._at(begin)}')
            attributes[attribute] = self._read_value(name, attribute, begin) or attributes.get(attribute, "")

    def _read_value(self, name: str, attribute: str, begin: int) -> str:
        self._skip_spaces()
        if self._peek() != "=":
            if (name, attribute) == ("blockquote", "expandable") and self._peek():
                return "1"
            where = f'of an attribute of the tag "{name}" at byte offset {self._at(begin)}'
            raise _error(f"Expected equal sign in declaration {where}")
        self.position += 1
        self._skip_spaces()
        value = self._read_string() if self._peek() and self._peek() in "'\"" else self._read_token()
        if not self._peek():
            raise _error(f"Unclosed start tag at byte offset {self._at(begin)}")
        return value

    def _read_token(self) -> str:
        start = self.position
        while self._peek().isalnum() or (self._peek() and self._peek() in ".-"):
            self.position += 1
        if self._peek() and self._peek() not in _SPACES + ">":
            raise _error(f"Unexpected end of name token at byte offset {self._at(start)}")
        return self.text[start : self.position].lower()

    def _read_string(self) -> str:
        quote = self.text[self.position]
        self.position += 1
        value = []
        while self._peek() and self._peek() != quote:
            if self._peek() == "&":
                decoded, self.position = _decode_reference(self.text, self.position)
                value.append(decoded)
            else:
                value.append(self._peek())
                self.position += 1
        self.position += 1
        return "".join(value)

    def _read_end_tag(self) -> None:
        begin = self.position
        if not self.open:
            raise _error(f"Unexpected end tag at byte offset {self._at(begin)}")
        self.position += 2
        found = self._word(_SPACES + ">").lower()
        self._skip_spaces()
        if self._peek() != ">":
            raise _error(f"Unclosed end tag at byte offset {self._at(begin)}")
        self.position += 1
        tag = self.open.pop()
        if found and found != tag.name:
            where = f"at byte offset {self._at(begin)}"
            raise _error(f'Unmatched end tag {where}, expected "</{tag.name}>", found "</{found}>"')
        if self.offset > tag.offset:
            self._close(tag)

    def _close(self, tag: _Tag) -> None:
        place: Json = {"offset": tag.offset, "length": self.offset - tag.offset}
        entity: Json | None = {**place, "type": _TYPES[tag.name]}
        if tag.name == "a":
            entity = _link(tag.argument or "".join(self.plain[tag.start :]), place)
        elif tag.name == "code" and self.open and self.open[-1].name == "pre" and tag.argument:
            self.open[-1].argument = tag.argument
            entity = None
        elif tag.name == "pre" and tag.argument:
            entity = {**place, "type": "pre", "language": tag.argument}
        elif tag.name == "tg-emoji":
            entity = {**place, "type": "custom_emoji", "custom_emoji_id": tag.argument}
        elif tag.name == "tg-time":
            entity = date_time(tag.attributes.get("unix", ""), tag.attributes.get("format", ""), place)
        elif tag.name == "blockquote" and tag.argument:
            entity = {**place, "type": "expandable_blockquote"}
        if entity is not None:
            self.entities.append(entity)


def _decode_reference(text: str, position: int) -> tuple[str, int]:
    found = _REFERENCE.match(text, position)
    if found is None:
        return "&", position + 1
    if found[3]:
        return _NAMED[found[3]], found.end()
    code = int(found[1]) if found[1] else int(found[2], 16)
    if not 0 < code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return "&", position + 1
    return chr(code), found.end()


def _argument(name: str, attribute: str, value: str) -> str:
    if (name, attribute) in (("a", "href"), ("tg-emoji", "emoji-id")):
        return value
    if (name, attribute) == ("code", "class") and value.startswith("language-"):
        return value.removeprefix("language-")
    if (name, attribute) == ("span", "class") and value.startswith("tg-"):
        return value.removeprefix("tg-")
    return "1" if (name, attribute) == ("blockquote", "expandable") else ""


def _link(url: str, place: Json) -> Json | None:
    url = url.strip()
    mention = re.fullmatch(r"tg://user\?id=(\d+)", url)
    if mention:
        user = {"id": int(mention[1]), "is_bot": False, "first_name": ""}
        return {**place, "type": "text_mention", "user": user}
    address = normal_url(url)
    return None if address is None else {**place, "type": "text_link", "url": address}


def normal_url(url: str) -> str | None:
    """`url` as Telegram stores it (scheme and slash added); None when it is no URL (its host needs a dot)."""
    if re.match(r"(?i)(tg|ton|tonsite)://\S", url):
        return url
    found = re.fullmatch(r"(?i)(?:(https?)://)?([^\s/?#]+)((?:[/?#]\S*)?)", url)
    if found is None:
        return None
    host = found[2].rpartition("@")[2]
    name = re.fullmatch(r"([\w-]+(?:\.[\w-]+)+)(?::\d{1,5})?", host)
    if name is None:
        return None
    rest = found[3] if found[3].startswith("/") else "/" + found[3]
    return f"{(found[1] or 'http').lower()}://{found[2]}{rest}"


def _error(detail: str) -> ApiError:
    return bad_request("can't parse entities: " + detail)


def parse_html(text: str) -> tuple[str, list[Json]]:
    """Return the plain text and the entities (UTF-16 offsets) of Telegram HTML.

    Raises 400 `can't parse entities: …` with the byte offset, as Telegram does. Links that Telegram does not accept
    become plain text.
    """
    if "<" not in text and "&" not in text:
        return text, []
    return _Parser(text).parse()
