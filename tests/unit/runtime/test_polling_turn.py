"""Of several processes one polls: who takes over and when, and that never two may poll."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.clock import MachineClock
from core.processes.polling_lease import (
    HELD_FOR_S,
    LOOK_EVERY_S,
    RENEW_EVERY_S,
    STUCK_AFTER_S,
    TAKEN_OVER_AFTER_S,
    UNPOLLED_AFTER_S,
)
from core.supervisor import Supervisor
from tests.unit.runtime.cluster import POLL_EVERY_S, START, Cluster

#: ENGINE §5: within so many seconds after a crash
TAKEOVER_S = 30.0


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    tasks = Supervisor()
    yield Cluster(tasks)
    await tasks.close()


async def test_the_first_process_polls_at_once_and_the_next_stand_by(cluster: Cluster) -> None:
    first = await cluster.start("a")
    assert cluster.polling() == ["a"]
    second, third = await cluster.start("b"), await cluster.start("c")
    await cluster.pass_time(120)
    assert cluster.polling() == ["a"]
    assert (first.changes, second.changes, third.changes) == ([True], [False], [False])


async def test_an_orderly_stop_hands_over_within_a_look(cluster: Cluster) -> None:
    first, second = await cluster.start("a"), await cluster.start("b")
    await cluster.pass_time(7)
    await first.stop()
    assert await cluster.until_polled_by("b", 2 * LOOK_EVERY_S) <= LOOK_EVERY_S
    assert second.changes == [False, True]


@pytest.mark.parametrize("wrong_by_s", [0, 5, 30, 120, -5, -30, -120])
async def test_a_crash_is_taken_over_within_30_s_whatever_the_clocks_say(cluster: Cluster, wrong_by_s: float) -> None:
    first = await cluster.start("a", wrong_by_s=wrong_by_s)
    await cluster.start("b")
    # right behind a renewal, when it takes longest
    await cluster.pass_time(RENEW_EVERY_S * 5)
    await first.die()
    assert await cluster.until_polled_by("b", TAKEOVER_S) > HELD_FOR_S


@pytest.mark.parametrize("wrong_by_s", [0, 5, 30, 120, -5, -30, -120])
async def test_a_suspended_holder_wakes_without_the_right_to_poll(cluster: Cluster, wrong_by_s: float) -> None:
    first = await cluster.start("a", wrong_by_s=wrong_by_s)
    await cluster.start("b")
    for seconds in (16.0, 21.0, 400.0):
        holder, other = (first, "b") if cluster.polling() == ["a"] else (cluster.processes[1], "a")
        holder.is_suspended = True
        await cluster.pass_time(seconds)
        holder.is_suspended = False
        # pass_time asserts that its next line may not poll beside the other's
        await cluster.pass_time(TAKEOVER_S)
        assert cluster.polling() == ([other] if seconds > TAKEN_OVER_AFTER_S else [holder.name])


@pytest.mark.parametrize("rate", [0.9, 1.0, 1.1])
async def test_a_holder_that_cannot_reach_the_database_stops_before_another_begins(
    cluster: Cluster, rate: float
) -> None:
    first = await cluster.start("a", rate=rate)
    await cluster.start("b")
    await cluster.pass_time(30)
    first.reaches_database = False
    stopped_s = cluster.time_s
    while cluster.polling() == ["a"]:
        await cluster.pass_time(0.25)
    assert cluster.polling() == []
    # it goes on for as long as nobody can begin
    assert cluster.time_s - stopped_s >= HELD_FOR_S - RENEW_EVERY_S - 2
    await cluster.until_polled_by("b", TAKEOVER_S)
    first.reaches_database = True
    await cluster.pass_time(60)
    assert cluster.polling() == ["b"]


async def test_with_another_beside_it_a_holder_stops_in_an_outage_and_goes_on_after_it(cluster: Cluster) -> None:
    first, second = await cluster.start("a"), await cluster.start("b")
    await cluster.pass_time(30)
    first.reaches_database = second.reaches_database = False
    await cluster.pass_time(120)
    assert cluster.polling() == []
    first.reaches_database = second.reaches_database = True
    await cluster.until_polled_by("a", 2 * LOOK_EVERY_S)


async def test_a_process_that_is_alone_polls_on_through_an_outage(cluster: Cluster) -> None:
    only = await cluster.start("a")
    await cluster.pass_time(30)
    only.reaches_database = False
    for _ in range(600):
        await cluster.pass_time(1)
        assert cluster.polling() == ["a"]
    only.reaches_database = True
    await cluster.pass_time(30)
    assert (cluster.polling(), only.changes) == (["a"], [True])


async def test_one_that_was_alone_stops_in_outages_once_another_stands_by(cluster: Cluster) -> None:
    only = await cluster.start("a")
    await cluster.pass_time(60)
    await cluster.start("b")
    await cluster.pass_time(2 * RENEW_EVERY_S)
    only.reaches_database = False
    await cluster.pass_time(HELD_FOR_S)
    assert cluster.polling() == []


async def test_a_lone_holder_that_was_suspended_asks_before_it_polls_again(cluster: Cluster) -> None:
    only = await cluster.start("a")
    await cluster.pass_time(60)
    only.is_suspended = True
    await cluster.pass_time(60)
    await cluster.start("b")
    await cluster.pass_time(60)
    assert cluster.polling() == ["b"]
    only.is_suspended = False
    await cluster.pass_time(60)
    assert cluster.polling() == ["b"]


async def test_the_successor_of_a_process_that_certainly_ended_begins_at_once(cluster: Cluster) -> None:
    first = await cluster.start("a")
    await cluster.pass_time(30)
    cluster.knows_of_the_dead = True
    await first.die()
    await cluster.start("b")
    assert cluster.polling() == ["b"]


async def test_a_lost_answer_to_the_taking_or_a_renewal_changes_nothing(cluster: Cluster) -> None:
    first = await cluster.start("a")
    second = await cluster.start("b")
    for _ in range(4):
        first.loses_answer = True
        await cluster.pass_time(RENEW_EVERY_S)
        assert cluster.polling() == ["a"]
    await first.stop()
    second.loses_answer = True
    await cluster.pass_time(LOOK_EVERY_S)
    second.loses_answer = True
    await cluster.until_polled_by("b", 5 * LOOK_EVERY_S)


async def test_a_holder_that_finds_another_owner_stops_at_once(cluster: Cluster) -> None:
    first = await cluster.start("a")
    await cluster.pass_time(RENEW_EVERY_S / 2)
    cluster.store.take("an operator's hand", "", cluster.store.find(), first.now())
    await cluster.pass_time(RENEW_EVERY_S)
    assert cluster.polling() == []
    await cluster.until_polled_by("a", TAKEOVER_S)


async def test_of_two_that_wait_one_begins(cluster: Cluster) -> None:
    first = await cluster.start("a")
    await cluster.start("b")
    await cluster.start("c")
    await cluster.pass_time(10)
    await first.die()
    await cluster.pass_time(TAKEOVER_S)
    assert len(cluster.polling()) == 1


async def test_a_poll_is_cancelled_when_the_turn_ends_and_its_answer_is_not_used(cluster: Cluster) -> None:
    first = await cluster.start("a")
    await cluster.start("b")
    await cluster.pass_time(RENEW_EVERY_S)
    ends: list[str] = []

    async def poll() -> list[int]:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("cancelled")
        return [1]

    waiting = asyncio.ensure_future(first.turn.while_held(poll))
    first.reaches_database = False
    await cluster.pass_time(HELD_FOR_S - 1)
    assert ends == []
    await cluster.pass_time(2)
    assert (await waiting, ends) == (None, ["cancelled"])


async def test_the_answer_to_a_poll_that_slept_longer_than_the_turn_is_not_used(cluster: Cluster) -> None:
    first = await cluster.start("a")
    answer: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()

    async def poll() -> list[int]:
        return await answer

    waiting = asyncio.ensure_future(first.turn.while_held(poll))
    await cluster.settle()
    first.is_suspended = True
    await cluster.pass_time(HELD_FOR_S + 1)
    answer.set_result([1])
    assert await waiting is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a suspension apart")
def test_the_seconds_of_a_lease_pass_while_the_machine_is_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, suspended_s = MachineClock(), 3600.0
    before, read = clock.monotonic(), time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda which: read(which) + suspended_s * (which == time.CLOCK_BOOTTIME))
    assert clock.monotonic() - before >= suspended_s


async def test_without_the_turn_nothing_is_asked(cluster: Cluster) -> None:
    await cluster.start("a")
    second = await cluster.start("b")

    async def poll() -> list[int]:
        raise AssertionError("it polled")

    assert await second.turn.while_held(poll) is None


# nobody polls


async def test_each_process_says_within_a_minute_that_nobody_polls_and_that_somebody_does_again(
    cluster: Cluster,
) -> None:
    both = [await cluster.start("a"), await cluster.start("b")]
    await cluster.pass_time(30)
    assert [one.says for one in both] == [None, None]
    for one in both:
        one.reaches_database = False
    away_s = cluster.time_s
    await cluster.pass_time(60)
    assert cluster.polling() == []
    assert [one.is_own for one in both] == [True, False], "one of them tells the owners"
    for one in both:
        assert one.says is not None
        since_s = (one.says - START).total_seconds()
        # its own last poll, or the last beat it saw
        assert away_s - POLL_EVERY_S <= since_s <= away_s + HELD_FOR_S
    for one in both:
        one.reaches_database = True
    await cluster.pass_time(2 * POLL_EVERY_S)
    assert cluster.polling() == ["a"]
    assert [one.says for one in both] == [None, None]


async def test_a_process_that_alone_has_lost_the_database_says_that_it_sees_nobody_poll(cluster: Cluster) -> None:
    first, second = await cluster.start("a"), await cluster.start("b")
    await cluster.pass_time(30)
    first.reaches_database = False
    await cluster.pass_time(60)
    assert cluster.polling() == ["b"]
    assert first.says is not None and second.says is None


async def test_nobody_says_so_at_a_crash_a_stop_or_in_an_outage_of_a_lone_process(cluster: Cluster) -> None:
    first, second = await cluster.start("a"), await cluster.start("b")
    await cluster.pass_time(RENEW_EVERY_S * 5)
    await first.die()
    await cluster.pass_time(60)
    assert cluster.polling() == ["b"]
    second.reaches_database = False
    await cluster.pass_time(120)
    assert cluster.polling() == ["b"]
    assert set(second.signs) == {None}


async def test_one_that_was_suspended_says_nothing_of_the_time_it_slept(cluster: Cluster) -> None:
    first, _ = await cluster.start("a"), await cluster.start("b")
    await cluster.pass_time(30)
    first.is_suspended = True
    await cluster.pass_time(300)
    first.is_suspended = False
    await cluster.pass_time(60)
    assert set(first.signs) == {None}


async def test_a_holder_that_begins_no_poll_says_so_and_another_takes_over(cluster: Cluster) -> None:
    first, second = await cluster.start("a"), await cluster.start("b")
    await cluster.pass_time(30)
    first.polls = False
    await cluster.pass_time(STUCK_AFTER_S - 2 * POLL_EVERY_S)
    assert cluster.polling() == ["a"], "handlers that hang may keep all places for three minutes"
    await cluster.pass_time(4 * POLL_EVERY_S)
    assert cluster.polling() == ["b"]
    assert any(said is not None for said in first.signs)
    assert (first.says, second.says) == (None, None)


async def test_a_lone_holder_that_begins_no_poll_keeps_saying_so_until_it_does(cluster: Cluster) -> None:
    first = await cluster.start("a")
    first.polls = False
    await cluster.pass_time(3 * STUCK_AFTER_S)
    began = first.signs.index(next(said for said in first.signs if said is not None))
    assert None not in first.signs[began:]
    first.polls = True
    await cluster.pass_time(TAKEN_OVER_AFTER_S + 2 * POLL_EVERY_S)
    assert first.says is None and cluster.polling() == ["a"]


async def test_a_database_that_can_only_be_read_is_no_sign_of_a_poller(cluster: Cluster) -> None:
    """Beats of one that stopped are read, and nobody can take over."""
    first, second = await cluster.start("a"), await cluster.start("b")
    await cluster.pass_time(30)
    cluster.store.refuses_writes = True
    await cluster.pass_time(UNPOLLED_AFTER_S + 2 * HELD_FOR_S)
    assert cluster.polling() == []
    assert first.says is not None and second.says is not None
    assert second.says <= START + timedelta(seconds=30)
