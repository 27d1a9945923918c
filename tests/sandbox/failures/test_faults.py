"""Rows 7, 21, 25, 26: faults and counters."""

import asyncio
import json

import aiohttp
import pytest

from sandbox.client import SandboxError
from tests.sandbox.conftest import Json, Town


async def _raw(town: Town, method: str = "sendMessage", chat_id: int = 7002) -> tuple[int, bytes, str]:
    form = {"chat_id": str(chat_id), "text": "x"}
    async with town.session.post(f"{town.sandbox.url}/bot1001:shop/{method}", data=form) as response:
        return response.status, await response.read(), response.content_type


async def _sent(town: Town) -> int:
    found = (await town.alice.transcript("shop_bot"))["messages"]
    return sum(1 for message in found if message["outgoing"])


async def test_error_faults_answer_with_the_planned_error(town: Town) -> None:
    parameters = {"migrate_to_chat_id": -1001234567890}
    description = "Bad Request: group chat was upgraded to a supergroup chat"
    await town.client.fault("error", status=400, description=description, parameters=parameters)
    status, body, _ = await _raw(town)
    expected = {"ok": False, "error_code": 400, "description": description, "parameters": parameters}
    assert (status, json.loads(body)) == (400, expected)
    assert await _sent(town) == 0
    assert (await _raw(town))[0] == 200


async def test_flood_fault_has_the_wait_in_body_and_header(town: Town) -> None:
    await town.client.fault("flood", retry_after=35)
    reply = await town.shop("sendMessage", chat_id=7002, text="x")
    assert reply.body == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 35",
        "parameters": {"retry_after": 35},
    }
    assert reply.headers["Retry-After"] == "35"


async def test_ignoring_a_429_is_counted_until_its_wait_is_over(town: Town) -> None:
    await town.client.fault("flood", retry_after=35)
    for _ in range(3):
        await town.shop("sendMessage", chat_id=7002, text="x")
    counters = await town.client.counters()
    assert counters["ignored_429"] == 2
    assert [call["chat_id"] for call in counters["ignored_429_calls"]] == ["7002", "7002"]
    assert all(34 < call["until"] - call["at"] <= 35 for call in counters["ignored_429_calls"])
    await town.client.advance(36)
    await town.shop("sendMessage", chat_id=7002, text="x")
    assert (await town.client.counters())["ignored_429"] == 2


async def test_sending_on_after_a_block_is_counted(town: Town) -> None:
    await town.alice.block("shop_bot")
    for _ in range(3):
        await town.shop("sendMessage", chat_id=7002, text="x")
    assert (await town.client.counters())["sends_after_403_blocked"] == 2
    await town.alice.unblock("shop_bot")
    await town.shop("sendMessage", chat_id=7002, text="x")
    assert (await town.client.counters())["sends_after_403_blocked"] == 2


@pytest.mark.parametrize(
    ("kind", "status", "expected", "content_type"),
    [
        ("html", 502, b"<html>", "text/html"),
        ("empty", 413, b"", "application/json"),
        ("no_description", 500, b'{"ok":false,"error_code":500}', "application/json"),
    ],
)
async def test_front_end_failures(town: Town, kind: str, status: int, expected: bytes, content_type: str) -> None:
    await town.client.fault(kind, status=status)
    found = await _raw(town)
    assert (found[0], found[1][: len(expected) or None], found[2]) == (status, expected, content_type)


async def test_revoked_token_stays_unauthorized(town: Town) -> None:
    await town.client.fault("unauthorized", bot="shop_bot", times=None)
    for _ in range(3):
        assert (await town.shop("getMe")).error == "Unauthorized"
    assert (await town.other("getMe")).status == 200


async def test_drop_before_is_not_executed(town: Town) -> None:
    await town.client.fault("drop_before", method="sendMessage")
    with pytest.raises(aiohttp.ClientError):
        await _raw(town)
    assert await _sent(town) == 0


async def test_drop_after_has_delivered(town: Town) -> None:
    await town.client.fault("drop_after", method="sendMessage")
    with pytest.raises(aiohttp.ClientError):
        await _raw(town)
    assert await _sent(town) == 1


async def test_hanging_call_is_aborted_unexecuted_when_the_fault_is_removed(town: Town) -> None:
    await town.client.fault("hang", method="sendMessage")
    hanging = asyncio.create_task(_raw(town))
    assert await town.client.fault_hit(1)
    await town.client.clear_faults()
    with pytest.raises(aiohttp.ClientError):
        await hanging
    assert await _sent(town) == 0


async def test_call_hanging_afterwards_was_executed(town: Town) -> None:
    fault = await town.client.fault("hang_after", method="sendMessage")
    hanging = asyncio.create_task(_raw(town))
    assert await town.client.fault_hit(fault)
    assert await _sent(town) == 1
    await town.client.clear_faults(fault)
    with pytest.raises(aiohttp.ClientError):
        await hanging
    assert (await town.client.calls(method="sendMessage"))[-1]["ok"]


async def test_waiting_for_a_fault_ends_without_a_hit(town: Town) -> None:
    fault = await town.client.fault("drop_before", method="sendPhoto")
    await town.shop("sendMessage", chat_id=7002, text="x")
    assert not await town.client.fault_hit(fault, timeout_s=0.01)
    with pytest.raises(SandboxError, match="no fault 99"):
        await town.client.fault_hit(99)


async def test_delayed_call_answers_later(town: Town) -> None:
    await town.client.fault("delay", ms=30)
    assert (await _raw(town))[0] == 200
    assert (await town.client.calls(method="sendMessage"))[-1]["duration_ms"] >= 29


async def test_fault_counts_only_matching_calls(town: Town) -> None:
    await town.bob.link("https://t.me/shop_bot")
    effect: Json = {"status": 400, "description": "Bad Request: chat not found"}
    await town.client.fault("error", method="sendmessage", chat_id=7003, skip=1, times=2, **effect)
    assert [(await _raw(town))[0] for _ in range(3)] == [200, 200, 200]
    assert [(await _raw(town, chat_id=7003))[0] for _ in range(4)] == [200, 400, 400, 200]


async def test_star_does_not_match_get_updates(town: Town) -> None:
    await town.client.fault("unauthorized")
    assert (await town.shop("getUpdates")).status == 200
    assert (await town.shop("getMe")).status == 401
    await town.client.fault("flood", method="getUpdates", retry_after=5)
    assert (await town.shop("getUpdates")).status == 429


async def test_poison_update_has_an_unknown_status(town: Town) -> None:
    await town.client.fault("poison_update", bot="shop_bot")
    update = (await town.shop.updates())[0]
    assert update["my_chat_member"]["new_chat_member"]["status"] == "unheard_of"
    assert await town.other.kinds() == []


async def test_poison_may_be_any_update(town: Town) -> None:
    await town.client.fault("poison_update", bot="shop_bot", update={"telepathy": {"thought": "x"}})
    assert await town.shop.kinds() == ["telepathy"]


@pytest.mark.parametrize("effect", [{}, {"kind": "dream"}, {"kind": "flood"}, {"kind": "error", "status": 400}])
async def test_incomplete_faults_are_refused(town: Town, effect: Json) -> None:
    with pytest.raises(SandboxError, match="effect"):
        await town.client.request("POST", "faults", {"effect": effect})


async def test_removing_an_unknown_fault_is_404(town: Town) -> None:
    with pytest.raises(SandboxError) as caught:
        await town.client.clear_faults(99)
    assert caught.value.status == 404


async def test_latency_delays_calls(town: Town) -> None:
    await town.client.configure(latency_ms=20)
    await town.shop("getMe")
    assert (await town.client.calls(method="getMe"))[-1]["duration_ms"] >= 19


async def test_log_shows_calls_with_file_sizes(town: Town) -> None:
    form = aiohttp.FormData()
    form.add_field("chat_id", "7002")
    form.add_field("document", b"bytes", filename="a.txt")
    async with town.session.post(f"{town.sandbox.url}/bot1001:shop/sendDocument", data=form):
        pass
    call = (await town.client.calls(method="sendDocument"))[0]
    assert call["params"] == {"chat_id": "7002", "document": "<5 bytes>"}
    assert (call["status"], call["ok"], call["bot"]) == (200, True, 1001)


async def test_log_can_be_switched_off(town: Town) -> None:
    await town.client.configure(log_calls=False)
    before = len(await town.client.calls())
    await town.shop("getMe")
    assert len(await town.client.calls()) == before
    assert (await town.client.counters())["methods"]["getMe"] == 1


async def test_rates_count_messages_not_calls(town: Town) -> None:
    ids = [await town.post(kind="photo") for _ in range(3)]
    await town.shop("copyMessages", chat_id=7002, from_chat_id=town.storage, message_ids=ids)
    assert (await town.client.counters())["max_per_second_by_chat"] == {"1001:7002": 3}
