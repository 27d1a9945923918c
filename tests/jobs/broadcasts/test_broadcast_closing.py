"""Closing broadcasts that cannot be recalled any more: exact counts, added to the day once, and no rows left."""

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
from tests.jobs.broadcasts.broadcasts import reread, rows_of
from tests.jobs.broadcasts.sent_broadcasts import SENDER, finish, mark_sent, start_sending

#: evening in UTC, the next morning in Tokyo
NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
TODAY = datetime(2026, 3, 1, tzinfo=UTC)
TWO_DAYS = timedelta(hours=48, minutes=15)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


class RecordingBot(Bot):
    """A bot whose deletions succeed and are recorded."""

    def __init__(self) -> None:
        super().__init__("1002:recording")
        self.deleted: list[tuple[Any, list[int]]] = []

    async def delete_messages(self, chat_id: Any, message_ids: list[int], *_: Any, **__: Any) -> bool:
        self.deleted.append((chat_id, message_ids))
        return True


async def run(
    clock: ManualClock, bot: Bot | None = None, bounds: Bounds | None = None, zone: ZoneInfo | None = None
) -> Counts:
    """Run the job once."""
    job = BroadcastDeleter(bot or RecordingBot(), bounds or Bounds(pause_ms=0), zone or ZoneInfo("UTC"))
    return await job(Run(clock, "run"))


async def create_mixed(clock: ManualClock, lifetime: int = 0) -> Broadcast:
    """A cancelled broadcast: two sent, one each blocked, failed and unknown, two still pending."""
    broadcast = await start_sending(clock.now(), lifetime=lifetime, send_to=range(1, 8))
    for user_id in (1, 2):
        await mark_sent(broadcast, user_id, [user_id * 10], clock.now())
    for user_id, state in ((3, RecipientState.BLOCKED), (4, RecipientState.FAILED), (5, RecipientState.UNKNOWN)):
        await broadcast_rows.claim(broadcast.id, [user_id], SENDER)
        assert await broadcast_rows.mark_not_sent(broadcast.id, user_id, SENDER, state, "no")
    await finish(broadcast, clock.now(), BroadcastStatus.CANCELLED)
    return broadcast


REST = {"blocked": 1, "failed": 1, "unknown": 1, "pending": 2}
REST_OF_DAY = {"broadcast_blocked": 1, "broadcast_failed": 1, "broadcast_unknown": 1}


async def test_a_recalled_broadcast_is_counted_once_and_its_rows_are_deleted(db: Database, clock: ManualClock) -> None:
    broadcast = await create_mixed(clock, lifetime=60)
    clock.move(timedelta(hours=1))
    assert await run(clock) == Counts({"deleted": 2, "rows_removed": 7})
    ended = await reread(broadcast)
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


async def test_rows_are_kept_while_an_answer_may_still_come(db: Database, clock: ManualClock) -> None:
    broadcast = await create_mixed(clock)
    assert await broadcast_ops.request_recall(broadcast.id, clock.now())
    assert await run(clock) == Counts({"deleted": 2})
    clock.move(timedelta(minutes=15) - timedelta(milliseconds=1))
    assert await run(clock) == Counts()
    assert len(await rows_of(broadcast)) == 7
    clock.move(timedelta(milliseconds=2))
    assert await run(clock) == Counts({"rows_removed": 7})


async def test_a_broadcast_without_a_lifetime_is_closed_after_two_days(db: Database, clock: ManualClock) -> None:
    broadcast = await create_mixed(clock)
    clock.move(TWO_DAYS - timedelta(milliseconds=1))
    assert await run(clock) == Counts()
    clock.move(timedelta(milliseconds=2))
    assert await run(clock) == Counts({"rows_removed": 7})
    ended = await reread(broadcast)
    assert (ended.status, ended.are_rows_removed) == (BroadcastStatus.CANCELLED, True)
    assert ended.counts == REST | {"sent": 2}
    assert await statistics_ops.read_day(TODAY) == REST_OF_DAY | {"broadcast_sent": 2}
    assert await broadcast_ops.request_recall(broadcast.id, clock.now()) is None


async def test_copies_too_old_to_delete_are_counted_as_kept(db: Database, clock: ManualClock) -> None:
    broadcast = await create_mixed(clock, lifetime=60)
    clock.move(timedelta(days=5))
    bot = RecordingBot()
    assert await run(clock, bot) == Counts({"kept": 2, "rows_removed": 7})
    assert bot.deleted == []
    assert (await reread(broadcast)).counts == REST | {"kept": 2}
    assert await statistics_ops.read_day(TODAY) == REST_OF_DAY | {"broadcast_sent": 2, "broadcast_kept": 2}


async def test_rows_a_killed_process_was_sending_are_counted_as_unknown(db: Database, clock: ManualClock) -> None:
    broadcast = await start_sending(clock.now(), lifetime=0, send_to=[1])
    await broadcast_rows.claim(broadcast.id, [1], SENDER)
    await finish(broadcast, clock.now(), BroadcastStatus.CANCELLED)
    clock.move(TWO_DAYS)
    clock.move(timedelta(seconds=1))
    await run(clock)
    assert (await reread(broadcast)).counts == {"unknown": 1}


async def test_a_broadcast_that_is_not_over_keeps_its_rows(db: Database, clock: ManualClock) -> None:
    broadcast = await start_sending(clock.now(), lifetime=0, send_to=[1, 2])
    await broadcast_ops.pause(broadcast.id)
    clock.move(timedelta(days=30))
    assert await run(clock) == Counts()
    assert len(await rows_of(broadcast)) == 2


async def test_a_broadcast_cancelled_before_its_time_is_closed_without_counts(db: Database, clock: ManualClock) -> None:
    broadcast = await start_sending(clock.now(), send_to=[])
    await finish(broadcast, clock.now(), BroadcastStatus.CANCELLED)
    clock.move(timedelta(hours=1))
    assert await run(clock) == Counts({"rows_removed": 0})
    assert (await reread(broadcast)).are_rows_removed
    assert await statistics_ops.read_day(TODAY) == {}


async def test_counts_belong_to_the_day_on_which_sending_ended_in_the_owners_zone(
    db: Database, clock: ManualClock
) -> None:
    await create_mixed(clock, lifetime=60)
    clock.move(timedelta(days=1))
    await run(clock, zone=ZoneInfo("Asia/Tokyo"))
    # 05:00 of the 2nd in Tokyo; its midnight as UTC
    assert (await statistics_ops.read_day(datetime(2026, 3, 1, 15, tzinfo=UTC)))["broadcast_sent"] == 2
    assert await statistics_ops.read_day(TODAY) == {}


async def test_a_day_adds_up_the_counts_of_its_broadcasts(db: Database, clock: ManualClock) -> None:
    await statistics_ops.add_once(TODAY, "before", {"deliveries": 5})
    await create_mixed(clock, lifetime=60)
    await create_mixed(clock, lifetime=60)
    clock.move(timedelta(hours=1))
    await run(clock)
    counted = await statistics_ops.read_day(TODAY)
    assert (counted["broadcast_sent"], counted["broadcast_blocked"], counted["deliveries"]) == (4, 2, 5)


async def test_a_copy_that_became_known_after_the_recall_is_deleted_and_counted(
    db: Database, clock: ManualClock
) -> None:
    broadcast = await create_mixed(clock, lifetime=60)
    assert await broadcast_ops.request_recall(broadcast.id, clock.now())
    await run(clock)
    # a process whose lease expired writes what it sent
    assert await broadcast_rows.mark_sent(broadcast.id, 5, SENDER, [50], clock.now())
    clock.move(timedelta(minutes=16))
    bot = RecordingBot()
    assert await run(clock, bot) == Counts({"deleted": 1, "rows_removed": 7})
    assert bot.deleted == [(5, [50])]
    ended = {"deleted": 3, "blocked": 1, "failed": 1, "pending": 2}
    assert (await reread(broadcast)).counts == ended


# crashes

#: method, collection and field of each step's command
_STEPS: dict[str, tuple[str, str, str]] = {
    "the counts are fixed": ("update_one", "broadcasts", "are_counts_final"),
    "the day counts them": ("update_one", "daily_stats", "$inc"),
    "rows are deleted": ("delete_many", "broadcast_recipients", ""),
    "the broadcast has no rows": ("update_one", "broadcasts", "are_rows_removed"),
}


@pytest.mark.parametrize("undone", [False, True])
@pytest.mark.parametrize("step", _STEPS)
async def test_after_a_crash_at_any_step_the_next_run_continues_and_counts_once(
    db: Database, clock: ManualClock, step: str, *, undone: bool
) -> None:
    broadcast = await create_mixed(clock, lifetime=60)
    clock.move(timedelta(hours=1))
    method, collection, field = _STEPS[step]

    def is_step(_: Any, update: dict[str, Any] | None = None, **__: Any) -> bool:
        return field in {**(update or {}), **(update or {}).get("$set", {})} or not field

    # rows are deleted in batches: the crash is between two of them
    bounds = Bounds(pause_ms=0, batch_size=3)
    with (
        losing(method, collection, when=is_step, undone=undone),
        pytest.raises(StoreUnavailable),
    ):
        await run(clock, bounds=bounds)
    clock.move(timedelta(days=1))
    await run(clock, bounds=bounds)
    ended = await reread(broadcast)
    assert (ended.counts, ended.are_rows_removed) == (REST | {"deleted": 2}, True)
    assert await rows_of(broadcast) == []
    assert await statistics_ops.read_day(TODAY) == REST_OF_DAY | {"broadcast_sent": 2, "broadcast_deleted": 2}
    assert await statistics_ops.read_day(TODAY + timedelta(days=1)) == {}


class _Killed(Exception):
    """The process was killed."""


@contextmanager
def _killed_before(number: int) -> Iterator[list[str]]:
    """Let the `number`-th command and all after it not reach the database. Yields the commands so far."""
    real, commands = Collection._call, list[str]()

    async def call(self: Collection, operation: str, command: Callable[[], Awaitable[Any]]) -> Any:
        commands.append(operation)
        if len(commands) >= number:
            raise _Killed
        return await real(self, operation, command)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Collection, "_call", call)
        yield commands


async def test_after_a_kill_before_any_command_the_next_process_ends_it_with_the_same_counts(
    db: Database, clock: ManualClock
) -> None:
    bounds = Bounds(pause_ms=0, batch_size=3)
    # each broadcast has a day of its own
    for number in range(1, 100):
        broadcast, day = await create_mixed(clock, lifetime=60), start_of_day(clock.now(), ZoneInfo("UTC"))
        clock.move(timedelta(hours=2))
        with _killed_before(number) as commands, suppress(_Killed):
            await run(clock, bounds=bounds)
        clock.move(timedelta(hours=1))
        bot = RecordingBot()
        assert not (await run(clock, bot, bounds=bounds)).more
        ended = await reread(broadcast)
        assert (ended.status, ended.delete_at) == (BroadcastStatus.RECALLED, None), number
        assert (ended.are_rows_removed, ended.counts) == (True, REST | {"deleted": 2}), number
        assert await rows_of(broadcast) == []
        assert await statistics_ops.read_day(day) == REST_OF_DAY | {"broadcast_sent": 2, "broadcast_deleted": 2}, number
        if len(commands) < number:
            break
        clock.move(timedelta(hours=21))
    assert 15 < number < 99, "it was killed before each of its commands, and once not at all"


async def test_rows_deleted_by_several_runs_are_counted_once(db: Database, clock: ManualClock) -> None:
    broadcast = await create_mixed(clock, lifetime=60)
    clock.move(timedelta(hours=1))
    assert await run(clock, _FailingBot()) == Counts({"retry": 2}, more=True)
    assert (await reread(broadcast)).counts == REST | {"sent": 2}
    clock.move(timedelta(minutes=1))
    # the first pause takes longer than the run may
    short = Bounds(pause_ms=26_000, batch_size=3, timeout_s=25)
    assert await run(clock, bounds=short) == Counts({"deleted": 2, "rows_removed": 6}, more=True)
    assert await run(clock, bounds=short) == Counts({"rows_removed": 1})
    assert (await reread(broadcast)).counts == REST | {"deleted": 2}
    assert await statistics_ops.read_day(TODAY) == REST_OF_DAY | {"broadcast_sent": 2, "broadcast_deleted": 2}


class _FailingBot(RecordingBot):
    async def delete_messages(self, *_: Any, **__: Any) -> bool:
        raise TimeoutError


async def test_a_key_is_added_to_a_day_once_also_to_a_day_that_has_counts(db: Database, clock: ManualClock) -> None:
    assert await statistics_ops.add_once(TODAY, "one", {"sent": 2, "kept": 1})
    assert not await statistics_ops.add_once(TODAY, "one", {"sent": 2, "kept": 1})
    await statistics_ops.add_once(TODAY, "before", {"sent": 5})
    assert await statistics_ops.add_once(TODAY, "two", {"sent": 1})
    assert await statistics_ops.add_once(TODAY, "nothing", {})
    assert await statistics_ops.read_day(TODAY) == {"sent": 8, "kept": 1}
    with pytest.raises(ValueError, match="cannot name"):
        await statistics_ops.add_once(TODAY, "three", {"a.b": 1})


def test_recipients_whose_copies_were_deleted_or_kept_count_as_sent() -> None:
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
