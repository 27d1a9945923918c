"""Unguessable names: post codes and verification tokens (DESIGN §5)."""

import re
import secrets
import string

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
#: characters of a post code; 62**16 is about 2**95
CODE_LENGTH = 16
#: characters of a verification token
TOKEN_LENGTH = 32

_CODE = re.compile(rf"[0-9A-Za-z]{{{CODE_LENGTH}}}")
_TOKEN = re.compile(rf"[0-9A-Za-z]{{{TOKEN_LENGTH}}}")


def _random_base62(length: int) -> str:
    return "".join(secrets.choice(BASE62) for _ in range(length))


def new_code() -> str:
    """Return a new post code."""
    return _random_base62(CODE_LENGTH)


def new_token() -> str:
    """Return a new verification token."""
    return _random_base62(TOKEN_LENGTH)


def is_code(text: str) -> bool:
    """Return whether `text` has the shape of a post code (it may still be unknown)."""
    return _CODE.fullmatch(text) is not None


def is_token(text: str) -> bool:
    """Return whether `text` has the shape of a verification token."""
    return _TOKEN.fullmatch(text) is not None
