"""Collects albums: their messages arrive as single updates, and a quiet second means that the album is complete.

BOTAPI §3.4: same media_group_id, no terminator, any order.
"""

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

import structlog
from cachetools import FIFOCache

from core.clock import Clock
from core.errors import StoreUnavailable, TollgateError
from core.language import N_
from core.posts import PostItem
from core.retries import OutagePauses
from core.supervisor import Supervisor
from sender.failures import TELEGRAM_ERRORS

log = structlog.get_logger("tollgate.albums")

#: seconds without a new message after which an album is complete
QUIET_S = 1.0
#: dispatched albums remembered, to recognise late messages and repeated updates; the oldest are evicted
REMEMBERED_MAX = 500
#: pauses between attempts while the database is away, in seconds; in all ten minutes, as in the intake
OUTAGE_PAUSES_S = (1.0, 2.0, *[5.0] * 120)
#: seconds a stop waits for albums that are being received; what takes longer waits for the database
CLOSE_S = 5.0

#: chat id, media group id
Key = tuple[int, str]


class ItemOutcome(Enum):
    """What became of a message that was added. A closed list."""

    #: collected; the quiet second starts again
    COLLECTED = auto()
    #: known already: the update was delivered twice
    REPEATED = auto()
    #: its album was dispatched without it
    LATE = auto()


@dataclass(frozen=True, slots=True)
class AlbumItem:
    """One message of an album."""

    admin_id: int
    chat_id: int
    group_id: str
    message_id: int
    #: None if it has none
    title: str | None
    content: PostItem = field(default_factory=PostItem)


@dataclass(frozen=True, slots=True)
class Album:
    """A complete album, its messages in order."""

    admin_id: int
    chat_id: int
    group_id: str
    message_ids: tuple[int, ...]
    #: the first title among its messages; None if none has one
    title: str | None
    #: what each message is, in the same order
    contents: tuple[PostItem, ...] = ()


class Stopped(TollgateError):
    """The process ended before the album could be stored."""

    source = N_("I was stopped before your album was stored. Please send it again.")


class AlbumReceiver(Protocol):
    """Takes complete albums."""

    async def receive(self, album: Album) -> None:
        """Take the album. Raises StoreUnavailable; then it is called again."""

    async def notify(self, album: Album, error: TollgateError) -> None:
        """Notify the admin that it takes longer (StoreUnavailable) or that it failed (any other error)."""


@dataclass(slots=True)
class _Collected:
    """An album that is not complete yet."""

    items: dict[int, AlbumItem] = field(default_factory=dict)
    timer: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Dispatched:
    """A dispatched album."""

    message_ids: frozenset[int]
    late: set[int] = field(default_factory=set)


def _complete(items: dict[int, AlbumItem]) -> Album:
    ordered = [items[message_id] for message_id in sorted(items)]
    first = ordered[0]
    title = next((item.title for item in ordered if item.title), None)
    message_ids = tuple(item.message_id for item in ordered)
    contents = tuple(item.content for item in ordered)
    return Album(first.admin_id, first.chat_id, first.group_id, message_ids, title, contents)


class AlbumCollector:
    """Collects messages per (chat, media group). `add` returns at once; supervised tasks dispatch complete albums."""

    def __init__(
        self,
        supervisor: Supervisor,
        receiver: AlbumReceiver,
        clock: Clock,
        *,
        quiet_s: float = QUIET_S,
    ) -> None:
        self._supervisor = supervisor
        self._receiver = receiver
        self._quiet_s = quiet_s
        self._clock = clock
        self._collected: dict[Key, _Collected] = {}
        self._dispatched: FIFOCache[Key, _Dispatched] = FIFOCache(REMEMBERED_MAX)
        self._dispatching: dict[asyncio.Task[None], Album] = {}

    def add(self, item: AlbumItem) -> ItemOutcome:
        """Collect one message and start the quiet second again."""
        key = (item.chat_id, item.group_id)
        dispatched = self._dispatched.get(key)
        if dispatched is not None:
            return self._late(dispatched, item.message_id)
        collected = self._collected.setdefault(key, _Collected())
        if item.message_id in collected.items:
            return ItemOutcome.REPEATED
        collected.items[item.message_id] = item
        if collected.timer is not None:
            collected.timer.cancel()
        collected.timer = self._supervisor.spawn(self._wait(key), f"album {item.group_id}")
        return ItemOutcome.COLLECTED

    def close_group(self, chat_id: int, group_id: str, message_ids: frozenset[int]) -> None:
        """Treat an album as dispatched, because it was taken otherwise (into a batch): further messages are late."""
        self._remember((chat_id, group_id), message_ids)

    async def close(self, wait_s: float = CLOSE_S) -> None:
        """Dispatch everything collected, at a stop, and wait until it is received.

        Admins whose album was not received within `wait_s` seconds are notified to send it again.
        """
        for key in list(self._collected):
            self._dispatch(key)
        if not self._dispatching:
            return
        # those that end during a notice below leave `_dispatching`
        albums = dict(self._dispatching)
        _, late = await asyncio.wait(albums, timeout=wait_s)
        for task in late:
            task.cancel()
        for task in late:
            await self._notify_of_stop(albums[task])

    async def _notify_of_stop(self, album: Album) -> None:
        try:
            await self._receiver.notify(album, Stopped("stopped before the album was stored"))
        except TELEGRAM_ERRORS as error:
            log.warning("album.stop_not_notified", group_id=album.group_id, error=type(error).__name__)

    async def _wait(self, key: Key) -> None:
        await self._clock.sleep(self._quiet_s)
        collected = self._collected.get(key)
        # a timer that was replaced right before its end must not dispatch
        if collected is not None and collected.timer is asyncio.current_task():
            self._dispatch(key)

    def _dispatch(self, key: Key) -> None:
        collected = self._collected.pop(key)
        if collected.timer is not None and collected.timer is not asyncio.current_task():
            collected.timer.cancel()
        self._remember(key, frozenset(collected.items))
        album = _complete(collected.items)
        task = self._supervisor.spawn(self._receive(album), f"album post {album.group_id}")
        self._dispatching[task] = album
        task.add_done_callback(lambda ended: self._dispatching.pop(ended, None))

    async def _receive(self, album: Album) -> None:
        is_notified = False
        pauses = OutagePauses(OUTAGE_PAUSES_S)
        pause_s: float | None = 0.0
        while pause_s is not None:
            try:
                await self._receiver.receive(album)
                return
            except StoreUnavailable as error:
                log.warning("album.held", group_id=album.group_id)
                if not is_notified:
                    await self._receiver.notify(album, error)
                is_notified = True
                pause_s = pauses.after(error)
                await self._clock.sleep(pause_s or 0)
            except TollgateError as error:
                await self._receiver.notify(album, error)
                raise

    def _late(self, album: _Dispatched, message_id: int) -> ItemOutcome:
        if message_id in album.message_ids or message_id in album.late:
            return ItemOutcome.REPEATED
        album.late.add(message_id)
        return ItemOutcome.LATE

    def _remember(self, key: Key, message_ids: frozenset[int]) -> None:
        self._dispatched[key] = _Dispatched(message_ids)
