"""Validates initData: who opened the Mini App, signed by Telegram with a key made from the bot's token.

https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
"""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError

#: how old it may be, and how far Telegram's clock may be ahead of ours
AGE_MAX, AHEAD_MAX = timedelta(minutes=5), timedelta(minutes=1)
#: bytes; Telegram's has some 500
INIT_DATA_MAX = 4096
#: Telegram sends at most a dozen
_FIELDS_MAX = 32

_NAME = re.compile(r"[a-z_]{1,32}")
_SECONDS = re.compile(r"[0-9]{1,11}")
_HASH = re.compile(r"[0-9a-f]{64}")
#: signed fields are joined by line breaks: one inside a value could be read as another field
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


class NotFromTelegram(Exception):
    """Not signed for our bot, too old, or not in Telegram's format. The message is for the log."""


@dataclass(frozen=True, slots=True)
class InitData:
    """Who opened the Mini App, and when Telegram said so (aware UTC, whole seconds)."""

    user_id: int
    signed_at: datetime
    #: the signature, 64 hexadecimal digits: identifies one opening, however the fields are ordered or encoded
    digest: str


class _User(BaseModel):
    """The fields of `user` that are read."""

    model_config = ConfigDict(strict=True)

    id: int = Field(ge=1, lt=1 << 52)
    is_bot: bool = False


def mini_app_key(bot_token: str) -> bytes:
    """The key that signs initData of the bot with this token. The token cannot be derived from it."""
    return hmac.new(b"WebAppData", bot_token.encode(), sha256).digest()


def read_init_data(text: str, key: bytes, now: datetime) -> InitData:
    """Verify `text` and return who opened the Mini App. Raises NotFromTelegram.

    `hash` signs all other fields. `signature` is among them: it is for third parties and does not replace `hash`.
    """
    fields = _fields(text)
    found = fields.pop("hash", "")
    if not _HASH.fullmatch(found):
        raise NotFromTelegram("no hash")
    signed = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    if not hmac.compare_digest(hmac.new(key, signed.encode(), sha256).hexdigest(), found):
        raise NotFromTelegram("not signed for this bot")
    signed_at = _signed_at(fields)
    if not -AHEAD_MAX <= now - signed_at <= AGE_MAX:
        raise NotFromTelegram("too old, or of the future")
    return InitData(_user_id(fields), signed_at, found)


def _fields(text: str) -> dict[str, str]:
    # checked before encoding: a lone surrogate cannot be encoded
    if len(text) > INIT_DATA_MAX or not text.isascii():
        raise NotFromTelegram("too long, or not encoded")
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_FIELDS_MAX
        )
    except ValueError:
        raise NotFromTelegram("not a query") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise NotFromTelegram("a field twice")
    if not all(_NAME.fullmatch(name) and not _CONTROLS.search(value) for name, value in pairs):
        raise NotFromTelegram("a field Telegram does not send")
    return fields


def _signed_at(fields: dict[str, str]) -> datetime:
    if not _SECONDS.fullmatch(fields.get("auth_date", "")):
        raise NotFromTelegram("no auth_date")
    try:
        return datetime.fromtimestamp(int(fields["auth_date"]), UTC)
    except (ValueError, OverflowError):
        raise NotFromTelegram("no auth_date") from None


def _user_id(fields: dict[str, str]) -> int:
    try:
        user = _User.model_validate_json(fields.get("user", ""))
    except ValidationError:
        raise NotFromTelegram("no user") from None
    if user.is_bot:
        raise NotFromTelegram("a bot")
    return user.id
