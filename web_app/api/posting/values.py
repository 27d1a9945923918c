"""New values of a post's fields, as the page sends them."""

from collections.abc import Callable
from typing import Any

from core.delivery import LONGEST_DELETE_AFTER
from core.durations import MINUTE
from core.errors import BadInput
from core.posts import (
    LABEL_MAX,
    TITLE_MAX,
    Cover,
    CoverKind,
    Post,
    PostAccess,
    PostField,
    cover_from_content,
    read_text,
)
from core.publishing.inputs import line_of, password_of
from views.page.post_refusals import field_expected
from web_app.api.posting.models import Value

_MINUTES_MAX = int(LONGEST_DELETE_AFTER / MINUTE)


class WrongValue(Exception):
    """The field takes no such value."""


def read_value(field: PostField, value: Value, post: Post) -> Any:
    """Return the value to be stored. Raises BadInput, which says what is expected."""
    try:
        return _READ[field](value, post)
    except WrongValue:
        raise BadInput(field_expected(field)) from None


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise WrongValue
    return value


def _found(value: str | None) -> str:
    if value is None:
        raise WrongValue
    return value


def _title(value: Value, _: Post) -> str:
    return _found(line_of(_text(value), TITLE_MAX))


def _description(value: Value, _: Post) -> str:
    typed = _text(value).strip()
    return read_text(typed) if typed else ""


def _label(value: Value, _: Post) -> str | None:
    return None if value is None else _found(line_of(_text(value), LABEL_MAX))


def _password(value: Value, _: Post) -> str | None:
    # none is shown for an empty one
    return value if value is None or value == "" else _found(password_of(_text(value)))


def _minutes(value: Value, _: Post) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MINUTES_MAX:
        raise WrongValue
    return value


def _protect(value: Value, _: Post) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise WrongValue
    return value


def _access(value: Value, _: Post) -> PostAccess:
    if value not in list(PostAccess):
        raise WrongValue
    return PostAccess(value)


def _cover(value: Value, post: Post) -> Cover | None:
    if value == CoverKind.DEFAULT:
        return None
    if value == CoverKind.NONE:
        return Cover(kind=CoverKind.NONE)
    found = cover_from_content(post) if value == CoverKind.POST else None
    if found is None:
        raise WrongValue
    return found


#: field -> the value to be stored of a typed or chosen one; raises WrongValue or BadInput
_READ: dict[PostField, Callable[[Value, Post], Any]] = {
    PostField.TITLE: _title,
    PostField.DESCRIPTION: _description,
    PostField.PROTECT: _protect,
    PostField.DELETE_AFTER: _minutes,
    PostField.ACCESS: _access,
    PostField.LABEL: _label,
    PostField.COVER: _cover,
    PostField.PASSWORD: _password,
}
