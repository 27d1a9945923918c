"""A restart of the Bot API server: what calls in flight, waiting polls and new calls get."""

import asyncio

import aiohttp
import pytest

from sandbox.client import SandboxClient, SandboxError
from sandbox.state.restarts import Restarts
from tests.sandbox.conftest import BotAccount, Json, Reply, Town

RESTART = "Internal Server Error: restart"


async def _sent(town: Town) -> int:
    found = (await town.alice.transcript("shop_bot"))["messages"]
    return sum(1 for message in found if message["outgoing"])


async def _in_flight(town: Town, kind: str) -> asyncio.Task[Reply]:
    fault = await town.client.fault(kind, method="sendMessage")
    call = asyncio.create_task(town.shop("sendMessage", chat_id=town.alice.id, text="x"))
    assert await town.client.fault_hit(fault)
    return call


async def test_restart_after_has_sent_and_says_restart(town: Town) -> None:
    await town.client.fault("restart_after", method="sendMessage")
    reply = await town.shop("sendMessage", chat_id=town.alice.id, text="x")
    assert (reply.status, reply.error) == (500, RESTART)
    assert await _sent(town) == 1


async def test_restart_after_a_refusal_keeps_the_refusal(town: Town) -> None:
    await town.client.fault("restart_after", method="sendMessage")
    assert (await town.shop("sendMessage", chat_id=town.alice.id)).error == "Bad Request: message text is empty"


@pytest.mark.parametrize(
    ("kind", "executes", "sent"),
    [("hang_after", False, 1), ("hang_after", True, 1), ("hang", False, 0), ("hang", True, 1)],
)
async def test_calls_in_flight_are_answered_restart_executed_or_not(
    town: Town, kind: str, executes: bool, sent: int
) -> None:
    call = await _in_flight(town, kind)
    assert await town.client.restart(executes=executes) == 1
    reply = await call
    assert (reply.status, reply.error) == (500, RESTART)
    assert await _sent(town) == sent
    logged = (await town.client.calls(method="sendMessage"))[-1]
    assert (logged["fault"], len(logged.get("made", []))) == ("restart", sent)


async def test_a_call_delayed_by_latency_is_cut_too(town: Town) -> None:
    await town.client.configure(latency_ms=60_000)
    call = asyncio.create_task(town.shop("sendMessage", chat_id=town.alice.id, text="x"))
    while not await town.client.restart():
        pass
    assert (await call).error == RESTART
    assert await _sent(town) == 0


async def test_a_waiting_poll_is_answered_with_nothing_and_updates_survive(town: Town) -> None:
    poll = asyncio.create_task(town.shop("getUpdates", offset=town.shop.offset, timeout=50))
    await town.until_polling()
    await town.client.restart()
    assert (await poll).result == []
    await town.alice.text("shop_bot", "hi")
    await town.client.restart()
    assert [update["message"]["text"] for update in await town.shop.updates()] == ["hi"]


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ("500", 500, {"ok": False, "error_code": 500, "description": RESTART}),
        ("429", 429, None),
        ("502", 502, None),
        ("reset", None, None),
    ],
)
async def test_calls_while_it_is_down_are_turned_away_unexecuted(
    town: Town, answer: str, status: int | None, body: Json | None
) -> None:
    clock = [5.0]
    town.sandbox.world.restarts.monotonic = lambda: clock[0]
    await town.client.restart(down_s=2, answer=answer)
    clock[0] += 1.99
    form = {"chat_id": str(town.alice.id), "text": "x"}
    url = f"{town.sandbox.url}/bot1001:shop/sendMessage"
    if status is None:
        with pytest.raises(aiohttp.ClientError):
            await town.session.post(url, data=form)
    else:
        async with town.session.post(url, data=form) as response:
            assert response.status == status
            assert body is None or await response.json() == body
    assert await _sent(town) == 0
    clock[0] += 0.01
    assert (await town.shop("sendMessage", chat_id=town.alice.id, text="x")).status == 200
    counters = await town.client.counters()
    assert (counters["restarts"], counters["turned_away"]) == (1, 1)


async def test_a_closed_port_refuses_connections_until_it_opens_again(town: Town) -> None:
    opens = asyncio.Event()

    async def sleep(seconds: float) -> None:
        assert seconds == 2
        await opens.wait()

    assert town.sandbox.port is not None
    town.sandbox.port.sleep = sleep
    assert (await town.shop("getMe")).status == 200
    await town.client.restart(down_s=2, answer="refuse")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await BotAccount(town.sandbox.url, "1001:shop", session)("getMe")
    with pytest.raises(aiohttp.ClientConnectorError):
        await town.shop("getMe")
    town.sandbox.world.restarts.end()
    opens.set()
    assert town.sandbox.port._closing is not None
    await town.sandbox.port._closing
    assert (await town.shop("getMe")).status == 200


async def test_a_call_refused_by_flood_control_is_not_executed_by_a_restart(town: Town) -> None:
    town.sandbox.world.flood.monotonic = lambda: 5.0
    await town.client.configure(flood_per_s=1, latency_ms=0)
    await town.send()
    await town.client.configure(latency_ms=60_000)
    call = asyncio.create_task(town.shop("sendMessage", chat_id=town.alice.id, text="x"))
    while not await town.client.restart(executes=True):
        pass
    assert (await call).error == RESTART
    assert await _sent(town) == 1


async def test_a_cut_call_goes_on_and_can_be_cancelled_again() -> None:
    restarts, cancels = Restarts(), []

    async def call() -> None:
        for _ in range(2):
            try:
                with restarts.running():
                    await asyncio.Event().wait()
            except asyncio.CancelledError:
                assert restarts.was_cut()
                task = asyncio.current_task()
                assert task is not None
                cancels.append(task.cancelling())
        with restarts.running():
            await asyncio.Event().wait()

    running = asyncio.create_task(call())
    for _ in range(2):
        await asyncio.sleep(0)
        assert restarts.begin(0, "500", executes=False) == 1
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert cancels == [0, 0]
    assert not restarts.was_cut()


async def test_a_disconnected_client_is_no_restart(town: Town) -> None:
    call = await _in_flight(town, "hang")
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    while town.sandbox.world.calls.in_flight:
        await town.client.state()
    assert await town.client.restart() == 0


async def test_an_unknown_answer_is_refused_and_a_reset_ends_a_restart(town: Town) -> None:
    with pytest.raises(SandboxError, match="500, 429, 502, reset, refuse"):
        await town.client.restart(answer="silence")
    await town.client.restart(down_s=3600)
    await town.client.reset()
    async with SandboxClient(town.sandbox.url) as client:
        await client.add_bot("1001:shop", "shop_bot")
    assert (await town.shop("getMe")).status == 200
