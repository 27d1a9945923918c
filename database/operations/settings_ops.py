"""Settings that admins change: one document of the collection `admin_config`, read often."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from core.errors import AlreadyThere
from core.settings import TEXTS, AccessMode, BotSettings
from core.settings.changes import Editor, LastChange, SettingChange, SettingsNow
from core.templates import from_plain
from database.collection import Collection
from database.connection import Database, current_database
from database.operations.shorteners import shortener_ops
from database.readable import what_is_wrong
from database.shared_read import SharedRead
from database.values import Document, to_stored

log = logging.getLogger("tollgate.database")

_ID = "settings"
#: the field of the document with who changed which setting last
_CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class _Stored:
    """The stored settings, and what is wrong with them."""

    settings: BotSettings
    #: False: whether posts are for everybody follows from whether there is a shortener
    is_access_chosen: bool
    problems: tuple[str, ...] = ()

    def followed(self, *, has_shorteners: bool) -> BotSettings:
        """Return the settings as they apply."""
        if self.is_access_chosen or not has_shorteners:
            return self.settings
        return self.settings.model_copy(update={"access_mode": AccessMode.CREDITS})


@dataclass(slots=True)
class _Cache:
    settings: SharedRead[_Stored] = field(default_factory=SharedRead)


_caches: WeakKeyDictionary[Database, _Cache] = WeakKeyDictionary()


def _config() -> Collection:
    return current_database().collection("admin_config")


def _cache() -> _Cache:
    return _caches.setdefault(current_database(), _Cache())


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
    if isinstance(stored, str):
        return from_plain(stored)
    # of another type it is checked, and found unusable
    return stored.get("html") if isinstance(stored, dict) else stored


def _changes(document: Document | None) -> Mapping[str, LastChange]:
    found = (document or {}).get(_CHANGED)
    rows = found.items() if isinstance(found, dict) else ()
    # who changed it is shown where it can be read; the value counts without it
    return {
        name: LastChange.model_validate(row)
        for name, row in rows
        if name in BotSettings.model_fields and what_is_wrong(row, LastChange.model_validate) is None
    }


def _read(document: Document | None) -> _Stored:
    stored = {name: _value(name, value) for name, value in (document or {}).items() if name in BotSettings.model_fields}
    try:
        return _Stored(BotSettings.model_validate(stored), "access_mode" in stored)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]): problem["msg"] for problem in error.errors()}
    sound = {name: value for name, value in stored.items() if name not in wrong}
    # without the stored value, which may be the password of posts
    problems = [f"{name}: the stored value is not usable ({why}); the default applies" for name, why in wrong.items()]
    return _Stored(BotSettings.model_validate(sound), "access_mode" in sound, tuple(problems))


async def _applied(stored: _Stored) -> BotSettings:
    """Return the settings as they apply at this moment; one more read when the access mode was never chosen."""
    is_open = not stored.is_access_chosen
    return stored.followed(has_shorteners=is_open and shortener_ops.is_any_active(await shortener_ops.load()))


async def load() -> BotSettings:
    """Return the stored settings; invalid values are logged and replaced by their defaults.

    Unknown names are ignored; without a stored document every setting has its default. That of `access_mode` is credits
    while there is a shortener.
    """
    return await _applied(await _load())


async def _load() -> _Stored:
    stored = _read(await _config().find_one({"_id": _ID}))
    for problem in stored.problems:
        log.warning("settings.value_ignored", extra={"problem": problem})
    return stored


async def current(now: datetime) -> BotSettings:
    """Return the settings as of at most 5 seconds ago; a change by this process is seen at once.

    Concurrent callers share one read, its result or its error.
    """
    stored = await _cache().settings.get(now, _load)
    if stored.is_access_chosen:
        return stored.settings
    return stored.followed(has_shorteners=await shortener_ops.has_active(now))


async def load_now(now: datetime) -> SettingsNow:
    """Return the stored settings with who changed which one last; one read, not shared and not kept."""
    return _settings_now(await _config().find_one({"_id": _ID}), has_shorteners=await shortener_ops.has_active(now))


def _settings_now(document: Document | None, *, has_shorteners: bool) -> SettingsNow:
    usual = BotSettings(access_mode=AccessMode.CREDITS if has_shorteners else AccessMode.OPEN)
    return SettingsNow(_read(document).followed(has_shorteners=has_shorteners), usual, _changes(document))


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
    return await _applied(_read(document))


async def change_from(name: str, value: Any, *, expected: Any, by: Editor, at: datetime) -> SettingChange:
    """Store one setting if it still has the value `expected`, with who changed it and when; one conditional update.

    A second press with the value that stands already is no conflict and changes nothing. Raises ValueError as `change`.
    """
    new, old = _check(name, value), _check(name, expected)
    has_shorteners = await shortener_ops.has_active(at)
    row = {"by": by.user_id, "name": by.name, "at": at}
    update = {name: _stored(name, new), f"{_CHANGED}.{name}": row}
    is_usual = old == _settings_now(None, has_shorteners=has_shorteners).value(name)
    as_expected = _is_as_expected(name, old, is_usual=is_usual)
    document = None if new == old else await _update(as_expected, update)
    found = document or await _config().find_one({"_id": _ID})
    now = _settings_now(found, has_shorteners=has_shorteners)
    if document is None and new != old and now.value(name) == old:
        # it reads as expected in a form of its own: nothing at all, an earlier version's, or a value that is not usable
        document = await (_update({name: found.get(name)}, update) if found else _insert(name, update[name], row))
        # None: another process inserted the document at the same instant, or changed it
        document = document or await _update(as_expected, update)
        now = _settings_now(document or await _config().find_one({"_id": _ID}), has_shorteners=has_shorteners)
    _cache().settings.clear()
    return SettingChange(now, document is not None, is_conflict=document is None and now.value(name) != new)


def _is_as_expected(name: str, old: Any, *, is_usual: bool) -> Document:
    stored = {name: _stored(name, old)}
    return {"$or": [stored, {name: {"$exists": False}}]} if is_usual else stored


async def _update(condition: Document, values: Document) -> Document | None:
    """Return the changed document; None when the condition does not hold."""
    return await _config().find_one_and_update({"_id": _ID, **condition}, {"$set": values})


async def _insert(name: str, stored: Any, row: Document) -> Document | None:
    """Insert the first change and return the document; None when there is one already."""
    document: Document = to_stored({"_id": _ID, name: stored, _CHANGED: {name: row}})
    try:
        await _config().insert_one(document)
    except AlreadyThere:
        return None
    return document
