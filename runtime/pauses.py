"""Pauses that outlive the process: each wait Telegram asks of a limiter is stored, and restored at the next start.

Telegram lengthens the wait of a bot that ignores it, which a bot that crashes and restarts would do. Each process
writes the pauses of its own limiters and reads once, at its start. Pauses of another process with the same bot token
are not read meanwhile (the user bot's process sends alerts with the admin bot's token): the first call to such a chat
gets a 429 of its own.

The wait of a call that concerns no chat (setMyCommands, getMe) is not stored.
"""

import asyncio
import itertools
from datetime import datetime, timedelta
from functools import partial

import structlog
from cachetools import FIFOCache

from core.clock import Clock
from core.errors import StoreRefused, StoreUnavailable
from core.retries import retry_while_unavailable
from database.operations import pause_ops
from sender.limits import ChatKey
from sender.send_limiter import SendLimiter

log = structlog.get_logger("tollgate.sender")

#: pauses written at the same time: enough for a stop to write them to a distant database, few enough to leave most of
#: the connections to the rest of the process
AT_ONCE = 16
#: seconds between two attempts while the database is away
RETRY_S = 1.0
#: most chats whose pause waits to be written; beyond it the oldest is dropped
MOST_PENDING = 10_000
#: seconds a stop takes to write pending pauses, and the same while the database is known to be away; a stop has 30
END_S, END_AWAY_S = 2.0, 0.5
#: past pauses are deleted after a write, at most this often and this many at once: the next pause waits meanwhile
FORGET_EVERY, FORGET_AT_ONCE = timedelta(hours=1), 100
#: longest wait that is stored, in seconds; what Telegram asks for stays far below (10,072 have been seen, BOTAPI §6.1)
LONGEST_S = 30 * 86_400.0


class Pauses:
    """Stores the pauses of this process's limiters and restores those of the previous process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: the latest end of each bot's and chat's pause that is not written yet; beyond the bound the oldest is dropped
        self._pending: FIFOCache[tuple[int, ChatKey], datetime] = FIFOCache(MOST_PENDING)
        self._noted = asyncio.Event()
        self._is_away = False
        self._forgotten_at: datetime | None = None

    @property
    def pending(self) -> int:
        """Chats whose pause is not written yet."""
        return len(self._pending)

    def watch(self, bot_id: int, limiter: SendLimiter) -> None:
        """Store every pause of `limiter` from now on."""
        limiter.on_pause = partial(self._note, bot_id)

    async def restore(self, bot_id: int, limiter: SendLimiter) -> int:
        """Load the pauses that are not over into `limiter`; return how many. Idempotent. Raises StoreUnavailable."""
        now = self._clock.now()
        found = await pause_ops.load(bot_id, now)
        for pause in found:
            limiter.restore(pause.chat, (pause.until - now).total_seconds())
        if found:
            log.warning("pauses.restored", bot_id=bot_id, count=len(found), until=found[0].until.isoformat())
        return len(found)

    async def write(self) -> None:
        """Write noted pauses until cancelled; retry while the database is away, as long as the pause lasts."""
        while True:
            await self._noted.wait()
            self._noted.clear()
            await retry_while_unavailable(self._write_pending, self._clock, itertools.repeat(RETRY_S))
            await self._forget_past()

    async def close(self) -> None:
        """Write pending pauses, for at most END_S seconds. Call it after `write` and all calls to Telegram ended."""
        try:
            async with asyncio.timeout(END_AWAY_S if self._is_away else END_S):
                await self._write_pending()
        except (TimeoutError, StoreUnavailable):
            pass
        if self._pending:
            log.warning("pauses.lost", count=self.pending)

    def _note(self, bot_id: int, chat: ChatKey, seconds: float) -> None:
        until = self._clock.now() + timedelta(seconds=min(seconds, LONGEST_S))
        key = (bot_id, chat)
        self._pending[key] = max(until, self._pending.get(key, until))
        self._noted.set()

    async def _write_pending(self) -> None:
        """Write until nothing is pending, AT_ONCE at a time. Raises StoreUnavailable while the database is away."""
        while self._pending:
            batch = list(itertools.islice(self._pending.items(), AT_ONCE))
            if not all(await asyncio.gather(*(self._write(*key, until) for key, until in batch))):
                raise StoreUnavailable(f"{self.pending} pauses are not written")
        if self._is_away:
            self._is_away = False
            log.info("pauses.written_again")

    async def _write(self, bot_id: int, chat: ChatKey, until: datetime) -> bool:
        """Write one pause unless it is over; False when the database is away and it must be retried."""
        if until > self._clock.now():
            try:
                await pause_ops.record(bot_id, chat, until)
            except StoreUnavailable as error:
                self._log_outage_once(error)
                return False
            except StoreRefused as error:
                log.error("pauses.refused", bot_id=bot_id, chat_id=chat, error=str(error))
        # a later end may have been noted while this one was written
        if self._pending.get((bot_id, chat)) == until:
            del self._pending[bot_id, chat]
        return True

    def _log_outage_once(self, error: StoreUnavailable) -> None:
        if not self._is_away:
            self._is_away = True
            log.warning("pauses.not_written", count=self.pending, error=str(error))

    async def _forget_past(self) -> None:
        """Delete one batch of past pauses if FORGET_EVERY has passed; the next batch follows the next write."""
        now = self._clock.now()
        if self._forgotten_at is not None and now - self._forgotten_at < FORGET_EVERY:
            return
        try:
            deleted = await pause_ops.delete_expired(now, batch_size=FORGET_AT_ONCE, timeout_s=0)
        except (StoreUnavailable, StoreRefused) as error:
            log.warning("pauses.not_forgotten", error=str(error))
            return
        if not deleted.more:
            self._forgotten_at = now
