"""Settings that admins change: one document of the collection `admin_config`, read often."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from core.errors import AlreadyThere
from core.settings import TEXTS, BotSettings
from core.settings.changes import Editor, LastChange, SettingChange, SettingsNow
from core.templates import from_plain
from database.collection import Collection
from database.connection import Database, current_database
from database.shared_read import SharedRead
from database.values import Document, to_stored

log = logging.getLogger("tollgate.database")

_ID = "settings"
#: the field of the document with who changed which setting last
_CHANGED = "changed"


@dataclass(slots=True)
class _Cache:
    settings: SharedRead[BotSettings] = field(default_factory=SharedRead)
    #: values of settings that are not stored, where they differ from the model's defaults
    defaults: Document = field(default_factory=dict)


_caches: WeakKeyDictionary[Database, _Cache] = WeakKeyDictionary()


def _config() -> Collection:
    return current_database().collection("admin_config")


def _cache() -> _Cache:
    return _caches.setdefault(current_database(), _Cache())


def set_defaults(**values: Any) -> None:
    """Set the values of settings that are not stored in the open database, instead of the model's defaults.

    Each call replaces the values of the one before. Raises ValueError for an unknown name or a value out of range.
    """
    for name, value in values.items():
        _check(name, value)
    cache = _cache()
    cache.defaults = values
    cache.settings.clear()


def usual() -> BotSettings:
    """Return the settings while none is stored."""
    return BotSettings.model_validate(_cache().defaults)


def _check(name: str, value: Any) -> Any:
    """Return the value as the model has it. Raises ValueError."""
    if name not in BotSettings.model_fields:
        raise ValueError(f"there is no setting {name}")
    return getattr(BotSettings.model_validate({name: value}), name)


def _stored(name: str, value: Any) -> Any:
    """Return the stored form: a text is marked as HTML; a bare string is plain text, as earlier versions stored it."""
    return {"html": value} if name in TEXTS and value is not None else value


def _value(name: str, stored: Any) -> Any:
    if name not in TEXTS:
        return stored
    return from_plain(stored) if isinstance(stored, str) else stored and stored.get("html")


def _read(document: Document | None) -> tuple[BotSettings, list[str]]:
    defaults = _cache().defaults
    stored = {name: value for name, value in (document or {}).items() if name in BotSettings.model_fields}
    values = {name: _value(name, value) for name, value in stored.items()}
    try:
        return BotSettings.model_validate(defaults | values), []
    except ValidationError as error:
        wrong = {str(problem["loc"][0]): problem["msg"] for problem in error.errors()}
    sound = {name: value for name, value in values.items() if name not in wrong}
    # without the stored value, which may be the password of posts
    problems = [f"{name}: the stored value is not usable ({why}); the default stands" for name, why in wrong.items()]
    return BotSettings.model_validate(defaults | sound), problems


def _changes(document: Document | None) -> Mapping[str, LastChange]:
    found = (document or {}).get(_CHANGED) or {}
    return {
        name: LastChange.model_validate({**row, "before": _value(name, row.get("before"))})
        for name, row in found.items()
        if name in BotSettings.model_fields
    }


async def load_checked() -> tuple[BotSettings, list[str]]:
    """Return the stored settings, and a sentence for each stored value that is invalid and was replaced by its default.

    Unknown names are ignored; without a stored document every setting has its default.
    """
    return _read(await _config().find_one({"_id": _ID}))


async def load() -> BotSettings:
    """Return the stored settings; invalid values are logged and replaced by their defaults."""
    settings, problems = await load_checked()
    for problem in problems:
        log.warning("settings.value_ignored", extra={"problem": problem})
    return settings


async def load_now() -> SettingsNow:
    """Return the stored settings with who changed which one last; one read, not shared and not kept."""
    return _settings_now(await _config().find_one({"_id": _ID}))


async def current(now: datetime) -> BotSettings:
    """Return the settings as of at most 5 seconds ago; a change by this process is seen at once.

    Concurrent callers share one read, its result or its error.
    """
    return await _cache().settings.get(now, load)


async def change(name: str, value: Any) -> BotSettings:
    """Store one setting (None as null: empty), whatever it was, and return all of them; one atomic upsert.

    Who changed it last is forgotten. For an admin's change: `change_from`. Raises ValueError for an unknown name or a
    value out of range: call `core.settings.parse_setting` first.
    """
    update = {"$set": {name: _stored(name, _check(name, value))}, "$unset": {f"{_CHANGED}.{name}": ""}}
    try:
        document = await _config().find_one_and_update({"_id": _ID}, update, upsert=True)
    except AlreadyThere:
        # another process inserted the document at the same instant
        document = await _config().find_one_and_update({"_id": _ID}, update, upsert=True)
    _cache().settings.clear()
    return _read(document)[0]


async def change_from(name: str, value: Any, *, expected: Any, by: Editor, at: datetime) -> SettingChange:
    """Store one setting if it still has the value `expected`, with who changed it and when; one conditional update.

    A second press with the value that stands already is no conflict and changes nothing. Raises ValueError as `change`.
    """
    new, old = _check(name, value), _check(name, expected)
    row = {"by": by.user_id, "name": by.name, "at": at, "before": _stored(name, old)}
    update = {name: _stored(name, new), f"{_CHANGED}.{name}": row}
    document = None if new == old else await _update(_is_as_expected(name, old), update)
    if document is None and new != old and old == getattr(usual(), name):
        document = await _insert({name: update[name], _CHANGED: {name: row}})
    found = document or await _config().find_one({"_id": _ID})
    if document is None and new != old and _reads_as(found, name, old):
        # in a form of its own: an earlier version's, or a value that is not usable
        document = await _update({name: (found or {}).get(name)}, update)
        found = document or await _config().find_one({"_id": _ID})
    _cache().settings.clear()
    now = _settings_now(found)
    return SettingChange(now, document is not None, is_conflict=document is None and now.value(name) != new)


def _settings_now(document: Document | None) -> SettingsNow:
    return SettingsNow(_read(document)[0], usual(), _changes(document))


def _reads_as(document: Document | None, name: str, value: Any) -> bool:
    return bool(getattr(_read(document)[0], name) == value)


def _is_as_expected(name: str, old: Any) -> Document:
    stored = {name: _stored(name, old)}
    return stored if old != getattr(usual(), name) else {"$or": [stored, {name: {"$exists": False}}]}


async def _update(condition: Document, values: Document) -> Document | None:
    """Return the changed document; None when the condition does not hold."""
    return await _config().find_one_and_update({"_id": _ID, **condition}, {"$set": values})


async def _insert(values: Document) -> Document | None:
    """Insert the first change and return the document; None when there is one already."""
    document: Document = to_stored({"_id": _ID, **values})
    try:
        await _config().insert_one(document)
    except AlreadyThere:
        return None
    return document
