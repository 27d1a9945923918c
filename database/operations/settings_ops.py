"""Settings that admins change: one document of the collection `admin_config`, read often."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from core.errors import AlreadyThere
from core.settings import BotSettings
from database.collection import Collection
from database.connection import Database, current_database
from database.shared_read import SharedRead
from database.values import Document

log = logging.getLogger("tollgate.database")

_ID = "settings"


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


def _check(name: str, value: Any) -> None:
    if name not in BotSettings.model_fields:
        raise ValueError(f"there is no setting {name}")
    BotSettings.model_validate({name: value})


def _read(document: Document | None) -> tuple[BotSettings, list[str]]:
    defaults = _cache().defaults
    stored = {name: value for name, value in (document or {}).items() if name in BotSettings.model_fields}
    try:
        return BotSettings.model_validate(defaults | stored), []
    except ValidationError as error:
        wrong = {str(problem["loc"][0]): problem["msg"] for problem in error.errors()}
    sound = {name: value for name, value in stored.items() if name not in wrong}
    # without the stored value, which may be the password of posts
    problems = [f"{name}: the stored value is not usable ({why}); the default stands" for name, why in wrong.items()]
    return BotSettings.model_validate(defaults | sound), problems


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


async def current(now: datetime) -> BotSettings:
    """Return the settings as of at most 5 seconds ago; a change by this process is seen at once.

    Concurrent callers share one read, its result or its error.
    """
    return await _cache().settings.get(now, load)


async def change(name: str, value: Any) -> BotSettings:
    """Store one setting (None as null: empty) and return all of them; one atomic upsert.

    Raises ValueError for an unknown name or a value out of range: call `core.settings.parse_setting` first.
    """
    _check(name, value)
    try:
        stored = await _store(name, value)
    except AlreadyThere:
        # another process inserted the document at the same instant
        stored = await _store(name, value)
    _cache().settings.clear()
    return _read(stored)[0]


async def _store(name: str, value: Any) -> Document | None:
    return await _config().find_one_and_update({"_id": _ID}, {"$set": {name: value}}, upsert=True)
