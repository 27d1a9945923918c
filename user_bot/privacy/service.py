"""Handing a subscriber everything that is kept of them, and deleting it."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from aiogram import Bot
from aiogram.types import BufferedInputFile
from cachetools import TTLCache

from core.clock import Clock
from core.users import User
from database.erasing.tombstones import Tombstones
from database.operations import settings_ops
from database.operations.erasures import erasing, erasure_ops, own_data
from database.operations.shorteners import shortener_ops
from sender.failures import TELEGRAM_ERRORS, classify
from views.screens import Screen
from views.subscribers import privacy_screens

log = structlog.get_logger("tollgate.privacy")

#: a subscriber gets one copy in this time: it reads every collection
COPY_EVERY = timedelta(minutes=1)
_COPIES_REMEMBERED = 10_000
#: bytes of a file, which Telegram takes up to 50 MB of a bot
FILE_MAX = 45 * 1024 * 1024
FILE_NAME = "my-data.json"


class PrivacyService:
    """One per bot and process."""

    def __init__(self, bot: Bot, clock: Clock, tombstones: Tombstones) -> None:
        self._bot = bot
        self._clock = clock
        self._tombstones = tombstones
        #: who got a copy a moment ago
        self._copied: TTLCache[int, bool, datetime] = TTLCache(_COPIES_REMEMBERED, ttl=COPY_EVERY, timer=clock.now)

    async def screen(self) -> Screen:
        """Return what is kept."""
        now = self._clock.now()
        settings = await settings_ops.current(now)
        has_shortener = await shortener_ops.has_active(now)
        return privacy_screens.privacy(privacy_screens.Kept(settings.history_days, has_shortener))

    def may_copy(self, user_id: int) -> bool:
        """Return whether a copy is to be made now: none was asked for within COPY_EVERY in this process."""
        if user_id in self._copied:
            return False
        self._copied[user_id] = True
        return True

    async def send_copy(self, user: User) -> bool:
        """Send the file; False, logged, when Telegram did not take it. Raises StoreUnavailable."""
        content = await copy_of(user.user_id, self._clock.now())
        document = BufferedInputFile(content, FILE_NAME)
        try:
            await self._bot.send_document(user.user_id, document, caption=privacy_screens.copy_caption())
        except TELEGRAM_ERRORS as error:
            # another one may be asked for at once
            self._copied.pop(user.user_id, None)
            log.warning("privacy.copy_not_sent", failure=classify(error).value)
            return False
        return True

    async def erase(self, user_id: int) -> None:
        """Delete everything of a subscriber now; what is in progress is deleted by the job, within a minute.

        Idempotent: after a crash the job goes on, and the update that comes again changes nothing. Raises
        StoreUnavailable.
        """
        now = self._clock.now()
        tombstone = self._tombstones.of(user_id)
        try:
            # first: a backup that is written meanwhile may have what is deleted below
            await asyncio.to_thread(self._tombstones.note, tombstone, now)
        except OSError as error:
            # the job adds it from the database
            log.error("erasure.hash_not_kept", error=error.strerror or type(error).__name__)
        await erasing.take_step(await erasure_ops.begin(tombstone, user_id, now), now)
        log.info("erasure.begun")


async def copy_of(user_id: int, now: datetime) -> bytes:
    """Return everything that is kept of a subscriber as JSON; `incomplete` names collections that did not fit."""
    kept: dict[str, list[dict[str, Any]]] = {}
    cut: list[str] = []
    size = 0
    for one in await own_data.rows_of(user_id):
        size += len(await asyncio.to_thread(_as_json, {one.collection: one.rows}))
        if size > FILE_MAX:
            cut.append(one.collection)
            continue
        kept[one.collection] = one.rows
        if one.is_cut:
            cut.append(one.collection)
    head = {"user_id": user_id, "made_at": now.astimezone(UTC).isoformat(timespec="seconds")}
    return await asyncio.to_thread(_as_json, {**head, **({"incomplete": cut} if cut else {}), "kept": kept})


def _as_json(found: Mapping[str, Any]) -> bytes:
    # what was edited by hand may be of any type
    return json.dumps(found, ensure_ascii=False, indent=1, default=str).encode()
