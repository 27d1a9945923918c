"""Expired broadcasts are taken back recipient by recipient; a row changes only when Telegram has answered."""

from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from core.jobs import JobOutcome, RunReport
from database.connection import current_database
from schedulers import broadcast_deleter, create_broadcast_deleter_scheduler
from tests.house import ALICE, BOB, OLIVE, STORAGE, USER_BOT, House


async def a_broadcast(house: House, *readers: int, minutes: int = 60) -> ObjectId:
    """A message each reader has got, in a broadcast that is to be taken back after `minutes`."""
    database, now = current_database(), house.base.clock.now()
    key = ObjectId()
    await database.collection("broadcasts").insert_one(
        {
            "_id": key,
            "source_chat_id": STORAGE,
            "message_id": 1,
            "status": "sent",
            "created_by": OLIVE,
            "created_at": now,
            "delete_at": now + timedelta(minutes=minutes),
        }
    )
    for reader in readers:
        person = house.world.person(reader)
        await person.text(USER_BOT, "/start")
        await house.settle()
        message = await house.base.user_bot.send_message(reader, "News!")
        await database.collection("broadcast_recipients").insert_one(
            {
                "broadcast_id": key,
                "user_id": reader,
                "state": "sent",
                "message_id": message.message_id,
                "sent_at": now,
            }
        )
    return key


async def recall(house: House) -> RunReport:
    deleter = create_broadcast_deleter_scheduler(house.base.user_bot, house.user_bot.jobs)
    return await deleter.delete_expired_broadcasts()


async def states() -> dict[int, str]:
    rows = await current_database().collection("broadcast_recipients").find({}, limit=50)
    return {row["user_id"]: row["state"] for row in rows}


async def status(key: ObjectId) -> str:
    found: dict[str, Any] | None = await current_database().collection("broadcasts").find_one({"_id": key})
    assert found is not None
    return str(found["status"])


async def news_of(house: House, reader: int) -> list[dict[str, Any]]:
    transcript = await house.world.person(reader).transcript(USER_BOT)
    return [m for m in transcript["messages"] if m.get("text") == "News!" and m["deleted_at"] is None]


async def test_nothing_is_taken_back_before_its_time(house: House) -> None:
    key = await a_broadcast(house, ALICE)
    await house.advance(minutes=59)
    assert (await recall(house)).counts == {}
    assert await status(key) == "sent"


async def test_each_reader_loses_their_own_message(house: House) -> None:
    key = await a_broadcast(house, ALICE, BOB)
    await house.advance(minutes=61)
    report = await recall(house)
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {"deleted": 2})
    assert await states() == {ALICE: "deleted", BOB: "deleted"}
    assert await status(key) == "recalled"
    assert await news_of(house, ALICE) == await news_of(house, BOB) == []


async def test_a_failed_deletion_stays_for_the_next_hour(house: House) -> None:
    key = await a_broadcast(house, ALICE, BOB)
    await house.advance(minutes=61)
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, times=None)
    report = await recall(house)
    assert report.counts["deleted"] == 1
    assert report.more
    assert await states() == {ALICE: "sent", BOB: "deleted"}
    assert await status(key) == "recalling"
    await house.world.clear_faults()
    assert (await recall(house)).counts == {"deleted": 1}
    assert await status(key) == "recalled"


async def test_recipients_who_fail_do_not_hide_those_behind_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_deleter, "BATCH", 1)
    await a_broadcast(house, ALICE, BOB)
    await house.advance(minutes=61)
    await house.world.fault("html", method="deleteMessages", chat_id=ALICE, status=502, times=None)
    report = await recall(house)
    assert report.counts == {"retry": 1, "deleted": 1}
    assert await states() == {ALICE: "sent", BOB: "deleted"}


async def test_a_message_that_is_too_old_is_said_to_have_failed(house: House) -> None:
    key = await a_broadcast(house, ALICE)
    await house.advance(hours=49)
    assert (await recall(house)).counts == {"failed": 1}
    assert await states() == {ALICE: "failed"}
    assert await status(key) == "recalled"


async def test_a_reader_whose_account_is_gone_ends_as_failed(house: House) -> None:
    await a_broadcast(house, ALICE)
    await house.alice.deactivate()
    await house.advance(minutes=61)
    assert (await recall(house)).counts == {"failed": 1}
