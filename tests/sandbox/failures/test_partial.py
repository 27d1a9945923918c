"""Row 14: calls that send only some of their messages, and what they answer."""

import aiohttp
import pytest

from sandbox.client import SandboxError
from sandbox.state.faults import PARTIAL_ENDS
from tests.sandbox.conftest import Json, Reply, Town

METHODS = ["copyMessages", "forwardMessages", "sendMediaGroup"]


async def _send(town: Town, method: str = "copyMessages", count: int = 3) -> Reply:
    if method == "sendMediaGroup":
        media = [{"type": "document", "media": f"https://example.com/{name}.txt"} for name in range(count)]
        return await town.shop(method, chat_id=town.alice.id, media=media)
    ids = [await town.post(str(number)) for number in range(count)]
    return await town.shop(method, chat_id=town.alice.id, from_chat_id=town.storage, message_ids=ids)


async def _shown(town: Town) -> list[Json]:
    found = (await town.alice.transcript("shop_bot"))["messages"]
    return [message for message in found if message["outgoing"]]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("effect", "status", "error"),
    [
        ({}, 400, 'Bad Request: failed to send message #3 with the error message "Bad Request: MEDIA_EMPTY"'),
        ({"error": "x"}, 400, 'Bad Request: failed to send message #3 with the error message "x"'),
        ({"end": "group"}, 400, "Bad Request: group send failed"),
        ({"end": 401}, 401, "Unauthorized"),
        ({"end": 406}, 400, "Bad Request: PAYMENT_UNSUPPORTED"),
        ({"end": 429, "retry_after": 7}, 429, "Too Many Requests: retry after 7"),
        ({"end": 500}, 500, "Internal Server Error: restart"),
        ({"end": 500, "error": "Request aborted"}, 500, "Internal Server Error: request aborted"),
    ],
)
async def test_some_are_sent_and_the_call_ends_as_planned(
    town: Town, method: str, effect: Json, status: int, error: str
) -> None:
    await town.client.fault("partial", method=method, deliver=2, **effect)
    reply = await _send(town, method)
    assert (reply.status, reply.error) == (status, error)
    assert len(await _shown(town)) == 2
    wait = effect.get("retry_after")
    assert (reply.headers.get("Retry-After"), (reply.body.get("parameters") or {}).get("retry_after")) == (
        None if wait is None else str(wait),
        wait,
    )


@pytest.mark.parametrize("method", METHODS)
async def test_some_are_sent_and_the_connection_is_lost(town: Town, method: str) -> None:
    await town.client.fault("partial", method=method, deliver=2, end="drop")
    with pytest.raises(aiohttp.ClientError):
        await _send(town, method)
    assert len(await _shown(town)) == 2
    call = (await town.client.calls(method=method))[-1]
    assert (call["status"], call["fault"]) == (0, "partial")
    assert call["made"] == [message["message_id"] for message in await _shown(town)]


async def test_all_may_be_sent_before_the_connection_is_lost(town: Town) -> None:
    await town.client.fault("partial", method="copyMessages", deliver=3, end="drop")
    with pytest.raises(aiohttp.ClientError):
        await _send(town)
    assert len(await _shown(town)) == 3


@pytest.mark.parametrize("end", PARTIAL_ENDS)
async def test_ids_of_a_failed_call_are_used_up(town: Town, end: str | int) -> None:
    await town.client.configure(id_gaps=0)
    before = await town.send()
    await town.client.fault("partial", method="copyMessages", deliver=2, end=end)
    if end == "drop":
        with pytest.raises(aiohttp.ClientError):
            await _send(town)
    else:
        assert (await _send(town)).status != 200
    assert [message["message_id"] for message in (await _shown(town))[1:]] == [before + 1, before + 2]
    assert await town.send() == before + 3


async def test_an_unknown_end_is_refused(town: Town) -> None:
    with pytest.raises(SandboxError, match=r"effect\.end must be one of wrapped, group, drop, 401"):
        await town.client.fault("partial", deliver=1, end="happy")


@pytest.mark.parametrize("effect", [{"deliver": -1}, {"deliver": "two"}, {"deliver": 1, "retry_after": -5}])
async def test_counts_of_a_partial_send_are_whole_numbers_from_0(town: Town, effect: Json) -> None:
    with pytest.raises(SandboxError, match=r"effect\..* must be a whole number from 0"):
        await town.client.fault("partial", **effect)
