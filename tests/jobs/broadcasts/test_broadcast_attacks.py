"""Broadcasts under attack: answers that are lost, processes that come back, wishes at the worst instant."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiogram.types import MessageId

from core.broadcasts import Broadcast, BroadcastStatus
from core.days import start_of_day
from core.errors import StoreRefused, StoreUnavailable
from core.jobs import JobOutcome
from database.collection import Collection
from database.operations import broadcast_ops, broadcast_rows, lease_ops, segments, statistics_ops, user_ops
from schedulers import create_broadcast_deleter_scheduler
from schedulers.jobs import broadcast_sending
from schedulers.jobs.broadcast_calls import NotArrived, RecipientCalls
from schedulers.jobs.broadcast_sender import NAME, BroadcastSender
from schedulers.leases import TTL
from schedulers.polling import PolledJob
from schedulers.runner import Run, Runner
from sender.lanes import Lane
from tests.house import STORAGE, House
from tests.jobs.broadcasts.broadcasts import (
    Interruption,
    copies,
    now_of,
    planned,
    send,
    sender,
    states,
    stored,
    subscribers,
    yielding,
)
from user_bot.news import turn_off

_METHODS = (
    "find_one",
    "find",
    "insert_one",
    "insert_many",
    "update_one",
    "update_many",
    "find_one_and_update",
    "count",
    "delete_many",
)


class LostAnswers:
    """The server did it, and the connection broke before it said so: once, at the `at`-th call (from 1)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 0
        self.calls = 0
        self.lost: str | None = None
        for method in _METHODS:
            monkeypatch.setattr(Collection, method, self._lossy(getattr(Collection, method)))

    def begin(self, at: int) -> None:
        self.at, self.calls, self.lost = at, 0, None

    def end(self) -> str | None:
        """Lose no more; what was lost, None when there were fewer calls."""
        self.at = 0
        return self.lost

    def _lossy(self, real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def lossy(collection: Collection, *arguments: Any, **options: Any) -> Any:
            answer = await real(collection, *arguments, **options)
            self.calls += 1
            if self.calls == self.at:
                self.lost = f"{real.__name__} {collection.name}"
                raise StoreUnavailable(f"the answer to {self.lost} was lost")
            return answer

        return lossy


async def until_it_ends(house: House, broadcast: Broadcast) -> Broadcast:
    for _ in range(4):
        if (await now_of(broadcast)).finished_at is not None:
            return await now_of(broadcast)
        await house.advance(seconds=31)
        await send(house)
    raise AssertionError("it never ends")


@pytest.fixture(autouse=True)
def at_telegrams_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The house has no ceiling to speak of; as few calls line up as do at 30 a second."""
    monkeypatch.setattr(broadcast_sending, "AHEAD_S", 0.0)
    monkeypatch.setattr(broadcast_sending, "ON_THEIR_WAY_S", 0.0)


async def test_any_answer_of_the_database_may_be_lost_while_it_is_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await subscribers(house, 3)
    monkeypatch.setattr(broadcast_sending, "PAGE", 2)
    await house.world.fault("error", method="copyMessage", chat_id=people[0], times=2000, status=403,
                            description="Forbidden: bot was blocked by the user")  # fmt: skip
    # they block it for each of them anew
    monkeypatch.setattr(user_ops, "mark_blocked", _nothing)
    lost = LostAnswers(monkeypatch)
    wanted = dict(zip(people, ("blocked", "sent", "sent"), strict=True))
    seen: list[str] = []
    for at in range(1, 100):
        broadcast = await planned(house, [await stored(house, f"news {at}")], key=f"attack {at}")
        lost.begin(at)
        await send(house)
        was_lost = lost.end()
        ended = await until_it_ends(house, broadcast)
        if was_lost is None:
            break
        seen.append(was_lost)
        assert await states(broadcast) == wanted, was_lost
        assert ended.counts == {"sent": 2, "blocked": 1}, was_lost
        assert [await copies(house, person, f"news {at}") for person in people] == [0, 1, 1], was_lost
    assert len(set(seen)) > 8, seen


async def _nothing(*_: object) -> None:
    return None


async def test_any_answer_of_the_database_may_be_lost_while_it_is_taken_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await subscribers(house, 2)
    lost = LostAnswers(monkeypatch)
    seen: list[str] = []
    day = start_of_day(house.base.clock.now(), house.base.settings.zone)
    for at in range(1, 100):
        broadcast = await planned(house, [await stored(house, f"news {at}")], key=f"attack {at}")
        await send(house)
        assert await broadcast_ops.request_recall(broadcast.id, house.base.clock.now())
        lost.begin(at)
        await recall(house)
        was_lost = lost.end()
        for _ in range(3):
            await house.advance(seconds=31)
            await recall(house)
        ended = await now_of(broadcast)
        assert (ended.status, ended.counts) == (BroadcastStatus.RECALLED, {"deleted": 2}), was_lost
        assert [await copies(house, person, f"news {at}") for person in people] == [0, 0], was_lost
        if was_lost is None:
            break
        seen.append(was_lost)
    assert len(set(seen)) > 6, seen
    await house.advance(minutes=16)
    for at in range(1, 40):
        lost.begin(at)
        await recall(house)
        lost.end()
        await house.advance(seconds=31)
    await recall(house)
    assert (await statistics_ops.read_day(day))["broadcast_deleted"] == 2 * (len(seen) + 1)
    assert await broadcast_rows.rows().count({}) == 0


async def album(house: House, items: int = 2) -> list[int]:
    return [int((await house.olive.media(STORAGE, "photo"))["message"]["message_id"]) for _ in range(items)]


def recall(house: House) -> Awaitable[Any]:
    return create_broadcast_deleter_scheduler(house.base.user_bot, house.user_bot.jobs).delete_expired_broadcasts()


# --- what arrives


@pytest.mark.parametrize("answer", [[], [{"message_id": 0}, {"message_id": 0}]])
async def test_an_album_of_which_nothing_arrived_was_not_sent(
    house: House, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await subscribers(house, 1)
    broadcast = await planned(house, await album(house))

    async def copy_messages(*_: object, **__: object) -> list[MessageId]:
        return [MessageId(**one) for one in answer]

    monkeypatch.setattr(type(house.base.user_bot), "copy_messages", copy_messages)
    await send(house)
    assert (await now_of(broadcast)).counts == {"failed": 1}


async def test_the_storage_channel_is_not_called_lost_because_telegram_gave_no_answer(house: House) -> None:
    people = await subscribers(house, 5)
    for person in people[:4]:
        await house.world.fault("error", method="copyMessage", chat_id=person, times=100, status=400,
                                description="Bad Request: chat not found")  # fmt: skip
    await house.world.fault("flood", method="getChat", times=1, retry_after=30)

    async def sleep(seconds: float) -> None:
        await house.world.advance(seconds)
        await yielding(0)

    broadcast = await planned(house)
    await sender(house, sleep=sleep).send_due_broadcasts()
    ended = await now_of(broadcast)
    assert (ended.status, ended.error, ended.counts) == (BroadcastStatus.SENT, None, {"sent": 1, "blocked": 4})


# --- opting out


async def test_who_stops_news_while_their_page_of_rows_is_made_is_left_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await subscribers(house, 3)
    broadcast = await planned(house)
    real = segments.find_reachable

    async def find_reachable(*words: Any, **more: Any) -> list[int]:
        found = await real(*words, **more)
        await turn_off(people[1], house.base.clock.now())
        return found

    monkeypatch.setattr(broadcast_sending, "find_reachable", find_reachable)
    await send(house)
    assert await copies(house, people[1]) == 0
    assert (await now_of(broadcast)).counts == {"sent": 2, "left_out": 1}


# --- two processes


async def test_a_stalled_process_does_not_forget_that_all_rows_are_made(house: House) -> None:
    await subscribers(house, 3)
    broadcast = await planned(house)
    await send(house)
    # a process that fell asleep after its first page writes down how far it came
    await broadcast_ops.record_cursor(broadcast.id, 1, is_filled=False)
    ended = await now_of(broadcast)
    assert ended.is_filled
    assert ended.cursor != 1


async def test_a_process_that_comes_back_after_all_is_closed_changes_no_count(house: House) -> None:
    await subscribers(house, 1)
    broadcast = await planned(house)
    await send(house)
    assert await broadcast_ops.finalize_counts(broadcast.id, {"sent": 1})
    cancelled = await planned(house, key="another")
    assert await broadcast_ops.cancel(cancelled.id, house.base.clock.now())
    assert await broadcast_ops.finalize_counts(cancelled.id, {"sent": 5})
    await broadcast_ops.record_counts(cancelled.id, {"pending": 5})
    assert (await now_of(cancelled)).counts == {"sent": 5}


# --- wishes at the worst instant


@pytest.mark.parametrize("order", ["pause", "cancel"])
async def test_a_wish_while_rows_are_made_leaves_counts_that_are_true(
    house: House, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    people = await subscribers(house, 8)
    monkeypatch.setattr(broadcast_sending, "PAGE", 2)
    broadcast = await planned(house)
    real, pages = broadcast_rows.add_recipients, 0

    async def add_recipients(*words: Any) -> None:
        nonlocal pages
        await real(*words)
        pages += 1
        if pages == 2:
            if order == "pause":
                await broadcast_ops.pause(broadcast.id)
            else:
                await broadcast_ops.cancel(broadcast.id, house.base.clock.now())
        await yielding(0)
        await yielding(0)

    monkeypatch.setattr(broadcast_rows, "add_recipients", add_recipients)
    await send(house)
    stopped = await now_of(broadcast)
    assert stopped.status in (BroadcastStatus.PAUSED, BroadcastStatus.CANCELLED)
    assert stopped.counts == await broadcast_rows.count_states(broadcast.id)
    if order == "pause":
        assert await broadcast_ops.resume(broadcast.id)
        await send(house)
        assert (await now_of(broadcast)).counts == {"sent": 8}
        assert [await copies(house, person) for person in people] == [1] * 8


async def test_a_process_died_and_an_admin_cancelled_who_was_on_the_way_is_called_unknown(house: House) -> None:
    people = await subscribers(house, 3)
    broadcast = await planned(house)
    await broadcast_ops.start(broadcast, house.base.clock.now())
    await broadcast_rows.add_recipients(broadcast.id, people)
    assert await broadcast_rows.claim(broadcast.id, people[:1], "a dead process")
    assert await broadcast_ops.cancel(broadcast.id, house.base.clock.now())
    await house.advance(minutes=16)
    await recall(house)
    assert (await now_of(broadcast)).counts == {"pending": 2, "unknown": 1}


async def test_taking_back_is_wanted_once(house: House) -> None:
    await subscribers(house, 1)
    broadcast = await planned(house)
    await send(house)
    now = house.base.clock.now()
    assert await broadcast_ops.request_recall(broadcast.id, now)
    assert await broadcast_ops.request_recall(broadcast.id, now) is None


# --- clocks


async def test_a_clock_put_back_ends_the_run_and_loses_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await subscribers(house, 6)
    broadcast = await planned(house)
    clock = house.base.clock
    before = clock.now()

    async def put_back() -> None:
        clock.shift_to(timedelta(hours=-3))

    jump = Interruption(monkeypatch, 2, put_back)
    report = await sender(house, pulse=jump.pulse).send_due_broadcasts()
    assert clock.now() < before
    assert report.more
    await send(house)
    assert (await now_of(broadcast)).counts == {"sent": 6}
    assert [await copies(house, person) for person in people] == [1] * 6


async def test_a_clock_put_back_does_not_keep_an_old_look_at_the_storage_channel(house: House) -> None:
    """What was found before the jump is no news of hours."""
    people = await subscribers(house, 6)
    for person in people:
        await house.world.fault("error", method="copyMessage", chat_id=person, times=100, status=400,
                                description="Bad Request: chat not found")  # fmt: skip
    broadcast = await planned(house)
    calls = RecipientCalls(house.base.user_bot, broadcast, house.base.clock)
    first = await calls.send(people[0])
    house.base.clock.shift_to(timedelta(hours=-3))
    await house.world.set_member(STORAGE, 1002, "left")
    second = await calls.send(people[1])
    assert isinstance(first, NotArrived) and first.state == "blocked"
    assert isinstance(second, NotArrived) and second.state == "failed"


# --- pauses of Telegram's


@pytest.mark.parametrize("order", ["pause", "cancel", "stop"])
async def test_a_wish_during_a_long_pause_of_telegrams_leaves_nobody_unknown(house: House, order: str) -> None:
    people = await subscribers(house, 6)
    broadcast = await planned(house)
    await house.world.fault("flood", method="copyMessage", times=1, retry_after=100)
    stopping, waited = asyncio.Event(), 0.0

    async def sleep(seconds: float) -> None:
        nonlocal waited
        waited += seconds
        if 5 <= waited < 5 + seconds:
            if order == "stop":
                stopping.set()
            elif order == "pause":
                await broadcast_ops.pause(broadcast.id)
            else:
                await broadcast_ops.cancel(broadcast.id, house.base.clock.now())
        await house.world.advance(seconds)
        await yielding(0)

    job = BroadcastSender(house.base.user_bot, house.base.user_limiter, sleep=sleep, pulse=yielding)
    await job(Run(house.base.clock, "a run", stopping))
    assert waited < 90, "it did not sit out the pause"
    there = await states(broadcast)
    assert set(there.values()) <= {"pending", "sent"}
    stopped = await now_of(broadcast)
    assert stopped.counts == await broadcast_rows.count_states(broadcast.id)
    if order == "cancel":
        return
    await house.advance(seconds=100)
    if order == "pause":
        assert await broadcast_ops.resume(broadcast.id)
    await sender(house, sleep=sleep).send_due_broadcasts()
    assert (await now_of(broadcast)).counts == {"sent": 6}
    assert [await copies(house, person) for person in people] == [1] * 6


# --- two at once


async def test_a_process_that_stalls_and_comes_back_repeats_nobody(house: House) -> None:
    people = await subscribers(house, 12)
    broadcast = await planned(house)
    await house.world.fault("delay", method="copyMessage", times=24, ms=15)
    second: asyncio.Task[Any] | None = None
    beats = 0

    async def pulse(_: float) -> None:
        nonlocal beats, second
        beats += 1
        if beats == 3:
            # its lease runs out while it stands still, and another one begins
            assert await lease_ops.take(NAME, "another", house.base.clock.now() + TTL, TTL)
            assert await lease_ops.release(NAME, "another", house.base.clock.now())
            second = asyncio.create_task(send(house))
        await yielding(0)

    job = BroadcastSender(house.base.user_bot, house.base.user_limiter, sleep=yielding, pulse=pulse)
    first = await Runner(house.base.clock, "the first", pulse=pulse).run(job, None)
    assert second is not None
    assert [first.outcome, (await second).outcome] == [JobOutcome.ABANDONED, JobOutcome.SUCCEEDED]
    ended = await until_it_ends(house, broadcast)
    assert [await copies(house, person) for person in people] == [1] * 12
    assert await broadcast_rows.count_states(broadcast.id) == {"sent": 12}
    assert ended.status is BroadcastStatus.SENT
    assert ended.counts == {"sent": 12}


async def test_who_stops_news_in_the_middle_or_while_it_is_paused_gets_it_not(house: House) -> None:
    people = await subscribers(house, 4)
    broadcast = await planned(house)
    await broadcast_ops.start(broadcast, house.base.clock.now())
    await broadcast_rows.add_recipients(broadcast.id, people)
    assert await broadcast_ops.pause(broadcast.id)
    await turn_off(people[2], house.base.clock.now())
    assert await broadcast_ops.resume(broadcast.id)
    await send(house)
    assert await states(broadcast) == {people[0]: "sent", people[1]: "sent", people[2]: "left_out", people[3]: "sent"}


@pytest.mark.parametrize("message_id", [0, 7])
async def test_a_copy_without_an_id_stops_nothing_and_is_not_asked_back_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch, message_id: int
) -> None:
    await subscribers(house, 4)
    broadcast = await planned(house, pin=True)

    async def copy_message(*_: object, **__: object) -> MessageId:
        return MessageId(message_id=message_id)

    monkeypatch.setattr(type(house.base.user_bot), "copy_message", copy_message)
    await send(house)
    ended = await now_of(broadcast)
    assert (ended.status, ended.counts) == (BroadcastStatus.SENT, {"sent": 4})
    assert await broadcast_ops.request_recall(broadcast.id, house.base.clock.now())
    await recall(house)
    assert (await now_of(broadcast)).status is BroadcastStatus.RECALLED


async def _for_ever(_: float) -> None:
    await asyncio.Event().wait()


async def test_a_stop_during_a_short_pause_of_telegrams_leaves_nobody_unknown_who_stood_in_line(house: House) -> None:
    people = await subscribers(house, 12)
    broadcast = await planned(house)
    limiter = house.base.user_limiter
    limiter.restore(people[0], 8.0)
    with pytest.MonkeyPatch.context() as patch:
        # the pause lasts until the stop: sleeping moves the house's clock
        patch.setattr(limiter._call_scheduler, "_sleep", _for_ever)
        run = asyncio.create_task(sender(house, pulse=asyncio.sleep).send_due_broadcasts())
        for _ in range(300_000):
            await asyncio.sleep(0)
            if limiter.waiting(Lane.BULK) >= 3:
                break
        assert (await broadcast_rows.count_states(broadcast.id))["sending"] == 3
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
    stopped = await broadcast_rows.count_states(broadcast.id)
    assert stopped == {"pending": 12}
    await house.advance(seconds=31)
    await until_it_ends(house, broadcast)
    assert [await copies(house, person) for person in people] == [1] * 12


async def test_the_looks_go_on_after_the_database_refused_one(house: House) -> None:
    looks = 0

    async def is_due(_: Any) -> bool:
        nonlocal looks
        looks += 1
        raise StoreRefused("no")

    async def pulse(_: float) -> None:
        await asyncio.sleep(0)

    watched = PolledJob(BroadcastSender(house.base.user_bot, house.base.user_limiter), is_due,
                         Runner(house.base.clock), house.base.clock, pulse=pulse)  # fmt: skip
    watched.start()
    for _ in range(50):
        await asyncio.sleep(0)
    watched.stop()
    await watched.ended(0)
    assert looks > 3
