"""The order and the times in which calls start, on virtual time and without aiogram."""

import asyncio
import contextlib
import itertools
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sender.lanes import Lane
from sender.limiting.call_scheduler import CallScheduler, PausedTooLong
from sender.limiting.lane_queue import ApiCall
from sender.limiting.limits import ChatKey
from tests.unit.sender.virtual import VirtualTime


class Rig:
    """A scheduler on virtual time, and a record of which call started when."""

    def __init__(self, rate: float = 30.0, bulk: float = 29.0) -> None:
        self.time = VirtualTime()
        self.unmetered: set[int] = set()
        self.scheduler = CallScheduler(rate, bulk, self.time, unmetered_chats=self.unmetered)
        self.started: list[tuple[float, str]] = []
        self.calls: dict[str, ApiCall] = {}

    def arrive(
        self, name: str, chat: ChatKey | None, lane: Lane = Lane.INTERACTIVE, items: int = 1
    ) -> "asyncio.Task[None]":
        call = self.calls[name] = self.scheduler.new_call(lane, chat, items)
        return asyncio.ensure_future(self.go(name, call))

    async def go(self, name: str, call: ApiCall) -> None:
        if not self.scheduler.start_now(call):
            await self.scheduler.wait(call)
        self.started.append((round(self.time.passed, 3), name))

    def times(self, *names: str) -> list[float]:
        started_at = {name: at for at, name in self.started}
        return [started_at[name] for name in names]

    @property
    def order(self) -> list[str]:
        return [name for _, name in self.started]

    @property
    def waiting(self) -> int:
        return sum(self.scheduler.waiting(lane) for lane in Lane)

    def assert_nothing_left(self) -> None:
        assert self.waiting == 0
        assert self.time.sleeping == 0
        assert not self.scheduler._waits.sleepers


async def gather(tasks: "list[asyncio.Task[None]]") -> None:
    await asyncio.gather(*tasks)


async def test_a_hundred_interactive_calls_start_as_fast_as_the_rate_limit_allows() -> None:
    rig = Rig(rate=30.0)
    await rig.time.run(gather([rig.arrive(f"{n}", n + 1) for n in range(100)]))
    assert rig.order == [str(n) for n in range(100)]
    assert Counter(int(at) for at, _ in rig.started) == {0: 30, 1: 30, 2: 30, 3: 10}
    assert Counter(at for at, _ in rig.started)[0.0] == 10
    rig.assert_nothing_left()


async def test_bulk_calls_alone_start_evenly_at_the_bulk_rate() -> None:
    rig = Rig(rate=30.0, bulk=29.0)
    await rig.time.run(gather([rig.arrive(f"{n}", n + 1, Lane.BULK) for n in range(290)]))
    assert rig.time.passed == pytest.approx(10.0, abs=0.15)
    starts = [at for at, _ in rig.started]
    assert max(later - earlier for earlier, later in itertools.pairwise(starts)) < 0.05


async def test_bulk_gets_what_interactive_calls_leave_of_the_rate_limit() -> None:
    rig = Rig(rate=30.0, bulk=29.0)

    async def people() -> None:
        for n in range(100):
            rig.arrive(f"user {n}", 10_000 + n)
            await rig.time.sleep(0.1)

    for n in range(400):
        rig.arrive(f"bulk {n}", n + 1, Lane.BULK)
    await rig.time.run(people())
    before = [name for at, name in rig.started if at < 10.0]
    assert sum(name.startswith("user") for name in before) == 100
    assert sum(name.startswith("bulk") for name in before) == pytest.approx(200, abs=10)


async def test_interactive_calls_get_four_of_five_turns_beside_bulk_and_the_next_one_at_once() -> None:
    rig = Rig(rate=30.0, bulk=29.0)
    for n in range(500):
        rig.arrive(f"bulk {n}", n + 1, Lane.BULK)
    await rig.time.advance(5.0)
    asked_at = rig.time.passed
    await rig.time.run(gather([rig.arrive(f"user {n}", 10_000 + n) for n in range(20)]))
    waits = [at - asked_at for at, name in rig.started if name.startswith("user")]
    assert waits[0] <= 1 / 29.0
    assert max(waits) <= 25 / 29.0 + 0.05
    bulk_between = [name for at, name in rig.started if asked_at < at < asked_at + max(waits) and "bulk" in name]
    assert len(bulk_between) <= 5


async def test_deletions_start_before_bulk_and_after_interactive_calls() -> None:
    rig = Rig(rate=1.0, bulk=1.0)
    rig.arrive("first", 1)
    await rig.time.settle()
    tasks = [
        rig.arrive("bulk", 2, Lane.BULK),
        rig.arrive("deletion", 3, Lane.DELETION, items=0),
        rig.arrive("user", 4),
    ]
    await rig.time.run(gather(tasks))
    assert rig.order == ["first", "user", "deletion", "bulk"]


async def test_many_deletions_leave_room_for_interactive_calls() -> None:
    rig = Rig(rate=30.0, bulk=29.0)
    for n in range(200):
        rig.arrive(f"deletion {n}", n + 1, Lane.DELETION, items=0)
    await rig.time.advance(0.5)
    asked_at = rig.time.passed
    await rig.time.run(gather([rig.arrive("user", 9999)]))
    assert rig.times("user")[0] - asked_at < 0.05


async def test_a_chat_gets_five_messages_at_once_and_then_one_a_second_in_order() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive(f"{n}", 7) for n in range(8)]))
    assert [at for at, _ in rig.started] == [0.0] * 5 + [1.0, 2.0, 3.0]
    assert rig.order == [str(n) for n in range(8)]


async def test_a_chat_at_its_limit_does_not_delay_other_chats() -> None:
    rig = Rig()
    for n in range(8):
        rig.arrive(f"{n}", 7)
    await rig.time.run(gather([rig.arrive("other", 8)]))
    assert rig.times("other") == [0.0]


async def test_bulk_calls_to_one_chat_are_a_second_apart() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive(f"{n}", 7, Lane.BULK) for n in range(4)]))
    assert [at for at, _ in rig.started] == [0.0, 1.0, 2.0, 3.0]


async def test_a_deletion_does_not_count_as_a_message_but_never_overtakes_in_its_chat() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive(f"{n}", 7) for n in range(5)]))
    await rig.time.run(gather([rig.arrive("deletion", 7, items=0)]))
    assert rig.times("deletion") == [0.0]
    await rig.time.run(gather([rig.arrive("text", 7), rig.arrive("deletion 2", 7, items=0)]))
    assert rig.times("text", "deletion 2") == [1.0, 1.0]
    assert rig.order[-2:] == ["text", "deletion 2"]


async def test_a_group_gets_twenty_items_a_minute() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive(f"{n}", -100, items=10) for n in range(3)]))
    assert rig.times("0", "1", "2") == [0.0, 0.0, 60.0]
    await rig.time.run(gather([rig.arrive("hundred", -200, items=100), rig.arrive("next", -200)]))
    first, following = rig.times("hundred", "next")
    assert following - first == pytest.approx(60.0)


async def test_the_storage_channel_has_no_limit_of_its_own_but_is_paused_like_any_chat() -> None:
    rig = Rig()
    rig.unmetered.add(-100)
    await rig.time.run(gather([rig.arrive(f"{n}", -100, items=10) for n in range(25)]))
    assert rig.time.passed == pytest.approx(0.5)
    rig.scheduler.pause(rig.calls["0"], 5.0)
    await rig.time.run(gather([rig.arrive("after", -100)]))
    assert rig.times("after") == [pytest.approx(5.5)]


async def test_calls_to_the_storage_channel_count_against_the_bots_rate_limit() -> None:
    rig = Rig(rate=30.0)
    rig.unmetered.add(-100)
    await rig.time.run(gather([rig.arrive(f"{n}", -100, items=10) for n in range(31)]))
    assert rig.times("9", "29", "30") == [0.0, pytest.approx(20 / 30, abs=0.001), 1.0]


async def test_one_copy_of_a_hundred_messages_is_one_call_for_the_bot() -> None:
    rig = Rig(rate=30.0)
    await rig.time.run(gather([rig.arrive(f"{n}", n + 1, items=100) for n in range(10)]))
    assert rig.time.passed == 0.0


async def assert_delayed(rig: Rig, delay: float) -> None:
    """Check that a pause of chat 1 delays its chat and bulk calls by so many seconds, and nothing else."""
    tasks = [
        rig.arrive("same chat", 1),
        rig.arrive("other chat", 2),
        rig.arrive("deletion elsewhere", 3, Lane.DELETION, items=0),
        rig.arrive("bulk elsewhere", 4, Lane.BULK),
    ]
    await rig.time.run(gather(tasks))
    names = ("other chat", "deletion elsewhere", "same chat", "bulk elsewhere")
    assert rig.times(*names) == pytest.approx([0.0, 0.0, delay, delay], abs=0.1)


async def test_a_pause_delays_its_chat_and_bulk_and_no_other_call() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive("hit", 1)]))
    assert rig.scheduler.pause(rig.calls["hit"], 5.0)
    await assert_delayed(rig, 5.0)


async def test_a_pause_delays_calls_that_are_already_waiting() -> None:
    rig = Rig()
    tasks = [rig.arrive(f"{n}", 7) for n in range(20)]
    await rig.time.advance(2.5)
    assert len(rig.started) == 7
    rig.scheduler.pause(rig.calls["6"], 30.0)
    await rig.time.advance(29.9)
    assert len(rig.started) == 7
    await rig.time.run(gather(tasks))
    assert [at for at, _ in rig.started[7:]] == pytest.approx([32.5 + n for n in range(13)])
    assert rig.order == [str(n) for n in range(20)]
    rig.assert_nothing_left()


async def test_a_restored_pause_delays_its_chat_and_bulk_and_keeps_the_bulk_rate() -> None:
    rig = Rig()
    rig.scheduler.restore(1, 5.0)
    await assert_delayed(rig, 5.0)
    assert rig.scheduler.bulk_rate == 29.0
    rig.assert_nothing_left()


async def test_the_first_429_after_a_restored_pause_halves_the_rate() -> None:
    rig = Rig(bulk=28.0)
    rig.scheduler.restore(1, 5.0)
    await rig.time.run(gather([rig.arrive("hit", 2)]))
    rig.scheduler.pause(rig.calls["hit"], 5.0)
    assert rig.scheduler.bulk_rate == 14.0


@pytest.mark.parametrize("pauses", [(30.0, 3.0), (3.0, 30.0)])
async def test_of_a_restored_pause_and_a_new_one_the_later_end_counts(pauses: tuple[float, float]) -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive("hit", 7)]))
    rig.scheduler.pause(rig.calls["hit"], pauses[0])
    rig.scheduler.restore(7, pauses[1])
    await rig.time.run(gather([rig.arrive("next", 7)]))
    assert rig.times("next") == [30.0]


@pytest.mark.parametrize("left_s", [0.0, -5.0])
async def test_restoring_a_pause_that_is_over_has_no_effect(left_s: float) -> None:
    rig = Rig()
    rig.scheduler.restore(7, left_s)
    await rig.time.run(gather([rig.arrive(f"{n}", 7) for n in range(5)]))
    assert rig.times("0", "4") == [0.0, 0.0]
    assert len(rig.scheduler._chats) == 1


async def test_a_call_into_a_restored_pause_longer_than_its_lane_waits_is_refused_at_once() -> None:
    rig = Rig()
    rig.scheduler.restore(7, 60.1)
    with pytest.raises(PausedTooLong) as caught:
        await rig.time.run(gather([rig.arrive("user", 7)]))
    assert caught.value.seconds == pytest.approx(60.1)
    assert rig.time.passed == 0.0


async def test_a_restored_pause_delays_the_storage_channel_too() -> None:
    rig = Rig()
    rig.unmetered.add(-100)
    rig.scheduler.restore(-100, 5.0)
    await rig.time.run(gather([rig.arrive("copy", -100)]))
    assert rig.times("copy") == [5.0]


async def test_a_late_answer_never_shortens_or_lifts_a_pause() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive(f"{n}", 7) for n in range(3)]))
    rig.scheduler.pause(rig.calls["0"], 30.0)
    rig.scheduler.pause(rig.calls["1"], 3.0)
    await rig.time.run(gather([rig.arrive("next", 7)]))
    assert rig.times("next") == [30.0]


async def test_a_retried_call_keeps_its_place_before_later_ones() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive("first", 7), rig.arrive("second", 7)]))
    later = rig.arrive("third", 7)
    first, second = rig.calls["first"], rig.calls["second"]
    rig.scheduler.pause(second, 4.0)
    again = [asyncio.ensure_future(rig.go("second", second))]
    rig.scheduler.pause(first, 4.0)
    fourth = rig.arrive("fourth", 7)
    again.append(asyncio.ensure_future(rig.go("first", first)))
    await rig.time.run(gather([*again, later, fourth]))
    assert rig.order == ["first", "second", "first", "second", "third", "fourth"]


async def test_a_call_backing_off_delays_later_calls_of_its_chat_only() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive("first", 7)]))
    first = rig.calls["first"]
    first.not_before = rig.time.at_s + 2.0
    again = asyncio.ensure_future(rig.go("again", first))
    await rig.time.settle()
    await rig.time.run(gather([again, rig.arrive("same", 7), rig.arrive("other", 8)]))
    assert rig.times("other", "again", "same") == [0.0, 2.0, 2.0]
    assert rig.order == ["first", "other", "again", "same"]


@pytest.mark.parametrize(("lane", "patience_s"), [(Lane.INTERACTIVE, 60.0), (Lane.DELETION, 10.0), (Lane.BULK, 10.0)])
async def test_each_lane_waits_out_a_pause_up_to_its_longest_wait(lane: Lane, patience_s: float) -> None:
    for pause_s, is_refused in ((patience_s, False), (patience_s + 0.1, True)):
        rig = Rig()
        await rig.time.run(gather([rig.arrive("hit", 1, lane)]))
        assert rig.scheduler.pause(rig.calls["hit"], pause_s) is not is_refused
        expected = pytest.raises(PausedTooLong) if is_refused else contextlib.nullcontext()
        with expected:
            await rig.time.run(gather([rig.arrive("next", 1, lane)]))
        assert rig.time.passed == (0.0 if is_refused else pytest.approx(pause_s))
        rig.assert_nothing_left()


async def test_waiting_calls_are_refused_at_once_when_a_pause_is_longer_than_they_wait() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive("hit", 1)]))
    waiting = [rig.arrive(f"{n}", 50, Lane.BULK) for n in range(5)]
    await rig.time.advance(0.5)
    rig.scheduler.pause(rig.calls["hit"], 40.0)
    patient = rig.arrive("user", 1)
    await rig.time.advance(1.0)
    assert rig.order == ["hit", "0"]
    assert all(isinstance(task.exception(), PausedTooLong) for task in waiting[1:])
    await rig.time.run(gather([patient]))
    assert rig.times("user") == [40.5]
    assert rig.scheduler.waiting(Lane.BULK) == 0
    rig.assert_nothing_left()


async def test_a_pause_of_a_call_without_a_chat_delays_that_call_alone() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive("commands", None, items=0)]))
    assert rig.scheduler.pause(rig.calls["commands"], 20.0)
    again = asyncio.ensure_future(rig.go("again", rig.calls["commands"]))
    await rig.time.settle()
    others = [rig.arrive("other", None, items=0), rig.arrive("bulk", 3, Lane.BULK)]
    await rig.time.run(gather([*others, again]))
    assert rig.times("other", "bulk", "again") == pytest.approx([0.0, 0.0, 20.0], abs=0.1)
    assert rig.scheduler.bulk_rate == 29.0


async def test_a_cancelled_call_leaves_its_queue_and_is_not_charged() -> None:
    rig = Rig(rate=1.0, bulk=1.0)
    tasks = [rig.arrive(f"{n}", n + 1) for n in range(6)]
    await rig.time.settle()
    for n in (1, 3):
        tasks[n].cancel()
    await rig.time.settle()
    assert rig.waiting == 3
    rest = [task for n, task in enumerate(tasks) if n not in (1, 3)]
    await rig.time.run(gather(rest))
    assert rig.started == [(0.0, "0"), (1.0, "2"), (2.0, "4"), (3.0, "5")]
    rig.assert_nothing_left()


async def test_when_the_sleeping_call_is_cancelled_another_one_sleeps() -> None:
    rig = Rig(rate=1.0, bulk=1.0)
    first, sleeper, *rest = [rig.arrive(f"{n}", n + 1) for n in range(4)]
    await rig.time.settle()
    assert list(rig.scheduler._waits.sleepers) == [rig.calls["1"]]
    sleeper.cancel()
    await rig.time.settle()
    assert list(rig.scheduler._waits.sleepers) == [rig.calls["2"]]
    await rig.time.run(gather([first, *rest]))
    assert rig.order == ["0", "2", "3"]
    rig.assert_nothing_left()


async def test_a_call_cancelled_as_it_becomes_due_lets_the_next_one_start() -> None:
    rig = Rig(rate=1.0, bulk=1.0)
    rig.arrive("first", 1)
    deletion = rig.arrive("deletion", 2, Lane.DELETION, items=0)
    cancelled, user = rig.arrive("cancelled", 3), rig.arrive("user", 4)
    await rig.time.settle()
    cancelled.cancel()
    rig.time.at_s += 1.0
    rig.scheduler._start_due()
    await rig.time.run(gather([user, deletion]))
    assert rig.times("user", "deletion") == [1.0, 2.0]
    rig.assert_nothing_left()


async def test_a_call_that_waited_only_behind_a_cancelled_one_starts_at_once() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive("used", -5, items=15)]))
    album, text = rig.arrive("album", -5, items=10), rig.arrive("text", -5)
    await rig.time.advance(10.0)
    assert rig.order == ["used"]
    album.cancel()
    await rig.time.run(gather([text]))
    assert rig.times("text") == [10.0]
    rig.assert_nothing_left()


async def test_a_channel_that_becomes_the_storage_channel_is_unmetered_within_a_second() -> None:
    rig = Rig()
    await rig.time.run(gather([rig.arrive("used", -5, items=20)]))
    waiting = rig.arrive("waiting", -5)
    await rig.time.advance(10.0)
    rig.unmetered.add(-5)
    await rig.time.run(gather([waiting]))
    assert rig.times("waiting")[0] <= 11.0


async def test_waiting_for_the_rate_limit_is_not_bounded() -> None:
    rig = Rig(rate=1.0, bulk=1.0)
    await rig.time.run(gather([rig.arrive(f"{n}", n + 1) for n in range(100)]))
    assert rig.time.passed == pytest.approx(99.0)


async def test_unmetered_calls_wait_for_nothing_but_their_chats_pause() -> None:
    rig = Rig(rate=1.0, bulk=1.0)
    await rig.time.run(gather([rig.arrive("hit", 1)]))
    rig.scheduler.pause(rig.calls["hit"], 7.5)
    free = rig.scheduler.new_call(Lane.INTERACTIVE, 2, 0)
    await rig.time.run(rig.scheduler.wait_out_pause(free))
    assert rig.time.passed == 0.0
    held = rig.scheduler.new_call(Lane.INTERACTIVE, 1, 0)
    await rig.time.run(rig.scheduler.wait_out_pause(held))
    assert rig.time.passed == pytest.approx(7.5)
    rig.scheduler.pause(held, 61.0)
    with pytest.raises(PausedTooLong):
        await rig.time.run(rig.scheduler.wait_out_pause(held))


LANES = st.sampled_from(list(Lane))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.integers(-3, 6), LANES, st.sampled_from([0, 1, 1, 1, 10])),
        st.tuples(st.just("cancel"), st.integers(0, 60), LANES, st.just(0)),
        st.tuples(st.just("pause"), st.integers(0, 60), LANES, st.integers(1, 12)),
        st.tuples(st.just("advance"), st.integers(1, 40), LANES, st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 5))
def test_in_any_sequence_the_limit_and_the_order_hold_and_every_call_ends(
    steps: list[tuple[str, int, Lane, int]], seed: int
) -> None:
    asyncio.run(play(steps, random.Random(seed)))


async def play(steps: list[tuple[str, int, Lane, int]], rng: random.Random) -> None:
    rig = Rig(rate=4.0, bulk=3.0)
    tasks: list[asyncio.Task[None]] = []
    paused: list[tuple[float, float, ChatKey | None]] = []
    for what, number, lane, amount in steps:
        if what == "arrive":
            tasks.append(rig.arrive(str(len(tasks)), number or None, lane, amount))
        elif what == "cancel" and tasks:
            tasks[number % len(tasks)].cancel()
        elif what == "pause" and rig.started:
            call = rig.calls[rng.choice(rig.order)]
            rig.scheduler.pause(call, float(amount))
            if call.chat is not None:
                paused.append((rig.time.passed, rig.time.passed + amount, call.chat))
        elif what == "advance":
            await rig.time.advance(number / 10)
        if rng.random() < 0.7:
            await rig.time.settle()
    await rig.time.advance(600.0)
    assert all(task.done() for task in tasks)
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(end is None or isinstance(end, PausedTooLong | asyncio.CancelledError) for end in ends)
    rig.assert_nothing_left()
    starts = [at for at, _ in rig.started]
    assert all(later - earlier >= 1.0 - 0.002 for earlier, later in zip(starts, starts[4:], strict=False))
    for lane in Lane:
        for chat in {call.chat for call in rig.calls.values() if call.chat is not None}:
            numbers = [int(n) for n in rig.order if rig.calls[n].chat == chat and rig.calls[n].lane is lane]
            assert numbers == sorted(numbers)
    for at, name in rig.started:
        assert not any(
            since + 0.002 < at < until - 0.002 and chat == rig.calls[name].chat for since, until, chat in paused
        )
