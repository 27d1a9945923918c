"""Settings that admins change: one document of the collection `admin_config`, read often."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from core.errors import AlreadyThere
from core.settings import AccessMode, BotSettings
from database.collection import Collection
from database.connection import Database, current_database
from database.operations.shorteners import shortener_ops
from database.shared_read import SharedRead
from database.values import Document

log = logging.getLogger("tollgate.database")

_ID = "settings"


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


def _check(name: str, value: Any) -> None:
    if name not in BotSettings.model_fields:
        raise ValueError(f"there is no setting {name}")
    BotSettings.model_validate({name: value})


def _read(document: Document | None) -> _Stored:
    stored = {name: value for name, value in (document or {}).items() if name in BotSettings.model_fields}
    try:
        return _Stored(BotSettings.model_validate(stored), "access_mode" in stored)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]): problem["msg"] for problem in error.errors()}
    sound = {name: value for name, value in stored.items() if name not in wrong}
    # without the stored value, which may be the password of posts
    problems = [f"{name}: the stored value is not usable ({why}); the default stands" for name, why in wrong.items()]
    return _Stored(BotSettings.model_validate(sound), "access_mode" in sound, tuple(problems))


async def _applied(stored: _Stored) -> BotSettings:
    """Return the settings as they apply at this moment; one more read when the access mode was never chosen."""
    is_open = not stored.is_access_chosen
    return stored.followed(has_shorteners=is_open and shortener_ops.is_any_active(await shortener_ops.load()))


async def load_checked() -> tuple[BotSettings, list[str]]:
    """Return the stored settings, and a sentence for each stored value that is invalid and was replaced by its default.

    Unknown names are ignored; without a stored document every setting has its default. That of `access_mode` is credits
    while there is a shortener.
    """
    stored = _read(await _config().find_one({"_id": _ID}))
    return await _applied(stored), list(stored.problems)


async def load() -> BotSettings:
    """Return the stored settings; invalid values are logged and replaced by their defaults."""
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
    return await _applied(_read(stored))


async def _store(name: str, value: Any) -> Document | None:
    return await _config().find_one_and_update({"_id": _ID}, {"$set": {name: value}}, upsert=True)
