"""The progress messages of broadcasts: kept up to date by looking at the rows, whoever sends.

Idle it costs one query every 3 s; two more for each broadcast whose time has come and which waits for its turn.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from admin_bot.broadcasts.screens import Face, MessageRef, Screen, Screens, place_of, put
from core.broadcasts import Broadcast, BroadcastStatus, remaining, total
from core.clock import Clock
from core.errors import TollgateError
from core.supervisor import Supervisor
from database.operations import broadcast_ops
from sender.failures import TELEGRAM_ERRORS, classify, is_permanent_recipient, retry_after
from sender.lanes import may_arrive_twice
from views.broadcasts import progress_keyboards as keyboards
from views.broadcasts import progress_texts as texts

log = structlog.get_logger("tollgate.admin")

#: seconds between two looks, and so between two edits of one message
EVERY_S = 3.0
#: broadcasts looked at each time: those planned for later count, too, and must not hide the one being sent
LOOK_MAX = 100
#: seconds a message is left alone after Telegram failed at it without saying for how long
RETRY_S = 15.0
#: seconds an edit may hang; it is made again anyway
EDIT_TIMEOUT_S = 20.0
#: seconds a question ("Cancel?") keeps the progress away when nobody answers it
QUESTION_S = 60.0
#: nothing more is shown of these until something changes
_FINAL = (BroadcastStatus.SENT, BroadcastStatus.CANCELLED, BroadcastStatus.FAILED, BroadcastStatus.RECALLED)
#: in these the message an admin no longer watches would soon tell something untrue
_MOVING = (BroadcastStatus.QUEUED, BroadcastStatus.SENDING, BroadcastStatus.PAUSED, BroadcastStatus.RECALLING)


class BroadcastWatch:
    """Edits progress messages at most every 3 s, at a press at once. One a process; one process polls the admin bot.

    What it knows beside the rows (what stands in which message, who cannot be reached) lives as long as the process:
    a new one draws everything that is not marked as shown once more.
    """

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        supervisor: Supervisor,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._supervisor = supervisor
        self._sleep = sleep
        self._monotonic = monotonic
        self._screens = Screens()
        #: the number of the look under way, or of the last one
        self._look = 0
        self._is_store_away = False
        self._running: asyncio.Task[None] | None = None

    # its life

    async def start(self) -> None:
        """Begin to look; returns at once."""
        if self._running is None:
            self._running = self._supervisor.spawn(self.run(), "broadcast watch")

    async def stop(self) -> None:
        """End the looking. What was not shown is shown by the next process."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
            self._running = None

    async def run(self) -> None:
        """Look every 3 s until cancelled."""
        while True:
            await self._sleep(EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Bring every message up to date that is not. Raises nothing when Telegram or the database are away."""
        self._look += 1
        number = self._look
        try:
            found = await broadcast_ops.find_not_shown(LOOK_MAX)
        except TollgateError as error:
            self._store_failed(error)
            return
        self._screens.keep_only({one.id for one in found}, number)
        # side by side: a chat Telegram lets us wait for does not hold up the others
        answers = await asyncio.gather(*(self._bring_up_to_date(one, number) for one in found))
        if all(answers):
            self._is_store_away = False

    # what handlers ask for

    async def show(self, broadcast: Broadcast) -> None:
        """Show it in its progress message at once, or in a new one when that was deleted.

        Raises nothing when Telegram or the database are away: the next look tries again.
        """
        screen = self._screens.of(broadcast)
        async with screen.lock:
            screen.answered()
            self._rest(screen)
            try:
                await self._draw(screen, broadcast)
            except TollgateError as error:
                self._store_failed(error)

    async def show_here(self, broadcast: Broadcast, place: MessageRef) -> None:
        """Show it in that message and watch it there from now on; `broadcast` is as it stands now.

        Raises StoreUnavailable before anything was shown.
        """
        await self.show(await self._adopt(broadcast, place))

    async def ask_here(self, broadcast: Broadcast, place: MessageRef, face: Face) -> None:
        """Put a question in place of the progress; it gives way when the status changes, and after a minute.

        Raises as `show_here`.
        """
        broadcast = await self._adopt(broadcast, place)
        screen = self._screens.of(broadcast)
        async with screen.lock:
            if await self._edit(screen, broadcast, face):
                screen.ask(broadcast.status, self._look + math.ceil(QUESTION_S / EVERY_S))

    # drawing

    async def _bring_up_to_date(self, broadcast: Broadcast, number: int) -> bool:
        """One broadcast's part of a look; False when the database was away."""
        screen = self._screens.of(broadcast)
        async with screen.lock:
            if screen.is_left_alone(broadcast, number):
                return True
            try:
                is_lost = screen.lost_at is broadcast.status
                if is_lost or await self._draw(screen, broadcast):
                    await self._end(screen, broadcast)
            except TollgateError as error:
                self._store_failed(error)
                return False
        return True

    async def _draw(self, screen: Screen, broadcast: Broadcast) -> bool:
        """True when its message shows it as it stands."""
        return await self._edit(screen, broadcast, await self._face(screen, broadcast))

    async def _face(self, screen: Screen, broadcast: Broadcast) -> Face:
        now = self._clock.now()
        rate = None
        if broadcast.status is BroadcastStatus.SENDING and broadcast.is_filled:
            done = total(broadcast.counts) - remaining(broadcast.counts)
            rate = screen.pace.look(self._monotonic(), done)
        else:
            screen.pace.rest()
        is_behind = False
        if broadcast.status is BroadcastStatus.QUEUED and broadcast.send_at <= now:
            first = await broadcast_ops.find_next(now)
            is_behind = first is not None and first.id != broadcast.id
        html = texts.progress(broadcast, now, self._zone, is_behind_another=is_behind, rate_per_s=rate)
        return html, keyboards.progress(broadcast, now)

    async def _edit(self, screen: Screen, broadcast: Broadcast, face: Face) -> bool:
        """Show `face` unless it stands there; True when it does. Raises StoreUnavailable, its place not kept."""
        if screen.shows != face:
            try:
                async with asyncio.timeout(EDIT_TIMEOUT_S):
                    screen.message_id = await put(self._bot, screen.chat_id, screen.message_id, face)
            except TELEGRAM_ERRORS as error:
                self._telegram_failed(screen, broadcast, error)
                return False
            screen.shows = face
        await self._keep_place(screen, broadcast)
        return True

    async def _keep_place(self, screen: Screen, broadcast: Broadcast) -> None:
        """Remember a message that was sent in place of a deleted one."""
        if screen.message_id is not None and screen.place != place_of(broadcast):
            await broadcast_ops.set_progress_message(broadcast.id, screen.chat_id, screen.message_id)
            screen.place_kept()

    async def _adopt(self, broadcast: Broadcast, place: MessageRef) -> Broadcast:
        """Watch it in that message from now on; the one before says so, where it would not stay true."""
        before, (chat_id, message_id) = place_of(broadcast), place
        screen = self._screens.of(broadcast)
        async with screen.lock:
            self._rest(screen)
            screen.is_told |= broadcast.is_shown
            if before == place:
                return broadcast
            if message_id is not None:
                await broadcast_ops.set_progress_message(broadcast.id, chat_id, message_id)
            screen.move(place)
            if broadcast.status in _MOVING:
                await self._retire(before, broadcast)
        return broadcast.model_copy(update={"progress_chat_id": chat_id, "progress_message_id": message_id})

    def _rest(self, screen: Screen) -> None:
        """The look under way has read what is old now, and the next one comes too soon after an edit."""
        screen.not_before = max(screen.not_before, self._look + 2)

    async def _retire(self, place: MessageRef, broadcast: Broadcast) -> None:
        chat_id, message_id = place
        if message_id is None:
            return
        try:
            async with asyncio.timeout(EDIT_TIMEOUT_S):
                html, keyboard = texts.moved(broadcast), keyboards.moved(broadcast)
                await self._bot.edit_message_text(html, chat_id=chat_id, message_id=message_id, reply_markup=keyboard)
        except TELEGRAM_ERRORS as error:
            log.info("broadcast.old_screen_stays", reason=classify(error))

    # the end

    async def _end(self, screen: Screen, broadcast: Broadcast) -> None:
        """At a final status: tell of an error, then remember that all was shown.

        In this order: a crash in between tells twice, and never not at all. Counts that come late prevent or undo
        the mark.
        """
        if broadcast.status not in _FINAL:
            return
        if (
            broadcast.status is BroadcastStatus.FAILED
            and not screen.is_told
            and not await self._tell(screen, broadcast)
        ):
            return
        await broadcast_ops.mark_shown(broadcast.id, broadcast.status, broadcast.counts)

    async def _tell(self, screen: Screen, broadcast: Broadcast) -> bool:
        """A message of its own to whoever made it; False when it should be tried again."""
        try:
            with may_arrive_twice():
                await self._bot.send_message(broadcast.created_by, texts.stopped(broadcast))
        except TELEGRAM_ERRORS as error:
            if not is_permanent_recipient(classify(error)):
                self._leave(screen, broadcast, error)
                return False
            log.info("broadcast.creator_not_told", broadcast=broadcast.id, reason=classify(error))
        screen.is_told = True
        return True

    # what fails

    def _telegram_failed(self, screen: Screen, broadcast: Broadcast, error: BaseException) -> None:
        if is_permanent_recipient(classify(error)):
            log.info("broadcast.watcher_lost", broadcast=broadcast.id, reason=classify(error))
            screen.lost_at = broadcast.status
        else:
            self._leave(screen, broadcast, error)

    def _leave(self, screen: Screen, broadcast: Broadcast, error: BaseException) -> None:
        wait_s = retry_after(error) or RETRY_S
        screen.not_before = self._look + 1 + math.ceil(wait_s / EVERY_S)
        log.info("broadcast.shown_later", broadcast=broadcast.id, reason=classify(error), wait_s=wait_s)

    def _store_failed(self, error: TollgateError) -> None:
        if not self._is_store_away:
            log.warning("broadcast.not_watched", error=type(error).__name__)
        self._is_store_away = True
