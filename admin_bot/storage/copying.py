"""Copying messages into the storage channel, and out again when a post does not come about."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from admin_bot.storage.alarm import StorageAlarm
from admin_bot.storage.channel import Storage
from sender.failures import TELEGRAM_ERRORS, Failure, classify, retry_after
from views.owner_alerts import storing_lost
from views.posts import texts
from views.storage.texts import UNREACHABLE, lacks_sentence, not_stored

log = structlog.get_logger("tollgate.storing")

#: above it, missing messages are only counted: finding out which costs one call each
PROBE_MAX = 20


@dataclass(frozen=True, slots=True)
class Stored:
    """Copies in the storage channel, in order."""

    chat_id: int
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NotStored:
    """Nothing usable came about; `sentence` (HTML) says why and what to do."""

    sentence: str


class Copier:
    """Puts an admin's messages into the storage channel."""

    def __init__(self, bot: Bot, user_bot: Bot, storage: Storage, alarm: StorageAlarm) -> None:
        self._bot = bot
        self._user_bot = user_bot
        self._storage = storage
        self._alarm = alarm

    async def store(self, chat_id: int, message_ids: Sequence[int]) -> Stored | NotStored:
        """Copy the messages in one call, which keeps albums; all of them or none.

        Never repeated when Telegram's answer is lost. Raises NotReady without a storage channel.
        """
        target = await self._storage.require()
        wanted = sorted(message_ids)
        try:
            copies = await self._bot.copy_messages(chat_id=target, from_chat_id=chat_id, message_ids=wanted)
        except TELEGRAM_ERRORS as error:
            return await self._failed(error, target)
        stored = Stored(target, tuple(sorted(copy.message_id for copy in copies if copy.message_id)))
        if len(stored.message_ids) < len(wanted):
            return await self._incomplete(stored, chat_id, wanted)
        await self._alarm.end(target)
        return stored

    async def take_out(self, stored: Stored) -> None:
        """Delete copies from the storage channel; what Telegram no longer deletes stays there."""
        try:
            await self._bot.delete_messages(stored.chat_id, list(stored.message_ids))
        except TELEGRAM_ERRORS as error:
            log.info("storing.copies_stay", chat_id=stored.chat_id, reason=classify(error))

    async def _failed(self, error: BaseException, target: int) -> NotStored:
        failure = classify(error)
        log.warning("storing.failed", reason=failure, error=type(error).__name__)
        match failure:
            case Failure.KICKED | Failure.UNREACHABLE | Failure.MIGRATED:
                return await self._lost(target)
            case Failure.SOURCE_GONE:
                return NotStored(texts.NOTHING_COPIED)
            case Failure.FLOOD:
                return NotStored(texts.store_wait(retry_after(error) or 1))
            case Failure.TRANSIENT:
                return NotStored(texts.STORE_TROUBLE)
            case Failure.CONTENT | Failure.OTHER if isinstance(error, TelegramAPIError):
                return NotStored(texts.store_refused(error.message))
        return NotStored(texts.STORE_UNSURE)

    async def _lost(self, target: int) -> NotStored:
        """Name what is missing to whoever posts now, and once to all owners."""
        rights = await self._storage.missing_rights(target, self._bot, self._user_bot)
        admin, user = await self._bot.me(), await self._user_bot.me()
        what = lacks_sentence((admin.username or "", rights.admin_bot), (user.username or "", rights.user_bot))
        await self._alarm.begin(target, storing_lost(what or UNREACHABLE))
        return NotStored(not_stored(what or UNREACHABLE))

    async def _incomplete(self, stored: Stored, chat_id: int, wanted: Sequence[int]) -> NotStored:
        if stored.message_ids:
            await self.take_out(stored)
        missing = await self._which_missing(chat_id, wanted, stored.chat_id)
        return NotStored(texts.some_missing(len(stored.message_ids), len(wanted), missing))

    async def _which_missing(self, chat_id: int, wanted: Sequence[int], target: int) -> list[int]:
        """Positions (1..) of the messages that have no copy; [] when that would cost too much or cannot be told.

        copyMessages names no survivors (BOTAPI §2.5), so each message is copied by itself and taken out again.
        """
        if len(wanted) > PROBE_MAX:
            return []
        missing: list[int] = []
        probes: list[int] = []
        for position, message_id in enumerate(wanted, start=1):
            try:
                copy = await self._bot.copy_message(chat_id=target, from_chat_id=chat_id, message_id=message_id)
            except TELEGRAM_ERRORS as error:
                if classify(error) not in {Failure.SOURCE_GONE, Failure.OTHER, Failure.CONTENT}:
                    missing.clear()
                    break
                missing.append(position)
            else:
                probes.append(copy.message_id)
        if probes:
            await self.take_out(Stored(target, tuple(probes)))
        return missing
