"""/privacy: what is kept, a copy, and deletion at once, also while something is on its way."""

import json
from datetime import timedelta
from typing import Any

import pytest

from core.privacy.times import QUIET_FOR
from database.connection import current_database
from database.operations import delivery_ops, user_credits, user_ops
from database.operations.erasures import erasure_ops
from schedulers.jobs.eraser import Eraser
from schedulers.jobs.message_deleter import MessageDeleter
from schedulers.runner import Run
from tests.house import ALICE, BOB, USER_BOT, House
from user_bot.commands import commands
from user_bot.privacy.service import copy_of
from views.subscribers import privacy_screens
from views.subscribers.privacy_callbacks import OpenPrivacy


async def start(house: House) -> None:
    for user in (house.alice, house.bob):
        await user.text(USER_BOT, "/start")
    await house.settle()


async def texts(house: House) -> list[str]:
    seen = await house.alice.transcript(USER_BOT)
    return [one.get("text", "") for one in seen["messages"] if one["outgoing"]]


async def open_privacy(house: House) -> int:
    await house.alice.text(USER_BOT, "/privacy")
    seen = await house.alice.wait(USER_BOT, contains="I keep your Telegram id")
    return int(seen["messages"][-1]["message_id"])


async def press(house: House, button: str, message_id: int) -> None:
    await house.alice.press(USER_BOT, button, message_id=message_id)
    await house.settle()


async def end(house: House) -> None:
    """Let the job end the erasure, at the latest when it waits for nothing any more."""
    for _ in range(5):
        await house.advance(seconds=QUIET_FOR.total_seconds())
        await Eraser(None)(Run(house.base.clock, "eraser"))
    assert not await erasure_ops.is_any_due(house.base.clock.now() + timedelta(days=1))


async def test_who_deletes_their_data_is_gone_from_every_collection_and_may_come_back(house: House) -> None:
    await start(house)
    await user_credits.grant(ALICE, "gift", house.base.clock.now(), credits=9)
    message_id = await open_privacy(house)
    await press(house, "Delete my data", message_id)
    asked = "Delete everything? 9 credits are lost. Posts here are still deleted on time."
    assert asked in await texts(house)
    await press(house, "Delete", message_id)
    assert "Done." in await texts(house) and asked not in await texts(house)

    await house.alice.text(USER_BOT, "/me")
    await house.alice.wait(USER_BOT, contains=privacy_screens.being_erased())
    await house.alice.forge_callback(USER_BOT, OpenPrivacy().pack(), message_id)
    await house.settle()
    assert (await house.alice.transcript(USER_BOT))["toasts"][-1]["text"] == privacy_screens.being_erased()
    await end(house)
    assert await user_ops.find(ALICE) is None and await user_ops.find(BOB) is not None
    left = [
        (name, row)
        for name in await current_database().collection_names()
        for row in await current_database().collection(name).find({"user_id": ALICE}, limit=10)
    ]
    assert left == []

    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    back = await user_ops.find(ALICE)
    assert back is not None and back.credits == 0 and back.erasing_at is None


async def test_a_delivery_in_progress_arrives_and_is_deleted_on_time_although_its_subscriber_is_erased(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(house)
    record_sent = delivery_ops.record_sent

    async def erased_meanwhile(*args: Any, **options: Any) -> bool:
        # after the copy has left, before its ids are stored
        monkeypatch.undo()
        await house.another_process()["privacy"].erase(ALICE)
        return await record_sent(*args, **options)

    monkeypatch.setattr(delivery_ops, "record_sent", erased_meanwhile)
    await house.alice.link(house.link(await house.store()))
    await house.settle()
    await end(house)
    db = current_database()
    assert await user_ops.find(ALICE) is None
    assert await db.collection("deliveries").find({"user_id": ALICE}, limit=5) == []
    (promise,) = await db.collection("pending_deletions").find({"user_id": ALICE}, limit=5)
    assert promise["message_ids"] and promise["delete_at"] is not None
    await house.advance(minutes=31)
    deleter = MessageDeleter(house.base.user_bot, house.base.alerts)
    counts = await deleter(Run(house.base.clock, "deleter"))
    await house.settle()
    assert counts.done["deleted"] == 1
    seen = await house.alice.transcript(USER_BOT)
    assert [m for m in seen["messages"] if m.get("photo") and not m["deleted_at"]] == [], "deleted as announced"
    assert await db.collection("pending_deletions").find({"user_id": ALICE}, limit=5) == []


async def test_a_copy_comes_once_a_minute_as_a_file(house: House) -> None:
    await start(house)
    message_id = await open_privacy(house)
    for _ in range(3):
        await press(house, "Get a copy", message_id)
    seen = await house.alice.transcript(USER_BOT)
    files = [m for m in seen["messages"] if m.get("document")]
    assert [m["document"]["file_name"] for m in files] == ["my-data.json"]
    await house.advance(minutes=2)
    await press(house, "Get a copy", message_id)
    seen = await house.alice.transcript(USER_BOT)
    assert len([m for m in seen["messages"] if m.get("document")]) == 2


async def test_the_file_has_the_rows_of_its_subscriber_only(house: House) -> None:
    await start(house)
    await house.alice.link(house.link(await house.store()))
    await house.settle()
    content = json.loads(await copy_of(ALICE, house.base.clock.now()))
    assert content["user_id"] == ALICE and "incomplete" not in content
    assert {"users", "deliveries"} <= set(content["kept"])
    assert content["kept"]["users"][0]["first_name"] == "Alice"
    # ids of this house are short: as numbers only
    assert BOB not in [row.get("user_id") for rows in content["kept"].values() for row in rows]


async def test_a_copy_that_telegram_does_not_take_may_be_asked_for_again_at_once(house: House) -> None:
    await start(house)
    message_id = await open_privacy(house)
    await house.world.fault("error", method="sendDocument", bot=USER_BOT, status=400, description="Bad Request: no")
    await press(house, "Get a copy", message_id)
    assert privacy_screens.copy_not_sent() in await texts(house)
    await press(house, "Get a copy", message_id)
    assert [m for m in (await house.alice.transcript(USER_BOT))["messages"] if m.get("document")] != []


async def test_an_update_that_comes_again_after_a_crash_erases_once_more_and_ends(house: House) -> None:
    await start(house)
    privacy = house.another_process()["privacy"]
    await privacy.erase(ALICE)
    await privacy.erase(ALICE)
    await end(house)
    assert await user_ops.find(ALICE) is None
    assert len(await current_database().collection("erasures").find({}, limit=5)) == 1


def test_privacy_is_in_the_menu() -> None:
    assert "privacy" in {one.command for one in commands()}
