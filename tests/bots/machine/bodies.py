"""Random JSON for any of aiogram's types: read from the type itself, so that no field is missed."""

import types
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Annotated, Any, ForwardRef, Literal, Union, get_args, get_origin

from aiogram.client.default import Default
from aiogram.types import TelegramObject
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType

from tests.bots.machine.words import INTEGERS, TEXTS

Json = dict[str, Any]
#: how often a field that may be missing is there
OFTEN = 0.25


class Bodies:
    """Makes bodies from one source of randomness."""

    def __init__(self, random: Random, at: int) -> None:
        """`at`: the time now, in Unix seconds."""
        self.random = random
        self._at = at

    def of(self, model: type[TelegramObject], depth: int = 2) -> Json:
        """Return a body of `model`: its required fields and some of the others, at most `depth` objects deep."""
        body: Json = {}
        for name, field in model.model_fields.items():
            # a constant tells which of several types it is
            is_needed = field.is_required() or get_origin(field.annotation) is Literal
            if is_needed or (depth > 0 and self.random.random() < OFTEN):
                value = self._value(field.annotation, depth)
                if value is not None:
                    body[_name_of(name, field)] = value
        return body

    def field(self, model: type[TelegramObject], name: str, depth: int = 2) -> Any:
        """Return a value of one field of `model`."""
        return self._value(model.model_fields[name].annotation, depth)

    def text(self) -> str:
        return self.random.choice(TEXTS)

    def _value(self, kind: Any, depth: int) -> Any:
        origin = get_origin(kind)
        if origin is Annotated:
            return self._value(get_args(kind)[0], depth)
        if origin in (Union, types.UnionType):
            # what may be None is left out by the caller; a default is of the bot, not of Telegram
            return self._value(
                self.random.choice([one for one in get_args(kind) if one not in (type(None), Default)]), depth
            )
        if origin is Literal:
            return self.random.choice(get_args(kind))
        if origin in (list, Sequence):
            return [self._value(get_args(kind)[0], depth - 1) for _ in range(self.random.randrange(3))]
        return self._plain(kind, depth)

    def _plain(self, kind: Any, depth: int) -> Any:
        if isinstance(kind, type) and issubclass(kind, TelegramObject):
            return self.of(kind, depth - 1)
        if kind is bool:
            return self.random.random() < 0.5
        if kind is datetime:
            return self.random.choice((self._at, self._at + 3600, 0))
        if kind is float:
            return self.random.choice((0.5, -89.9, 0.0))
        if kind is int:
            return self.random.choice(INTEGERS)
        if kind is str or isinstance(kind, ForwardRef | TypeAliasType):
            # a type that refers to itself has texts at its ends
            return self.text()
        raise AssertionError(f"no values are known for {kind!r}")


def _name_of(name: str, field: FieldInfo) -> str:
    return field.alias or name
