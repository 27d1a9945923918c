"""Who is next: chats take turns within a lane, lanes get their shares of the ceiling."""

import asyncio
import math
from collections import Counter

import pytest

from sender.lanes import SHARES, Lane
from sender.limiting.call_scheduler import CallScheduler
from sender.limiting.lane_queue import ApiCall, LaneQueue
from sender.limiting.lane_shares import LaneShares
from sender.limiting.limits import ChatKey
from tests.unit.sender.virtual import VirtualTime


class Crowd:
    """A scheduler on virtual time, and everything that started: when, lane, chat, and how long it had waited."""

    def __init__(self, rate: float = 30.0, bulk: float = 29.3) -> None:
        self.time = VirtualTime()
        self.unmetered: set[int] = set()
        self.scheduler = CallScheduler(rate, bulk, self.time, unmetered_chats=self.unmetered)
        self.started: list[tuple[float, Lane, ChatKey | None, float]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def call(
        self, chat: ChatKey | None, lane: Lane = Lane.INTERACTIVE, *, items: int = 0, urgent: bool = False
    ) -> None:
        since = self.time.passed
        call = self.scheduler.new_call(lane, chat, items, is_urgent=urgent)
        if not self.scheduler.start_now(call):
            await self.scheduler.wait(call)
        self.started.append((self.time.passed, lane, chat, self.time.passed - since))
        self.scheduler.ended(call, is_ok=True)

    def arrive(
        self, chat: ChatKey | None, lane: Lane = Lane.INTERACTIVE, *, items: int = 0, urgent: bool = False
    ) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(self.call(chat, lane, items=items, urgent=urgent))
        self.tasks.append(task)
        return task

    def keep_calling(self, lane: Lane, chats: int, at_once: int = 1, first: int = 1, items: int = 0) -> None:
        async def again_and_again(chat: int) -> None:
            while True:
                await self.call(chat, lane, items=items)

        for chat in range(first, first + chats):
            self.tasks.extend(asyncio.ensure_future(again_and_again(chat)) for _ in range(at_once))

    def counts(self, since: float, until: float) -> Counter[Lane]:
        return Counter(lane for at, lane, _, _ in self.started if since <= at < until)

    def waits(self, chat: ChatKey) -> list[float]:
        return [waited for _, _, found, waited in self.started if found == chat]

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


# chats take turns


@pytest.mark.parametrize("lane", list(Lane))
async def test_fifty_calls_of_one_chat_delay_another_by_one_turn(lane: Lane) -> None:
    crowd = Crowd(rate=1.0, bulk=1.0)
    for _ in range(50):
        crowd.arrive(7, lane)
    await crowd.time.advance(3.5)
    crowd.arrive(8, lane)
    await crowd.time.advance(10.0)
    await crowd.close()
    assert crowd.waits(8)[0] == pytest.approx(1.5)


async def test_chats_take_turns_and_their_calls_stay_in_order() -> None:
    crowd = Crowd(rate=1.0, bulk=1.0)
    order: list[tuple[int, int]] = []

    async def one(chat: int, number: int) -> None:
        await crowd.call(chat)
        order.append((chat, number))

    tasks = [asyncio.ensure_future(one(chat, number)) for chat in (1, 2, 3) for number in range(4)]
    await crowd.time.run(asyncio.wait(tasks))
    # the first call found nobody waiting and took no turn
    assert order[1:10] == [(1, 1), (2, 0), (3, 0), (1, 2), (2, 1), (3, 1), (1, 3), (2, 2), (3, 2)]


async def test_a_chat_that_comes_again_goes_behind_those_that_wait() -> None:
    crowd = Crowd(rate=1.0, bulk=1.0)
    crowd.keep_calling(Lane.INTERACTIVE, chats=1, at_once=3, first=1)
    crowd.keep_calling(Lane.INTERACTIVE, chats=4, first=2)
    await crowd.time.advance(50.0)
    await crowd.close()
    counts = Counter(chat for _, _, chat, _ in crowd.started)
    assert max(counts.values()) - min(counts.values()) <= 2


async def test_calls_without_a_chat_share_one_turn() -> None:
    crowd = Crowd(rate=1.0, bulk=1.0)
    for _ in range(20):
        crowd.arrive(None)
    await crowd.time.advance(2.5)
    crowd.arrive(8)
    await crowd.time.advance(3.0)
    await crowd.close()
    assert crowd.waits(8)[0] == pytest.approx(1.5)


# lanes get shares


@pytest.mark.parametrize("since", [5, 15, 25])
async def test_when_all_lanes_have_work_they_get_sixty_twenty_five_and_fifteen_of_a_hundred(since: int) -> None:
    crowd = Crowd()
    for lane in Lane:
        crowd.keep_calling(lane, chats=60, first=1 + 1000 * lane)
    await crowd.time.advance(35.0)
    await crowd.close()
    counts = crowd.counts(since, since + 10)
    assert sum(counts.values()) == pytest.approx(300, abs=3)
    assert {lane: counts[lane] for lane in Lane} == {
        lane: pytest.approx(300 * share, abs=5) for lane, share in SHARES.items()
    }


@pytest.mark.parametrize("idle", list(Lane))
async def test_what_one_lane_leaves_the_others_take_by_their_shares(idle: Lane) -> None:
    crowd = Crowd()
    busy = [lane for lane in Lane if lane is not idle]
    for lane in busy:
        crowd.keep_calling(lane, chats=60, first=1 + 1000 * lane)
    await crowd.time.advance(15.0)
    await crowd.close()
    counts, whole = crowd.counts(5, 15), sum(SHARES[lane] for lane in busy)
    assert sum(counts.values()) >= 0.97 * 293
    assert {lane: counts[lane] for lane in busy} == {
        lane: pytest.approx(sum(counts.values()) * SHARES[lane] / whole, abs=8) for lane in busy
    }


@pytest.mark.parametrize("lane", list(Lane))
async def test_a_lane_alone_takes_everything(lane: Lane) -> None:
    crowd = Crowd()
    crowd.keep_calling(lane, chats=60)
    await crowd.time.advance(15.0)
    await crowd.close()
    assert sum(crowd.counts(5, 15).values()) >= 292


@pytest.mark.parametrize("people", [29, 40, 60])
async def test_people_who_never_stop_writing_leave_deletions_seven_calls_a_second(people: int) -> None:
    crowd = Crowd()
    crowd.keep_calling(Lane.INTERACTIVE, chats=people, at_once=8, items=1)
    crowd.keep_calling(Lane.DELETION, chats=10, first=10_000)
    await crowd.time.advance(60.0)
    await crowd.close()
    for since in range(5, 55, 5):
        assert crowd.counts(since, since + 5)[Lane.DELETION] >= 35


async def test_one_person_beside_forty_who_never_stop_waits_for_one_turn_of_each_at_most() -> None:
    crowd = Crowd()
    crowd.keep_calling(Lane.INTERACTIVE, chats=40, at_once=8, items=1)
    crowd.keep_calling(Lane.DELETION, chats=10, first=10_000)
    for _ in range(5):
        await crowd.time.advance(10.0)
        crowd.arrive(999_999, items=1)
    await crowd.time.advance(10.0)
    await crowd.close()
    assert len(crowd.waits(999_999)) == 5
    people_per_s = 30 * 0.60 / (0.60 + 0.25)
    assert max(crowd.waits(999_999)) <= (1 + 40 + 1) / people_per_s


async def test_a_lane_saves_up_nothing_while_it_has_no_work() -> None:
    crowd = Crowd()
    crowd.keep_calling(Lane.DELETION, chats=60, first=1000)
    await crowd.time.advance(60.0)
    crowd.keep_calling(Lane.BULK, chats=60, first=2000)
    await crowd.time.advance(2.0)
    counts = crowd.counts(60.0, 61.0)
    await crowd.close()
    assert counts[Lane.BULK] <= 13
    assert counts[Lane.DELETION] >= 16


async def test_a_lane_whose_chats_had_to_wait_saves_up_one_turn_at_most() -> None:
    crowd = Crowd()
    # one person, bound to a message a second, has work all the time
    crowd.keep_calling(Lane.INTERACTIVE, chats=1, at_once=3, items=1)
    crowd.keep_calling(Lane.DELETION, chats=60, first=1000)
    await crowd.time.advance(60.0)
    crowd.keep_calling(Lane.INTERACTIVE, chats=60, first=2000)
    await crowd.time.advance(3.0)
    counts = crowd.counts(60.0, 62.0)
    await crowd.close()
    assert counts[Lane.DELETION] >= 15


async def test_the_first_of_people_goes_before_deletions_and_bulk_that_wait() -> None:
    crowd = Crowd(rate=2.0, bulk=2.0)
    crowd.keep_calling(Lane.DELETION, chats=5, first=1000)
    crowd.keep_calling(Lane.BULK, chats=5, first=2000)
    for _ in range(20):
        await crowd.time.advance(2.6)
        crowd.arrive(7)
    await crowd.time.advance(5.0)
    await crowd.close()
    assert max(crowd.waits(7)) <= 0.5 + 1e-6


@pytest.mark.parametrize("lane", [Lane.DELETION, Lane.BULK])
async def test_a_lane_that_was_at_rest_begins_after_people_who_come_with_it(lane: Lane) -> None:
    crowd = Crowd(rate=1.0, bulk=1.0)
    for chat in range(100, 120):
        crowd.arrive(chat)
        await crowd.time.advance(1.0)
    for chat in (1, 2):
        crowd.arrive(chat)
    crowd.arrive(3, lane)
    await crowd.time.advance(5.0)
    await crowd.close()
    assert [chat for _, _, chat, _ in crowd.started[-3:]] == [1, 2, 3]


# urgent deletions


async def test_an_urgent_deletion_goes_before_people_and_takes_nothing_of_its_lanes_share() -> None:
    crowd = Crowd()
    for lane in Lane:
        crowd.keep_calling(lane, chats=60, first=1 + 1000 * lane)
    await crowd.time.advance(5.0)
    for n in range(30):
        crowd.arrive(900_000 + n, Lane.DELETION, urgent=True)
    before = len(crowd.started)
    await crowd.time.settle()
    assert crowd.scheduler.waiting(Lane.DELETION) == 90
    await crowd.time.advance(2.0)
    await crowd.close()
    first = [chat for _, _, chat, _ in crowd.started[before:] if isinstance(chat, int)][:30]
    assert all(chat >= 900_000 for chat in first)
    after = Counter(lane for at, lane, _, _ in crowd.started if at > 6.05)
    assert after[Lane.DELETION] >= 5


def test_an_urgent_deletion_is_charged_to_no_lane() -> None:
    lanes, scheduler = LaneShares(30.0), CallScheduler(30.0, 30.0, VirtualTime(), unmetered_chats=set())
    lanes.charge(scheduler.new_call(Lane.DELETION, 7, 0, is_urgent=True), 0.0)
    assert lanes.background.free_at() == -math.inf
    lanes.charge(scheduler.new_call(Lane.DELETION, 7, 0), 0.0)
    assert lanes.background.free_at() > 0.0


async def test_an_urgent_deletion_waits_for_its_chats_pause_and_lets_others_pass() -> None:
    crowd = Crowd()
    crowd.scheduler.restore(7, 5.0)
    crowd.arrive(7, Lane.DELETION, urgent=True)
    crowd.arrive(8)
    await crowd.time.advance(6.0)
    await crowd.close()
    assert crowd.waits(8) == [0.0]
    assert crowd.waits(7) == [pytest.approx(5.0)]


# what the intake asks, and what it costs


@pytest.mark.parametrize("calls", [63, 64, 65])
async def test_waiting_counts_the_calls_that_have_not_started(calls: int) -> None:
    crowd = Crowd(rate=1.0, bulk=1.0)
    crowd.arrive(1)
    await crowd.time.settle()
    for n in range(calls):
        crowd.arrive(2 + n)
    await crowd.time.settle()
    assert crowd.scheduler.waiting(Lane.INTERACTIVE) == calls
    await crowd.close()
    assert [crowd.scheduler.waiting(lane) for lane in Lane] == [0, 0, 0]


@pytest.mark.parametrize("waiting", [100, 10_000])
async def test_starting_a_call_looks_at_few_calls_however_many_wait(
    waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd()
    looks = 0
    look = CallScheduler._chat_free_at

    def counted(scheduler: CallScheduler, call: object) -> float:
        nonlocal looks
        looks += 1
        return look(scheduler, call)  # type: ignore[arg-type]

    monkeypatch.setattr(CallScheduler, "_chat_free_at", counted)
    # half of them in chats that may not be called yet
    for chat in range(waiting // 2):
        crowd.scheduler.restore(1 + chat, 9.0)
        crowd.arrive(1 + chat, Lane.DELETION)
        crowd.arrive(1_000_000 + chat % 50, Lane.DELETION)
    await crowd.time.advance(5.0)
    started = len(crowd.started)
    await crowd.close()
    assert started >= (40 if waiting == 100 else 140)
    # a chat that may not be called is looked at once and then sleeps
    assert looks <= waiting // 2 + 2 * started + 20


def test_a_queue_forgets_sleeping_chats_that_left() -> None:
    queue, scheduler = LaneQueue(), CallScheduler(30.0, 30.0, VirtualTime(), unmetered_chats=set())

    def free_at(call: ApiCall) -> float:
        return 5.0 if call.chat == -1 else 1e9

    queue.add(scheduler.new_call(Lane.INTERACTIVE, -1, 1), 0.0)
    for n in range(10_000):
        call = scheduler.new_call(Lane.INTERACTIVE, n, 1)
        queue.add(call, 0.0)
        assert queue.first_due(0.0, free_at) == (None, 5.0)
        queue.remove(call)
    assert len(queue._alarms) < 200
    assert len(queue._chats) == 1
