"""Refusals of one chat concern that chat; of two at the same time the bot. On virtual time, without aiogram."""

import asyncio
import contextlib

import pytest

from sender.lanes import Lane
from sender.limiting.bot_flood import ANSWER_S, BELIEVED_S
from sender.limiting.call_scheduler import CallScheduler, PausedTooLong
from sender.limiting.lane_queue import ApiCall
from sender.limiting.limits import EVERY_CHAT, ChatKey
from tests.unit.sender.virtual import VirtualTime


class Door:
    """A scheduler on virtual time. Calls that started have no answer until `answer` or `refuse`."""

    def __init__(self, rate: float = 30.0, bulk: float = 29.0) -> None:
        self.time = VirtualTime()
        self.scheduler = CallScheduler(rate, bulk, self.time, unmetered_chats=set())
        self.started: list[tuple[float, ApiCall]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def call(self, chat: ChatKey | None, lane: Lane) -> None:
        call = self.scheduler.new_call(lane, chat, 0)
        if not self.scheduler.start_now(call):
            await self.scheduler.wait(call)
        self.started.append((round(self.time.passed, 3), call))

    async def arrive(self, *chats: ChatKey | None, lane: Lane = Lane.INTERACTIVE) -> None:
        self.tasks += [asyncio.ensure_future(self.call(chat, lane)) for chat in chats]
        await self.time.settle()

    def last(self, chat: ChatKey | None = None) -> ApiCall:
        return next(call for _, call in reversed(self.started) if chat in (None, call.chat))

    def refuse(self, chat: ChatKey, wait_s: float) -> bool:
        call = self.last(chat)
        waits = self.scheduler.pause(call, wait_s)
        self.scheduler.ended(call, is_ok=False)
        return waits

    def answer(self, chat: ChatKey | None = None, *, is_ok: bool = True) -> None:
        self.scheduler.ended(self.last(chat), is_ok=is_ok)

    async def storm(self, wait_s: float = 8.0) -> None:
        """Start an incident: chats 1 and 2 are refused."""
        await self.arrive(1, 2)
        self.refuse(1, wait_s)
        self.refuse(2, wait_s)

    async def begin_again(self, since: float) -> None:
        """Let `since` pass and three calls succeed."""
        await self.time.advance(since)
        await self.arrive(901, 902, 903)
        for chat in (901, 902, 903):
            await self.time.advance(0.2)
            self.answer(chat)

    def times(self, *chats: ChatKey) -> list[float]:
        return [at for at, call in self.started if call.chat in chats]

    @property
    def is_paused(self) -> bool:
        return self.scheduler.bot_paused_s > 0

    @property
    def ceiling(self) -> float:
        return self.scheduler._ceiling.rate(self.time.at_s)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        ends = await asyncio.gather(*self.tasks, return_exceptions=True)
        assert all(end is None or isinstance(end, PausedTooLong | asyncio.CancelledError) for end in ends)
        assert self.time.sleeping == 0
        assert [self.scheduler.waiting(lane) for lane in Lane] == [0, 0, 0]


# one chat


async def test_one_chat_that_is_refused_again_and_again_is_not_the_bot() -> None:
    door = Door()
    await door.arrive(1, 1, 1)
    for _ in range(3):
        door.refuse(1, 8.0)
    assert not door.is_paused
    await door.arrive(2)
    assert door.times(2) == [0.0]
    assert door.ceiling == 30.0
    await door.close()


async def test_two_chats_refused_more_than_five_seconds_apart_are_not_the_bot() -> None:
    door = Door()
    await door.arrive(1, 2)
    door.refuse(1, 8.0)
    await door.time.advance(5.01)
    door.refuse(2, 8.0)
    assert not door.is_paused
    await door.close()


@pytest.mark.parametrize("wait_s", [10_072.0, 61.0])
async def test_a_long_wait_of_one_chat_holds_bulk_for_a_minute(wait_s: float) -> None:
    door = Door()
    await door.arrive(7)
    door.refuse(7, wait_s)
    with pytest.raises(PausedTooLong) as caught:
        await door.call(8, Lane.BULK)
    assert caught.value.seconds == pytest.approx(60.0)
    await door.time.advance(60.0)
    await door.arrive(8, lane=Lane.BULK)
    assert door.times(8) == [60.0]
    with pytest.raises(PausedTooLong) if wait_s > 100 else contextlib.nullcontext():
        await door.time.run(door.call(7, Lane.DELETION))
    await door.close()


async def test_a_chat_refused_for_three_seconds_each_twenty_leaves_bulk_nine_tenths_of_its_rate() -> None:
    door = Door(bulk=29.3)
    sent = 0

    async def bulk(chat: int) -> None:
        nonlocal sent
        while True:
            chat += 1
            try:
                await door.call(chat, Lane.BULK)
            except PausedTooLong as paused:
                await door.time.sleep(paused.seconds)
                continue
            sent += 1

    door.tasks += [asyncio.ensure_future(bulk(1_000_000 * n)) for n in range(1, 7)]
    for _ in range(60):
        await door.time.advance(19.0)
        await door.arrive(7)
        await door.time.advance(1.0)
        door.refuse(7, 3.0)
    await door.close()
    assert sent / 1200 >= 0.9 * 29.3


async def test_one_chat_halves_the_bulk_rate_once_and_another_one_halves_it_again() -> None:
    door = Door(bulk=28.0)
    for at in range(3):
        await door.arrive(7)
        door.refuse(7, 1.0)
        await door.time.advance(6.0)
        assert (at, door.scheduler.bulk_rate) == (at, 14.0) or door.scheduler.bulk_rate == 15.0
    await door.arrive(8)
    door.refuse(8, 1.0)
    assert door.scheduler.bulk_rate == 7.5
    assert door.ceiling == 30.0
    await door.close()


# the bot


async def test_refusals_of_two_chats_hold_every_lane_until_the_shortest_wait_is_over() -> None:
    door = Door()
    await door.arrive(1, 2)
    door.refuse(1, 9.0)
    await door.time.advance(4.9)
    door.refuse(2, 30.0)
    assert door.is_paused
    await door.arrive(3)
    await door.arrive(4, lane=Lane.DELETION)
    await door.time.advance(4.09)
    assert door.times(3, 4) == []
    await door.time.advance(0.02)
    assert door.times(3, 4) == [9.0]
    await door.close()


async def test_calls_in_flight_can_only_shorten_the_wait() -> None:
    door = Door()
    await door.arrive(1, 2, 3, 4)
    for chat, wait_s in ((1, 8.0), (2, 9.0), (3, 50.0), (4, 4.0)):
        door.refuse(chat, wait_s)
    assert door.scheduler.bot_paused_s == pytest.approx(4.0)
    await door.close()


async def test_afterwards_one_call_at_a_time_starts_until_three_have_succeeded() -> None:
    door = Door()
    await door.storm(8.0)
    await door.arrive(*range(10, 20))
    await door.time.advance(8.5)
    assert door.times(*range(10, 20)) == [8.0]
    for at in (1, 2):
        await door.time.advance(0.5)
        door.answer()
        await door.time.settle()
        assert len(door.times(*range(10, 20))) == 1 + at
    door.answer()
    await door.time.advance(1.0)
    assert len(door.times(*range(10, 20))) == 10
    await door.close()


async def test_a_call_without_success_among_them_lets_the_next_go_and_counts_for_nothing() -> None:
    door = Door()
    await door.storm(8.0)
    await door.arrive(*range(10, 30))
    await door.time.advance(8.5)
    for _ in range(8):
        await door.time.advance(1.0)
        door.answer(is_ok=False)
        await door.time.settle()
    assert len(door.times(*range(10, 30))) == 9
    await door.close()


async def test_a_call_that_gets_no_answer_holds_the_next_one_for_ten_seconds() -> None:
    door = Door()
    await door.storm(8.0)
    await door.arrive(10, 11)
    await door.time.advance(8.0 + ANSWER_S + 0.1)
    assert door.times(10, 11) == [8.0, 8.0 + ANSWER_S]
    await door.close()


async def test_a_call_cancelled_as_it_starts_lets_the_next_one_start() -> None:
    door = Door()
    await door.storm(8.0)
    await door.arrive(10, 11)
    door.time.at_s += 8.0
    door.scheduler._start_due()
    next(task for task in door.tasks if not task.done()).cancel()
    await door.time.advance(0.1)
    assert door.times(10, 11) == [8.0]
    await door.close()


async def test_a_refused_one_among_them_begins_a_new_wait_as_long_as_it_was_told() -> None:
    door = Door()
    await door.storm(8.0)
    await door.arrive(10, 11)
    await door.time.advance(8.0)
    door.refuse(10, 40.0)
    await door.time.advance(39.9)
    assert door.times(11) == []
    await door.time.advance(0.2)
    assert door.times(10, 11) == [8.0, 48.0]
    await door.close()


async def test_a_wait_of_more_than_a_minute_counts_for_the_bot_when_a_second_chat_is_told_the_same() -> None:
    door = Door()
    await door.storm(8.0)
    await door.arrive(10, 11, 12)
    await door.time.advance(8.0)
    door.refuse(10, BELIEVED_S + 3600.0)
    await door.time.advance(0.1)
    assert door.times(11) == [8.0 + 1 / 15] or len(door.times(11)) == 1
    assert not door.is_paused
    door.refuse(11, BELIEVED_S + 600.0)
    assert door.scheduler.bot_paused_s == pytest.approx(BELIEVED_S + 600.0)
    await door.close()


async def test_a_long_wait_of_one_chat_after_the_incident_began_does_not_stop_the_bot() -> None:
    door = Door()
    await door.storm(8.0)
    await door.arrive(10, 11, 12, 13)
    await door.time.advance(8.0)
    door.refuse(10, 10_072.0)
    for chat in (11, 12, 13):
        await door.time.advance(0.2)
        door.answer(chat)
    await door.arrive(14, 15)
    await door.time.advance(0.2)
    assert len(door.times(14, 15)) == 2
    await door.close()


async def test_two_hundred_chats_that_refuse_at_once_are_one_incident() -> None:
    door = Door(rate=300.0, bulk=290.0)
    await door.arrive(*range(1, 201))
    await door.time.advance(1.0)
    assert len(door.started) == 200
    for chat in range(1, 201):
        door.refuse(chat, 3.0 + chat % 7)
    assert door.ceiling == pytest.approx(150.0)
    assert door.scheduler.bot_paused_s == pytest.approx(3.0)
    await door.begin_again(3.5)
    assert not door.scheduler._flood.is_on
    await door.close()


async def test_each_incident_halves_the_ceiling_once_and_it_grows_by_one_each_ten_seconds() -> None:
    door = Door()
    await door.storm(8.0)
    assert door.ceiling == 15.0
    await door.begin_again(20.0)
    assert door.ceiling == 15.0
    await door.time.advance(29.9)
    assert door.ceiling == 17.0
    await door.time.advance(0.2)
    assert door.ceiling == 18.0
    await door.arrive(31, 32)
    door.refuse(31, 2.0)
    door.refuse(32, 2.0)
    assert door.ceiling == 9.0
    await door.begin_again(2.0)
    await door.time.advance(300.0)
    assert door.ceiling == 30.0
    await door.close()


async def test_a_late_refusal_of_a_call_from_before_the_incidents_end_begins_no_new_one() -> None:
    door = Door()
    await door.arrive(51, 52)
    await door.storm(2.0)
    await door.begin_again(2.0)
    assert not door.scheduler._flood.is_on
    door.refuse(51, 8.0)
    door.refuse(52, 8.0)
    assert not door.is_paused
    assert door.ceiling == 15.0
    await door.close()


async def test_a_bots_long_wait_refuses_calls_at_once_that_do_not_wait_as_long() -> None:
    door = Door()
    await door.arrive(1, 2)
    await door.arrive(*[7] * 40, lane=Lane.DELETION)
    assert door.scheduler.waiting(Lane.DELETION) > 0
    door.refuse(1, 11.0)
    door.refuse(2, 11.0)
    assert door.scheduler.waiting(Lane.DELETION) == 0
    await door.arrive(9)
    assert door.scheduler.waiting(Lane.INTERACTIVE) == 1
    for lane in (Lane.DELETION, Lane.BULK):
        with pytest.raises(PausedTooLong):
            await door.call(8, lane)
    await door.close()


async def test_reading_calls_wait_for_the_bots_pause_and_their_turn_too() -> None:
    door = Door()
    await door.storm(8.0)
    read_at: list[float] = []

    async def read() -> None:
        call = door.scheduler.new_call(Lane.INTERACTIVE, 7, 0)
        await door.scheduler.wait_out_pause(call)
        read_at.append(door.time.passed)
        door.scheduler.ended(call, is_ok=True)

    door.tasks += [asyncio.ensure_future(read()) for _ in range(3)]
    await door.time.advance(7.9)
    assert read_at == []
    await door.time.advance(1.0)
    assert len(read_at) == 3
    await door.close()


# another process


async def test_a_bots_pause_of_another_process_is_heeded_like_one_of_its_own() -> None:
    door = Door()
    door.scheduler.restore(EVERY_CHAT, 6.0)
    await door.arrive(1, 2, 3)
    await door.time.advance(6.1)
    assert door.times(1, 2, 3) == [6.0]
    assert door.ceiling == 15.0
    await door.close()


async def test_of_the_ends_of_a_bots_pause_the_newest_word_counts() -> None:
    door = Door()
    await door.storm(8.0)
    door.scheduler.restore(EVERY_CHAT, 20.0)
    assert door.scheduler.bot_paused_s == pytest.approx(20.0)
    door.scheduler.restore(EVERY_CHAT, 3.0)
    assert door.scheduler.bot_paused_s == pytest.approx(3.0)
    assert door.ceiling == 15.0
    await door.close()
