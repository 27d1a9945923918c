"""Reading the value of a setting as it is typed. Every BadInput says what is expected, with an example."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from core.durations import read_duration
from core.errors import BadInput
from core.settings.fields import Control, SettingField, amount_words, limits_of
from core.settings.model import TEXTS, BotSettings
from core.settings.table import field_of
from core.templates import bare, check

#: what empties a text, and a link
_DASHES = frozenset({"-", "–", "—"})
_EMPTY_WORDS = _DASHES | {"none", "off", "empty"}
_SWITCH = {
    **dict.fromkeys(("on", "yes", "true", "1"), True),
    **dict.fromkeys(("off", "no", "false", "0"), False),
}
_ID = re.compile(r"-[0-9]{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}", re.ASCII)


def parse_setting(name: str, raw: str) -> Any:
    """Validate `raw` for the setting `name`; return its value as the model has it (int, bool, str or None).

    Texts may hold Telegram HTML and placeholders. Raises BadInput.
    """
    if name not in BotSettings.model_fields:
        raise BadInput(f"There is no setting “{name}”. /settings shows them all.")
    field = field_of(name)
    value = _READERS[field.control](field, raw.strip())
    try:
        checked = BotSettings.model_validate({name: value})
    except ValidationError:
        raise BadInput(expected(field)) from None
    value = getattr(checked, name)
    return value.value if isinstance(value, StrEnum) else value


def expected(field: SettingField) -> str:
    """Return the sentence that says what a setting accepts, with an example."""
    limits, usual = limits_of(field.name), BotSettings.model_fields[field.name].default
    match field.control:
        case Control.NUMBER:
            return f"{field.label} is a whole number from {limits.lowest} to {limits.highest:,}, like {usual}."
        case Control.DURATION:
            lowest, highest = (amount_words(field, max(number or 0, 1)) for number in (limits.lowest, limits.highest))
            never = f", or {field.never}" if field.never else ""
            why = " Telegram deletes nothing older than 48 h." if highest == "47 h" else ""
            example = amount_words(field, field.offered[1])
            return f"{field.label} is a time from {lowest} to {highest}{never}, like {example}.{why}"
        case Control.CHOICE:
            return f"{field.label} is one of these: {', '.join(field.words.values())}."
        case Control.SWITCH:
            return f"{field.label} is on or off."
        case Control.LINK:
            return f"{field.label} is an address like https://example.org/how, or - for none."
        case Control.TEXT:
            return (
                f"{field.label} is a text of at most {TEXTS[field.name].typed_max} characters, or - for the usual one."
            )
        case Control.LINE:
            return f"{field.label} is one line of at most {limits.longest} characters, or - for none."
        case Control.CHANNEL:
            return f"{field.label} takes the id of a channel, a number like -1001234567890, or - for none."
        case Control.ELSEWHERE:
            return f"{field.label} is chosen on its own screen, which /settings opens."


def _number(field: SettingField, raw: str) -> int:
    if not _NUMBER.fullmatch(raw):
        raise BadInput(expected(field))
    return int(raw)


def _duration(field: SettingField, raw: str) -> int | None:
    try:
        span = read_duration(raw, bare=field.unit, never=field.never is not None)
    except BadInput:
        raise BadInput(expected(field)) from None
    if span % field.unit:
        raise BadInput(f"{expected(field)} It is kept in steps of {amount_words(field, 1)}.")
    is_none = not span and BotSettings.model_fields[field.name].default is None
    return None if is_none else span // field.unit


def _choice(field: SettingField, raw: str) -> str:
    typed = " ".join(raw.split()).lower()
    for value, words in field.words.items():
        if typed in (str(value), words):
            return str(value)
    raise BadInput(expected(field))


def _switch(field: SettingField, raw: str) -> bool:
    value = _SWITCH.get(raw.lower())
    if value is None:
        raise BadInput(expected(field))
    return value


def _text(field: SettingField, raw: str) -> str | None:
    if not raw:
        raise BadInput(expected(field))
    return None if raw in _DASHES else check(raw, TEXTS[field.name])


def _line(field: SettingField, raw: str) -> str | None:
    # two spaces in a password are two
    line = raw if field.is_secret else " ".join(bare(raw).split())
    if not line or "\n" in line:
        raise BadInput(expected(field))
    return None if line in _DASHES else line


def _link(_: SettingField, raw: str) -> str | None:
    return None if raw.lower() in _EMPTY_WORDS else raw


def _channel(field: SettingField, raw: str) -> int | None:
    if raw.lower() in _EMPTY_WORDS:
        return None
    if not _ID.fullmatch(raw):
        raise BadInput(expected(field))
    return int(raw)


def _elsewhere(field: SettingField, _: str) -> None:
    raise BadInput(expected(field))


_READERS: dict[Control, Callable[[SettingField, str], Any]] = {
    Control.NUMBER: _number,
    Control.DURATION: _duration,
    Control.CHOICE: _choice,
    Control.SWITCH: _switch,
    Control.TEXT: _text,
    Control.LINE: _line,
    Control.LINK: _link,
    Control.CHANNEL: _channel,
    Control.ELSEWHERE: _elsewhere,
}
