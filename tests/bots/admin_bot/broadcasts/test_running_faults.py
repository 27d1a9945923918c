"""The watch over progress messages through crashes, a database that is away, and Telegram's trouble."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import EditMessageText, SendMessage, TelegramMethod
from structlog.testing import capture_logs

from admin_bot.broadcasts import progress as broadcast_watch
from admin_bot.broadcasts.progress import EVERY_S, BroadcastWatch
from admin_bot.broadcasts.screens import Face, put
from core.broadcasts import BroadcastStatus
from database.operations import broadcast_ops
from tests.bots.admin_bot.broadcasts.broadcasts import (
    COUNTS,
    away,
    count,
    edits,
    failed,
    made,
    new_watch,
    sending,
    sends,
    sent,
    stored,
)
from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.admin_bot.telegram import MakeError, bad_request

PAUL = 7003


def blocked(method: TelegramMethod[Any]) -> BaseException:
    return TelegramForbiddenError(method=method, message="Forbidden: bot was blocked by the user")


def flood(method: TelegramMethod[Any]) -> BaseException:
    return TelegramRetryAfter(method=method, message="Too Many Requests: retry after 9", retry_after=9)


def lost(method: TelegramMethod[Any]) -> BaseException:
    return TelegramNetworkError(method=method, message="Request timeout error")


def broken(method: TelegramMethod[Any]) -> BaseException:
    return TelegramServerError(method=method, message="Internal Server Error: NEED_RESTART")


def unheard_of(method: TelegramMethod[Any]) -> BaseException:
    return TelegramBadRequest(method=method, message="Bad Request: SOMETHING_NEW")


@pytest.fixture
async def watch(admin: AdminBot) -> AsyncIterator[BroadcastWatch]:
    """One that looks whenever the time moves on."""
    watch = new_watch(admin)
    await watch.start()
    yield watch
    await watch.stop()


# --- crashes


@pytest.mark.parametrize("make", [sent, failed])
async def test_a_crash_between_the_last_edit_and_its_mark_shows_it_again_and_tells_twice_at_most(
    admin: AdminBot, make: Any
) -> None:
    one = await make(admin)
    admin.database.before_call = away("update_one")
    await new_watch(admin).look()
    assert len(edits(admin)) == 1
    admin.database.before_call = None
    assert not (await stored(one)).is_shown
    again = new_watch(admin)
    await again.look()
    await again.look()
    assert len(edits(admin)) == 2
    assert len(sends(admin)) == (2 if make is failed else 0)
    assert (await stored(one)).is_shown


async def test_a_status_that_changes_before_the_mark_is_shown_too(admin: AdminBot) -> None:
    one, watch = await sent(admin), new_watch(admin)

    def want_back(operation: str, collection: str) -> None:
        """Somebody wants it back in the very moment before the mark."""
        if operation == "update_one":
            admin.database.before_call = None
            raise_to = broadcast_ops.request_recall(one.id, admin.clock.now())
            wishes.append(admin.supervisor.spawn(raise_to, "wish"))

    wishes: list[Any] = []
    admin.database.before_call = want_back
    await watch.look()
    for wish in wishes:
        await wish
    await watch.look()
    await watch.look()
    assert "Being taken back" in edits(admin, one)[-1]
    assert not (await stored(one)).is_shown


async def test_the_start_does_not_wait_for_it_and_a_stop_ends_it(admin: AdminBot) -> None:
    watch = new_watch(admin)
    await watch.start()
    await watch.start()
    assert admin.supervisor.running == 1
    await watch.stop()
    await watch.stop()
    assert admin.supervisor.running == 0
    await made(admin)
    await admin.time.move(30)
    assert edits(admin) == []


async def test_the_dispatcher_starts_and_stops_it(admin: AdminBot) -> None:
    await admin.dispatcher.emit_startup()
    one = await made(admin)
    await admin.time.move(3)
    assert len(edits(admin, one)) == 1
    await admin.dispatcher.emit_shutdown()
    assert await broadcast_ops.start(one, admin.clock.now())
    await admin.time.move(30)
    assert len(edits(admin, one)) == 1


# --- the database away


@pytest.mark.parametrize("operations", [("find",), ("find_one",), ("update_one",)])
async def test_the_database_away_is_logged_once_and_the_watch_goes_on_when_it_is_back(
    admin: AdminBot, watch: BroadcastWatch, operations: tuple[str, ...]
) -> None:
    # one that waits for its turn needs every kind of query, one that is over the last
    one, over = await made(admin), await sent(admin)
    admin.database.before_call = away(*operations)
    with capture_logs() as logs:
        await admin.time.move(60)
    assert [entry["event"] for entry in logs].count("broadcast.not_watched") == 1
    admin.database.before_call = None
    await admin.time.move(6)
    assert edits(admin, one) != []
    assert (await stored(over)).is_shown


async def test_the_next_time_the_database_is_away_is_logged_again(admin: AdminBot, watch: BroadcastWatch) -> None:
    with capture_logs() as logs:
        for _ in range(2):
            admin.database.before_call = away()
            await admin.time.move(9)
            admin.database.before_call = None
            await admin.time.move(9)
    assert [entry["event"] for entry in logs].count("broadcast.not_watched") == 2


async def test_a_new_place_the_database_did_not_take_is_kept_later_without_a_third_message(
    admin: AdminBot, watch: BroadcastWatch
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


# --- Telegram's trouble


@pytest.mark.parametrize("text", ["message to edit not found", "message can't be edited"])
async def test_a_deleted_progress_message_is_sent_anew_once(admin: AdminBot, watch: BroadcastWatch, text: str) -> None:
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


async def test_not_modified_is_as_good_as_shown(admin: AdminBot, watch: BroadcastWatch) -> None:
    one = await sent(admin)
    admin.world.fail(EditMessageText, bad_request("message is not modified: specified new message content"))
    await admin.time.move(3)
    assert (await stored(one)).is_shown
    assert sends(admin) == []


@pytest.mark.parametrize(("trouble", "pause_s"), [(flood, 9), (lost, 15), (broken, 15), (unheard_of, 15)])
async def test_an_edit_that_failed_is_left_for_later_and_the_others_go_on(
    admin: AdminBot, watch: BroadcastWatch, trouble: MakeError, pause_s: float
) -> None:
    one, other = await sending(admin), await sending(admin, "Other")
    admin.world.fail(EditMessageText, trouble)
    await admin.time.move(3)
    assert (len(edits(admin, one)), len(edits(admin, other))) == (1, 1)
    for done in range(int(pause_s / EVERY_S)):
        await count(other, done)
        await admin.time.move(3)
    assert len(edits(admin, one)) == 1
    assert len(edits(admin, other)) > 3
    await admin.time.move(3)
    assert len(edits(admin, one)) == 2


@pytest.mark.parametrize("trouble", [blocked, bad_request("chat not found"), bad_request("user is deactivated")])
async def test_an_admin_who_blocked_the_admin_bot_is_left_alone_and_the_broadcast_is_not_touched(
    admin: AdminBot, watch: BroadcastWatch, trouble: MakeError
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


async def test_whoever_blocked_it_is_tried_once_more_at_the_end_and_never_again(
    admin: AdminBot, watch: BroadcastWatch
) -> None:
    one = await sending(admin)
    admin.world.fail(EditMessageText, blocked, times=10)
    admin.world.fail(SendMessage, blocked, times=10)
    await admin.time.move(30)
    assert len(edits(admin, one)) == 1
    assert await broadcast_ops.finish(one.id, BroadcastStatus.FAILED, admin.clock.now(), COUNTS, "It broke.")
    await admin.time.move(60)
    assert (len(edits(admin, one)), len(sends(admin))) == (2, 1)
    assert (await stored(one)).is_shown, "nobody could read it: it is not tried for ever"


async def test_whoever_unblocked_it_and_presses_something_is_shown_everything_again(
    admin: AdminBot, watch: BroadcastWatch
) -> None:
    one = await sending(admin)
    admin.world.fail(EditMessageText, blocked)
    await admin.time.move(9)
    await admin.callback(f"br:show:{one.id}", message_id=one.progress_message_id)
    # the dispatcher's own watch showed it; ours is told by the same call
    await watch.show(await stored(one))
    await count(one, 500)
    await admin.time.move(6)
    assert "500 of 1,000" in edits(admin, one)[-1]


@pytest.mark.parametrize("trouble", [flood, broken, lost])
async def test_news_of_an_error_that_could_not_be_told_is_told_later(
    admin: AdminBot, watch: BroadcastWatch, trouble: MakeError
) -> None:
    one = await failed(admin)
    admin.world.fail(SendMessage, trouble)
    await admin.time.move(3)
    assert not (await stored(one)).is_shown
    await admin.time.move(18)
    assert len(sends(admin)) == 2
    assert (await stored(one)).is_shown


async def test_an_edit_that_hangs_holds_up_no_other(
    admin: AdminBot, watch: BroadcastWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_watch, "EDIT_TIMEOUT_S", 0.0)
    one, other = await sending(admin), await sending(admin, "Other")

    async def hang(bot: Bot, chat_id: int, message_id: int | None, face: Face) -> int:
        if message_id == one.progress_message_id:
            await admin.time.sleep(1e9)
        return await put(bot, chat_id, message_id, face)

    monkeypatch.setattr(broadcast_watch, "put", hang)
    for done in range(5):
        await count(other, done)
        await admin.time.move(3)
    assert edits(admin, one) == []
    assert len(edits(admin, other)) == 5
