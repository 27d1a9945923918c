"""The progress of broadcasts in the sandbox: real polling, real edits, deleted messages, a blocked bot."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from admin_bot.broadcasts.progress_updater import ProgressUpdater
from core.broadcasts import Broadcast, BroadcastStatus, NewBroadcast
from database.operations import audit_ops, broadcast_ops
from tests.house import ADMIN_BOT, OLIVE, STORAGE, House, running_house

Json = dict[str, Any]
PAUL = 504


async def paul_is_an_admin_too(world: Any) -> None:
    await world.add_user("Paul", id=PAUL)
    await world.person(PAUL).text(ADMIN_BOT, "/start")


def updater_of(house: House) -> ProgressUpdater:
    updater = house.parts[1].updates.served.dispatcher.workflow_data["progress_updater"]
    assert isinstance(updater, ProgressUpdater)
    return updater


async def polls(house: House, number: int = 2) -> None:
    """Poll; the first poll after a press does not edit its screen."""
    for _ in range(number):
        await updater_of(house).poll()


async def made(house: House, who: int = OLIVE, **more: Any) -> Broadcast:
    now = house.base.clock.now()
    screen = await house.base.admin_bot.send_message(who, "confirmed")
    known: dict[str, Any] = {
        "key": secrets.token_hex(8),
        "title": "Rome <b> & more",
        "source_chat_id": STORAGE,
        "message_ids": (1,),
        "created_by": who,
        "created_at": now,
        "send_at": now,
        "progress_chat_id": who,
        "progress_message_id": screen.message_id,
    }
    broadcast, _ = await broadcast_ops.create(NewBroadcast.model_validate(known | more))
    return broadcast


async def sending(house: House, who: int = OLIVE, **more: Any) -> Broadcast:
    broadcast = await made(house, who, **more)
    assert await broadcast_ops.start(broadcast, house.base.clock.now())
    await broadcast_ops.record_cursor(broadcast.id, 1, is_filled=True)
    counted = await broadcast_ops.record_counts(broadcast.id, {"pending": 900, "sent": 100})
    assert counted is not None
    return counted


async def on_screen(house: House, who: int = OLIVE) -> Json:
    """The last message the admin bot has in the chat."""
    messages = (await house.world.person(who).transcript(ADMIN_BOT))["messages"]
    there: list[Json] = [one for one in messages if one["outgoing"] and one["deleted_at"] is None]
    return there[-1]


def buttons(message: Json) -> list[str]:
    """The buttons without the last row, which leads back."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["text"] for row in rows[:-1] for button in row]


async def test_one_message_shows_a_broadcast_from_the_queue_to_the_recall(house: House) -> None:
    one = await made(house, send_at=house.base.clock.now() + timedelta(hours=1))
    seen: list[tuple[str, list[str]]] = []

    async def poll() -> None:
        await polls(house)
        message = await on_screen(house)
        assert message["message_id"] == one.progress_message_id
        assert message["text"].startswith("Broadcast “\u2068Rome <b> & more\u2069”\n")
        seen.append((message["text"].splitlines()[1].split(" 2")[0], buttons(message)))

    await poll()
    await house.advance(hours=1)
    await poll()
    now = house.base.clock.now()
    assert await broadcast_ops.start(one, now)
    await poll()
    await broadcast_ops.record_cursor(one.id, 1, is_filled=True)
    await broadcast_ops.record_counts(one.id, {"pending": 1, "sent": 1})
    await poll()
    for press in ("Pause", "Resume"):
        await house.olive.press(ADMIN_BOT, press)
        await house.settle()
        await poll()
    paused_once = await broadcast_ops.find(one.id)
    assert paused_once is not None and await broadcast_ops.start(paused_once, now)
    assert await broadcast_ops.finish(one.id, BroadcastStatus.SENT, now, {"sent": 2})
    await poll()
    for press in ("Delete for everyone", "Delete for 2 people"):
        await house.olive.press(ADMIN_BOT, press)
        await house.settle()
    await poll()
    assert await broadcast_ops.finish_recall(one.id, {"deleted": 1, "kept": 1})
    await poll()
    said = [words.rsplit(" ", 2)[0] if words.startswith("Waits for") else words for words, _ in seen]
    assert [(words.split(" ")[0], shown) for words, (_, shown) in zip(said, seen, strict=True)] == [
        ("Waits", ["Cancel"]),
        ("Begins", ["Cancel"]),
        ("Making", ["Pause", "Cancel"]),
        ("Sending", ["Pause", "Cancel"]),
        ("Paused", ["Resume", "Cancel"]),
        ("Goes", ["Cancel"]),
        ("Sent", ["Delete for everyone"]),
        ("Being", []),
        ("Deleted", []),
    ]
    audited = [entry.action for entry in await audit_ops.last(10)][::-1]
    assert audited == ["broadcast.paused", "broadcast.resumed", "broadcast.recall_wanted"]
    ended = await broadcast_ops.find(one.id)
    assert ended is not None and ended.is_shown


async def test_a_paused_broadcast_can_be_cancelled(house: House) -> None:
    one = await sending(house)
    await polls(house)
    for press in ("Pause", "Cancel", "Cancel the broadcast"):
        await house.olive.press(ADMIN_BOT, press)
        await house.settle()
    message = await on_screen(house)
    assert "\nCancelled " in message["text"]
    assert "not sent to 900" in message["text"]
    assert buttons(message) == ["Delete for everyone"]
    after = await broadcast_ops.find(one.id)
    assert after is not None and after.status is BroadcastStatus.CANCELLED


@pytest.mark.parametrize("by_press", [False, True])
async def test_a_progress_message_deleted_by_the_admin_is_replaced(house: House, by_press: bool) -> None:
    one = await sending(house)
    await polls(house)
    await house.olive.delete(ADMIN_BOT, [one.progress_message_id or 0])
    if by_press:
        await house.olive.forge_callback(ADMIN_BOT, f"br:pause:{one.id}")
        await house.settle()
    await broadcast_ops.record_counts(one.id, {"pending": 800, "sent": 200})
    await polls(house, 3)
    message = await on_screen(house)
    assert "200 of 1,000" in message["text"]
    after = await broadcast_ops.find(one.id)
    assert after is not None
    assert (after.progress_message_id, after.status) == (message["message_id"], "paused" if by_press else "sending")


async def test_an_admin_who_blocks_the_bot_does_not_affect_other_admins() -> None:
    async with running_house(timers=False, before=paul_is_an_admin_too, ADMIN_IDS=(OLIVE, PAUL)) as house:
        hers, his = await sending(house), await sending(house, PAUL)
        await polls(house)
        # the sandbox, like TDLib, still edits in a blocked chat; a deleted message has to be sent, which is refused
        await house.olive.delete(ADMIN_BOT, [hers.progress_message_id or 0])
        await house.olive.block(ADMIN_BOT)
        before = len(await house.world.calls(bot=ADMIN_BOT))
        for sent_to in (300, 400, 500):
            for one in (hers, his):
                await broadcast_ops.record_counts(one.id, {"pending": 1000 - sent_to, "sent": sent_to})
            await polls(house, 1)
        assert "500 of 1,000" in (await on_screen(house, PAUL))["text"]
        calls = (await house.world.calls(bot=ADMIN_BOT))[before:]
        to_her = [call["method"] for call in calls if str(call["params"].get("chat_id")) == str(OLIVE)]
        assert to_her == ["editMessageText", "sendMessage"], "tried once and not again"
        after = await broadcast_ops.find(hers.id)
        assert after is not None and after.status is BroadcastStatus.SENDING
        await house.olive.unblock(ADMIN_BOT)
        await house.olive.forge_callback(ADMIN_BOT, f"br:pause:{hers.id}")
        await house.settle()
        assert "\nPaused" in (await on_screen(house))["text"]


async def test_a_failed_broadcast_notifies_its_creator_in_a_new_message(house: House) -> None:
    one = await sending(house)
    await broadcast_ops.finish(
        one.id, BroadcastStatus.FAILED, house.base.clock.now(), {"pending": 900, "sent": 100}, "Its <message> is gone."
    )
    await polls(house, 4)
    messages = [m for m in (await house.olive.transcript(ADMIN_BOT))["messages"] if m["outgoing"]]
    told = [m["text"] for m in messages if m["text"].startswith("Your broadcast")]
    assert len(told) == 1
    assert "Stopped: Its <message> is gone." in told[0]
    assert "100 of 1,000 people got it." in told[0]


async def test_flood_control_delays_the_progress(house: House) -> None:
    one = await sending(house)
    await house.world.fault("flood", bot=ADMIN_BOT, method="editMessageText", retry_after=60)
    with capture_logs() as logs:
        await polls(house, 1)
    assert not [entry for entry in logs if entry["log_level"] == "error"]
    await house.world.clear_faults()
    await house.advance(minutes=2)
    await polls(house, 25)
    assert "100 of 1,000" in (await on_screen(house))["text"]
    after = await broadcast_ops.find(one.id)
    assert after is not None and after.progress_message_id == one.progress_message_id


async def test_a_broadcast_opens_in_place_of_the_list(house: House) -> None:
    one = await sending(house)
    await house.olive.text(ADMIN_BOT, "/broadcast list")
    await house.settle()
    listed = await on_screen(house)
    assert buttons(listed) == ["New broadcast", "Rome <b> & more · being sent"]
    await house.olive.press(ADMIN_BOT, "Rome <b> & more · being sent")
    await house.settle()
    await broadcast_ops.record_counts(one.id, {"pending": 400, "sent": 600})
    await polls(house)
    message = await on_screen(house)
    assert message["message_id"] == listed["message_id"]
    assert "600 of 1,000 — 60 %" in message["text"]


async def test_the_updater_runs_as_long_as_the_bot() -> None:
    async with running_house(timers=False) as house:
        running = updater_of(house)._running
        assert running is not None and not running.done()
    assert running.done()
