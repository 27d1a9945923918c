"""Broadcasts under attack: lost answers, processes that resume, admins who pause or cancel at the worst instant."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiogram.types import MessageId

from core.broadcasts import Broadcast, BroadcastStatus
from core.days import start_of_day
from core.errors import StoreUnavailable
from core.jobs import JobOutcome
from database.collection import Collection
from database.operations import broadcast_ops, broadcast_rows, lease_ops, segments, statistics_ops, user_ops
from schedulers import create_broadcast_deleter_scheduler, registry
from schedulers.admission import by_hand
from schedulers.jobs import broadcast_sending
from schedulers.jobs.broadcast_calls import NotSent, RecipientCalls
from schedulers.leases import TTL
from sender.lanes import Lane
from tests.clocks import never
from tests.house import STORAGE, House, HouseClock
from tests.jobs.broadcasts.broadcasts import (
    Interruption,
    add_subscribers,
    copies,
    give_turns,
    queue,
    reread,
    send,
    sender_in,
    states,
    store_album,
    store_text,
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
    """Lets one call's answer be lost: the server executes it, and the connection breaks. The `at`-th call, from 1."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 0
        self.calls = 0
        self.lost: str | None = None
        for method in _METHODS:
            monkeypatch.setattr(Collection, method, self._lossy(getattr(Collection, method)))

    def lose(self, at: int) -> None:
        self.at, self.calls, self.lost = at, 0, None

    def end(self) -> str | None:
        """Lose no more; return what was lost, None when there were fewer calls."""
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


async def send_until_over(house: House, broadcast: Broadcast) -> Broadcast:
    for _ in range(4):
        if (await reread(broadcast)).finished_at is not None:
            return await reread(broadcast)
        await house.advance(seconds=31)
        await send(house)
    raise AssertionError("it is not over")


@pytest.fixture(autouse=True)
def at_telegrams_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The house has a very high rate limit; let as few calls wait and be in flight as at 30 a second."""
    monkeypatch.setattr(broadcast_sending, "QUEUED_S", 0.0)
    monkeypatch.setattr(broadcast_sending, "IN_FLIGHT_S", 0.0)


@pytest.mark.sweep
async def test_any_answer_of_the_database_may_be_lost_while_it_is_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 3)
    monkeypatch.setattr(broadcast_sending, "PAGE", 2)
    await house.world.fault("error", method="copyMessage", chat_id=people[0], times=2000, status=403,
                            description="Forbidden: bot was blocked by the user")  # fmt: skip
    # so that the first stays a recipient of each of the broadcasts
    monkeypatch.setattr(user_ops, "mark_blocked", _do_nothing)
    lost = LostAnswers(monkeypatch)
    wanted = dict(zip(people, ("blocked", "sent", "sent"), strict=True))
    seen: list[str] = []
    for at in range(1, 100):
        broadcast = await queue(house, [await store_text(house, f"news {at}")], key=f"attack {at}")
        lost.lose(at)
        await send(house)
        was_lost = lost.end()
        ended = await send_until_over(house, broadcast)
        if was_lost is None:
            break
        seen.append(was_lost)
        assert await states(broadcast) == wanted, was_lost
        assert ended.counts == {"sent": 2, "blocked": 1}, was_lost
        assert [await copies(house, person, f"news {at}") for person in people] == [0, 1, 1], was_lost
    assert len(set(seen)) > 8, seen


async def _do_nothing(*_: object) -> None:
    return None


@pytest.mark.sweep
async def test_any_answer_of_the_database_may_be_lost_while_it_is_recalled(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 2)
    lost = LostAnswers(monkeypatch)
    seen: list[str] = []
    day = start_of_day(house.base.clock.now(), house.base.settings.zone)
    for at in range(1, 100):
        broadcast = await queue(house, [await store_text(house, f"news {at}")], key=f"attack {at}")
        await send(house)
        assert await broadcast_ops.request_recall(broadcast.id, house.base.clock.now())
        lost.lose(at)
        await recall(house)
        was_lost = lost.end()
        for _ in range(3):
            await house.advance(seconds=31)
            await recall(house)
        ended = await reread(broadcast)
        assert (ended.status, ended.counts) == (BroadcastStatus.RECALLED, {"deleted": 2}), was_lost
        assert [await copies(house, person, f"news {at}") for person in people] == [0, 0], was_lost
        if was_lost is None:
            break
        seen.append(was_lost)
    assert len(set(seen)) > 6, seen
    await house.advance(minutes=16)
    for at in range(1, 40):
        lost.lose(at)
        await recall(house)
        lost.end()
        await house.advance(seconds=31)
    await recall(house)
    # the clock was moved by more than half an hour, maybe over midnight
    days = [await statistics_ops.read_day(one) for one in (day, day + timedelta(days=1))]
    assert sum(one.get("broadcast_deleted", 0) for one in days) == 2 * (len(seen) + 1)
    assert await broadcast_rows.rows().count({}) == 0


def recall(house: House) -> Awaitable[Any]:
    return create_broadcast_deleter_scheduler(house.base.user_bot, house.user_bot.jobs).delete_expired_broadcasts()


# --- Telegram's answers


@pytest.mark.parametrize("answer", [[], [{"message_id": 0}, {"message_id": 0}]])
async def test_an_album_without_message_ids_is_counted_as_failed(
    house: House, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_subscribers(house, 1)
    broadcast = await queue(house, await store_album(house, 2))

    async def copy_messages(*_: object, **__: object) -> list[MessageId]:
        return [MessageId(**one) for one in answer]

    monkeypatch.setattr(type(house.base.user_bot), "copy_messages", copy_messages)
    await send(house)
    assert (await reread(broadcast)).counts == {"failed": 1}


async def test_the_storage_channel_is_not_called_lost_because_of_flood_control(house: House) -> None:
    people = await add_subscribers(house, 5)
    for person in people[:4]:
        await house.world.fault("error", method="copyMessage", chat_id=person, times=100, status=400,
                                description="Bad Request: chat not found")  # fmt: skip
    await house.world.fault("flood", method="getChat", times=1, retry_after=30)

    async def sleep(seconds: float) -> None:
        await house.world.advance(seconds)
        await give_turns(0)

    broadcast = await queue(house)
    await send(house, sleep=sleep)
    ended = await reread(broadcast)
    assert (ended.status, ended.error, ended.counts) == (BroadcastStatus.SENT, None, {"sent": 1, "blocked": 4})


# --- opting out


async def test_a_subscriber_who_turns_news_off_while_rows_are_made_is_left_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 3)
    broadcast = await queue(house)
    real = segments.find_reachable

    async def find_reachable(*words: Any, **more: Any) -> list[int]:
        found = await real(*words, **more)
        await turn_off(people[1], house.base.clock.now())
        return found

    monkeypatch.setattr(segments, "find_reachable", find_reachable)
    await send(house)
    assert await copies(house, people[1]) == 0
    assert (await reread(broadcast)).counts == {"sent": 2, "left_out": 1}


# --- two processes


async def test_a_process_that_resumes_late_does_not_reset_that_all_rows_are_made(house: House) -> None:
    await add_subscribers(house, 3)
    broadcast = await queue(house)
    await send(house)
    # a process suspended after its first page writes its cursor
    await broadcast_ops.record_cursor(broadcast.id, 1, is_filled=False)
    ended = await reread(broadcast)
    assert ended.is_filled
    assert ended.cursor != 1


async def test_a_process_that_resumes_after_counts_are_final_changes_none(house: House) -> None:
    await add_subscribers(house, 1)
    broadcast = await queue(house)
    await send(house)
    assert await broadcast_ops.finalize_counts(broadcast.id, {"sent": 1})
    cancelled = await queue(house, key="another")
    assert await broadcast_ops.cancel(cancelled.id, house.base.clock.now())
    assert await broadcast_ops.finalize_counts(cancelled.id, {"sent": 5})
    await broadcast_ops.record_counts(cancelled.id, {"pending": 5})
    assert (await reread(cancelled)).counts == {"sent": 5}


# --- admins at the worst instant


@pytest.mark.parametrize("order", ["pause", "cancel"])
async def test_a_pause_or_cancel_while_rows_are_made_leaves_correct_counts(
    house: House, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    people = await add_subscribers(house, 8)
    monkeypatch.setattr(broadcast_sending, "PAGE", 2)
    broadcast = await queue(house)
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
        await give_turns(0)
        await give_turns(0)

    monkeypatch.setattr(broadcast_rows, "add_recipients", add_recipients)
    await send(house)
    stopped = await reread(broadcast)
    assert stopped.status in (BroadcastStatus.PAUSED, BroadcastStatus.CANCELLED)
    assert stopped.counts == await broadcast_rows.count_states(broadcast.id)
    if order == "pause":
        assert await broadcast_ops.resume(broadcast.id)
        await send(house)
        assert (await reread(broadcast)).counts == {"sent": 8}
        assert [await copies(house, person) for person in people] == [1] * 8


async def test_recipients_of_a_killed_process_are_unknown_when_the_broadcast_was_cancelled(house: House) -> None:
    people = await add_subscribers(house, 3)
    broadcast = await queue(house)
    await broadcast_ops.start(broadcast, house.base.clock.now())
    await broadcast_rows.add_recipients(broadcast.id, people)
    assert await broadcast_rows.claim(broadcast.id, people[:1], "a killed process")
    assert await broadcast_ops.cancel(broadcast.id, house.base.clock.now())
    await house.advance(minutes=16)
    await recall(house)
    assert (await reread(broadcast)).counts == {"pending": 2, "unknown": 1}


async def test_a_recall_is_requested_once(house: House) -> None:
    await add_subscribers(house, 1)
    broadcast = await queue(house)
    await send(house)
    now = house.base.clock.now()
    assert await broadcast_ops.request_recall(broadcast.id, now)
    assert await broadcast_ops.request_recall(broadcast.id, now) is None


# --- clocks


async def test_a_clock_set_back_ends_the_run_and_loses_no_recipient(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 6)
    broadcast = await queue(house)
    clock = house.base.clock
    before = clock.now()

    async def set_back() -> None:
        clock.shift_to(timedelta(hours=-3))

    jump = Interruption(monkeypatch, 2, set_back)
    report = await send(house, heartbeat=jump.heartbeat)
    assert clock.now() < before
    assert report.more
    await send(house)
    assert (await reread(broadcast)).counts == {"sent": 6}
    assert [await copies(house, person) for person in people] == [1] * 6


async def test_after_a_clock_was_set_back_the_storage_channel_is_checked_again(house: House) -> None:
    people = await add_subscribers(house, 6)
    for person in people:
        await house.world.fault("error", method="copyMessage", chat_id=person, times=100, status=400,
                                description="Bad Request: chat not found")  # fmt: skip
    broadcast = await queue(house)
    calls = RecipientCalls(house.base.user_bot, broadcast, house.base.clock)
    first = await calls.send(people[0])
    house.base.clock.shift_to(timedelta(hours=-3))
    await house.world.set_member(STORAGE, 1002, "left")
    second = await calls.send(people[1])
    assert isinstance(first, NotSent) and first.state == "blocked"
    assert isinstance(second, NotSent) and second.state == "failed"


# --- flood control


@pytest.mark.parametrize("order", ["pause", "cancel", "stop"])
async def test_an_order_during_a_long_flood_pause_leaves_no_recipient_unknown(house: House, order: str) -> None:
    people = await add_subscribers(house, 6)
    broadcast = await queue(house)
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
        await give_turns(0)

    await sender_in(house, sleep).run(by_hand(), stopping)
    assert waited < 90, "it does not wait for the end of the pause"
    there = await states(broadcast)
    assert set(there.values()) <= {"pending", "sent"}
    stopped = await reread(broadcast)
    assert stopped.counts == await broadcast_rows.count_states(broadcast.id)
    if order == "cancel":
        return
    await house.advance(seconds=100)
    if order == "pause":
        assert await broadcast_ops.resume(broadcast.id)
    await send(house, sleep=sleep)
    assert (await reread(broadcast)).counts == {"sent": 6}
    assert [await copies(house, person) for person in people] == [1] * 6


# --- at the same time


async def test_a_process_that_resumes_without_its_lease_sends_to_no_recipient_twice(house: House) -> None:
    people = await add_subscribers(house, 12)
    broadcast = await queue(house)
    await house.world.fault("delay", method="copyMessage", times=24, ms=120)
    second: asyncio.Task[Any] | None = None
    beats = 0

    name = registry.BROADCAST_SENDER.name

    async def heartbeat(_: float) -> None:
        nonlocal beats, second
        beats += 1
        if beats == 3:
            # its lease expires while it is suspended, and another process starts; it may renew it at the same time
            assert await lease_ops.take(name, "another", house.base.clock.now() + 2 * TTL, TTL)
            assert await lease_ops.release(name, "another", house.base.clock.now())
            second = asyncio.create_task(send(house))
        await give_turns(0)

    first = await sender_in(house, heartbeat=heartbeat, owner="the first").run(by_hand())
    assert second is not None
    assert [first.outcome, (await second).outcome] == [JobOutcome.ABANDONED, JobOutcome.SUCCEEDED]
    ended = await send_until_over(house, broadcast)
    assert [await copies(house, person) for person in people] == [1] * 12
    assert await broadcast_rows.count_states(broadcast.id) == {"sent": 12}
    assert ended.status is BroadcastStatus.SENT
    assert ended.counts == {"sent": 12}


async def test_a_subscriber_who_turns_news_off_while_it_is_paused_does_not_get_it(house: House) -> None:
    people = await add_subscribers(house, 4)
    broadcast = await queue(house)
    await broadcast_ops.start(broadcast, house.base.clock.now())
    await broadcast_rows.add_recipients(broadcast.id, people)
    assert await broadcast_ops.pause(broadcast.id)
    await turn_off(people[2], house.base.clock.now())
    assert await broadcast_ops.resume(broadcast.id)
    await send(house)
    assert await states(broadcast) == {people[0]: "sent", people[1]: "sent", people[2]: "left_out", people[3]: "sent"}


@pytest.mark.parametrize("message_id", [0, 7])
async def test_a_copy_without_an_id_stops_neither_sending_nor_recall(
    house: House, monkeypatch: pytest.MonkeyPatch, message_id: int
) -> None:
    await add_subscribers(house, 4)
    broadcast = await queue(house, pin=True)

    async def copy_message(*_: object, **__: object) -> MessageId:
        return MessageId(message_id=message_id)

    monkeypatch.setattr(type(house.base.user_bot), "copy_message", copy_message)
    await send(house)
    ended = await reread(broadcast)
    assert (ended.status, ended.counts) == (BroadcastStatus.SENT, {"sent": 4})
    assert await broadcast_ops.request_recall(broadcast.id, house.base.clock.now())
    await recall(house)
    assert (await reread(broadcast)).status is BroadcastStatus.RECALLED


async def test_a_stop_during_a_short_flood_pause_leaves_no_waiting_recipient_unknown(house: House) -> None:
    people = await add_subscribers(house, 12)
    broadcast = await queue(house)
    limiter = house.base.user_limiter
    limiter.restore(people[0], 8.0)
    with pytest.MonkeyPatch.context() as patch:
        # the pause lasts until the stop: a sleep of the limiter would move the house's clock
        assert isinstance(house.base.clock, HouseClock)
        patch.setattr(house.base.clock, "on_sleep", never)
        run = asyncio.create_task(send(house, heartbeat=never))
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
    await send_until_over(house, broadcast)
    assert [await copies(house, person) for person in people] == [1] * 12
