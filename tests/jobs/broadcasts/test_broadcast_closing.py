"""What is left of a broadcast nobody can take back any more: exact counts, once in the daily ones, and no rows."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiogram import Bot

from core.broadcasts import Broadcast, BroadcastStatus, RecipientState
from core.clock import ManualClock
from core.days import start_of_day
from core.errors import StoreUnavailable
from core.jobs import Counts
from database.batches import Bounds
from database.collection import Collection
from database.connection import Database
from database.operations import broadcast_ops, broadcast_rows, statistics_ops
from schedulers.jobs import broadcast_closing
from schedulers.jobs.broadcast_deleter import BroadcastDeleter
from schedulers.runner import Run
from tests.bots.user_bot.losing_answers import losing
from tests.jobs.broadcasts.sent_broadcasts import SENDER, arrived, as_it_is, begun, finish, rows_of

#: late in the evening in UTC, the next morning in Tokyo
NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
TODAY = datetime(2026, 3, 1, tzinfo=UTC)
TWO_DAYS = timedelta(hours=48, minutes=15)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


class Nobody(Bot):
    """A bot that notes what it is to delete, and deletes it."""

    def __init__(self) -> None:
        super().__init__("1002:nobody")
        self.deleted: list[tuple[Any, list[int]]] = []

    async def delete_messages(self, chat_id: Any, message_ids: list[int], *_: Any, **__: Any) -> bool:
        self.deleted.append((chat_id, message_ids))
        return True


async def run(
    clock: ManualClock, bot: Bot | None = None, bounds: Bounds | None = None, zone: ZoneInfo | None = None
) -> Counts:
    """One run of the job."""
    job = BroadcastDeleter(bot or Nobody(), bounds or Bounds(pause_ms=0), zone or ZoneInfo("UTC"), sleep=_no_time)
    return await job(Run(clock, "run"))


async def _no_time(_: float) -> None:
    return None


async def mixed(clock: ManualClock, lifetime: int = 0) -> Broadcast:
    """Two have it, one each blocked the bot, failed, and is unknown, two never had their turn."""
    broadcast = await begun(clock.now(), lifetime=lifetime, send_to=range(1, 8))
    for user_id in (1, 2):
        await arrived(broadcast, user_id, [user_id * 10], clock.now())
    for user_id, state in ((3, RecipientState.BLOCKED), (4, RecipientState.FAILED), (5, RecipientState.UNKNOWN)):
        await broadcast_rows.claim(broadcast.id, [user_id], SENDER)
        assert await broadcast_rows.mark_not_sent(broadcast.id, user_id, SENDER, state, "no")
    await finish(broadcast, clock.now(), BroadcastStatus.CANCELLED)
    return broadcast


REST = {"blocked": 1, "failed": 1, "unknown": 1, "pending": 2}
REST_OF_DAY = {"broadcast_blocked": 1, "broadcast_failed": 1, "broadcast_unknown": 1}


async def test_what_was_taken_back_is_counted_and_its_rows_go(db: Database, clock: ManualClock) -> None:
    broadcast = await mixed(clock, lifetime=60)
    clock.move(timedelta(hours=1))
    assert await run(clock) == Counts({"deleted": 2, "rows_removed": 7})
    ended = await as_it_is(broadcast)
    assert (ended.status, ended.are_rows_removed, ended.counts) == (
        BroadcastStatus.RECALLED,
        True,
        REST | {"deleted": 2},
    )
    assert await rows_of(broadcast) == []
    counters = REST_OF_DAY | {"broadcast_sent": 2, "broadcast_deleted": 2}
    assert await statistics_ops.read_day(TODAY) == counters
    assert await run(clock) == Counts()
    assert await statistics_ops.read_day(TODAY) == counters


async def test_rows_stay_while_an_answer_may_still_come(db: Database, clock: ManualClock) -> None:
    broadcast = await mixed(clock)
    assert await broadcast_ops.request_recall(broadcast.id, clock.now())
    assert await run(clock) == Counts({"deleted": 2})
    clock.move(timedelta(minutes=15) - timedelta(milliseconds=1))
    assert await run(clock) == Counts()
    assert len(await rows_of(broadcast)) == 7
    clock.move(timedelta(milliseconds=2))
    assert await run(clock) == Counts({"rows_removed": 7})


async def test_what_was_sent_for_good_is_closed_after_two_days_and_stays_sent(db: Database, clock: ManualClock) -> None:
    broadcast = await mixed(clock)
    clock.move(TWO_DAYS - timedelta(milliseconds=1))
    assert await run(clock) == Counts()
    clock.move(timedelta(milliseconds=2))
    assert await run(clock) == Counts({"rows_removed": 7})
    ended = await as_it_is(broadcast)
    assert (ended.status, ended.are_rows_removed) == (BroadcastStatus.CANCELLED, True)
    assert ended.counts == REST | {"sent": 2}
    assert await statistics_ops.read_day(TODAY) == REST_OF_DAY | {"broadcast_sent": 2}
    assert await broadcast_ops.request_recall(broadcast.id, clock.now()) is None


async def test_what_should_be_gone_and_is_too_old_is_kept(db: Database, clock: ManualClock) -> None:
    broadcast = await mixed(clock, lifetime=60)
    clock.move(timedelta(days=5))
    bot = Nobody()
    assert await run(clock, bot) == Counts({"kept": 2, "rows_removed": 7})
    assert bot.deleted == []
    assert (await as_it_is(broadcast)).counts == REST | {"kept": 2}
    assert await statistics_ops.read_day(TODAY) == REST_OF_DAY | {"broadcast_sent": 2, "broadcast_kept": 2}


async def test_rows_a_vanished_process_was_sending_are_unknown_in_the_end(db: Database, clock: ManualClock) -> None:
    broadcast = await begun(clock.now(), lifetime=0, send_to=[1])
    await broadcast_rows.claim(broadcast.id, [1], SENDER)
    await finish(broadcast, clock.now(), BroadcastStatus.CANCELLED)
    clock.move(TWO_DAYS)
    clock.move(timedelta(seconds=1))
    await run(clock)
    assert (await as_it_is(broadcast)).counts == {"unknown": 1}


async def test_what_is_not_over_keeps_its_rows_for_ever(db: Database, clock: ManualClock) -> None:
    broadcast = await begun(clock.now(), lifetime=0, send_to=[1, 2])
    await broadcast_ops.pause(broadcast.id)
    clock.move(timedelta(days=30))
    assert await run(clock) == Counts()
    assert len(await rows_of(broadcast)) == 2


async def test_one_that_was_cancelled_before_its_time_is_closed_with_nothing(db: Database, clock: ManualClock) -> None:
    broadcast = await begun(clock.now(), send_to=[])
    await finish(broadcast, clock.now(), BroadcastStatus.CANCELLED)
    clock.move(timedelta(hours=1))
    assert await run(clock) == Counts({"rows_removed": 0})
    assert (await as_it_is(broadcast)).are_rows_removed
    assert await statistics_ops.read_day(TODAY) == {}


async def test_counts_belong_to_the_day_on_which_sending_ended_in_the_owners_zone(
    db: Database, clock: ManualClock
) -> None:
    await mixed(clock, lifetime=60)
    clock.move(timedelta(days=1))
    await run(clock, zone=ZoneInfo("Asia/Tokyo"))
    # 05:00 of the 2nd in Tokyo; its midnight as UTC
    assert (await statistics_ops.read_day(datetime(2026, 3, 1, 15, tzinfo=UTC)))["broadcast_sent"] == 2
    assert await statistics_ops.read_day(TODAY) == {}


async def test_days_add_up_what_their_broadcasts_count(db: Database, clock: ManualClock) -> None:
    await statistics_ops.add_once(TODAY, "before", {"deliveries": 5})
    await mixed(clock, lifetime=60)
    await mixed(clock, lifetime=60)
    clock.move(timedelta(hours=1))
    await run(clock)
    counted = await statistics_ops.read_day(TODAY)
    assert (counted["broadcast_sent"], counted["broadcast_blocked"], counted["deliveries"]) == (4, 2, 5)


async def test_a_copy_that_became_known_after_the_recall_is_taken_back_and_counted(
    db: Database, clock: ManualClock
) -> None:
    broadcast = await mixed(clock, lifetime=60)
    assert await broadcast_ops.request_recall(broadcast.id, clock.now())
    await run(clock)
    # a process that was given up for dead writes down what it sent
    assert await broadcast_rows.mark_sent(broadcast.id, 5, SENDER, [50], clock.now())
    clock.move(timedelta(minutes=16))
    bot = Nobody()
    assert await run(clock, bot) == Counts({"deleted": 1, "rows_removed": 7})
    assert bot.deleted == [(5, [50])]
    ended = {"deleted": 3, "blocked": 1, "failed": 1, "pending": 2}
    assert (await as_it_is(broadcast)).counts == ended


# crashes

_STEPS: dict[str, tuple[str, str, str]] = {
    "the counts are fixed": ("update_one", "broadcasts", "are_counts_final"),
    "the day counts them": ("update_one", "daily_stats", "$inc"),
    "rows go": ("delete_many", "broadcast_recipients", ""),
    "rows are gone": ("update_one", "broadcasts", "are_rows_removed"),
}


@pytest.mark.parametrize("undone", [False, True])
@pytest.mark.parametrize("step", _STEPS)
async def test_a_crash_at_any_step_goes_on_and_counts_once(
    db: Database, clock: ManualClock, step: str, *, undone: bool
) -> None:
    broadcast = await mixed(clock, lifetime=60)
    clock.move(timedelta(hours=1))
    method, collection, field = _STEPS[step]

    def is_step(_: Any, update: dict[str, Any] | None = None, **__: Any) -> bool:
        return field in {**(update or {}), **(update or {}).get("$set", {})} or not field

    # rows go in batches: the crash comes in the middle of them
    bounds = Bounds(pause_ms=0, batch_size=3)
    with (
        losing(method, collection, when=is_step, undone=undone),
        pytest.raises(StoreUnavailable),
    ):
        await run(clock, bounds=bounds)
    clock.move(timedelta(days=1))
    await run(clock, bounds=bounds)
    ended = await as_it_is(broadcast)
    assert (ended.counts, ended.are_rows_removed) == (REST | {"deleted": 2}, True)
    assert await rows_of(broadcast) == []
    assert await statistics_ops.read_day(TODAY) == REST_OF_DAY | {"broadcast_sent": 2, "broadcast_deleted": 2}
    assert await statistics_ops.read_day(TODAY + timedelta(days=1)) == {}


class _Killed(Exception):
    """The process is gone."""


@contextmanager
def _dying_at(number: int, *, undone: bool) -> Iterator[list[str]]:
    """From the `number`-th command on the database hears nothing more; `undone`: that one is not done either."""
    real, asked = Collection._call, list[str]()

    async def call(self: Collection, operation: str, command: Callable[[], Awaitable[Any]]) -> Any:
        asked.append(operation)
        if len(asked) > number or (undone and len(asked) == number):
            raise _Killed
        answer = await real(self, operation, command)
        if len(asked) == number:
            raise _Killed
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Collection, "_call", call)
        yield asked


@pytest.mark.parametrize("undone", [False, True])
async def test_killed_at_any_command_the_next_process_ends_it_alike(
    db: Database, clock: ManualClock, *, undone: bool
) -> None:
    bounds = Bounds(pause_ms=0, batch_size=3)
    # each begins with a lost lease behind it and ends within a day of its own
    for number in range(1, 100):
        broadcast, day = await mixed(clock, lifetime=60), start_of_day(clock.now(), ZoneInfo("UTC"))
        clock.move(timedelta(hours=2))
        with _dying_at(number, undone=undone) as asked, suppress(_Killed):
            await run(clock, bounds=bounds)
        clock.move(timedelta(hours=1))
        bot = Nobody()
        assert not (await run(clock, bot, bounds=bounds)).more
        ended = await as_it_is(broadcast)
        assert (ended.status, ended.delete_at) == (BroadcastStatus.RECALLED, None), number
        assert (ended.are_rows_removed, ended.counts) == (True, REST | {"deleted": 2}), number
        assert await rows_of(broadcast) == []
        assert await statistics_ops.read_day(day) == REST_OF_DAY | {"broadcast_sent": 2, "broadcast_deleted": 2}, number
        if len(asked) < number:
            break
        clock.move(timedelta(hours=21))
    assert 15 < number < 99, "it died at each of its commands, and once at none"


async def test_rows_go_in_batches_and_are_not_counted_again(db: Database, clock: ManualClock) -> None:
    broadcast = await mixed(clock, lifetime=60)
    clock.move(timedelta(hours=1))
    ticks = iter(range(1000))
    # time is up as soon as the first batch is done
    short = Bounds(pause_ms=0, batch_size=3, timeout_s=25, monotonic=lambda: next(ticks))
    assert await run(clock, bounds=Bounds(pause_ms=0, timeout_s=25, monotonic=lambda: 0.0), bot=_Failing()) == Counts(
        {"retry": 2}, more=True
    )
    clock.move(timedelta(minutes=1))
    done, removed = Counts(more=True), 0
    while done.more:
        done = await run(clock, bounds=short)
        removed += done.done.get("rows_removed", 0)
        assert (await as_it_is(broadcast)).counts in (REST | {"sent": 2}, REST | {"deleted": 2})
    assert removed == 7
    assert await statistics_ops.read_day(TODAY) == REST_OF_DAY | {"broadcast_sent": 2, "broadcast_deleted": 2}


class _Failing(Nobody):
    async def delete_messages(self, *_: Any, **__: Any) -> bool:
        raise TimeoutError


async def test_a_key_counts_once_a_day_and_days_begun_by_others_are_no_obstacle(
    db: Database, clock: ManualClock
) -> None:
    assert await statistics_ops.add_once(TODAY, "one", {"sent": 2, "kept": 1})
    assert not await statistics_ops.add_once(TODAY, "one", {"sent": 2, "kept": 1})
    await statistics_ops.add_once(TODAY, "by another", {"sent": 5})
    assert await statistics_ops.add_once(TODAY, "two", {"sent": 1})
    assert await statistics_ops.add_once(TODAY, "nothing", {})
    assert await statistics_ops.read_day(TODAY) == {"sent": 8, "kept": 1}
    with pytest.raises(ValueError, match="cannot name"):
        await statistics_ops.add_once(TODAY, "three", {"a.b": 1})


def test_who_was_reached_counts_as_sent_whatever_became_of_it() -> None:
    counts = {
        "sent": 1,
        "deleted": 2,
        "kept": 4,
        "blocked": 8,
        "failed": 16,
        "unknown": 32,
        "left_out": 64,
        "pending": 9,
    }
    assert broadcast_closing.daily_counters(counts) == {
        "broadcast_sent": 7,
        "broadcast_deleted": 2,
        "broadcast_kept": 4,
        "broadcast_blocked": 8,
        "broadcast_failed": 16,
        "broadcast_unknown": 32,
    }
