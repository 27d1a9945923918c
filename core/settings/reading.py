"""Reading the value of a setting as it is typed. Every BadInput says what is expected, with an example."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from core.durations import read_duration
from core.errors import BadInput
from core.language import _, ngettext
from core.settings.fields import Control, SettingField, amount_words, limits_of, may_be_empty, on_or_off
from core.settings.model import LONGEST_MINUTES, TEXTS, BotSettings
from core.settings.table import field_of
from core.templates import bare, check

#: what empties a text, and a link
_DASHES = frozenset({"-", "–", "—"})
_EMPTY_WORDS = _DASHES | {"none", "off", "empty"}
#: as typed in the languages of the team
_SWITCH = {
    **dict.fromkeys(("on", "yes", "true", "1", "вкл", "да"), True),
    **dict.fromkeys(("off", "no", "false", "0", "выкл", "нет"), False),
}
#: none, as `read_duration` knows it
_NEVER = "never"
_ID = re.compile(r"-[0-9]{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}", re.ASCII)


def parse_setting(name: str, raw: str) -> Any:
    """Validate `raw` for the setting `name`; return its value as the model has it (int, bool, str or None).

    Texts may hold Telegram HTML and placeholders. Raises BadInput.
    """
    if name not in BotSettings.model_fields:
        raise BadInput(_("There is no setting “{name}”. /settings shows them all.").format(name=name))
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
    fields: dict[str, object] = {"label": field.label}
    match field.control:
        case Control.NUMBER:
            words = _("{label} is a whole number from {lowest} to {highest}, like {usual}.")
            fields |= {"lowest": limits.lowest, "highest": f"{limits.highest:,}", "usual": usual}
        case Control.DURATION:
            return _expected_duration(field)
        case Control.CHOICE:
            words = _("{label} is one of these: {choices}.")
            fields["choices"] = ", ".join(field.words.values())
        case Control.SWITCH:
            words = _("{label} is on or off.")
        case Control.LINK:
            words = _("{label} is an address like https://example.org/how, or - for none.")
        case Control.TEXT:
            most = TEXTS[field.name].typed_max
            words = ngettext(
                "{label} is a text of at most {count} character, or - for the usual one.",
                "{label} is a text of at most {count} characters, or - for the usual one.",
                most,
            )
            fields["count"] = most
        case Control.LINE:
            most = limits.longest or 0
            words = ngettext(
                "{label} is one line of at most {count} character, or - for none.",
                "{label} is one line of at most {count} characters, or - for none.",
                most,
            )
            fields["count"] = most
        case Control.CHANNEL:
            words = _("{label} takes the id of a channel, a number like -1001234567890, or - for none.")
        case Control.ELSEWHERE:
            words = _("{label} is chosen on its own screen, which /settings opens.")
    return words.format(**fields)


def _expected_duration(field: SettingField) -> str:
    limits = limits_of(field.name)
    least, most = max(limits.lowest or 0, 1), max(limits.highest or 0, 1)
    if most == LONGEST_MINUTES:
        words = _(
            "{label} is a time from {lowest} to {highest}, or {never}, like {example}. "
            "Telegram deletes nothing older than 48 h."
        )
    elif field.never:
        words = _("{label} is a time from {lowest} to {highest}, or {never}, like {example}.")
    else:
        words = _("{label} is a time from {lowest} to {highest}, like {example}.")
    return words.format(
        label=field.label,
        lowest=amount_words(field, least),
        highest=amount_words(field, most),
        never=field.never,
        example=amount_words(field, field.offered[1]),
    )


def _number(field: SettingField, raw: str) -> int:
    if not _NUMBER.fullmatch(raw):
        raise BadInput(expected(field))
    return int(raw)


def _duration(field: SettingField, raw: str) -> int | None:
    if field.never is not None and raw.lower() == field.never:
        raw = _NEVER
    try:
        span = read_duration(raw, bare=field.unit, never=field.never is not None)
    except BadInput:
        raise BadInput(expected(field)) from None
    if span % field.unit:
        words = _("{sentence} It is kept in steps of {step}.")
        raise BadInput(words.format(sentence=expected(field), step=amount_words(field, 1)))
    is_none = not span and may_be_empty(field.name)
    return None if is_none else span // field.unit


def _choice(field: SettingField, raw: str) -> str:
    typed = " ".join(raw.split()).lower()
    for value, words in field.words.items():
        # the English words are known in every language
        if typed in (str(value), words.lower(), field.words_source[value]):
            return str(value)
    raise BadInput(expected(field))


def _switch(field: SettingField, raw: str) -> bool:
    value = {**_SWITCH, on_or_off(is_on=True): True, on_or_off(is_on=False): False}.get(raw.lower())
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


def _link(field: SettingField, raw: str) -> str | None:
    return None if raw.lower() in _EMPTY_WORDS else raw


def _channel(field: SettingField, raw: str) -> int | None:
    if raw.lower() in _EMPTY_WORDS:
        return None
    if not _ID.fullmatch(raw):
        raise BadInput(expected(field))
    return int(raw)


def _elsewhere(field: SettingField, raw: str) -> None:
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
