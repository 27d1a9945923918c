"""Pauses that outlive the process and reach the others: each wait Telegram asks of a limiter is stored and read.

Telegram lengthens the wait of a bot that ignores it, which a bot that crashes and restarts would do, or a second
process with the same token. Each process writes the pauses of its own limiters, of a chat and of the whole bot. It
restores the stored ones at its start, and reads every few seconds what others have noted since.

The wait of a call that concerns no chat (setMyCommands, getMe) is not stored.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from cachetools import FIFOCache

from core.clock import Clock, to_milliseconds
from core.errors import StoreRefused, StoreUnavailable
from core.retries import retry_while_unavailable
from sender.limiting.limits import EVERY_CHAT, ChatKey
from sender.limiting.send_limiter import SendLimiter

log = structlog.get_logger("tollgate.sender")

#: seconds between two reads of what other processes noted: one command for all bots of the process
FOLLOW_S = 5.0
#: how far the clocks of two machines may differ without a pause being missed: each read goes back as far
SKEW = timedelta(seconds=15)
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


class Pause(Protocol):
    """A stored pause, of a chat or of EVERY_CHAT."""

    @property
    def bot_id(self) -> int: ...
    @property
    def chat(self) -> ChatKey: ...
    @property
    def until(self) -> datetime: ...
    @property
    def noted_at(self) -> datetime | None: ...


class PauseStore(Protocol):
    """`database.operations.pause_ops`."""

    def record(
        self, bot_id: int, chat: ChatKey, until: datetime, noted_at: datetime, *, replace: bool = False
    ) -> Awaitable[None]: ...
    def load(self, bot_id: int, now: datetime) -> Awaitable[Sequence[Pause]]: ...
    def load_noted(self, bot_ids: Sequence[int], since: datetime) -> Awaitable[Sequence[Pause]]: ...
    def delete_some_expired(self, now: datetime, batch_size: int) -> Awaitable[bool]: ...


class Pauses:
    """Stores the pauses of this process's limiters, and applies those of earlier and of other processes."""

    def __init__(self, clock: Clock, store: PauseStore) -> None:
        self._clock = clock
        self._store = store
        self._limiters: dict[int, SendLimiter] = {}
        #: the end of each pause that the limiter of its bot knows already
        self._known: FIFOCache[tuple[int, ChatKey], datetime] = FIFOCache(MOST_PENDING)
        self._read_at: datetime | None = None
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
        """Store every pause of `limiter` from now on, and apply to it what `follow` reads."""
        self._limiters[bot_id] = limiter
        limiter.on_pause = partial(self._note, bot_id)

    async def restore(self, bot_id: int, limiter: SendLimiter) -> int:
        """Load the pauses that are not over into `limiter`; return how many. Idempotent. Raises StoreUnavailable."""
        now = self._clock.now()
        found = await self._store.load(bot_id, now)
        for pause in found:
            self._apply(limiter, pause, now)
        if self._read_at is None:
            self._read_at = now
        if found:
            log.warning("pauses.restored", bot_id=bot_id, count=len(found), until=found[0].until.isoformat())
        return len(found)

    async def follow(self) -> None:
        """Apply what other processes of the watched bots note, every FOLLOW_S, until cancelled."""
        while True:
            await self._clock.sleep(FOLLOW_S)
            try:
                await self.read_noted()
            except (StoreUnavailable, StoreRefused) as error:
                log.debug("pauses.not_read", error=str(error))

    async def read_noted(self) -> int:
        """Apply the pauses noted since the last read, by one command; return how many were news.

        Raises StoreUnavailable and StoreRefused; the next read then begins where this one began.
        """
        now = self._clock.now()
        since = (self._read_at or now) - SKEW
        found = await self._store.load_noted(tuple(self._limiters), since)
        self._read_at = now
        news = sum(self._apply(self._limiters[pause.bot_id], pause, now) for pause in found)
        if news:
            log.warning("pauses.heard", count=news)
        return news

    def _apply(self, limiter: SendLimiter, pause: Pause, now: datetime) -> bool:
        """Let `limiter` heed a stored pause; False when it knows it, or the pause is over.

        A shorter one is no news for a chat, but for the bot.
        """
        key = (pause.bot_id, pause.chat)
        known = self._known.get(key)
        is_known = known is not None and (known == pause.until or (pause.chat != EVERY_CHAT and known > pause.until))
        if is_known or pause.until <= now:
            return False
        self._known[key] = pause.until
        limiter.restore(pause.chat, _left(pause, now).total_seconds())
        return True

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
        until = to_milliseconds(self._clock.now() + timedelta(seconds=min(seconds, LONGEST_S)))
        key = (bot_id, chat)
        if chat != EVERY_CHAT:
            until = max(until, self._pending.get(key, until))
        self._pending[key] = self._known[key] = until
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
                await self._store.record(bot_id, chat, until, self._clock.now(), replace=chat == EVERY_CHAT)
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
            has_more = await self._store.delete_some_expired(now, FORGET_AT_ONCE)
        except (StoreUnavailable, StoreRefused) as error:
            log.warning("pauses.not_forgotten", error=str(error))
            return
        if not has_more:
            self._forgotten_at = now


def _left(pause: Pause, now: datetime) -> timedelta:
    """Return how long a pause still lasts: at most as long as when it was noted, though this clock may be far behind.

    SKEW more, since the end may be of one process's clock and the note of another's; for these it is never less.
    """
    left = pause.until - now
    return left if pause.noted_at is None else min(left, max(pause.until - pause.noted_at, timedelta()) + SKEW)
