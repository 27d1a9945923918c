"""The album collector: quiet time, order, late messages, outages, a stop."""

import asyncio

import pytest

from admin_bot.storage.albums import REMEMBERED_MAX, Album, AlbumCollector, AlbumItem, ItemOutcome, Stopped
from core.errors import AlreadyThere, StoreUnavailable, TollgateError
from core.supervisor import Supervisor
from tests.bots.admin_bot.standstill import Time, settle
from tests.clocks import SteeredClock


class Receiver:
    """Keeps the albums; raises the queued failures first."""

    def __init__(self) -> None:
        self.albums: list[Album] = []
        self.notified: list[TollgateError] = []
        self.failures: list[TollgateError] = []

    async def receive(self, album: Album) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.albums.append(album)

    async def notify(self, album: Album, error: TollgateError) -> None:
        self.notified.append(error)


class Setup:
    def __init__(self) -> None:
        self.time, self.receiver, self.supervisor = Time(), Receiver(), Supervisor()
        self.albums = AlbumCollector(self.supervisor, self.receiver, SteeredClock(self.time.sleep))

    def add(self, message_id: int, group: str = "g", title: str | None = None, chat: int = 1) -> ItemOutcome:
        return self.albums.add(AlbumItem(chat, chat, group, message_id, title))

    @property
    def ids(self) -> list[tuple[int, ...]]:
        return [album.message_ids for album in self.receiver.albums]


async def test_messages_are_dispatched_in_order_after_one_quiet_second() -> None:
    setup = Setup()
    for message_id in (3, 1, 2):
        assert setup.add(message_id) is ItemOutcome.COLLECTED
    await setup.time.move(0.99)
    assert setup.ids == []
    await setup.time.move(0.01)
    assert setup.ids == [(1, 2, 3)]
    assert setup.supervisor.running == 0


async def test_the_first_title_in_order_wins() -> None:
    setup = Setup()
    setup.add(3, title="third")
    setup.add(2, title="second")
    setup.add(1)
    await setup.time.move(1)
    assert setup.receiver.albums[0].title == "second"


async def test_the_same_group_in_two_chats_are_two_albums() -> None:
    setup = Setup()
    setup.add(1, chat=1)
    setup.add(1, chat=2)
    await setup.time.move(1)
    assert setup.ids == [(1,), (1,)]


async def test_repeated_and_late_messages_have_different_outcomes() -> None:
    setup = Setup()
    setup.add(1)
    assert setup.add(1) is ItemOutcome.REPEATED
    await setup.time.move(1)
    assert setup.add(1) is ItemOutcome.REPEATED
    assert setup.add(2) is ItemOutcome.LATE
    assert setup.add(2) is ItemOutcome.REPEATED
    await setup.time.move(5)
    assert setup.ids == [(1,)]


async def test_a_repeated_message_does_not_restart_the_quiet_second() -> None:
    setup = Setup()
    setup.add(1)
    await setup.time.move(0.9)
    setup.add(1)
    await setup.time.move(0.1)
    assert setup.ids == [(1,)]


async def test_an_outage_is_waited_for_and_notified_once() -> None:
    setup = Setup()
    setup.receiver.failures = [StoreUnavailable("away")] * 3
    setup.add(1)
    await setup.time.move(1)
    assert setup.ids == []
    await setup.time.move(10)
    assert setup.ids == [(1,)]
    assert len(setup.receiver.notified) == 1


async def test_a_refusal_is_notified_and_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    setup = Setup()
    setup.receiver.failures = [AlreadyThere("no number")]
    setup.add(1)
    await setup.time.move(60)
    assert setup.ids == []
    assert [type(error) for error in setup.receiver.notified] == [AlreadyThere]
    assert "task.failed" in caplog.text


async def test_close_dispatches_collected_albums_at_once() -> None:
    setup = Setup()
    setup.add(1)
    setup.add(7, group="other")
    await setup.albums.close()
    assert sorted(setup.ids) == [(1,), (7,)]
    await setup.supervisor.close()


async def test_close_gives_up_after_its_time_and_notifies_to_send_again() -> None:
    setup = Setup()
    setup.receiver.failures = [StoreUnavailable("away")] * 100
    setup.add(1)
    await setup.time.move(1)
    await setup.albums.close(wait_s=0)
    assert [type(error) for error in setup.receiver.notified] == [StoreUnavailable, Stopped]
    await settle()
    assert setup.supervisor.running == 0


class Unreachable(Receiver):
    """Receives no album in time; notices fail, and the first lets everything else run."""

    async def receive(self, album: Album) -> None:
        await asyncio.Event().wait()

    async def notify(self, album: Album, error: TollgateError) -> None:
        await super().notify(album, error)
        await settle()
        raise TimeoutError


async def test_close_notifies_of_every_late_album_although_notices_fail() -> None:
    supervisor, receiver = Supervisor(), Unreachable()
    albums = AlbumCollector(supervisor, receiver, SteeredClock(Time().sleep))
    for group in ("g", "other"):
        albums.add(AlbumItem(1, 1, group, 1, None))
    await albums.close(wait_s=0)
    assert [type(error) for error in receiver.notified] == [Stopped, Stopped]
    assert supervisor.running == 0


async def test_close_without_albums_returns_at_once() -> None:
    setup = Setup()
    await asyncio.wait_for(setup.albums.close(), 1)
    assert setup.ids == []


async def test_the_memory_of_dispatched_albums_is_bounded() -> None:
    setup = Setup()
    for number in range(REMEMBERED_MAX + 5):
        setup.albums.close_group(1, f"g{number}", frozenset({number}))
    assert setup.add(REMEMBERED_MAX, group=f"g{REMEMBERED_MAX}") is ItemOutcome.REPEATED
    assert setup.add(0, group="g0") is ItemOutcome.COLLECTED
    await setup.supervisor.close()
