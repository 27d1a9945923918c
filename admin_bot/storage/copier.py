"""Copying messages into the storage channel, and deleting copies from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from admin_bot.storage.alarm import StorageAlarm
from admin_bot.storage.channel import StorageChannel
from sender.certainty import Certainty, certainty_of, effect_of
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.refusals import Failure
from sender.subjects import ChatRole, Subject, subject_of
from views.owner_alerts import storing_lost
from views.storage import copying_texts as texts
from views.storage.texts import lacks_sentence, not_stored, unreachable

log = structlog.get_logger("tollgate.storing")

#: up to so many messages the missing ones are identified, which costs one call each; above, they are only counted
PROBE_MAX = 20
#: the method that stores messages; it keeps albums together
_COPY = "copyMessages"
#: the message is gone, or the chat it is in restricts saving
_NOT_COPYABLE = frozenset({Failure.SOURCE_GONE, Failure.SAVING_RESTRICTED})


@dataclass(frozen=True, slots=True)
class Stored:
    """Copies in the storage channel, in order."""

    chat_id: int
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NotStored:
    """Nothing was stored; `sentence` (HTML) says why and what to do."""

    sentence: str


class Copier:
    """Copies an admin's messages into the storage channel."""

    def __init__(self, bot: Bot, user_bot: Bot, storage: StorageChannel, alarm: StorageAlarm) -> None:
        self._bot = bot
        self._user_bot = user_bot
        self._storage = storage
        self._alarm = alarm

    async def store(self, chat_id: int, message_ids: Sequence[int]) -> Stored | NotStored:
        """Copy the messages in one call, which keeps albums together; all of them or none.

        Not repeated if Telegram's answer is lost. Raises NotReady without a storage channel.
        """
        target = await self._storage.require()
        wanted = sorted(message_ids)
        try:
            copies = await self._bot.copy_messages(chat_id=target, from_chat_id=chat_id, message_ids=wanted)
        except TELEGRAM_ERRORS as error:
            return await self._failed(error, target, len(wanted))
        stored = Stored(target, tuple(sorted(copy.message_id for copy in copies if copy.message_id)))
        if len(stored.message_ids) < len(wanted):
            return await self._incomplete(stored, chat_id, wanted)
        await self._alarm.clear(target)
        return stored

    async def home(self) -> int:
        """Return the storage channel's id. Raises NotReady without one."""
        return await self._storage.require()

    async def delete_copies(self, stored: Stored) -> None:
        """Delete copies. A failure is logged: Telegram does not delete what is older than 48 hours."""
        try:
            await self._bot.delete_messages(stored.chat_id, list(stored.message_ids))
        except TELEGRAM_ERRORS as error:
            log.info("storing.copies_not_deleted", chat_id=stored.chat_id, reason=classify(error))

    async def _failed(self, error: BaseException, target: int, count: int) -> NotStored:
        failure = classify(error)
        log.warning("storing.failed", reason=failure, error=type(error).__name__)
        certainty, wait_s = certainty_of(effect_of(_COPY, count), error), retry_after(error)
        if certainty is Certainty.UNKNOWN:
            return NotStored(texts.store_unsure(wait_s))
        if certainty is Certainty.REPEAT:
            return NotStored(texts.store_trouble() if wait_s is None else texts.store_wait(wait_s))
        if subject_of(failure, _COPY, ChatRole.STORAGE) is Subject.STORAGE_CHANNEL:
            return await self._lost(target)
        if failure in _NOT_COPYABLE:
            return NotStored(texts.nothing_copied())
        return NotStored(texts.store_refused(error.message if isinstance(error, TelegramAPIError) else str(error)))

    async def _lost(self, target: int) -> NotStored:
        """Name the missing rights to the admin, and raise the incident for the owners."""
        rights = await self._storage.missing_rights(target, self._bot, self._user_bot)
        admin, user = await self._bot.me(), await self._user_bot.me()

        def what() -> str:
            named = (admin.username or "", rights.admin_bot), (user.username or "", rights.user_bot)
            return lacks_sentence(*named) or unreachable()

        await self._alarm.raise_incident(target, lambda: storing_lost(what()))
        return NotStored(not_stored(what()))

    async def _incomplete(self, stored: Stored, chat_id: int, wanted: Sequence[int]) -> NotStored:
        if stored.message_ids:
            await self.delete_copies(stored)
        missing = await self._find_missing(chat_id, wanted, stored.chat_id)
        return NotStored(texts.some_missing(len(stored.message_ids), len(wanted), missing))

    async def _find_missing(self, chat_id: int, wanted: Sequence[int], target: int) -> list[int]:
        """Return the positions (1..) of messages that cannot be copied; [] if they are too many, or not known.

        copyMessages does not say which were copied (BOTAPI §2.5), so each message is copied alone and deleted again.
        """
        if len(wanted) > PROBE_MAX:
            return []
        missing: list[int] = []
        probes: list[int] = []
        for position, message_id in enumerate(wanted, start=1):
            try:
                copy = await self._bot.copy_message(chat_id=target, from_chat_id=chat_id, message_id=message_id)
            except TELEGRAM_ERRORS as error:
                if classify(error) not in {*_NOT_COPYABLE, Failure.OTHER, Failure.CONTENT}:
                    missing.clear()
                    break
                missing.append(position)
            else:
                probes.append(copy.message_id)
        if probes:
            await self.delete_copies(Stored(target, tuple(probes)))
        return missing
