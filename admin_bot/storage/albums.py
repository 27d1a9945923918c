"""Albums arrive as single updates with no last one: items are held until a moment of quiet, then handed on as one.

BOTAPI §3.4: same media_group_id, no terminator, any order.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

import structlog

from core.errors import StoreUnavailable, TollgateError
from core.supervisor import Supervisor

log = structlog.get_logger("tollgate.albums")

#: seconds of quiet after which an album is complete
QUIET_S = 1.0
#: albums remembered after they were handed on, to recognise late items and repeated updates
REMEMBERED_MAX = 500
#: pauses between tries when the database is away, in seconds; together ten minutes, as the intake holds updates
OUTAGE_PAUSES_S = (1.0, 2.0, *[5.0] * 120)

#: seconds a stop waits for albums on their way; what takes longer waits for an absent database
CLOSE_S = 5.0

Key = tuple[int, str]
Sleep = Callable[[float], Awaitable[None]]


class Taken(Enum):
    """What became of an item. A closed list."""

    #: held, the album's time starts anew
    HELD = auto()
    #: known already: the update came twice
    REPEATED = auto()
    #: its album was handed on without it
    LATE = auto()


@dataclass(frozen=True, slots=True)
class AlbumItem:
    """One message of an album."""

    admin_id: int
    chat_id: int
    group_id: str
    message_id: int
    #: first line of its caption; None when it has none
    title: str | None


@dataclass(frozen=True, slots=True)
class Album:
    """A complete album, in order."""

    admin_id: int
    chat_id: int
    group_id: str
    message_ids: tuple[int, ...]
    #: the first title among its items; None when none has one
    title: str | None


class Stopped(TollgateError):
    """The process ended before the album could be stored."""

    sentence = "I was stopped before your album was stored. Please send it again."


class AlbumReceiver(Protocol):
    """What is done with a complete album."""

    async def receive(self, album: Album) -> None:
        """Make something of it. Raises StoreUnavailable; then it is called again."""

    async def tell(self, album: Album, error: TollgateError) -> None:
        """Say that it takes longer (StoreUnavailable) or that it failed (any other)."""


@dataclass(slots=True)
class _Held:
    items: dict[int, AlbumItem] = field(default_factory=dict)
    timer: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Past:
    message_ids: frozenset[int]
    late: set[int] = field(default_factory=set)


def _complete(items: dict[int, AlbumItem]) -> Album:
    ordered = [items[message_id] for message_id in sorted(items)]
    first = ordered[0]
    title = next((item.title for item in ordered if item.title), None)
    return Album(first.admin_id, first.chat_id, first.group_id, tuple(item.message_id for item in ordered), title)


class AlbumCollector:
    """Holds items per (chat, media group). `add` never waits; complete albums are handed on by supervised tasks."""

    def __init__(
        self,
        supervisor: Supervisor,
        receiver: AlbumReceiver,
        *,
        quiet_s: float = QUIET_S,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._supervisor = supervisor
        self._receiver = receiver
        self._quiet_s = quiet_s
        self._sleep = sleep
        self._held: dict[Key, _Held] = {}
        self._past: OrderedDict[Key, _Past] = OrderedDict()
        self._handing_on: dict[asyncio.Task[None], Album] = {}

    def add(self, item: AlbumItem) -> Taken:
        """Hold one item and start the album's time anew."""
        key = (item.chat_id, item.group_id)
        past = self._past.get(key)
        if past is not None:
            return self._late(past, item.message_id)
        held = self._held.setdefault(key, _Held())
        if item.message_id in held.items:
            return Taken.REPEATED
        held.items[item.message_id] = item
        if held.timer is not None:
            held.timer.cancel()
        held.timer = self._supervisor.spawn(self._wait(key), f"album {item.group_id}")
        return Taken.HELD

    def close_group(self, chat_id: int, group_id: str, message_ids: frozenset[int]) -> None:
        """An album that went elsewhere (into a batch): items that still come are late."""
        self._remember((chat_id, group_id), message_ids)

    async def close(self, wait_s: float = CLOSE_S) -> None:
        """At a stop: hand on at once what is held and wait for everything on its way.

        Whose album could not be handed on within `wait_s` seconds is told to send it again.
        """
        for key in list(self._held):
            self._hand_on(key)
        if not self._handing_on:
            return
        _, late = await asyncio.wait(self._handing_on, timeout=wait_s)
        for task in late:
            album = self._handing_on[task]
            task.cancel()
            await self._receiver.tell(album, Stopped("stopped before the album was stored"))

    async def _wait(self, key: Key) -> None:
        await self._sleep(self._quiet_s)
        held = self._held.get(key)
        # a timer that was replaced in its last moment must not end the new time
        if held is not None and held.timer is asyncio.current_task():
            self._hand_on(key)

    def _hand_on(self, key: Key) -> None:
        held = self._held.pop(key)
        if held.timer is not None and held.timer is not asyncio.current_task():
            held.timer.cancel()
        self._remember(key, frozenset(held.items))
        album = _complete(held.items)
        task = self._supervisor.spawn(self._deliver(album), f"album post {album.group_id}")
        self._handing_on[task] = album
        task.add_done_callback(lambda ended: self._handing_on.pop(ended, None))

    async def _deliver(self, album: Album) -> None:
        told = False
        for pause_s in OUTAGE_PAUSES_S:
            try:
                await self._receiver.receive(album)
                return
            except StoreUnavailable as error:
                log.warning("album.held", group_id=album.group_id)
                if not told:
                    await self._receiver.tell(album, error)
                told = True
                await self._sleep(pause_s)
            except TollgateError as error:
                await self._receiver.tell(album, error)
                raise

    def _late(self, past: _Past, message_id: int) -> Taken:
        if message_id in past.message_ids or message_id in past.late:
            return Taken.REPEATED
        past.late.add(message_id)
        return Taken.LATE

    def _remember(self, key: Key, message_ids: frozenset[int]) -> None:
        self._past[key] = _Past(message_ids)
        if len(self._past) > REMEMBERED_MAX:
            self._past.popitem(last=False)
