"""Updates of progress messages after crashes, during outages of the database and failures of Telegram."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramServerError
from aiogram.methods import EditMessageText, SendMessage, TelegramMethod
from structlog.testing import capture_logs

from admin_bot.broadcasts import progress_updater
from admin_bot.broadcasts.progress_messages import edit_or_send
from admin_bot.broadcasts.progress_updater import POLL_EVERY_S, ProgressUpdater
from admin_bot.screens import MessageRef
from core.broadcasts import BroadcastStatus
from database.operations import broadcast_ops
from tests.bots.admin_bot.broadcasts.broadcasts import (
    COUNTS,
    away,
    count,
    edits,
    failed,
    made,
    new_updater,
    sending,
    sends,
    sent,
    stored,
)
from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.admin_bot.faults import blocked, flood, lost
from tests.bots.admin_bot.telegram import MakeError, bad_request
from views.screens import Screen

PAUL = 7003


def broken(method: TelegramMethod[Any]) -> BaseException:
    return TelegramServerError(method=method, message="Internal Server Error: NEED_RESTART")


def unheard_of(method: TelegramMethod[Any]) -> BaseException:
    return TelegramBadRequest(method=method, message="Bad Request: SOMETHING_NEW")


@pytest.fixture
async def updater(admin: AdminBot) -> AsyncIterator[ProgressUpdater]:
    """An updater that polls whenever the time moves on."""
    updater = new_updater(admin)
    await updater.start()
    yield updater
    await updater.stop()


# --- crashes


@pytest.mark.parametrize("make", [sent, failed])
async def test_a_crash_before_the_mark_shows_the_end_again_and_notifies_twice_at_most(
    admin: AdminBot, make: Any
) -> None:
    one = await make(admin)
    admin.database.before_call = away("update_one")
    await new_updater(admin).poll()
    assert len(edits(admin)) == 1
    admin.database.before_call = None
    assert not (await stored(one)).is_shown
    again = new_updater(admin)
    await again.poll()
    await again.poll()
    assert len(edits(admin)) == 2
    assert len(sends(admin)) == (2 if make is failed else 0)
    assert (await stored(one)).is_shown


async def test_a_status_that_changes_before_the_mark_is_shown_too(admin: AdminBot) -> None:
    one, updater = await sent(admin), new_updater(admin)

    def recall_before(operation: str, collection: str) -> None:
        """Recall it right before the mark."""
        if operation == "update_one":
            admin.database.before_call = None
            recall = broadcast_ops.request_recall(one.id, admin.clock.now())
            recalls.append(admin.supervisor.spawn(recall, "recall"))

    recalls: list[Any] = []
    admin.database.before_call = recall_before
    await updater.poll()
    for one_recall in recalls:
        await one_recall
    await updater.poll()
    await updater.poll()
    assert "Being deleted for everyone" in edits(admin, one)[-1]
    assert not (await stored(one)).is_shown


async def test_start_returns_at_once_and_stop_ends_the_polling(admin: AdminBot) -> None:
    updater = new_updater(admin)
    await updater.start()
    await updater.start()
    assert admin.supervisor.running == 2, "the polling, and what starts it again"
    await updater.stop()
    await updater.stop()
    await made(admin)
    await admin.time.move(30)
    assert admin.supervisor.running == 0
    assert edits(admin) == []


async def test_the_dispatcher_starts_and_stops_the_updater(admin: AdminBot) -> None:
    await admin.dispatcher.emit_startup()
    one = await made(admin)
    await admin.time.move(3)
    assert len(edits(admin, one)) == 1
    await admin.dispatcher.emit_shutdown()
    assert await broadcast_ops.start(one, admin.clock.now())
    await admin.time.move(30)
    assert len(edits(admin, one)) == 1


# --- outages of the database


@pytest.mark.parametrize("operations", [("find",), ("update_one",)])
async def test_an_outage_is_logged_once_and_updates_go_on_afterwards(
    admin: AdminBot, updater: ProgressUpdater, operations: tuple[str, ...]
) -> None:
    # the one that waits for its turn needs the first kind of query, the one that is over the second
    one, over = await made(admin), await sent(admin)
    admin.database.before_call = away(*operations)
    with capture_logs() as logs:
        await admin.time.move(60)
    assert [entry["event"] for entry in logs].count("broadcast.progress_not_read") == 1
    admin.database.before_call = None
    await admin.time.move(6)
    assert edits(admin, one) != []
    assert (await stored(over)).is_shown


async def test_the_next_outage_is_logged_again(admin: AdminBot, updater: ProgressUpdater) -> None:
    with capture_logs() as logs:
        for _ in range(2):
            admin.database.before_call = away()
            await admin.time.move(9)
            admin.database.before_call = None
            await admin.time.move(9)
    assert [entry["event"] for entry in logs].count("broadcast.progress_not_read") == 2


async def test_a_new_message_that_was_not_stored_is_stored_later_and_not_sent_again(
    admin: AdminBot, updater: ProgressUpdater
) -> None:
    one = await sending(admin)
    admin.world.fail(EditMessageText, bad_request("message to edit not found"))
    admin.database.before_call = away("update_one")
    await admin.time.move(9)
    admin.database.before_call = None
    await count(one, 100)
    await admin.time.move(9)
    assert len(sends(admin)) == 1
    assert (await stored(one)).progress_message_id == max(admin.world.screens)
    assert "100 of 1,000" in str(admin.world.screens[max(admin.world.screens)].text)


# --- another admin bot


async def test_a_progress_message_of_a_replaced_bot_is_not_edited_but_sent_anew_once(
    admin: AdminBot, updater: ProgressUpdater
) -> None:
    one = await sending(admin)
    assert one.progress_message_id is not None
    await broadcast_ops.set_progress_message(one.id, one.progress_chat_id, one.progress_message_id, 555)
    await count(one, 100)
    await admin.time.move(6)
    assert len(sends(admin)) == 1
    assert one.progress_message_id not in {call.message_id for call in admin.world.of(EditMessageText)}
    now = await stored(one)
    assert (now.progress_message_id, now.progress_bot_id) == (max(admin.world.screens), admin.bot.id)
    await count(one, 200)
    await admin.time.move(6)
    assert len(sends(admin)) == 1
    assert admin.world.of(EditMessageText)[-1].message_id == now.progress_message_id


# --- failures of Telegram


@pytest.mark.parametrize("text", ["message to edit not found", "message can't be edited"])
async def test_a_deleted_progress_message_is_replaced_once(
    admin: AdminBot, updater: ProgressUpdater, text: str
) -> None:
    one = await sending(admin)
    admin.world.fail(EditMessageText, bad_request(text))
    await admin.time.move(3)
    assert len(sends(admin)) == 1
    new = max(admin.world.screens)
    assert (await stored(one)).progress_message_id == new
    await count(one, 100)
    await admin.time.move(6)
    assert len(sends(admin)) == 1
    assert admin.world.of(EditMessageText)[-1].message_id == new


async def test_not_modified_counts_as_shown(admin: AdminBot, updater: ProgressUpdater) -> None:
    one = await sent(admin)
    admin.world.fail(EditMessageText, bad_request("message is not modified: specified new message content"))
    await admin.time.move(3)
    assert (await stored(one)).is_shown
    assert sends(admin) == []


@pytest.mark.parametrize(("trouble", "pause_s"), [(flood, 9), (lost, 15), (broken, 15), (unheard_of, 15)])
async def test_a_failed_edit_is_repeated_later_and_does_not_delay_others(
    admin: AdminBot, updater: ProgressUpdater, trouble: MakeError, pause_s: float
) -> None:
    one, other = await sending(admin), await sending(admin, "Other")
    admin.world.fail(EditMessageText, trouble)
    await admin.time.move(3)
    assert (len(edits(admin, one)), len(edits(admin, other))) == (1, 1)
    for done in range(int(pause_s / POLL_EVERY_S)):
        await count(other, done)
        await admin.time.move(3)
    assert len(edits(admin, one)) == 1
    assert len(edits(admin, other)) > 3
    await admin.time.move(3)
    assert len(edits(admin, one)) == 2


@pytest.mark.parametrize("trouble", [blocked, bad_request("chat not found"), bad_request("user is deactivated")])
async def test_a_blocked_admin_bot_stops_editing_and_leaves_the_broadcast_alone(
    admin: AdminBot, updater: ProgressUpdater, trouble: MakeError
) -> None:
    one, other = await sending(admin), await sending(admin, "Other", progress_chat_id=PAUL, created_by=PAUL)
    admin.world.fail(EditMessageText, trouble)
    await admin.time.move(3)
    before = await stored(one)
    for done in range(20):
        await count(one, done)
        await count(other, done)
        await admin.time.move(3)
    assert (len(edits(admin, one)), len(edits(admin, other))) == (1, 21)
    after = await stored(one)
    assert (after.status, after.progress_message_id) == (before.status, before.progress_message_id)
    assert sends(admin) == []


async def test_an_admin_who_blocked_the_bot_is_tried_once_more_at_the_end(
    admin: AdminBot, updater: ProgressUpdater
) -> None:
    one = await sending(admin)
    admin.world.fail(EditMessageText, blocked, times=10)
    admin.world.fail(SendMessage, blocked, times=10)
    await admin.time.move(30)
    assert len(edits(admin, one)) == 1
    assert await broadcast_ops.finish(one.id, BroadcastStatus.FAILED, admin.clock.now(), COUNTS, "It broke.")
    await admin.time.move(60)
    assert (len(edits(admin, one)), len(sends(admin))) == (2, 1)
    assert (await stored(one)).is_shown, "an unreachable admin is not tried without end"


async def test_after_unblocking_a_press_resumes_the_updates(admin: AdminBot, updater: ProgressUpdater) -> None:
    one = await sending(admin)
    admin.world.fail(EditMessageText, blocked)
    await admin.time.move(9)
    await admin.callback(f"br:show:{one.id}", message_id=one.progress_message_id)
    # the dispatcher's own updater showed it; the same call for the updater under test
    await updater.show(await stored(one))
    await count(one, 500)
    await admin.time.move(6)
    assert "500 of 1,000" in edits(admin, one)[-1]


@pytest.mark.parametrize("trouble", [flood, broken, lost])
async def test_a_failure_notification_that_could_not_be_sent_is_repeated(
    admin: AdminBot, updater: ProgressUpdater, trouble: MakeError
) -> None:
    one = await failed(admin)
    admin.world.fail(SendMessage, trouble)
    await admin.time.move(3)
    assert not (await stored(one)).is_shown
    await admin.time.move(18)
    assert len(sends(admin)) == 2
    assert (await stored(one)).is_shown


async def test_a_hanging_edit_does_not_delay_others(
    admin: AdminBot, updater: ProgressUpdater, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_updater, "EDIT_TIMEOUT_S", 0.0)
    one, other = await sending(admin), await sending(admin, "Other")

    async def hang(bot: Bot, ref: MessageRef, screen: Screen) -> MessageRef:
        if ref.message_id == one.progress_message_id:
            await admin.time.sleep(1e9)
        return await edit_or_send(bot, ref, screen)

    monkeypatch.setattr(progress_updater, "edit_or_send", hang)
    for done in range(5):
        await count(other, done)
        await admin.time.move(3)
    assert edits(admin, one) == []
    assert len(edits(admin, other)) == 5
