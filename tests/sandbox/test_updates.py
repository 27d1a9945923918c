"""Rows 4, 5 and 7: the queue, conflicts, redelivery."""

import asyncio

import pytest

from tests.sandbox.conftest import Town


async def test_update_ids_start_high_and_grow_by_one(town: Town) -> None:
    for text in ("one", "two", "three"):
        await town.alice.text("shop_bot", text)
    ids = [update["update_id"] for update in await town.shop.updates()]
    assert ids[0] >= 2_000_001
    assert ids == list(range(ids[0], ids[0] + 3))


async def test_unconfirmed_updates_come_again(town: Town) -> None:
    await town.alice.text("shop_bot", "one")
    first = (await town.shop("getUpdates")).result
    assert (await town.shop("getUpdates")).result == first


async def test_offset_deletes_when_received(town: Town) -> None:
    await town.alice.text("shop_bot", "one")
    update_id = (await town.shop("getUpdates")).result[0]["update_id"]
    poll = asyncio.create_task(town.shop("getUpdates", offset=update_id + 1, timeout=50))
    await town.until_polling()
    assert (await town.shop("getWebhookInfo")).result["pending_update_count"] == 0
    poll.cancel()


async def test_negative_offset_keeps_only_the_last(town: Town) -> None:
    for text in ("one", "two", "three"):
        await town.alice.text("shop_bot", text)
    found = (await town.shop("getUpdates", offset=-1)).result
    assert [update["message"]["text"] for update in found] == ["three"]


async def test_an_offset_far_ahead_confirms_nothing(town: Town) -> None:
    await town.alice.text("shop_bot", "one")
    assert len((await town.shop("getUpdates", offset=2_000_000_000)).result) == 1


@pytest.mark.parametrize(("limit", "expected"), [(1, 1), (2, 2), (0, 1), (-5, 1), (999, 3)])
async def test_limit_is_clamped(town: Town, limit: int, expected: int) -> None:
    for text in ("one", "two", "three"):
        await town.alice.text("shop_bot", text)
    assert len((await town.shop("getUpdates", limit=limit)).result) == expected


async def test_a_waiting_poll_returns_at_once_with_a_new_update(town: Town) -> None:
    poll = asyncio.create_task(town.shop("getUpdates", timeout=50))
    await town.until_polling()
    await town.alice.text("shop_bot", "news")
    assert (await poll).result[0]["message"]["text"] == "news"


async def test_a_newer_poll_ends_a_waiting_one_with_409(town: Town) -> None:
    older = asyncio.create_task(town.shop("getUpdates", timeout=50))
    await town.until_polling()
    newer = asyncio.create_task(town.shop("getUpdates", timeout=50))
    killed = await older
    assert (killed.status, killed.error) == (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    await town.alice.text("shop_bot", "news")
    assert len((await newer).result) == 1


async def test_bots_have_queues_of_their_own(town: Town) -> None:
    await town.alice.text("shop_bot", "for the shop")
    assert await town.other.kinds() == []
    assert await town.shop.kinds() == ["message"]


async def test_webhook_stops_polling_until_deleted(town: Town) -> None:
    waiting = asyncio.create_task(town.shop("getUpdates", timeout=50))
    await town.until_polling()
    reply = await town.shop("setWebhook", url="https://example.com/hook")
    assert reply.body["description"] == "Webhook was set"
    assert (await waiting).error == "Conflict: terminated by setWebhook request"
    assert (await town.shop("getUpdates")).error == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )
    await town.client.advance(1)
    assert (await town.shop("setWebhook", url="https://example.com/hook")).body["description"] == (
        "Webhook is already set"
    )
    assert (await town.shop("getWebhookInfo")).result["url"] == "https://example.com/hook"
    assert (await town.shop("deleteWebhook")).body["description"] == "Webhook was deleted"
    assert (await town.shop("deleteWebhook")).body["description"] == "Webhook is already deleted"
    assert (await town.shop("getUpdates")).result == []


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"url": "http://example.com"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "https://a.com:81"}, "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"),
        ({"url": "https://a.com", "secret_token": "a b"}, "secret token contains unallowed characters"),
        ({"url": "https://a.com", "secret_token": "a" * 257}, "secret token is too long"),
    ],
)
async def test_bad_webhooks_are_refused(town: Town, params: dict[str, str], description: str) -> None:
    assert (await town.shop("setWebhook", **params)).error == f"Bad Request: {description}"


async def test_dropping_pending_updates_empties_the_queue(town: Town) -> None:
    await town.alice.text("shop_bot", "old")
    await town.shop("deleteWebhook", drop_pending_updates=True)
    assert await town.shop.kinds() == []


async def test_allowed_updates_are_kept_until_changed(town: Town) -> None:
    await town.shop("getUpdates", allowed_updates=["callback_query"])
    await town.alice.text("shop_bot", "unheard")
    assert await town.shop.kinds() == []
    await town.shop("getUpdates", allowed_updates=[])
    await town.alice.text("shop_bot", "heard")
    assert await town.shop.kinds() == ["message"]


async def test_allowed_updates_apply_only_to_new_updates(town: Town) -> None:
    await town.alice.text("shop_bot", "queued before")
    assert len((await town.shop("getUpdates", allowed_updates=["callback_query"])).result) == 1


async def test_chat_member_is_sent_only_on_request(town: Town) -> None:
    await town.bob.join(town.storage)
    assert await town.shop.kinds() == []
    await town.shop("getUpdates", allowed_updates=["chat_member"])
    await town.bob.leave(town.storage)
    assert await town.shop.kinds() == ["chat_member"]


async def test_messages_expire_after_a_day_and_callbacks_after_150_seconds(town: Town) -> None:
    await town.alice.text("shop_bot", "hello")
    await town.alice.forge_callback("shop_bot", "data")
    await town.client.advance(151)
    found = (await town.shop("getUpdates")).result
    assert [("message" in update) for update in found] == [True]
    await town.client.advance(24 * 3600)
    assert (await town.shop("getUpdates")).result == []


async def test_anti_spin_reduces_the_limit_when_enabled(town: Town) -> None:
    await town.client.configure(anti_spin=True)
    for text in ("one", "two"):
        await town.alice.text("shop_bot", text)
    assert len((await town.shop("getUpdates", offset=5)).result) == 2
    assert len((await town.shop("getUpdates", offset=5)).result) == 1


async def test_anti_spin_turns_a_short_poll_into_a_waiting_one(town: Town) -> None:
    await town.client.configure(anti_spin=True)
    await town.shop("getUpdates", offset=5)
    poll = asyncio.create_task(town.shop("getUpdates", offset=5))
    await town.until_polling()
    await town.alice.text("shop_bot", "at last")
    assert len((await poll).result) == 1


async def test_same_batch_is_delivered_twice_on_demand(town: Town) -> None:
    await town.client.fault("duplicate_update")
    await town.alice.text("shop_bot", "one")
    first = (await town.shop("getUpdates")).result
    again = (await town.shop("getUpdates", offset=first[-1]["update_id"] + 1)).result
    assert again == first
    assert (await town.shop("getUpdates", offset=first[-1]["update_id"] + 1)).result == []


async def test_duplicate_waits_for_a_batch_to_duplicate(town: Town) -> None:
    await town.client.fault("duplicate_update")
    assert (await town.shop("getUpdates")).result == []
    await town.alice.text("shop_bot", "one")
    first = (await town.shop("getUpdates")).result
    assert (await town.shop("getUpdates", offset=first[-1]["update_id"] + 1)).result == first


async def test_own_messages_are_not_delivered(town: Town) -> None:
    await town.send()
    await town.shop("sendMessage", chat_id=town.storage, text="post")
    assert await town.shop.kinds() == []
    assert await town.other.kinds() == ["channel_post"]
