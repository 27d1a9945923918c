"""Fields of JSON objects in parameters, with the texts of TDLib for wrong ones (tdutils JsonBuilder.cpp).

A field that is present but null is a wrong one, too.
"""

import re
from typing import Any

Json = dict[str, Any]

INT_BITS, LONG_BITS = 32, 64
_WHOLE = re.compile(r"-?\d+")


class FieldError(Exception):
    """A missing or wrong field; its text becomes the end of a 400."""


def required_text(found: Json, name: str) -> str:
    """Return a text; a number counts as one. Raises FieldError."""
    _require(found, name)
    return optional_text(found, name)


def optional_text(found: Json, name: str, default: str = "") -> str:
    """Return a text, `default` when the field is missing. Raises FieldError for another type."""
    if name not in found:
        return default
    value = found[name]
    if isinstance(value, str):
        return value
    if _is_number(value):
        return str(value)
    raise FieldError(f'Field "{name}" must be of type String')


def optional_flag(found: Json, name: str) -> bool:
    """Return true or false, false when the field is missing. Raises FieldError for another type."""
    value = found.get(name, False)
    if not isinstance(value, bool):
        raise FieldError(f'Field "{name}" must be of type Boolean')
    return value


def required_int(found: Json, name: str, bits: int = INT_BITS) -> int:
    """Return a whole number of at most `bits` bits; a text counts as one. Raises FieldError."""
    _require(found, name)
    return optional_int(found, name, bits=bits)


def optional_int(found: Json, name: str, default: int = 0, bits: int = INT_BITS) -> int:
    """Return a whole number of at most `bits` bits, `default` when the field is missing. Raises FieldError."""
    if name not in found:
        return default
    value = found[name]
    if not (_is_number(value) or isinstance(value, str)):
        raise FieldError(f'Field "{name}" must be a Number')
    if not _WHOLE.fullmatch(str(value)) or not -(2 ** (bits - 1)) <= int(value) < 2 ** (bits - 1):
        raise FieldError(f'Field "{name}" must be a valid Number')
    return int(value)


def required_object(found: Json, name: str) -> Json:
    """Return an object. Raises FieldError."""
    _require(found, name)
    value = found[name]
    if not isinstance(value, dict):
        raise FieldError(f'Field "{name}" must be of type Object')
    return value


def optional_list(found: Json, name: str) -> list[Any]:
    """Return a list, [] when the field is missing. Raises FieldError for another type."""
    value = found.get(name, [])
    if not isinstance(value, list):
        raise FieldError(f'Field "{name}" must be of type Array')
    return value


def _require(found: Json, name: str) -> None:
    if name not in found:
        raise FieldError(f'Can\'t find field "{name}"')


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
