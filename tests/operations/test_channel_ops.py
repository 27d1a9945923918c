"""Required channels: stored in order, and read once for concurrent callers."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.announcements import Slots
from core.errors import StoreUnavailable
from core.subscriptions import CHANNELS_MAX, Channel, ChannelMode, OnError, publishing_channels, required_channels
from database.connection import Database, close_database, open_database
from database.operations import channel_ops
from database.operations.channel_ops import COUNTED_KEPT

ALMOST = timedelta(seconds=5) - timedelta(milliseconds=1)
READ = "find channels"
LINK = "https://t.me/+x"


def a_channel(chat_id: int, **more: Any) -> Channel:
    return Channel.model_validate({"chat_id": chat_id, "invite_link": LINK} | more)


async def add(*chat_ids: int) -> None:
    for chat_id in chat_ids:
        assert await channel_ops.add(a_channel(chat_id))


async def ids(now: datetime) -> list[int]:
    return [channel.chat_id for channel in await channel_ops.current(now)]


# --- add, change, remove


async def test_a_channel_comes_back_as_it_was_stored(db: Database, now: datetime) -> None:
    channel = a_channel(
        -1, title='<News> & "more"', username="news", mode="request", on_error="closed", added_by=1, added_at=now
    )
    assert await channel_ops.add(channel)

    assert await channel_ops.find(-1) == channel
    assert await channel_ops.load() == (channel,)
    assert await channel_ops.find(-2) is None


async def test_a_new_channel_comes_after_the_last(db: Database) -> None:
    await add(-3, -1, -2)
    assert [(channel.chat_id, channel.position) for channel in await channel_ops.load()] == [(-3, 0), (-1, 1), (-2, 2)]

    await channel_ops.remove(-1)
    await add(-9)
    assert [(channel.chat_id, channel.position) for channel in await channel_ops.load()] == [(-3, 0), (-2, 2), (-9, 3)]


async def test_a_stored_channel_is_not_added_again(db: Database) -> None:
    await channel_ops.add(a_channel(-1, title="first"))

    assert not await channel_ops.add(a_channel(-1, title="second"))
    assert [channel.title for channel in await channel_ops.load()] == ["first"]


async def test_a_channel_added_by_another_process_meanwhile_is_not_added_again(
    db: Database, step_in: Callable[..., None]
) -> None:
    step_in("channels", "insert_one", lambda: db.collection("channels").insert_one({"chat_id": -1}))
    assert not await channel_ops.add(a_channel(-1))


async def test_the_number_of_channels_is_limited(db: Database) -> None:
    await add(*range(-CHANNELS_MAX, 0))

    with pytest.raises(ValueError, match=str(CHANNELS_MAX)):
        await channel_ops.add(a_channel(-1000))
    assert not await channel_ops.add(a_channel(-1))
    assert len(await channel_ops.load()) == CHANNELS_MAX
    await channel_ops.remove(-1)
    await add(-1000)


async def test_of_two_channels_for_the_last_place_one_is_added(db: Database) -> None:
    await add(*range(-CHANNELS_MAX, -1))
    added = await asyncio.gather(
        *(channel_ops.add(a_channel(-1000 - number)) for number in range(2)), return_exceptions=True
    )
    assert [type(result) for result in added] == [bool, ValueError]
    assert len(await channel_ops.load()) == CHANNELS_MAX


async def test_two_channels_added_at_once_have_their_own_positions(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = db.collection("channels").find

    async def look_slowly(*args: Any, **options: Any) -> list[dict[str, Any]]:
        found = await look(*args, **options)
        await a_moment()
        return found

    monkeypatch.setattr(db.collection("channels"), "find", look_slowly)
    await asyncio.gather(add(-1), add(-2), add(-3))
    assert sorted(channel.position for channel in await channel_ops.load()) == [0, 1, 2]


async def test_a_change_is_stored_and_leaves_the_rest(db: Database) -> None:
    await channel_ops.add(a_channel(-1, title="News", username="news"))
    changed = await channel_ops.change(-1, label="Join", mode="request", on_error=OnError.CLOSED, username=None)

    assert changed == await channel_ops.find(-1)
    assert changed is not None
    assert (changed.label, changed.mode, changed.on_error) == ("Join", ChannelMode.REQUEST, OnError.CLOSED)
    assert (changed.title, changed.username, changed.invite_link) == ("News", None, LINK)
    assert await channel_ops.change(-2, label="Join") is None
    assert len(await channel_ops.load()) == 1


async def test_a_link_is_changed_only_if_it_is_still_the_old_one(db: Database) -> None:
    await add(-1, -2)
    changed = await channel_ops.change_link(-1, LINK, invite_link="https://t.me/+new", mode="request")

    assert changed is not None
    assert changed == await channel_ops.find(-1)
    assert (changed.invite_link, changed.mode) == ("https://t.me/+new", ChannelMode.REQUEST)
    assert await channel_ops.change_link(-1, LINK, invite_link="https://t.me/+late", label="late") is None
    assert await channel_ops.change_link(-3, LINK, invite_link="https://t.me/+late") is None
    assert await channel_ops.find(-1) == changed
    assert [channel.invite_link for channel in await channel_ops.load()] == ["https://t.me/+new", LINK]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"broken_since": None},
        {"joined_count": 5},
        {"_id": 1},
        {"label.x": "a"},
        {"mode": "sometimes"},
        {"on_error": None},
        {"position": "first"},
        {"invite_link": None},
    ],
    ids=str,
)
async def test_an_invalid_change_changes_nothing(db: Database, fields: dict[str, Any]) -> None:
    await add(-1)
    before = await db.collection("channels").find_one({"chat_id": -1})
    with pytest.raises(ValueError, match=r"chang|valid"):
        await channel_ops.change(-1, **fields)
    with pytest.raises(ValueError, match=r"chang|valid"):
        await channel_ops.change_link(-1, LINK, **fields)
    assert await db.collection("channels").find_one({"chat_id": -1}) == before


async def test_channels_are_ordered_by_position_then_by_id(db: Database) -> None:
    await add(-1, -2, -3)
    await channel_ops.change(-3, position=0)
    assert [channel.chat_id for channel in await channel_ops.load()] == [-3, -1, -2]


async def test_a_channel_is_removed_once(db: Database) -> None:
    await add(-1)
    assert await channel_ops.remove(-1)
    assert not await channel_ops.remove(-1)
    assert await channel_ops.load() == ()


async def test_the_time_of_the_first_failure_is_kept_and_only_the_first_call_is_true(
    db: Database, now: datetime
) -> None:
    assert not await channel_ops.mark_broken(-1, now)
    await add(-1)
    assert not await channel_ops.mark_working(-1)

    assert await channel_ops.mark_broken(-1, now)
    assert not await channel_ops.mark_broken(-1, now + ALMOST)
    (channel,) = await channel_ops.load()
    assert channel.broken_since == now
    assert await channel_ops.mark_working(-1)
    assert not await channel_ops.mark_working(-1)
    assert await channel_ops.mark_broken(-1, now + ALMOST)


async def test_joins_are_counted(db: Database) -> None:
    await add(-1, -2)
    await asyncio.gather(*(channel_ops.count_join(-1, f"join {number}") for number in range(20)))

    assert not await channel_ops.count_join(-3, "join 1")
    assert [channel.joined_count for channel in await channel_ops.load()] == [20, 0]


async def test_a_join_is_counted_once_however_often_its_update_comes(db: Database) -> None:
    await add(-1)
    assert await channel_ops.count_join(-1, "join 1")
    answers = await asyncio.gather(*(channel_ops.count_join(-1, "join 1") for _ in range(5)))
    assert not any(answers)
    for number in range(COUNTED_KEPT):
        assert await channel_ops.count_join(-1, f"join later {number}")
    stored = await db.collection("channels").find_one({"chat_id": -1})
    assert stored is not None
    assert (stored["joined_count"], len(stored["counted_joins"])) == (COUNTED_KEPT + 1, COUNTED_KEPT)


async def test_a_group_that_moved_is_the_same_channel(db: Database) -> None:
    await channel_ops.add(a_channel(-1, label="Group"))
    await channel_ops.count_join(-1, "join 1")

    assert await channel_ops.move_to(-1, -1001)
    assert not await channel_ops.move_to(-1, -1001)
    (channel,) = await channel_ops.load()
    assert (channel.chat_id, channel.label, channel.joined_count) == (-1001, "Group", 1)


async def test_a_group_does_not_move_onto_another_channel(db: Database) -> None:
    await add(-1, -1001)
    assert not await channel_ops.move_to(-1, -1001)
    assert [channel.chat_id for channel in await channel_ops.load()] == [-1, -1001]


async def test_an_unreadable_channel_does_not_block_deliveries(
    db: Database, caplog: pytest.LogCaptureFixture, now: datetime
) -> None:
    await add(-1)
    await db.collection("channels").insert_one({"chat_id": -2, "mode": "sometimes", "invite_link": LINK})

    with caplog.at_level(logging.ERROR, logger="tollgate.database"):
        assert await ids(now) == [-1]
    assert [record.message for record in caplog.records] == ["row.unreadable"]


# --- cached


async def test_channels_are_read_once_in_five_seconds(db: Database, now: datetime) -> None:
    await add(-1)
    db.calls.clear()
    assert await ids(now) == [-1]
    await db.collection("channels").insert_one({"chat_id": -2, "invite_link": LINK, "position": 9})

    assert await ids(now + ALMOST) == [-1]
    assert db.calls[READ] == 1
    assert await ids(now + timedelta(seconds=5)) == [-1, -2]
    assert db.calls[READ] == 2


async def test_an_empty_list_of_channels_is_cached_too(db: Database, now: datetime) -> None:
    assert await ids(now) == await ids(now) == []
    assert db.calls[READ] == 1


async def test_a_clock_that_was_put_back_does_not_freeze_the_channels(db: Database, now: datetime) -> None:
    await ids(now)
    await db.collection("channels").insert_one({"chat_id": -2, "invite_link": LINK})
    assert await ids(now - timedelta(hours=1)) == [-2]


CHANGES: dict[str, Callable[[datetime], Any]] = {
    "add": lambda now: channel_ops.add(a_channel(-9)),
    "change": lambda now: channel_ops.change(-1, label="x"),
    "change_link": lambda now: channel_ops.change_link(-1, LINK, invite_link="https://t.me/+y"),
    "remove": lambda now: channel_ops.remove(-1),
    "mark_broken": lambda now: channel_ops.mark_broken(-1, now),
    "mark_working": lambda now: channel_ops.mark_working(-2),
    "move_to": lambda now: channel_ops.move_to(-1, -1001),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_is_seen_at_once(db: Database, now: datetime, name: str) -> None:
    await add(-1, -2)
    await channel_ops.mark_broken(-2, now)
    before = await channel_ops.current(now)

    await CHANGES[name](now)
    after = await channel_ops.current(now)
    assert after != before
    assert after == await channel_ops.load()


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_whose_answer_was_lost_clears_the_cache(
    db: Database, now: datetime, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(-1, -2)
    await channel_ops.mark_broken(-2, now)
    before = await channel_ops.current(now)
    channels = db.collection("channels")

    def losing(method: Callable[..., Any]) -> Callable[..., Any]:
        async def lose(*args: Any, **options: Any) -> None:
            await method(*args, **options)
            raise StoreUnavailable("no answer")

        return lose

    with monkeypatch.context() as patch:
        for method in ("insert_one", "update_one", "find_one_and_update", "delete_one"):
            patch.setattr(channels, method, losing(getattr(channels, method)))
        with pytest.raises(StoreUnavailable):
            await CHANGES[name](now)
    assert await channel_ops.current(now) != before


async def test_a_call_that_changed_nothing_keeps_the_cache(db: Database, now: datetime) -> None:
    await add(-1)
    await channel_ops.mark_broken(-1, now)
    await channel_ops.current(now)
    db.calls.clear()

    # every delivery marks a broken channel
    for _ in range(3):
        assert not await channel_ops.mark_broken(-1, now)
        await channel_ops.current(now)
    assert READ not in db.calls


class Slow:
    """Holds reads of channels until the test releases them."""

    def __init__(self, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go, self.asked = asyncio.Event(), 0
        #: release every read but this one (the first is 1)
        self.held = asyncio.Event()
        self.holds: int | None = None
        self._read = db.collection("channels").find
        self.error: Exception | None = None
        monkeypatch.setattr(db.collection("channels"), "find", self._find)

    async def _find(self, *args: Any, **options: Any) -> list[dict[str, Any]]:
        found = await self._read(*args, **options)
        self.asked += 1
        await (self.held if self.asked == self.holds else self.go).wait()
        if self.error is not None:
            raise self.error
        return found


async def a_moment() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def read_started(slow: Slow) -> None:
    async with asyncio.timeout(20):
        while not slow.asked:  # noqa: ASYNC110 - what is waited for is a count of the store's
            await asyncio.sleep(0)


@pytest.fixture
async def slow(db: Database, monkeypatch: pytest.MonkeyPatch) -> Slow:
    await add(-1)
    return Slow(db, monkeypatch)


async def test_a_hundred_concurrent_callers_share_one_read(slow: Slow, now: datetime) -> None:
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(ids(now)) for _ in range(100)]
        await read_started(slow)
        await a_moment()
        slow.go.set()
    assert [task.result() for task in asking] == [[-1]] * 100
    assert slow.asked == 1


async def test_when_the_read_fails_every_caller_gets_the_error(slow: Slow, now: datetime) -> None:
    asking = asyncio.gather(*(ids(now) for _ in range(100)), return_exceptions=True)
    await read_started(slow)
    await a_moment()
    slow.error = StoreUnavailable("no answer")
    slow.go.set()
    assert {type(result) for result in await asking} == {StoreUnavailable}
    assert slow.asked == 1

    slow.error = None
    assert await ids(now) == [-1]


async def test_when_the_reading_caller_is_cancelled_another_reads(slow: Slow, now: datetime) -> None:
    reader = asyncio.ensure_future(ids(now))
    await read_started(slow)
    others = asyncio.gather(*(ids(now) for _ in range(10)))
    await a_moment()
    reader.cancel()
    await a_moment()
    slow.go.set()
    assert await others == [[-1]] * 10
    assert slow.asked == 2
    assert reader.cancelled()


async def test_a_caller_after_a_change_does_not_share_an_earlier_read(db: Database, slow: Slow, now: datetime) -> None:
    before = asyncio.ensure_future(ids(now))
    await read_started(slow)
    await channel_ops.remove(-1)
    after = asyncio.ensure_future(ids(now))
    await a_moment()
    slow.go.set()

    assert (await before, await after) == ([-1], [])
    assert await ids(now) == []
    assert slow.asked == 2


async def test_a_read_that_started_before_a_change_and_ends_after_it_is_not_cached(slow: Slow, now: datetime) -> None:
    slow.holds = 1
    slow.go.set()
    before = asyncio.ensure_future(ids(now))
    await read_started(slow)
    await channel_ops.remove(-1)
    assert await ids(now) == []

    slow.held.set()
    assert await before == [-1]
    assert await ids(now) == []


async def test_another_database_has_channels_of_its_own(now: datetime) -> None:
    try:
        await open_database("memory://", "one")
        await add(-1)
        assert await ids(now) == [-1]
        await open_database("memory://", "other")
        assert await ids(now) == []
    finally:
        await close_database()


# --- channels to announce in


async def connect(chat_id: int, now: datetime, title: str = "Olive's Garden") -> Channel:
    return await channel_ops.connect(chat_id, title=title, username="garden", added_by=5, added_at=now)


async def test_a_row_of_an_older_version_is_required_and_not_announced_in(db: Database, now: datetime) -> None:
    await db.collection("channels").insert_one({"chat_id": -1, "invite_link": LINK, "position": 0})
    [old] = await channel_ops.load()

    assert (old.is_required, old.is_published_to, old.source_number, old.slots.times) == (True, False, None, ())
    assert (required_channels([old]), publishing_channels([old])) == ((old,), ())


async def test_a_connected_channel_is_announced_in_and_not_required(db: Database, now: datetime) -> None:
    channel = await connect(-1, now)

    assert (channel.is_published_to, channel.is_required, channel.source_number) == (True, False, 1)
    assert (required_channels([channel]), publishing_channels([channel])) == ((), (channel,))
    assert await channel_ops.current(now) == (channel,)


async def test_connecting_again_keeps_the_number_and_renews_the_title(db: Database, now: datetime) -> None:
    await connect(-1, now)
    again = await connect(-1, now, title="The Greenhouse")

    assert (again.source_number, again.title, len(await channel_ops.load())) == (1, "The Greenhouse", 1)


async def test_a_required_channel_that_is_connected_stays_required(db: Database, now: datetime) -> None:
    await add(-1)

    assert (await connect(-1, now)).is_required


async def test_a_connected_channel_becomes_one_to_join(db: Database, now: datetime) -> None:
    await connect(-1, now)

    assert await channel_ops.add(a_channel(-1))
    assert not await channel_ops.add(a_channel(-1))
    [channel] = await channel_ops.load()
    assert (channel.is_required, channel.is_published_to, channel.invite_link) == (True, True, LINK)


async def test_no_two_channels_ever_have_the_same_number(db: Database, now: datetime) -> None:
    numbers = [(await connect(-chat_id, now)).source_number for chat_id in (1, 2)]
    await channel_ops.remove(-2)
    numbers.append((await connect(-2, now)).source_number)
    numbers += [one.source_number for one in await asyncio.gather(*(connect(-chat_id, now) for chat_id in (3, 4)))]

    assert sorted(number or 0 for number in numbers) == [1, 2, 3, 4, 5]


async def test_a_channel_switched_off_forgets_neither_number_nor_slots(db: Database, now: datetime) -> None:
    await connect(-1, now)
    slots = Slots(weekdays=(0, 4), times=("18:00", "10:00"))
    await channel_ops.change(-1, slots=slots)
    await channel_ops.switch_publishing(-1, is_on=False)
    back = await channel_ops.switch_publishing(-1, is_on=True)

    assert back is not None
    assert (back.source_number, back.slots) == (1, slots)
    assert await channel_ops.switch_publishing(-9, is_on=True) is None


async def test_no_more_channels_are_connected_than_there_is_place_for(db: Database, now: datetime) -> None:
    await add(*range(-CHANNELS_MAX, 0))

    with pytest.raises(ValueError, match="50 channels already"):
        await connect(-999, now)
    assert (await connect(-1, now)).is_published_to
