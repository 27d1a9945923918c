"""The album collector by itself: quiet time, order, late items, outages, a stop."""

import asyncio

import pytest

from admin_bot.storage.albums import REMEMBERED_MAX, Album, AlbumCollector, AlbumItem, Stopped, Taken
from core.errors import AlreadyThere, StoreUnavailable, TollgateError
from core.supervisor import Supervisor
from tests.bots.admin_bot.standstill import Time, settle


class Receiver:
    """Keeps what it is given; fails as often as told."""

    def __init__(self) -> None:
        self.albums: list[Album] = []
        self.told: list[TollgateError] = []
        self.failures: list[TollgateError] = []

    async def receive(self, album: Album) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.albums.append(album)

    async def tell(self, album: Album, error: TollgateError) -> None:
        self.told.append(error)


class Bench:
    def __init__(self) -> None:
        self.time, self.receiver, self.supervisor = Time(), Receiver(), Supervisor()
        self.albums = AlbumCollector(self.supervisor, self.receiver, sleep=self.time.sleep)

    def add(self, message_id: int, group: str = "g", title: str | None = None, chat: int = 1) -> Taken:
        return self.albums.add(AlbumItem(chat, chat, group, message_id, title))

    @property
    def ids(self) -> list[tuple[int, ...]]:
        return [album.message_ids for album in self.receiver.albums]


async def test_items_are_handed_on_in_order_after_one_quiet_second() -> None:
    bench = Bench()
    for message_id in (3, 1, 2):
        assert bench.add(message_id) is Taken.HELD
    await bench.time.move(0.99)
    assert bench.ids == []
    await bench.time.move(0.01)
    assert bench.ids == [(1, 2, 3)]
    assert bench.supervisor.running == 0


async def test_the_first_title_in_order_wins() -> None:
    bench = Bench()
    bench.add(3, title="third")
    bench.add(2, title="second")
    bench.add(1)
    await bench.time.move(1)
    assert bench.receiver.albums[0].title == "second"


async def test_the_same_group_in_two_chats_are_two_albums() -> None:
    bench = Bench()
    bench.add(1, chat=1)
    bench.add(1, chat=2)
    await bench.time.move(1)
    assert bench.ids == [(1,), (1,)]


async def test_repeated_and_late_items_are_told_apart() -> None:
    bench = Bench()
    bench.add(1)
    assert bench.add(1) is Taken.REPEATED
    await bench.time.move(1)
    assert bench.add(1) is Taken.REPEATED
    assert bench.add(2) is Taken.LATE
    assert bench.add(2) is Taken.REPEATED
    await bench.time.move(5)
    assert bench.ids == [(1,)]


async def test_a_repeated_item_does_not_prolong_the_wait() -> None:
    bench = Bench()
    bench.add(1)
    await bench.time.move(0.9)
    bench.add(1)
    await bench.time.move(0.1)
    assert bench.ids == [(1,)]


async def test_an_absent_database_is_waited_for_and_told_once() -> None:
    bench = Bench()
    bench.receiver.failures = [StoreUnavailable("away")] * 3
    bench.add(1)
    await bench.time.move(1)
    assert bench.ids == []
    await bench.time.move(10)
    assert bench.ids == [(1,)]
    assert len(bench.receiver.told) == 1


async def test_a_refusal_is_told_and_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.receiver.failures = [AlreadyThere("no number")]
    bench.add(1)
    await bench.time.move(60)
    assert bench.ids == []
    assert [type(error) for error in bench.receiver.told] == [AlreadyThere]
    assert "task.failed" in caplog.text


async def test_close_hands_on_what_is_held_at_once() -> None:
    bench = Bench()
    bench.add(1)
    bench.add(7, group="other")
    await bench.albums.close()
    assert sorted(bench.ids) == [(1,), (7,)]
    await bench.supervisor.close()


async def test_close_does_not_wait_for_ever_and_says_to_send_again() -> None:
    bench = Bench()
    bench.receiver.failures = [StoreUnavailable("away")] * 100
    bench.add(1)
    await bench.time.move(1)
    await bench.albums.close(wait_s=0)
    assert [type(error) for error in bench.receiver.told] == [StoreUnavailable, Stopped]
    await settle()
    assert bench.supervisor.running == 0


async def test_close_with_nothing_held_returns() -> None:
    bench = Bench()
    await asyncio.wait_for(bench.albums.close(), 1)
    assert bench.ids == []


async def test_the_memory_of_past_albums_is_bounded() -> None:
    bench = Bench()
    for number in range(REMEMBERED_MAX + 5):
        bench.albums.close_group(1, f"g{number}", frozenset({number}))
    assert bench.add(REMEMBERED_MAX, group=f"g{REMEMBERED_MAX}") is Taken.REPEATED
    assert bench.add(0, group="g0") is Taken.HELD
    await bench.supervisor.close()
