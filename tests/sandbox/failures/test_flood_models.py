"""Row 21: the three models of a bot's limit, and refusals in the middle of a call; on a manual clock."""

import pytest

from sandbox.client import SandboxError
from sandbox.state.flood import CHAT_BURST, IN_FLIGHT_S, MODELS
from tests.sandbox.conftest import Json, Town
from tests.sandbox.failures.test_flood import BOT, GROUP, OTHER_BOT, Limiter, limiter

__all__ = ["limiter"]

ALICE = (7, "private")
TEN = {"message_ids": str(list(range(1, 11)))}


@pytest.mark.parametrize(("model", "at_once"), [("window", 30), ("bucket", 10), ("growing", 10)])
async def test_each_model_lets_its_burst_through_at_once(limiter: Limiter, model: str, at_once: int) -> None:
    limiter.config.flood_model = model
    assert await limiter.calls(at_once) == [0] * at_once
    assert await limiter.call() == 1
    assert limiter.flood.counters()["flood_429_by_bot"] == {str(BOT): 1}


@pytest.mark.parametrize("model", MODELS)
async def test_a_bot_that_sends_evenly_is_refused_by_no_model(limiter: Limiter, model: str) -> None:
    limiter.config.flood_model = model
    for _ in range(300):
        assert await limiter.call() == 0
        limiter.now += 1 / 30 + 1e-9


@pytest.mark.parametrize("model", MODELS)
async def test_each_bot_has_a_limit_of_its_own(limiter: Limiter, model: str) -> None:
    limiter.config.flood_model = model
    await limiter.calls(31)
    assert await limiter.call(bot=OTHER_BOT) == 0


async def test_a_bucket_is_refilled_at_the_rate_and_not_above_its_burst(limiter: Limiter) -> None:
    limiter.config.flood_model = "bucket"
    await limiter.calls(10)
    limiter.now += 0.1 + 1e-9
    assert await limiter.calls(3) == [0] * 3
    assert await limiter.call() == 1
    limiter.now += 60.0
    assert await limiter.calls(11) == [0] * 10 + [1]


async def test_the_burst_of_a_bucket_is_a_setting(limiter: Limiter) -> None:
    limiter.config.flood_model, limiter.config.flood_burst = "bucket", 2
    assert await limiter.calls(3) == [0, 0, 1]


async def test_a_429_of_a_bucket_holds_only_its_chat(limiter: Limiter) -> None:
    limiter.config.flood_model = "bucket"
    await limiter.calls(10)
    assert await limiter.call(chat=ALICE) == 1
    limiter.now += 0.1
    assert (await limiter.call(), await limiter.call(chat=ALICE)) == (0, 1)


async def test_growing_closes_all_chats_until_the_wait_is_over(limiter: Limiter) -> None:
    limiter.config.flood_model = "growing"
    await limiter.calls(10)
    assert await limiter.call(chat=ALICE) == 1
    limiter.now += 0.4
    assert await limiter.call() == 1, "the bucket has room, the bot is closed"
    limiter.now += 0.6
    assert await limiter.call() == 0


async def test_each_ignored_wait_of_growing_doubles_it_for_all_up_to_the_longest(limiter: Limiter) -> None:
    limiter.config.flood_model, limiter.config.flood_longest_s = "growing", 20
    await limiter.calls(10)
    found = [await limiter.call()]
    for _ in range(7):
        limiter.now += IN_FLIGHT_S + 0.01
        found.append(await limiter.call())
    assert found[:5] == [1, 2, 4, 8, 16]
    assert max(found) == 20
    limiter.now += 20.0
    assert await limiter.call() == 0


async def test_in_growing_a_chat_that_waited_only_its_own_time_doubles_it_too(limiter: Limiter) -> None:
    limiter.config.flood_model = "growing"
    await limiter.calls(10)
    assert await limiter.call(chat=ALICE) == 1
    limiter.now += 0.6
    assert await limiter.call() == 2
    limiter.now += 0.6
    assert await limiter.call(chat=ALICE) == 4


async def test_growing_forgets_after_its_wait_was_kept(limiter: Limiter) -> None:
    limiter.config.flood_model = "growing"
    for _ in range(3):
        await limiter.calls(10)
        assert await limiter.call() == 1
        limiter.now += 1.0


async def test_calls_sent_before_a_429_of_growing_was_read_do_not_extend_it(limiter: Limiter) -> None:
    limiter.config.flood_model = "growing"
    await limiter.calls(10)
    assert await limiter.calls(50) == [1] * 50
    limiter.now += 1.0
    assert await limiter.call() == 0


async def test_the_limit_of_one_chat_closes_no_other_in_growing(limiter: Limiter) -> None:
    limiter.config.flood_model = "growing"
    assert (await limiter.calls(CHAT_BURST + 1, chat=ALICE))[-1] == 1
    assert await limiter.call() == 0


async def test_a_call_is_cut_where_its_chat_has_no_more_room(limiter: Limiter) -> None:
    limiter.config.flood_midway = True
    assert await limiter.call("copyMessages", ALICE, params=TEN) == 0
    assert limiter.cut is not None
    assert (limiter.cut.sent, limiter.cut.error.parameters) == (CHAT_BURST, {"retry_after": 1})
    assert await limiter.call(chat=ALICE) == 1, "the wait holds for the next call too"


async def test_short_waits_within_a_call_are_absorbed_one_by_one(limiter: Limiter) -> None:
    limiter.config.flood_midway, limiter.config.flood_absorb_s = True, 1.0
    assert await limiter.call("copyMessages", ALICE, params=TEN) == 0
    assert limiter.cut is None
    assert limiter.slept == pytest.approx(10 - CHAT_BURST)


async def test_a_group_cuts_a_call_at_its_minute(limiter: Limiter) -> None:
    limiter.config.flood_midway = True
    await limiter.calls(15, chat=GROUP)
    await limiter.call("forwardMessages", GROUP, params=TEN)
    assert limiter.cut is not None
    assert (limiter.cut.sent, limiter.cut.error.parameters) == (5, {"retry_after": 60})


async def test_a_call_with_no_room_for_its_first_message_is_refused_whole(limiter: Limiter) -> None:
    limiter.config.flood_midway = True
    await limiter.calls(CHAT_BURST, chat=ALICE)
    assert await limiter.call("copyMessages", ALICE, params=TEN) == 1


async def test_without_midway_a_call_passes_whole(limiter: Limiter) -> None:
    assert await limiter.call("copyMessages", ALICE, params=TEN) == 0
    assert limiter.cut is None


@pytest.mark.parametrize("method", ["copyMessages", "forwardMessages", "sendMediaGroup"])
async def test_over_http_the_first_messages_are_sent_and_the_answer_is_429(town: Town, method: str) -> None:
    town.sandbox.world.flood.monotonic = lambda: 5.0
    await town.client.configure(flood_chat_per_s=1, flood_midway=True)
    place: Json = {"chat_id": town.alice.id}
    if method == "sendMediaGroup":
        place["media"] = [{"type": "document", "media": f"https://example.com/{name}.txt"} for name in range(7)]
    else:
        place |= {"from_chat_id": town.storage, "message_ids": [await town.post(str(name)) for name in range(7)]}
    refused = await town.shop(method, **place)
    assert (refused.error, refused.headers["Retry-After"]) == ("Too Many Requests: retry after 1", "1")
    assert refused.body["parameters"] == {"retry_after": 1}
    shown = (await town.alice.transcript("shop_bot"))["messages"]
    assert sum(1 for message in shown if message["outgoing"]) == CHAT_BURST
    assert (await town.client.counters())["flood_429_by_bot"] == {"1001": 1}


async def test_an_unknown_model_is_refused(town: Town) -> None:
    with pytest.raises(SandboxError, match="window, bucket, growing"):
        await town.client.configure(flood_model="tide")
    assert (await town.client.configure(flood_model="growing"))["flood_model"] == "growing"
