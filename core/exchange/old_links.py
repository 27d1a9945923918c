"""Links that another bot made, whose token these bots have now: what their start parameters open. Pure.

Formats, by their letters: `get-<n>`, `get-<a>-<b>` (a message's id times the channel's number), `file_<id>`,
`filep_<id>`, each in base64 of either alphabet, with or without `=`. A parameter may be any text: reading never raises.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from urllib.parse import unquote

from core.ids import BASE62, CODE_LENGTH
from core.posts import ITEMS_MAX

#: the highest id of a message in a channel (32 bits, signed)
_MESSAGE_ID_MAX = 2**31 - 1
_GET = re.compile(r"get-([0-9]{1,32})(?:-([0-9]{1,32}))?", re.ASCII)
_FILE = re.compile(r"file(p?)_([0-9]{1,10})", re.ASCII)
#: what links of other bots begin with, plain or in base64: they name rows of their databases, or files only they have
_OTHERS = ("BATCH-", "DSTORE-", "get-", "file_", "filep_", "{", "[")
#: parameters of our own begin so; a damaged one is no link of another bot
_OURS = ("p_", "v_", "g_", "own_", "j_", "newtoken")
#: bytes of the shortest packed file id
_PACKED_MIN = 20
#: a link to a bot with a start parameter, as people send it
_LINK = re.compile(
    r"(?:(?:t|telegram)\.me/|resolve\?domain=)([A-Za-z0-9_]{3,32})[?&]start=([^&\s#]{1,512})", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class OldMessages:
    """Messages of the old channel, from `first` to `last`, both included."""

    first: int
    last: int
    restricts_saving: bool = False

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    @property
    def is_too_many(self) -> bool:
        """Whether they are more than one post can have."""
        return self.count > ITEMS_MAX

    @property
    def message_ids(self) -> range:
        return range(self.first, self.last + 1)


@dataclass(frozen=True, slots=True)
class OtherBotsLink:
    """A link that only the bot which made it can open, or one into another channel."""


def parse_old_link(parameter: str, channel_id: int) -> OldMessages | OtherBotsLink | None:
    """Return what a start parameter opens in the old channel; None when no other bot made it either."""
    if parameter.startswith(_OURS):
        return None
    if parameter.startswith(_OTHERS):
        return OtherBotsLink()
    decoded = _decode(parameter)
    if decoded is None:
        return None
    text = decoded.decode("ascii", errors="replace")
    found = _messages(text, abs(channel_id))
    if found is not None:
        return found
    is_packed = len(decoded) >= _PACKED_MIN and not (text.isascii() and text.isprintable())
    return OtherBotsLink() if is_packed or text.startswith(_OTHERS) else None


def old_link_code(channel_id: int, messages: OldMessages) -> str:
    """Return the code of the post these messages become: the same each time, so that they become one post only."""
    name = f"old {channel_id} {messages.first} {messages.last} {int(messages.restricts_saving)}"
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
    digits = []
    for _ in range(CODE_LENGTH):
        number, digit = divmod(number, len(BASE62))
        digits.append(BASE62[digit])
    return "".join(digits)


def read_link(text: str) -> tuple[str, str] | None:
    """Return the bot's username and the start parameter of the first link in a text; None when there is none."""
    found = _LINK.search(text)
    return None if found is None else (found[1], unquote(found[2]))


def _decode(parameter: str) -> bytes | None:
    bare = parameter.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _messages(text: str, number: int) -> OldMessages | OtherBotsLink | None:
    """Return what a decoded parameter opens; `number`: the old channel's, without its sign."""
    file = _FILE.fullmatch(text)
    if file is not None:
        message_id = int(file[2])
        return _span(message_id, message_id, restricts_saving=bool(file[1]))
    got = _GET.fullmatch(text)
    if got is None:
        return None
    first, last = int(got[1]), int(got[2] or got[1])
    if first % number or last % number:
        return OtherBotsLink()
    return _span(first // number, last // number)


def _span(one: int, other: int, *, restricts_saving: bool = False) -> OldMessages | OtherBotsLink:
    first, last = sorted((one, other))
    if first < 1 or last > _MESSAGE_ID_MAX:
        return OtherBotsLink()
    return OldMessages(first, last, restricts_saving)
