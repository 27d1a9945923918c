"""Keeps the progress messages of broadcasts up to date, by polling the rows: another process may be sending.

Idle it costs one query every 3 s; two more for each broadcast whose time has come and which waits for its turn.
"""

import asyncio
import math
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from admin_bot.broadcasts.progress_messages import ProgressMessage, ProgressMessages, edit_or_send, stored_ref
from admin_bot.screens import MessageRef
from core.broadcasts import Broadcast, BroadcastStatus, remaining, total
from core.clock import Clock
from core.errors import TollgateError
from core.supervisor import Supervisor
from database.operations import broadcast_ops
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.lanes import at_least_once
from sender.refusals import is_permanent_recipient
from views.broadcasts import progress_texts as texts
from views.catalogues import Languages, speaking_to_member
from views.screens import Screen

log = structlog.get_logger("tollgate.admin")

#: poll interval, in seconds; also the shortest time between two edits of one message
POLL_EVERY_S = 3.0
#: broadcasts read by one poll: many that are planned for later must not hide the one being sent
READ_MAX = 100
#: pause after a failure of Telegram that names none, in seconds
RETRY_S = 15.0
#: seconds after which an edit is given up; a later poll repeats it
EDIT_TIMEOUT_S = 20.0
#: seconds after which an unanswered confirmation ("Cancel?") is replaced by the progress
CONFIRMATION_S = 60.0
#: their progress message is complete once these were shown
_FINAL = (BroadcastStatus.SENT, BroadcastStatus.CANCELLED, BroadcastStatus.FAILED, BroadcastStatus.RECALLED)
#: a message that is no longer updated would soon be wrong in these
_CHANGING = (BroadcastStatus.QUEUED, BroadcastStatus.SENDING, BroadcastStatus.PAUSED, BroadcastStatus.RECALLING)


class ProgressUpdater:
    """Edits each progress message at most every 3 s, and at once after a press. One per process that polls Telegram.

    What a message shows and who cannot be reached is kept in memory: after a restart every broadcast that is not marked
    as shown is shown again.
    """

    def __init__(
        self,
        bot: Bot,
        team: Languages,
        clock: Clock,
        zone: ZoneInfo,
        supervisor: Supervisor,
    ) -> None:
        self._bot = bot
        self._team = team
        self._clock = clock
        self._zone = zone
        self._supervisor = supervisor
        self._messages = ProgressMessages(self._bot.id)
        #: number of the poll under way, or of the last one
        self._poll_number = 0
        self._is_store_away = False
        self._running: asyncio.Task[None] | None = None

    # start and stop

    async def start(self) -> None:
        """Start polling; returns at once. Idempotent."""
        if self._running is None:
            self._running = self._supervisor.keep_running(self.run, "broadcast progress", self._clock)

    async def stop(self) -> None:
        """Stop polling. The next process shows the rest."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
            self._running = None

    async def run(self) -> None:
        """Poll every 3 s until cancelled."""
        while True:
            await self._clock.sleep(POLL_EVERY_S)
            await self.poll()

    async def poll(self) -> None:
        """Update every message that is out of date. Failures of Telegram and the database are logged, not raised."""
        self._poll_number += 1
        number = self._poll_number
        try:
            found = await broadcast_ops.find_not_shown(READ_MAX)
        except TollgateError as error:
            self._store_failed(error)
            return
        self._messages.keep_only({one.id for one in found}, number)
        # concurrently: a chat with a pause from Telegram must not hold up the others
        answers = await asyncio.gather(*(self._update(one, number) for one in found))
        if all(answers):
            self._is_store_away = False

    # what handlers request

    async def show(self, broadcast: Broadcast) -> None:
        """Show the broadcast in its progress message at once; a deleted message is replaced by a new one.

        Failures of Telegram and the database are logged, not raised: the next poll tries again.
        """
        message = self._messages.of(broadcast)
        async with message.lock:
            message.note_answered()
            self._skip_next_poll(message)
            try:
                await self._show_progress(message, broadcast)
            except TollgateError as error:
                self._store_failed(error)

    async def show_here(self, broadcast: Broadcast, ref: MessageRef) -> None:
        """Make this message the broadcast's progress message and show it. `broadcast`: as it is now.

        Raises StoreUnavailable before anything was shown.
        """
        await self.show(await self._move(broadcast, ref))

    async def confirm_here(self, broadcast: Broadcast, ref: MessageRef, screen: Screen) -> None:
        """Show a confirmation in place of the progress, until the status changes, at most for a minute.

        Raises as `show_here`.
        """
        broadcast = await self._move(broadcast, ref)
        message = self._messages.of(broadcast)
        async with message.lock:
            if await self._edit(message, broadcast, screen):
                last_poll = self._poll_number + math.ceil(CONFIRMATION_S / POLL_EVERY_S)
                message.note_confirmation(broadcast.status, last_poll)

    # showing

    async def _update(self, broadcast: Broadcast, number: int) -> bool:
        """Update one broadcast's message in the poll of this number; False if the database was away."""
        message = self._messages.of(broadcast)
        async with message.lock:
            if message.skips_poll(broadcast, number):
                return True
            try:
                is_unreachable = message.unreachable_at is broadcast.status
                if is_unreachable or await self._show_progress(message, broadcast):
                    await self._finish(message, broadcast)
            except TollgateError as error:
                self._store_failed(error)
                return False
        return True

    async def _show_progress(self, message: ProgressMessage, broadcast: Broadcast) -> bool:
        """Show the current progress; True when the message shows it."""
        async with speaking_to_member(self._team, message.ref.chat_id):
            screen = await self._screen(message, broadcast)
        return await self._edit(message, broadcast, screen)

    async def _screen(self, message: ProgressMessage, broadcast: Broadcast) -> Screen:
        now = self._clock.now()
        rate = None
        if broadcast.status is BroadcastStatus.SENDING and broadcast.is_filled:
            done = total(broadcast.counts) - remaining(broadcast.counts)
            rate = message.rate.add(self._clock.monotonic(), done)
        else:
            message.rate.reset()
        is_behind = False
        if broadcast.status is BroadcastStatus.QUEUED and broadcast.send_at <= now:
            first = await broadcast_ops.find_next(now)
            is_behind = first is not None and first.id != broadcast.id
        return texts.progress(broadcast, now, self._zone, is_behind_another=is_behind, rate_per_s=rate)

    async def _edit(self, message: ProgressMessage, broadcast: Broadcast, screen: Screen) -> bool:
        """Show `screen` unless it is shown; True when it is. Raises StoreUnavailable if a new message is not stored."""
        if message.shown != screen:
            try:
                async with asyncio.timeout(EDIT_TIMEOUT_S):
                    message.ref = await edit_or_send(self._bot, message.ref, screen)
            except TELEGRAM_ERRORS as error:
                self._telegram_failed(message, broadcast, error)
                return False
            message.shown = screen
        await self._store_ref(message, broadcast)
        return True

    async def _store_ref(self, message: ProgressMessage, broadcast: Broadcast) -> None:
        """Write a message that was sent in place of a deleted one to the row."""
        ref = message.ref
        if ref.message_id is not None and ref != stored_ref(broadcast, self._bot.id):
            await broadcast_ops.set_progress_message(broadcast.id, ref.chat_id, ref.message_id, self._bot.id)
            message.note_stored()

    async def _move(self, broadcast: Broadcast, ref: MessageRef) -> Broadcast:
        """Make `ref` the progress message; the one before is marked as moved if it would soon be wrong."""
        before = stored_ref(broadcast, self._bot.id)
        message = self._messages.of(broadcast)
        async with message.lock:
            self._skip_next_poll(message)
            message.is_creator_notified |= broadcast.is_shown
            if before == ref:
                return broadcast
            if ref.message_id is not None:
                await broadcast_ops.set_progress_message(broadcast.id, ref.chat_id, ref.message_id, self._bot.id)
            message.move(ref)
            if broadcast.status in _CHANGING:
                await self._mark_moved(before, broadcast)
        moved = {
            "progress_chat_id": ref.chat_id, "progress_message_id": ref.message_id, "progress_bot_id": self._bot.id
        }  # fmt: skip
        return broadcast.model_copy(update=moved)

    def _skip_next_poll(self, message: ProgressMessage) -> None:
        """Keep the poll under way from showing an outdated row, and the next one from editing too soon."""
        message.not_before = max(message.not_before, self._poll_number + 2)

    async def _mark_moved(self, ref: MessageRef, broadcast: Broadcast) -> None:
        if ref.message_id is None:
            return
        try:
            async with speaking_to_member(self._team, ref.chat_id):
                screen = texts.moved(broadcast)
            async with asyncio.timeout(EDIT_TIMEOUT_S):
                await self._bot.edit_message_text(
                    screen.text, chat_id=ref.chat_id, message_id=ref.message_id, reply_markup=screen.keyboard
                )
        except TELEGRAM_ERRORS as error:
            log.info("broadcast.old_screen_not_edited", reason=classify(error))

    # the end

    async def _finish(self, message: ProgressMessage, broadcast: Broadcast) -> None:
        """Notify the creator of a failure, then mark the broadcast as shown; only at a final status.

        In this order a crash in between notifies twice rather than never. Counts that change later prevent the mark
        or undo it.
        """
        if broadcast.status not in _FINAL:
            return
        if (
            broadcast.status is BroadcastStatus.FAILED
            and not message.is_creator_notified
            and not await self._notify_creator(message, broadcast)
        ):
            return
        await broadcast_ops.mark_shown(broadcast.id, broadcast.status, broadcast.counts)

    async def _notify_creator(self, message: ProgressMessage, broadcast: Broadcast) -> bool:
        """Send the failure to the admin who made the broadcast, as a new message; False when it is to be retried."""
        try:
            async with speaking_to_member(self._team, broadcast.created_by):
                html = texts.stopped(broadcast)
            with at_least_once():
                await self._bot.send_message(broadcast.created_by, html)
        except TELEGRAM_ERRORS as error:
            if not is_permanent_recipient(classify(error)):
                self._retry_later(message, broadcast, error)
                return False
            log.info("broadcast.creator_not_notified", broadcast=broadcast.id, reason=classify(error))
        message.is_creator_notified = True
        return True

    # failures

    def _telegram_failed(self, message: ProgressMessage, broadcast: Broadcast, error: BaseException) -> None:
        if is_permanent_recipient(classify(error)):
            log.info("broadcast.admin_unreachable", broadcast=broadcast.id, reason=classify(error))
            message.unreachable_at = broadcast.status
        else:
            self._retry_later(message, broadcast, error)

    def _retry_later(self, message: ProgressMessage, broadcast: Broadcast, error: BaseException) -> None:
        wait_s = retry_after(error) or RETRY_S
        message.not_before = self._poll_number + 1 + math.ceil(wait_s / POLL_EVERY_S)
        log.info("broadcast.shown_later", broadcast=broadcast.id, reason=classify(error), wait_s=wait_s)

    def _store_failed(self, error: TollgateError) -> None:
        """Log the first failure of an outage."""
        if not self._is_store_away:
            log.warning("broadcast.progress_not_read", error=type(error).__name__)
        self._is_store_away = True
