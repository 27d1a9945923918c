"""Processes of one bot in a rush: together not one call is refused, whichever begins, ends, stops or is cut off."""

from collections.abc import AsyncIterator

import pytest

from core.rates.steps import RESERVE
from sender.lanes import SHARES, Lane
from sender.limiting.call_scheduler import CallScheduler
from sender.limiting.sharing.shared_ceiling import IDLE_S, SILENT_S, VALID_S
from tests.unit.sender.flooding import Bucket, Growing, Window
from tests.unit.sender.sharing.processes import Process, Processes
from tests.unit.sender.virtual import VirtualTime

CEILING = 30.0


class Both:
    """A window and a bucket: whatever Telegram counts by, a call too many is refused."""

    def __init__(self) -> None:
        self._counting = (Window(), Bucket())

    def arrive(self, now: float) -> float | None:
        waits = [wait_s for counting in self._counting if (wait_s := counting.arrive(now)) is not None]
        return max(waits, default=None)


def press(*processes: Process) -> None:
    """Let sixty people of each process have two calls each at any time."""
    for process in processes:
        process.telegram.keep_pressing(people=60, presses=2)


@pytest.fixture
async def three() -> AsyncIterator[Processes]:
    """Three processes that have been idle for a while."""
    processes = Processes(Both())
    for _ in range(3):
        await processes.add()
    await processes.time.advance(3 * IDLE_S)
    yield processes
    await processes.close()


async def used(processes: Processes, seconds: float) -> float:
    """Let time pass; return the part of the ceiling that was used."""
    since = processes.time.passed
    await processes.time.advance(seconds)
    return processes.per_s(since, since + seconds) / CEILING


async def test_a_rush_on_all_uses_ninety_five_hundredths_of_the_ceiling(three: Processes) -> None:
    press(*three.all)
    assert await used(three, 40.0) >= 0.95
    assert three.refused == []
    each = [process.telegram.count(15.0, 55.0) for process in three.all]
    assert max(each) <= 1.35 * min(each)


async def test_a_rush_on_one_uses_nine_tenths_of_the_ceiling_within_seconds(three: Processes) -> None:
    press(three.all[0])
    assert await used(three, 2 * IDLE_S) >= 0.85
    assert await used(three, 30.0) >= 0.9
    assert three.refused == []


async def test_a_rush_on_another_process_is_served_within_three_seconds(three: Processes) -> None:
    first, second, _ = three.all
    press(first)
    await three.time.advance(20.0)
    press(second)
    await three.time.advance(3.0)
    since = three.time.passed
    assert await used(three, 20.0) >= 0.9
    assert second.telegram.count(since, since + 20.0) >= 0.4 * CEILING * 20.0
    assert three.refused == []


async def test_a_row_never_shows_less_than_its_process_called_within_the_last_second(three: Processes) -> None:
    """Else another one would take it, while Telegram still counts it."""
    press(three.all[0])
    await three.time.advance(20.0)
    press(*three.all[1:])
    for _ in range(60):
        await three.time.advance(0.05)
        called = {one.name: one.telegram.limiter.own_share.used() for one in three.all}
        shown = three.ledger.parts()
        assert all(called[name] <= shown[name] for name in called), (called, shown)
    assert sum(three.ledger.parts().values()) <= 30


async def test_what_a_killed_process_had_is_used_after_five_seconds(three: Processes) -> None:
    press(*three.all)
    await three.time.advance(20.0)
    await three.all[0].kill()
    await three.time.advance(VALID_S + 2.0)
    assert await used(three, 20.0) >= 0.85
    await three.time.advance(60.0)
    assert await used(three, 10.0) >= 0.95
    assert set(three.ledger.rows) == {"p1", "p2"}
    assert three.refused == []


async def test_what_a_process_leaves_at_an_orderly_end_is_used_after_two_seconds(three: Processes) -> None:
    press(*three.all)
    await three.time.advance(20.0)
    await three.all[0].stop()
    await three.time.advance(2.5)
    assert await used(three, 20.0) >= 0.95
    assert three.refused == []


async def test_a_process_that_starts_into_a_rush_is_served_within_three_seconds(three: Processes) -> None:
    press(*three.all)
    await three.time.advance(20.0)
    new = await three.add()
    press(new)
    await three.time.advance(3.0)
    since = three.time.passed
    assert await used(three, 20.0) >= 0.95
    assert new.telegram.count(since, since + 20.0) >= 0.15 * CEILING * 20.0
    assert three.refused == []


async def test_one_that_takes_the_place_of_a_killed_one_begins_at_once_when_that_was_idle() -> None:
    processes = Processes(Both())
    first = await processes.add()
    await processes.time.advance(3 * IDLE_S)
    await first.kill()
    second = await processes.add()
    press(second)
    assert await used(processes, VALID_S) >= 0.3
    await processes.time.advance(20.0)
    assert await used(processes, 10.0) >= 0.85
    await processes.close()
    assert processes.refused == []


async def test_without_the_database_everyone_is_still_answered_and_nobody_is_refused(three: Processes) -> None:
    press(three.all[0])
    await three.time.advance(20.0)
    three.ledger.is_silent = True
    assert await used(three, VALID_S - 1.0) >= 0.85
    await three.time.advance(SILENT_S)
    press(*three.all[1:])
    since = three.time.passed
    await three.time.advance(20.0)
    for process in three.all:
        assert process.telegram.count(since, since + 20.0) >= 2.5 * 20.0
    three.ledger.is_silent = False
    await three.time.advance(5.0)
    assert await used(three, 20.0) >= 0.95
    assert three.refused == []


async def test_one_that_is_cut_off_from_the_database_stays_below_what_the_others_leave_it(three: Processes) -> None:
    press(*three.all)
    await three.time.advance(20.0)
    three.ledger.cut_off.add("p0")
    await three.time.advance(10.0)
    assert await used(three, 20.0) >= 0.95
    three.ledger.cut_off.clear()
    await three.time.advance(10.0)
    assert await used(three, 20.0) >= 0.95
    assert three.refused == []


async def test_one_whose_beats_stop_calls_no_more_than_the_others_leave_it(three: Processes) -> None:
    press(*three.all)
    await three.time.advance(20.0)
    late = three.all[0]
    await late.sleep()
    await three.time.advance(VALID_S + 2.0)
    since = three.time.passed
    assert await used(three, 20.0) >= 0.95
    assert late.telegram.count(since, since + 20.0) <= RESERVE * 20.0
    late.wake()
    await three.time.advance(5.0)
    assert await used(three, 20.0) >= 0.95
    assert three.refused == []


async def test_bulk_in_one_process_leaves_people_in_another_their_share(three: Processes) -> None:
    bulk, people, _ = three.all
    bulk.telegram.keep_calling(Lane.BULK, 40, 1_000_000)
    assert await used(three, 20.0) >= 0.85
    press(people)
    await three.time.advance(3.0)
    since = three.time.passed
    assert await used(three, 20.0) >= 0.9
    both = SHARES[Lane.INTERACTIVE] + SHARES[Lane.BULK]
    expected = CEILING * 20.0 * SHARES[Lane.INTERACTIVE] / both
    assert people.telegram.count(since, since + 20.0) >= 0.9 * expected
    assert bulk.telegram.count(since, since + 20.0) >= 0.1 * CEILING * 20.0
    assert three.refused == []


async def test_a_process_with_nothing_to_do_beats_each_five_seconds_and_one_in_a_rush_each_second() -> None:
    processes = Processes(Both())
    one = await processes.add()
    await processes.time.advance(2 * IDLE_S)
    before = processes.ledger.commands
    await processes.time.advance(60.0)
    assert processes.ledger.commands - before <= 13
    press(one)
    await processes.time.advance(2.0)
    before = processes.ledger.commands
    await processes.time.advance(60.0)
    await processes.close()
    assert processes.ledger.commands - before <= 61


async def test_one_alone_has_the_whole_ceiling_a_moment_after_a_rush_begins() -> None:
    processes = Processes(Both())
    one = await processes.add()
    await processes.time.advance(3 * IDLE_S)
    press(one)
    assert await used(processes, 1.5) * CEILING * 1.5 >= 36
    assert await used(processes, 20.0) >= 0.95
    processes.ledger.is_silent = True
    assert await used(processes, 60.0) >= 0.95
    await processes.close()
    assert processes.refused == []


async def test_a_clock_of_the_database_that_is_put_back_or_ahead_refuses_nobody_for_long(three: Processes) -> None:
    press(*three.all)
    await three.time.advance(20.0)
    three.ledger.ahead_s -= 120.0
    assert await used(three, 20.0) >= 0.95
    assert three.refused == []
    await three.all[0].kill()
    await three.time.advance(VALID_S + 2.0)
    assert await used(three, 20.0) >= 0.85
    assert three.refused == []


async def test_refusals_of_calls_from_before_another_process_was_refused_mean_the_same_incident() -> None:
    time = VirtualTime()
    scheduler = CallScheduler(30.0, 29.3, time, unmetered_chats=set())
    calls = [scheduler.new_call(Lane.INTERACTIVE, chat, 1) for chat in (1, 2)]
    assert all(scheduler.start_now(call) for call in calls)
    await time.advance(0.1)
    scheduler.own_share.slow_to(0.5, 0.0)
    for call in calls:
        scheduler.pause(call, 3.0)
    assert scheduler.own_share.slowness() == (0.5, time.at_s)


async def test_refusals_of_one_process_slow_all_of_them() -> None:
    """Another program uses a half of the calls: what one process learns, the others do within a second."""
    processes = Processes(Growing(Window(), grace_s=0.5))
    first, second, third = [await processes.add() for _ in range(3)]
    press(first)
    await processes.time.advance(10.0)
    first.telegram.use_elsewhere(rate=15.0, seconds=2.0)
    await processes.time.advance(4.0)
    assert processes.refused != []
    slowed = [process.telegram.limiter.own_share.slowness() for process in processes.all]
    assert [found is not None and found[0] for found in slowed] == [0.5, 0.5, 0.5]
    assert {second.name, third.name} <= set(processes.heard)
    refused = len(processes.refused)
    press(second, third)
    assert 0.4 <= await used(processes, 20.0) <= 0.6
    assert len(processes.refused) == refused
    await processes.close()
