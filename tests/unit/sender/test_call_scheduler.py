"""Whose turn it is, in virtual time and without aiogram."""

import asyncio
import contextlib
import itertools
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sender.call_scheduler import CallScheduler, PausedTooLong
from sender.lane_queue import Call
from sender.lanes import Lane
from sender.limits import ChatKey
from tests.unit.sender.virtual import VirtualTime


class Desk:
    """Turns in virtual time, and a note of who started when."""

    def __init__(self, rate: float = 30.0, bulk: float = 29.0) -> None:
        self.time = VirtualTime()
        self.unmetered: set[int] = set()
        self.turns = CallScheduler(rate, bulk, self.time, unmetered_chats=self.unmetered)
        self.started: list[tuple[float, str]] = []
        self.calls: dict[str, Call] = {}

    def arrive(
        self, name: str, chat: ChatKey | None, lane: Lane = Lane.INTERACTIVE, items: int = 1
    ) -> "asyncio.Task[None]":
        call = self.calls[name] = self.turns.new_call(lane, chat, items)
        return asyncio.ensure_future(self.go(name, call))

    async def go(self, name: str, call: Call) -> None:
        if not self.turns.start_now(call):
            await self.turns.wait(call)
        self.started.append((round(self.time.passed, 3), name))

    def times(self, *names: str) -> list[float]:
        told = {name: at for at, name in self.started}
        return [told[name] for name in names]

    @property
    def order(self) -> list[str]:
        return [name for _, name in self.started]

    @property
    def waiting(self) -> int:
        return sum(self.turns.waiting(lane) for lane in Lane)

    def assert_nothing_left(self) -> None:
        assert self.waiting == 0
        assert self.time.sleeping == 0
        assert not self.turns._naps


async def gather(tasks: "list[asyncio.Task[None]]") -> None:
    await asyncio.gather(*tasks)


async def test_a_hundred_people_are_answered_as_fast_as_the_ceiling_allows() -> None:
    desk = Desk(rate=30.0)
    await desk.time.run(gather([desk.arrive(f"{n}", n + 1) for n in range(100)]))
    assert desk.order == [str(n) for n in range(100)]
    assert Counter(at for at, _ in desk.started) == {0.0: 30, 1.0: 30, 2.0: 30, 3.0: 10}
    desk.assert_nothing_left()


async def test_bulk_alone_goes_evenly_at_its_rate() -> None:
    desk = Desk(rate=30.0, bulk=29.0)
    await desk.time.run(gather([desk.arrive(f"{n}", n + 1, Lane.BULK) for n in range(290)]))
    assert desk.time.passed == pytest.approx(10.0, abs=0.15)
    starts = [at for at, _ in desk.started]
    assert max(later - earlier for earlier, later in itertools.pairwise(starts)) < 0.05


async def test_bulk_takes_what_people_leave_of_the_ceiling() -> None:
    desk = Desk(rate=30.0, bulk=29.0)

    async def people() -> None:
        for n in range(100):
            desk.arrive(f"person {n}", 10_000 + n)
            await desk.time.sleep(0.1)

    for n in range(400):
        desk.arrive(f"bulk {n}", n + 1, Lane.BULK)
    await desk.time.run(people())
    before = [name for at, name in desk.started if at < 10.0]
    assert sum(name.startswith("person") for name in before) == 100
    assert sum(name.startswith("bulk") for name in before) == pytest.approx(200, abs=10)


async def test_people_never_wait_behind_bulk_for_more_than_one_slot() -> None:
    desk = Desk(rate=30.0, bulk=29.0)
    for n in range(500):
        desk.arrive(f"bulk {n}", n + 1, Lane.BULK)
    await desk.time.advance(5.0)
    asked_at = desk.time.passed
    await desk.time.run(gather([desk.arrive(f"person {n}", 10_000 + n) for n in range(20)]))
    waits = [at - asked_at for at, name in desk.started if name.startswith("person")]
    assert waits[0] == 0.0
    assert max(waits) <= 20 / 29.0 + 0.01
    bulk_between = [name for at, name in desk.started if asked_at < at < asked_at + max(waits) and "bulk" in name]
    assert bulk_between == []


async def test_deletions_go_before_bulk_and_after_people() -> None:
    desk = Desk(rate=1.0, bulk=1.0)
    desk.arrive("first", 1)
    await desk.time.settle()
    tasks = [
        desk.arrive("bulk", 2, Lane.BULK),
        desk.arrive("deletion", 3, Lane.DELETION, items=0),
        desk.arrive("person", 4),
    ]
    await desk.time.run(gather(tasks))
    assert desk.order == ["first", "person", "deletion", "bulk"]


async def test_a_wave_of_deletions_leaves_room_for_people() -> None:
    desk = Desk(rate=30.0, bulk=29.0)
    for n in range(200):
        desk.arrive(f"deletion {n}", n + 1, Lane.DELETION, items=0)
    await desk.time.advance(0.5)
    asked_at = desk.time.passed
    await desk.time.run(gather([desk.arrive("person", 9999)]))
    assert desk.times("person")[0] - asked_at < 0.05


async def test_a_chat_gets_five_at_once_and_then_one_a_second_in_order() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive(f"{n}", 7) for n in range(8)]))
    assert [at for at, _ in desk.started] == [0.0] * 5 + [1.0, 2.0, 3.0]
    assert desk.order == [str(n) for n in range(8)]


async def test_a_full_chat_does_not_hold_other_chats() -> None:
    desk = Desk()
    for n in range(8):
        desk.arrive(f"{n}", 7)
    await desk.time.run(gather([desk.arrive("other", 8)]))
    assert desk.times("other") == [0.0]


async def test_bulk_to_one_chat_is_a_second_apart() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive(f"{n}", 7, Lane.BULK) for n in range(4)]))
    assert [at for at, _ in desk.started] == [0.0, 1.0, 2.0, 3.0]


async def test_a_deletion_is_no_message_but_keeps_its_place_in_the_chat() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive(f"{n}", 7) for n in range(5)]))
    await desk.time.run(gather([desk.arrive("deletion", 7, items=0)]))
    assert desk.times("deletion") == [0.0]
    await desk.time.run(gather([desk.arrive("text", 7), desk.arrive("deletion 2", 7, items=0)]))
    assert desk.times("text", "deletion 2") == [1.0, 1.0]
    assert desk.order[-2:] == ["text", "deletion 2"]


async def test_a_group_gets_twenty_items_a_minute() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive(f"{n}", -100, items=10) for n in range(3)]))
    assert desk.times("0", "1", "2") == [0.0, 0.0, 60.0]
    await desk.time.run(gather([desk.arrive("hundred", -200, items=100), desk.arrive("next", -200)]))
    first, following = desk.times("hundred", "next")
    assert following - first == pytest.approx(60.0)


async def test_the_storage_channel_has_no_limit_of_its_own_but_is_paused_like_any_chat() -> None:
    desk = Desk()
    desk.unmetered.add(-100)
    await desk.time.run(gather([desk.arrive(f"{n}", -100, items=10) for n in range(25)]))
    assert desk.time.passed == 0.0
    desk.turns.pause(desk.calls["0"], 5.0)
    await desk.time.run(gather([desk.arrive("after", -100)]))
    assert desk.times("after") == [5.0]


async def test_the_storage_channel_keeps_the_bots_ceiling() -> None:
    desk = Desk(rate=30.0)
    desk.unmetered.add(-100)
    await desk.time.run(gather([desk.arrive(f"{n}", -100, items=10) for n in range(31)]))
    assert desk.times("29", "30") == [0.0, 1.0]


async def test_one_copy_of_a_hundred_messages_is_one_call_for_the_bot() -> None:
    desk = Desk(rate=30.0)
    await desk.time.run(gather([desk.arrive(f"{n}", n + 1, items=100) for n in range(30)]))
    assert desk.time.passed == 0.0


async def test_a_pause_holds_its_chat_and_bulk_but_nobody_else() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive("hit", 1)]))
    assert desk.turns.pause(desk.calls["hit"], 5.0)
    tasks = [
        desk.arrive("same chat", 1),
        desk.arrive("other chat", 2),
        desk.arrive("deletion elsewhere", 3, Lane.DELETION, items=0),
        desk.arrive("bulk elsewhere", 4, Lane.BULK),
    ]
    await desk.time.run(gather(tasks))
    names = ("other chat", "deletion elsewhere", "same chat", "bulk elsewhere")
    assert desk.times(*names) == pytest.approx([0.0, 0.0, 5.0, 5.0], abs=0.1)


async def test_a_pause_that_arrives_while_many_wait_holds_every_one_of_them() -> None:
    desk = Desk()
    tasks = [desk.arrive(f"{n}", 7) for n in range(20)]
    await desk.time.advance(2.5)
    assert len(desk.started) == 7
    desk.turns.pause(desk.calls["6"], 30.0)
    await desk.time.advance(29.9)
    assert len(desk.started) == 7
    await desk.time.run(gather(tasks))
    assert [at for at, _ in desk.started[7:]] == pytest.approx([32.5 + n for n in range(13)])
    assert desk.order == [str(n) for n in range(20)]
    desk.assert_nothing_left()


async def test_a_restored_pause_holds_its_chat_and_bulk_and_leaves_the_rate() -> None:
    desk = Desk()
    desk.turns.restore(1, 5.0)
    tasks = [
        desk.arrive("same chat", 1),
        desk.arrive("other chat", 2),
        desk.arrive("deletion elsewhere", 3, Lane.DELETION, items=0),
        desk.arrive("bulk elsewhere", 4, Lane.BULK),
    ]
    await desk.time.run(gather(tasks))
    names = ("other chat", "deletion elsewhere", "same chat", "bulk elsewhere")
    assert desk.times(*names) == pytest.approx([0.0, 0.0, 5.0, 5.0], abs=0.1)
    assert desk.turns.bulk_rate == 29.0
    desk.assert_nothing_left()


async def test_the_first_429_after_a_restored_pause_halves_the_rate() -> None:
    desk = Desk(bulk=28.0)
    desk.turns.restore(1, 5.0)
    await desk.time.run(gather([desk.arrive("hit", 2)]))
    desk.turns.pause(desk.calls["hit"], 5.0)
    assert desk.turns.bulk_rate == 14.0


@pytest.mark.parametrize("pauses", [(30.0, 3.0), (3.0, 30.0)])
async def test_of_a_restored_pause_and_a_new_one_the_later_end_counts(pauses: tuple[float, float]) -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive("hit", 7)]))
    desk.turns.pause(desk.calls["hit"], pauses[0])
    desk.turns.restore(7, pauses[1])
    await desk.time.run(gather([desk.arrive("next", 7)]))
    assert desk.times("next") == [30.0]


@pytest.mark.parametrize("left_s", [0.0, -5.0])
async def test_a_pause_with_nothing_left_is_none(left_s: float) -> None:
    desk = Desk()
    desk.turns.restore(7, left_s)
    await desk.time.run(gather([desk.arrive(f"{n}", 7) for n in range(5)]))
    assert desk.times("0", "4") == [0.0, 0.0]
    assert desk.turns.chats_remembered == 1


async def test_a_restored_pause_longer_than_a_lane_waits_is_told_at_once() -> None:
    desk = Desk()
    desk.turns.restore(7, 60.1)
    with pytest.raises(PausedTooLong) as told:
        await desk.time.run(gather([desk.arrive("person", 7)]))
    assert told.value.seconds == pytest.approx(60.1)
    assert desk.time.passed == 0.0


async def test_a_restored_pause_holds_the_storage_channel_too() -> None:
    desk = Desk()
    desk.unmetered.add(-100)
    desk.turns.restore(-100, 5.0)
    await desk.time.run(gather([desk.arrive("copy", -100)]))
    assert desk.times("copy") == [5.0]


async def test_a_late_answer_never_shortens_or_lifts_a_pause() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive(f"{n}", 7) for n in range(3)]))
    desk.turns.pause(desk.calls["0"], 30.0)
    desk.turns.pause(desk.calls["1"], 3.0)
    await desk.time.run(gather([desk.arrive("next", 7)]))
    assert desk.times("next") == [30.0]


async def test_a_repeated_call_keeps_its_place_before_later_ones() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive("first", 7), desk.arrive("second", 7)]))
    later = desk.arrive("third", 7)
    first, second = desk.calls["first"], desk.calls["second"]
    desk.turns.pause(second, 4.0)
    again = [asyncio.ensure_future(desk.go("second", second))]
    desk.turns.pause(first, 4.0)
    fourth = desk.arrive("fourth", 7)
    again.append(asyncio.ensure_future(desk.go("first", first)))
    await desk.time.run(gather([*again, later, fourth]))
    assert desk.order == ["first", "second", "first", "second", "third", "fourth"]


async def test_a_call_backing_off_holds_later_calls_of_its_chat_only() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive("first", 7)]))
    first = desk.calls["first"]
    first.not_before = desk.time.at_s + 2.0
    again = asyncio.ensure_future(desk.go("again", first))
    await desk.time.settle()
    await desk.time.run(gather([again, desk.arrive("same", 7), desk.arrive("other", 8)]))
    assert desk.times("other", "again", "same") == [0.0, 2.0, 2.0]
    assert desk.order == ["first", "other", "again", "same"]


@pytest.mark.parametrize(("lane", "patience_s"), [(Lane.INTERACTIVE, 60.0), (Lane.DELETION, 10.0), (Lane.BULK, 10.0)])
async def test_each_lane_waits_for_a_pause_up_to_its_patience(lane: Lane, patience_s: float) -> None:
    for pause_s, is_told in ((patience_s, False), (patience_s + 0.1, True)):
        desk = Desk()
        await desk.time.run(gather([desk.arrive("hit", 1, lane)]))
        assert desk.turns.pause(desk.calls["hit"], pause_s) is not is_told
        caught = pytest.raises(PausedTooLong) if is_told else contextlib.nullcontext()
        with caught:
            await desk.time.run(gather([desk.arrive("next", 1, lane)]))
        assert desk.time.passed == (0.0 if is_told else pytest.approx(pause_s))
        desk.assert_nothing_left()


async def test_waiting_calls_that_will_not_wait_as_long_are_told_at_once() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive("hit", 1)]))
    waiting = [desk.arrive(f"{n}", 50, Lane.BULK) for n in range(5)]
    await desk.time.advance(0.5)
    desk.turns.pause(desk.calls["hit"], 40.0)
    patient = desk.arrive("person", 1)
    await desk.time.advance(1.0)
    assert desk.order == ["hit", "0"]
    assert all(isinstance(task.exception(), PausedTooLong) for task in waiting[1:])
    await desk.time.run(gather([patient]))
    assert desk.times("person") == [40.5]
    assert desk.turns.waiting(Lane.BULK) == 0
    desk.assert_nothing_left()


async def test_a_call_without_a_chat_waits_alone() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive("commands", None, items=0)]))
    assert desk.turns.pause(desk.calls["commands"], 20.0)
    again = asyncio.ensure_future(desk.go("again", desk.calls["commands"]))
    await desk.time.settle()
    others = [desk.arrive("other", None, items=0), desk.arrive("bulk", 3, Lane.BULK)]
    await desk.time.run(gather([*others, again]))
    assert desk.times("other", "bulk", "again") == pytest.approx([0.0, 0.0, 20.0], abs=0.1)
    assert desk.turns.bulk_rate == 29.0


async def test_an_incident_halves_the_bulk_rate_once_however_many_calls_report_it() -> None:
    desk = Desk(bulk=28.0)
    for n in range(10):
        desk.arrive(f"{n}", n + 1, Lane.BULK)
    await desk.time.advance(0.5)
    for n in range(10):
        desk.turns.pause(desk.calls[str(n)], 2.0)
    assert desk.turns.bulk_rate == 14.0
    await desk.time.advance(3.0)
    await desk.time.run(gather([desk.arrive("again", 50, Lane.BULK)]))
    desk.turns.pause(desk.calls["again"], 2.0)
    assert desk.turns.bulk_rate == 7.0
    await desk.time.advance(2.0 + 40.0)
    assert desk.turns.bulk_rate == 11.0


async def test_a_cancelled_call_leaves_no_ghost_and_spends_nothing() -> None:
    desk = Desk(rate=1.0, bulk=1.0)
    tasks = [desk.arrive(f"{n}", n + 1) for n in range(6)]
    await desk.time.settle()
    for n in (1, 3):
        tasks[n].cancel()
    await desk.time.settle()
    assert desk.waiting == 3
    rest = [task for n, task in enumerate(tasks) if n not in (1, 3)]
    await desk.time.run(gather(rest))
    assert desk.started == [(0.0, "0"), (1.0, "2"), (2.0, "4"), (3.0, "5")]
    desk.assert_nothing_left()


async def test_cancelling_the_one_that_sleeps_hands_the_sleeping_on() -> None:
    desk = Desk(rate=1.0, bulk=1.0)
    first, sleeper, *rest = [desk.arrive(f"{n}", n + 1) for n in range(4)]
    await desk.time.settle()
    assert list(desk.turns._naps) == [desk.calls["1"]]
    sleeper.cancel()
    await desk.time.settle()
    assert list(desk.turns._naps) == [desk.calls["2"]]
    await desk.time.run(gather([first, *rest]))
    assert desk.order == ["0", "2", "3"]
    desk.assert_nothing_left()


async def test_a_call_cancelled_in_the_instant_of_its_turn_passes_the_turn_on() -> None:
    desk = Desk(rate=1.0, bulk=1.0)
    desk.arrive("first", 1)
    deletion = desk.arrive("deletion", 2, Lane.DELETION, items=0)
    cancelled, person = desk.arrive("cancelled", 3), desk.arrive("person", 4)
    await desk.time.settle()
    cancelled.cancel()
    desk.time.at_s += 1.0
    desk.turns._look()
    await desk.time.run(gather([person, deletion]))
    assert desk.times("person", "deletion") == [1.0, 2.0]
    desk.assert_nothing_left()


async def test_a_call_freed_by_anothers_leaving_goes_at_once() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive("used", -5, items=15)]))
    album, text = desk.arrive("album", -5, items=10), desk.arrive("text", -5)
    await desk.time.advance(10.0)
    assert desk.order == ["used"]
    album.cancel()
    await desk.time.run(gather([text]))
    assert desk.times("text") == [10.0]
    desk.assert_nothing_left()


async def test_a_channel_that_becomes_the_storage_channel_is_free_within_a_nap() -> None:
    desk = Desk()
    await desk.time.run(gather([desk.arrive("used", -5, items=20)]))
    waiting = desk.arrive("waiting", -5)
    await desk.time.advance(10.0)
    desk.unmetered.add(-5)
    await desk.time.run(gather([waiting]))
    assert desk.times("waiting")[0] <= 11.0


async def test_patience_is_for_pauses_and_not_for_a_busy_bot() -> None:
    desk = Desk(rate=1.0, bulk=1.0)
    await desk.time.run(gather([desk.arrive(f"{n}", n + 1) for n in range(100)]))
    assert desk.time.passed == pytest.approx(99.0)


async def test_unmetered_calls_wait_for_nothing_but_their_chats_pause() -> None:
    desk = Desk(rate=1.0, bulk=1.0)
    await desk.time.run(gather([desk.arrive("hit", 1)]))
    desk.turns.pause(desk.calls["hit"], 7.5)
    free = desk.turns.new_call(Lane.INTERACTIVE, 2, 0)
    await desk.time.run(desk.turns.wait_out_pause(free))
    assert desk.time.passed == 0.0
    held = desk.turns.new_call(Lane.INTERACTIVE, 1, 0)
    await desk.time.run(desk.turns.wait_out_pause(held))
    assert desk.time.passed == pytest.approx(7.5)
    desk.turns.pause(held, 61.0)
    with pytest.raises(PausedTooLong):
        await desk.time.run(desk.turns.wait_out_pause(held))


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
def test_whatever_happens_the_ceiling_holds_order_is_kept_and_nobody_is_forgotten(
    steps: list[tuple[str, int, Lane, int]], seed: int
) -> None:
    asyncio.run(play(steps, random.Random(seed)))


async def play(steps: list[tuple[str, int, Lane, int]], rng: random.Random) -> None:
    desk = Desk(rate=4.0, bulk=3.0)
    tasks: list[asyncio.Task[None]] = []
    paused: list[tuple[float, float, ChatKey | None]] = []
    for what, number, lane, amount in steps:
        if what == "arrive":
            tasks.append(desk.arrive(str(len(tasks)), number or None, lane, amount))
        elif what == "cancel" and tasks:
            tasks[number % len(tasks)].cancel()
        elif what == "pause" and desk.started:
            call = desk.calls[rng.choice(desk.order)]
            desk.turns.pause(call, float(amount))
            if call.key is not None:
                paused.append((desk.time.passed, desk.time.passed + amount, call.key))
        elif what == "advance":
            await desk.time.advance(number / 10)
        if rng.random() < 0.7:
            await desk.time.settle()
    await desk.time.advance(600.0)
    assert all(task.done() for task in tasks)
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(end is None or isinstance(end, PausedTooLong | asyncio.CancelledError) for end in ends)
    desk.assert_nothing_left()
    starts = [at for at, _ in desk.started]
    assert all(later - earlier >= 1.0 - 0.002 for earlier, later in zip(starts, starts[4:], strict=False))
    for lane in Lane:
        for key in {call.key for call in desk.calls.values() if call.key is not None}:
            numbers = [int(n) for n in desk.order if desk.calls[n].key == key and desk.calls[n].lane is lane]
            assert numbers == sorted(numbers)
    for at, name in desk.started:
        assert not any(
            since + 0.002 < at < until - 0.002 and key == desk.calls[name].key for since, until, key in paused
        )
