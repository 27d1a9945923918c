"""Payloads of `?start=` (DESIGN §5). A payload may be any text: parsing never raises."""

import re
from dataclasses import dataclass

from core.ids import is_code, is_token

#: Telegram's cap for a start payload, in characters (BOTAPI §5)
PAYLOAD_MAX = 64
#: of a link with a start payload, in any of its forms: https://t.me/bot?start=…, t.me/bot?start=…, tg://resolve?…&start=…
_START = re.compile(r"[?&]start=([A-Za-z0-9_-]{1,64})")
_CLAIM = "own_"
_INVITATION = "j_"
_SOURCE = re.compile(r"[A-Za-z0-9]{1,24}")


@dataclass(frozen=True, slots=True)
class PostPayload:
    """`p_<code>` or `p_<code>-s_<source>`."""

    code: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class TokenPayload:
    """`v_<token>`: the return from a verification."""

    token: str


@dataclass(frozen=True, slots=True)
class NewTokenPayload:
    """`newtoken`: requests a unlock link."""


@dataclass(frozen=True, slots=True)
class GiftPayload:
    """`g_<code>`: a gift of credits or days."""

    code: str


@dataclass(frozen=True, slots=True)
class InvalidPayload:
    """Anything else."""


Payload = PostPayload | TokenPayload | NewTokenPayload | GiftPayload | InvalidPayload


def parse_payload(text: str) -> Payload:
    """Parse a start payload; never raises."""
    if len(text) > PAYLOAD_MAX:
        return InvalidPayload()
    if text == "newtoken":
        return NewTokenPayload()
    if text.startswith("v_") and is_token(text[2:]):
        return TokenPayload(text[2:])
    if text.startswith("p_"):
        return _parse_post(text[2:])
    if text.startswith("g_") and is_code(text[2:]):
        return GiftPayload(text[2:])
    return InvalidPayload()


def is_source(text: str) -> bool:
    """Return whether `text` can be the source of a link: 1 to 24 letters and digits."""
    return _SOURCE.fullmatch(text) is not None


def _parse_post(rest: str) -> Payload:
    code, separator, source = rest.partition("-s_")
    if not is_code(code):
        return InvalidPayload()
    if not separator:
        return PostPayload(code)
    if not is_source(source):
        return InvalidPayload()
    return PostPayload(code, source)


def claim_token(text: str | None) -> str | None:
    """Return the token of `/start own_<token>`, which makes the first owner of the bots; None for any other text."""
    return _start_token(text, _CLAIM)


def invitation_token(text: str | None) -> str | None:
    """Return the token of `/start j_<token>`, an invitation to the team; None for any other text."""
    return _start_token(text, _INVITATION)


def _start_token(text: str | None, prefix: str) -> str | None:
    command, _, payload = (text or "").partition(" ")
    token = payload.strip().removeprefix(prefix)
    return token if command == "/start" and payload.strip().startswith(prefix) and is_token(token) else None


def claim_payload(token: str) -> str:
    """Return the payload of the link that makes the first owner."""
    return f"{_CLAIM}{token}"


def invitation_payload(token: str) -> str:
    """Return the payload of an invitation to the team."""
    return f"{_INVITATION}{token}"


def post_payload(code: str, source: str | None = None) -> str:
    """Return the payload of a post's link. Raises ValueError when code or source have a wrong shape."""
    payload = f"p_{code}" if source is None else f"p_{code}-s_{source}"
    if not isinstance(parse_payload(payload), PostPayload):
        raise ValueError("a post payload needs a 16 character code and a source of 1 to 24 letters and digits")
    return payload


def token_payload(token: str) -> str:
    """Return the payload that leads back from a verification. Raises ValueError for a token of a wrong shape."""
    if not is_token(token):
        raise ValueError("a verification token has 32 letters and digits")
    return f"v_{token}"


def gift_payload(code: str) -> str:
    """Return the payload of a gift's link. Raises ValueError for a code of a wrong shape."""
    if not is_code(code):
        raise ValueError("a gift's code has 16 letters and digits")
    return f"g_{code}"


def find_post_payload(text: str) -> PostPayload | None:
    """Return what the first link to a post in `text` leads to; None when there is none. The post may not exist."""
    for payload in _START.findall(text):
        parsed = parse_payload(payload)
        if isinstance(parsed, PostPayload):
            return parsed
    return None


def find_post_code(text: str) -> str | None:
    """Return the code of the first link to a post in `text`; None when there is none. The post may not exist."""
    found = find_post_payload(text)
    return None if found is None else found.code
