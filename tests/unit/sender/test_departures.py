"""Requests that leave later than they may: calls count from then, so Telegram never gets too many at once."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError
from aiohttp import ClientTimeout, ConnectionTimeoutError, web

from sender.certainty import Certainty, Effect, certainty_of
from sender.departures import CONNECT_S, DepartureSession, noting_departure
from sender.lanes import Lane
from sender.limiting.call_scheduler import CallScheduler
from sender.limiting.departing import FORGOTTEN_S, LATE_S, Departing
from sender.limiting.lane_queue import ApiCall
from sender.limiting.limits import TRANSIT_S, Ceiling
from tests.unit.sender.flooding import Bucket, Counting, FloodedTelegram, Window
from tests.unit.sender.virtual import VirtualTime

MODELS: dict[str, Callable[[], Counting]] = {"a window of thirty": Window, "a bucket of ten": Bucket}
#: seconds in which a process makes its first connections to Telegram
CONNECTED_S = 0.2


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("late", [1, 5, 9, 40])
async def test_calls_behind_a_burst_that_connects_slowly_are_not_refused(
    model: Callable[[], Counting], late: int
) -> None:
    telegram = FloodedTelegram(model())
    lateness = itertools.chain([CONNECTED_S] * late, itertools.repeat(0.0))
    telegram.leave_late(partial(next, lateness))
    telegram.tasks = [asyncio.ensure_future(telegram.call(n, Lane.INTERACTIVE)) for n in range(1, 201)]
    await telegram.time.advance(20.0)
    await telegram.close()
    assert (telegram.refused, len(telegram.done)) == ([], 200)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_rush_in_a_process_that_stalls_is_never_refused(model: Callable[[], Counting], seed: int) -> None:
    telegram = FloodedTelegram(model(), seed=seed)
    telegram.leave_late(lambda: telegram.rng.choice((0.0, 0.0, 0.01, telegram.rng.uniform(0.0, 0.3))))
    telegram.keep_pressing(people=60, presses=2)
    telegram.keep_calling(Lane.DELETION, 20, 1_000_000)
    telegram.keep_calling(Lane.BULK, 20, 2_000_000)
    await telegram.time.advance(40.0)
    await telegram.close()
    assert telegram.refused == []
    assert len(telegram.done) > 400


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
async def test_requests_that_leave_within_ten_milliseconds_use_ninety_five_hundredths_of_the_ceiling(
    model: Callable[[], Counting],
) -> None:
    telegram = FloodedTelegram(model())
    telegram.leave_late(lambda: telegram.rng.uniform(0.0, 0.01))
    telegram.keep_pressing(people=60, presses=4)
    await telegram.time.advance(60.0)
    await telegram.close()
    assert telegram.refused == []
    assert telegram.count(0.0, 60.0) >= 0.95 * 30 * 60


def a_scheduler(time: VirtualTime) -> CallScheduler:
    scheduler = CallScheduler(30.0, 29.3, time, unmetered_chats=set(), transit_s=TRANSIT_S)
    scheduler.departing.is_known = True
    return scheduler


def a_call(scheduler: CallScheduler, chat: int) -> ApiCall:
    return scheduler.new_call(Lane.INTERACTIVE, chat, 1)


@pytest.mark.parametrize("end", ["leaves", "ends without leaving"])
async def test_a_late_request_holds_up_others_until_it_leaves_or_ends(end: str) -> None:
    time = VirtualTime()
    scheduler = a_scheduler(time)
    late, next_one = a_call(scheduler, 1), a_call(scheduler, 2)
    assert scheduler.start_now(late)
    await time.advance(LATE_S + 0.001)
    assert not scheduler.start_now(next_one)
    waiting = asyncio.ensure_future(scheduler.wait(next_one))
    await time.advance(0.5)
    assert not waiting.done()
    if end == "leaves":
        scheduler.left(late)
    else:
        scheduler.ended(late, is_ok=False)
    await time.settle()
    assert waiting.done()


async def test_a_single_call_that_waits_for_late_ones_starts_when_they_leave() -> None:
    time = VirtualTime()
    scheduler = a_scheduler(time)
    late = [a_call(scheduler, n) for n in range(1, 10)]
    for call in late:
        assert scheduler.start_now(call)
    await time.advance(0.2)
    waiting = asyncio.ensure_future(scheduler.wait(a_call(scheduler, 10)))
    await time.advance(0.1)
    for call in late:
        scheduler.left(call)
    await time.run(asyncio.wait_for(waiting, None))
    assert time.passed == pytest.approx(0.3 + 1 / 29, abs=0.02)


async def test_a_request_that_never_leaves_holds_up_others_for_a_second() -> None:
    time = VirtualTime()
    scheduler = a_scheduler(time)
    assert scheduler.start_now(a_call(scheduler, 1))
    await time.advance(LATE_S + 0.001)
    await time.run(scheduler.wait(a_call(scheduler, 2)))
    assert time.passed == pytest.approx(FORGOTTEN_S)


def test_a_request_that_never_leaves_hides_no_later_one_that_is_late() -> None:
    departing = Departing()
    departing.is_known = True
    for started_at in (0.0, 2.0):
        departing.add(ApiCall(1, Lane.INTERACTIVE, 1, 1), started_at)
    assert departing.free_at(2.0 + LATE_S / 2) <= 2.0
    assert departing.free_at(2.0 + 2 * LATE_S) == 2.0 + FORGOTTEN_S


async def test_requests_that_hang_for_longer_than_a_second_do_not_slow_the_others() -> None:
    time = VirtualTime()
    scheduler = a_scheduler(time)
    for n in range(64):
        await time.run(scheduler.wait(a_call(scheduler, n + 1)))
    await time.advance(FORGOTTEN_S + 2.0)
    since = time.passed
    for n in range(30):
        call = a_call(scheduler, 100 + n)
        await time.run(scheduler.wait(call))
        scheduler.left(call)
    assert time.passed - since < 1.0


def test_without_a_session_that_tells_nothing_is_late() -> None:
    departing = Departing()
    departing.add(ApiCall(1, Lane.INTERACTIVE, 1, 1), 0.0)
    assert (departing.leaving(0.5), departing.free_at(0.5) <= 0.5) == (0, True)


def test_a_burst_that_left_late_leaves_no_more_room_than_one_that_leaves_then() -> None:
    late, then = Ceiling(30.0, TRANSIT_S), Ceiling(30.0, TRANSIT_S)
    for _ in range(9):
        late.charge(0.0)
        then.charge(0.2)
    for leaving in range(8, -1, -1):
        late.left(0.0, 0.2, leaving)
        # those behind it may leave at once
        assert late.free_at(0.2) == pytest.approx(then.free_at(0.2))
    for limit in (late, then):
        for _ in range(21):
            limit.charge(0.3)
    # the window begins with the first that left
    assert late.free_at(0.3) >= then.free_at(0.3) - 1e-9


async def test_a_session_notes_that_a_request_leaves_before_it_is_answered() -> None:
    events: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        events.append("arrived")
        return web.json_response({"ok": True, "result": True})

    app = web.Application()
    app.router.add_post("/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    bot = Bot("42:test", session=DepartureSession(api=TelegramAPIServer.from_base(url)))
    try:
        for _ in range(2):
            with noting_departure(lambda: events.append("left")):
                await bot.delete_message(1, 2)
        await bot.delete_message(1, 2)
    finally:
        await bot.session.close()
        await runner.cleanup()
    assert events == ["left", "arrived", "left", "arrived", "arrived"]


class Unconnected:
    """Stands for aiohttp's session: no connection can be made in time."""

    def __init__(self) -> None:
        self.timeouts: list[ClientTimeout] = []

    @asynccontextmanager
    async def post(self, url: str, *, data: object, timeout: ClientTimeout) -> AsyncIterator[None]:
        self.timeouts.append(timeout)
        raise ConnectionTimeoutError
        yield


async def test_a_call_whose_connection_is_not_made_in_time_may_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    session, unconnected = DepartureSession(timeout=60.0), Unconnected()

    async def create_session() -> Unconnected:
        return unconnected

    monkeypatch.setattr(session, "create_session", create_session)
    bot = Bot("42:test", session=session)
    for request_timeout in (None, 7):
        with pytest.raises(TelegramNetworkError) as failed:
            await bot.send_message(1, "hello", request_timeout=request_timeout)
        assert certainty_of(Effect.CREATES_ONE, failed.value) is Certainty.REPEAT
    assert [(limits.total, limits.sock_connect) for limits in unconnected.timeouts] == [
        (60.0, CONNECT_S),
        (7, CONNECT_S),
    ]


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-16", "text/html; charset=no-such"])
async def test_an_answer_that_is_not_utf8_is_read_and_the_updates_beside_it_arrive(kind: str) -> None:
    body = (
        b'{"ok": true, "result": [{"update_id": 1, "message": {"message_id": 1, "date": 0, "text": "caf\xe9 \xed\xa0",'
    )
    body += b' "chat": {"id": 7, "type": "private"}}}, {"update_id": 2}]}'

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Type": kind})

    app = web.Application()
    app.router.add_post("/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    bot = Bot("42:test", session=DepartureSession(api=TelegramAPIServer.from_base(url)))
    try:
        updates = await bot.get_updates()
    finally:
        await bot.session.close()
        await runner.cleanup()
    assert [update.update_id for update in updates] == [1, 2]
    assert updates[0].message is not None and updates[0].message.text is not None
    assert updates[0].message.text.startswith("caf\ufffd ")
