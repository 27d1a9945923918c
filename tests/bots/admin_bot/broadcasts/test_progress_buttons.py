"""The buttons of a confirmed broadcast, and the list: what each does, pressed once, too late, forged."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiogram.methods import EditMessageText, SendMessage
from aiogram.types import Message, User

from admin_bot.broadcasts.handlers.progress import show_list
from core.broadcasts import Broadcast, BroadcastStatus
from core.delivery import TELEGRAM_DELETE_LIMIT
from database.operations import audit_ops, broadcast_ops
from database.team import Team
from tests.bots.admin_bot.broadcasts.broadcasts import COUNTS, away, failed, made, sending, sent, stored
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.telegram import bad_request
from views.broadcasts import compose_texts
from views.broadcasts import progress_texts as texts

SECOND = User(id=7003, is_bot=False, first_name="Paul")
UNKNOWN_ID = "a" * 24


async def paused(admin: AdminBot) -> Broadcast:
    broadcast = await broadcast_ops.pause((await sending(admin)).id)
    assert broadcast is not None
    return broadcast


async def resumed(admin: AdminBot) -> Broadcast:
    broadcast = await broadcast_ops.resume((await paused(admin)).id)
    assert broadcast is not None
    return broadcast


async def shown(admin: AdminBot, make: Callable[[AdminBot], Awaitable[Broadcast]] = sending) -> Broadcast:
    """A broadcast whose progress is shown."""
    broadcast = await make(admin)
    await admin.data["progress_updater"].show(broadcast)
    admin.world.calls.clear()
    return broadcast


async def status_of(broadcast: Broadcast) -> BroadcastStatus:
    return (await stored(broadcast)).status


async def audited() -> list[str]:
    return [entry.action for entry in await audit_ops.last(20)][::-1]


def screen(admin: AdminBot, broadcast: Broadcast) -> Message:
    return admin.world.screens[broadcast.progress_message_id or 0]


def add_admin(admin: AdminBot, user: User) -> None:
    admin.dispatcher["team"] = Team({OWNER.id, user.id}, lambda: None, admin.clock)


# --- pause, resume, cancel


async def test_pause_and_resume_change_the_row_and_the_screen_at_once(admin: AdminBot) -> None:
    broadcast = await shown(admin)
    await admin.press("Pause")
    assert await status_of(broadcast) is BroadcastStatus.PAUSED
    assert (admin.toasts, admin.actions()) == ([texts.paused()], ["Resume", "Cancel"])
    assert "\nPaused" in admin.last_text
    await admin.press("Resume")
    assert await status_of(broadcast) is BroadcastStatus.QUEUED
    assert (admin.toasts[-1], admin.actions()) == (texts.resumed(), ["Cancel"])
    assert "Goes on in a moment" in admin.last_text
    assert await audited() == ["broadcast.paused", "broadcast.resumed"]
    entry = (await audit_ops.last(1))[0]
    assert (entry.admin_id, entry.target) == (OWNER.id, broadcast.id)
    assert (entry.before, entry.after) == ({"status": "paused"}, {"title": "Sale", "status": "queued"})
    assert len(admin.world.screens) == 1


@pytest.mark.parametrize("make", [made, sending, paused, resumed])
async def test_cancel_asks_first_and_names_what_it_ends(
    admin: AdminBot, make: Callable[[AdminBot], Awaitable[Broadcast]]
) -> None:
    broadcast = await shown(admin, make)
    await admin.press("Cancel")
    assert "Cancel the broadcast “\u2068Sale\u2069”?" in admin.last_text
    assert admin.actions() == ["Cancel the broadcast"]
    assert await status_of(broadcast) is broadcast.status
    await admin.press("‹ ")
    assert "Cancel the broadcast" not in admin.last_text
    assert "Cancel" in admin.actions()
    await admin.press("Cancel")
    await admin.press("Cancel the broadcast")
    assert await status_of(broadcast) is BroadcastStatus.CANCELLED
    assert admin.toasts[-1] == texts.cancelled()
    assert "\nCancelled " in admin.last_text
    assert await audited() == ["broadcast.cancelled"]
    assert len(admin.world.screens) == 1


async def test_recall_asks_first_and_then_recalls_every_copy(admin: AdminBot) -> None:
    broadcast = await shown(admin, sent)
    await admin.press("Delete for everyone")
    assert "for 95 people?" in admin.last_text
    assert admin.actions() == ["Delete for 95 people"]
    await admin.press("‹ ")
    assert (await stored(broadcast)).is_recall_wanted is False
    await admin.press("Delete for everyone")
    await admin.press("Delete for 95 people")
    after = await stored(broadcast)
    assert (after.status, after.is_recall_wanted, after.delete_at) == ("recalling", True, admin.clock.now())
    assert (admin.toasts[-1], admin.actions()) == (texts.recall_started(), [])
    assert "Being deleted for everyone" in admin.last_text
    assert await audited() == ["broadcast.recall_wanted"]


# --- pressed twice, too late, forged


@pytest.mark.parametrize(
    ("make", "act", "answer"),
    [
        (sending, "pause", "It is paused already."),
        (paused, "resume", "It is not paused."),
        (sending, "cancelyes", "It is cancelled already."),
        (sent, "backyes", "It is being deleted already."),
    ],
)
async def test_a_second_press_does_nothing_and_says_so(
    admin: AdminBot, make: Callable[[AdminBot], Awaitable[Broadcast]], act: str, answer: str
) -> None:
    broadcast = await shown(admin, make)
    data, place = f"br:{act}:{broadcast.id}", broadcast.progress_message_id
    await admin.callback(data, message_id=place)
    once = await stored(broadcast)
    admin.clock.move(timedelta(seconds=1))
    await admin.callback(data, message_id=place)
    assert await stored(broadcast) == once != broadcast
    assert admin.toasts[-1] == answer
    assert len(await audited()) == 1


LATE: list[tuple[Callable[[AdminBot], Awaitable[Broadcast]], str, str]] = [
    (made, "pause", "It is not being sent right now."),
    (sent, "pause", "It is over already."),
    (sending, "resume", "It is not paused."),
    (sent, "resume", "It is over already."),
    (sent, "cancel", "It is over already."),
    (sent, "cancelyes", "It is over already."),
    (sending, "back", "It is not over yet. Cancel it first, then delete it for everyone."),
    (paused, "backyes", "It is not over yet. Cancel it first, then delete it for everyone."),
]


@pytest.mark.parametrize(("make", "act", "answer"), LATE)
async def test_a_button_that_comes_too_late_says_why_and_shows_the_progress(
    admin: AdminBot, make: Callable[[AdminBot], Awaitable[Broadcast]], act: str, answer: str
) -> None:
    broadcast = await make(admin)
    admin.world.calls.clear()
    await admin.callback(f"br:{act}:{broadcast.id}", message_id=broadcast.progress_message_id)
    assert admin.toasts == [answer]
    assert admin.last_text == texts.progress(await stored(broadcast), admin.clock.now(), admin.data["zone"]).text
    assert await status_of(broadcast) is broadcast.status
    assert await audited() == []


async def test_a_broadcast_cannot_be_recalled_after_48_hours(admin: AdminBot) -> None:
    broadcast = await shown(admin, sent)
    admin.clock.move(TELEGRAM_DELETE_LIMIT)
    await admin.press("Delete for everyone")
    assert admin.toasts == ["It stays: Telegram deletes nothing that is older than 48 hours."]
    await admin.callback(f"br:backyes:{broadcast.id}", message_id=broadcast.progress_message_id)
    assert await status_of(broadcast) is BroadcastStatus.SENT
    assert await audited() == []
    assert admin.actions() == []


async def test_a_broadcast_can_be_recalled_a_moment_before_48_hours(admin: AdminBot) -> None:
    broadcast = await shown(admin, sent)
    admin.clock.move(TELEGRAM_DELETE_LIMIT - timedelta(milliseconds=1))
    await admin.press("Delete for everyone")
    await admin.press("Delete for")
    assert await status_of(broadcast) is BroadcastStatus.RECALLING


async def test_a_broadcast_deleted_by_its_lifetime_can_be_recalled_at_once(admin: AdminBot) -> None:
    broadcast = await shown(admin, sent)
    assert await broadcast_ops.mark_recalling(broadcast.id)
    await admin.callback(f"br:backyes:{broadcast.id}", message_id=broadcast.progress_message_id)
    assert (await stored(broadcast)).is_recall_wanted
    assert await audited() == ["broadcast.recall_wanted"]


@pytest.mark.parametrize("act", ["show", "pause", "resume", "cancel", "cancelyes", "back", "backyes"])
async def test_an_unknown_id_is_answered_and_changes_nothing(admin: AdminBot, act: str) -> None:
    broadcast = await shown(admin)
    await admin.callback(f"br:{act}:{UNKNOWN_ID}")
    assert admin.toasts == [texts.gone()]
    assert len(admin.world.calls) == 1
    assert await stored(broadcast) == broadcast


@pytest.mark.parametrize(
    "data",
    ["br:pause:", "br:pause:xyz", f"br:nonsense:{UNKNOWN_ID}", f"br:pause:{UNKNOWN_ID}:1", "bl:-1", "bl:10000", "bl:x"],
)
async def test_a_forged_button_is_answered_and_changes_nothing(admin: AdminBot, data: str) -> None:
    broadcast = await shown(admin)
    await admin.callback(data)
    assert admin.toasts == [texts.gone()]
    assert await stored(broadcast) == broadcast


async def test_a_stranger_can_press_nothing(admin: AdminBot) -> None:
    broadcast = await shown(admin)
    await admin.callback(f"br:cancelyes:{broadcast.id}", who=SECOND)
    assert await status_of(broadcast) is BroadcastStatus.SENDING
    assert admin.texts == []


# --- faults


async def test_a_press_during_an_outage_changes_the_row_once_afterwards(admin: AdminBot) -> None:
    broadcast = await shown(admin)
    admin.database.before_call = away("find_one_and_update")
    pressing = admin.supervisor.spawn(admin.press("Pause"), "pressing")
    await admin.time.move(2)
    assert await status_of(broadcast) is BroadcastStatus.SENDING
    admin.database.before_call = None
    await admin.time.move(20)
    await pressing
    assert await status_of(broadcast) is BroadcastStatus.PAUSED
    assert await audited() == ["broadcast.paused"]
    assert "\nPaused" in admin.last_text


@pytest.mark.parametrize("text", ["message to edit not found", "message can't be edited"])
async def test_a_deleted_progress_message_is_replaced_by_a_new_one(admin: AdminBot, text: str) -> None:
    broadcast = await shown(admin)
    admin.world.fail(EditMessageText, bad_request(text))
    await admin.press("Pause")
    (new,) = admin.world.of(SendMessage)
    assert "\nPaused" in new.text
    place = (await stored(broadcast)).progress_message_id
    assert place is not None and place == max(admin.world.screens)


async def test_a_button_whose_message_is_out_of_reach_is_answered_in_a_new_one(admin: AdminBot) -> None:
    broadcast = await shown(admin)
    await admin.callback(f"br:pause:{broadcast.id}")
    after = await stored(broadcast)
    assert after.status is BroadcastStatus.PAUSED
    assert after.progress_message_id == max(admin.world.screens) != broadcast.progress_message_id


# --- the list


async def test_an_empty_list_offers_a_new_one(admin: AdminBot) -> None:
    await admin.callback("bl:0")
    assert "None yet." in admin.last_text
    assert admin.actions() == ["New broadcast"]
    await admin.press("New broadcast")
    assert admin.last_text == compose_texts.ask_message_text()
    assert len(admin.world.screens) == 1, "the same message"


async def test_the_list_shows_five_a_page(admin: AdminBot) -> None:
    for number in range(7):
        await made(admin, f"News {number} <b>")
        admin.clock.move(timedelta(minutes=1))
    message = Message.model_validate(admin.message(text="/broadcast list"), context={"bot": admin.bot})
    await show_list(message)
    first = [f"News {number} <b> · waiting" for number in (6, 5, 4, 3, 2)]
    assert admin.actions() == ["New broadcast", *first, "Next ›"]
    await admin.press("Next")
    assert admin.actions() == ["News 1 <b> · waiting", "News 0 <b> · waiting", "‹ Prev"]
    await admin.callback("bl:7")
    assert "This page is empty" in admin.last_text
    assert admin.actions() == ["‹ Prev"]


async def test_a_broadcast_opened_from_the_list_is_updated_in_that_message(admin: AdminBot) -> None:
    broadcast = await shown(admin)
    await admin.callback("bl:0")
    listed = max(admin.world.screens)
    await admin.press("Sale · ")
    assert (await stored(broadcast)).progress_message_id == listed
    assert "15 of 100" not in admin.last_text and "20 of 100" in admin.last_text
    before = screen(admin, broadcast)
    assert before.text == texts.moved(broadcast).text
    updater = admin.data["progress_updater"]
    await broadcast_ops.record_counts(broadcast.id, COUNTS | {"pending": 40, "sent": 55})
    await updater.poll()
    await updater.poll()
    assert "60 of 100" in str(admin.world.screens[listed].text)
    assert screen(admin, broadcast).text == texts.moved(broadcast).text


async def test_show_it_here_moves_the_progress_back(admin: AdminBot) -> None:
    broadcast = await shown(admin)
    await admin.callback("bl:0")
    await admin.press("Sale · ")
    await admin.press("Show it here")
    assert (await stored(broadcast)).progress_message_id == broadcast.progress_message_id
    assert "Sending" in str(screen(admin, broadcast).text)


async def test_the_final_progress_stays_in_the_old_message(admin: AdminBot) -> None:
    broadcast = await shown(admin, sent)
    last_word = screen(admin, broadcast).text
    await admin.callback("bl:0")
    await admin.press("Sale · ")
    assert screen(admin, broadcast).text == last_word


async def test_opening_a_failed_broadcast_sends_no_second_notification(admin: AdminBot) -> None:
    broadcast = await shown(admin, failed)
    updater = admin.data["progress_updater"]
    for _ in range(3):
        await updater.poll()
    assert [call.text for call in admin.world.of(SendMessage)] == [texts.stopped(broadcast)]
    for _ in range(2):
        await admin.callback("bl:0")
        await admin.press("Sale · ")
        for _ in range(3):
            await updater.poll()
    assert [call.text for call in admin.world.of(SendMessage)].count(texts.stopped(broadcast)) == 1
    assert (await stored(broadcast)).is_shown


# --- two admins


async def test_of_two_concurrent_presses_one_changes_the_row(admin: AdminBot) -> None:
    add_admin(admin, SECOND)
    broadcast = await shown(admin)
    data: dict[str, Any] = {"data": f"br:pause:{broadcast.id}", "message_id": broadcast.progress_message_id}
    first = admin.supervisor.spawn(admin.callback(**data), "first")
    second = admin.supervisor.spawn(admin.callback(f"br:pause:{broadcast.id}", who=SECOND), "second")
    await first
    await second
    assert sorted(admin.toasts, key=str) == ["It is paused already.", texts.paused()]
    assert await audited() == ["broadcast.paused"]


async def test_another_admin_takes_over_the_progress_message_and_the_old_one_says_so(admin: AdminBot) -> None:
    add_admin(admin, SECOND)
    broadcast = await shown(admin)
    await admin.callback("bl:0", who=SECOND)
    await admin.callback(f"br:show:{broadcast.id}", who=SECOND, message_id=max(admin.world.screens))
    after = await stored(broadcast)
    assert (after.progress_chat_id, after.created_by) == (SECOND.id, OWNER.id)
    assert screen(admin, broadcast).text == texts.moved(broadcast).text
    await admin.callback(f"br:pause:{broadcast.id}", who=SECOND, message_id=after.progress_message_id)
    assert (await audit_ops.last(1))[0].admin_id == SECOND.id
