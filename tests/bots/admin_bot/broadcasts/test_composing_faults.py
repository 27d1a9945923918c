"""Drafts of broadcasts when buttons are old or forged, answers get lost, the database is away or messages are gone."""

from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter
from aiogram.methods import CopyMessage, CopyMessages, SendMessage
from pymongo.errors import AutoReconnect

from admin_bot.routers import build_router
from core.errors import StoreUnavailable
from core.segments import Segment
from database.operations import audit_ops, broadcast_ops
from tests.bots.admin_bot.broadcasts.composing import (
    album,
    composed,
    deleted_copies,
    draft_of,
    made,
    only_broadcast,
    previews,
    screen_data,
    state_of,
    stored,
    the_draft,
    upsert_visitor,
)
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from tests.bots.admin_bot.telegram import bad_request
from views.admin_texts import stale_button
from views.broadcasts import compose_texts as texts
from views.broadcasts.compose_callbacks import (
    AudienceButton,
    ComposeAction,
    ComposeButton,
    LifetimeButton,
    SendConfirmed,
)

pytestmark = pytest.mark.sweep


def newest(admin: AdminBot) -> int:
    return list(admin.world.screens)[-1]


def failing(admin: AdminBot, operation: str, collection: str, times: int = 1) -> list[AutoReconnect]:
    """Let the next calls of this kind fail; returns the failures that are left."""
    failures = [AutoReconnect("away")] * times

    def away(called: str, of: str) -> None:
        if (called, of) == (operation, collection) and failures:
            raise failures.pop()

    admin.database.before_call = away
    return failures


async def through_an_outage(admin: AdminBot, doing: Any) -> None:
    """Let time pass while something waits for the database."""
    task = admin.supervisor.spawn(doing, "through an outage")
    await admin.time.move(30)
    await task


# --- confirmed already


async def test_a_second_tap_on_a_confirmed_draft_makes_no_second_broadcast(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Send to")
    sure, screen = screen_data(admin, "Yes, send"), newest(admin)
    await admin.callback(sure, message_id=screen)
    shown = admin.last_text
    await admin.callback(sure, message_id=screen)
    await admin.callback(sure)
    assert admin.toasts[-2:] == [texts.made(), texts.made()]
    # the progress message is not edited
    assert admin.last_text == shown
    assert len(await made()) == 1
    assert [entry.action for entry in await audit_ops.last(10)] == ["broadcast.made"]


async def test_the_same_update_twice_makes_one_broadcast(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Send to")
    await admin.again(await admin.press("Yes, send"))
    assert len(await made()) == 1


@pytest.mark.parametrize("act", [ComposeAction.CANCEL, ComposeAction.SEND, ComposeAction.CHANGE, "sure"])
async def test_a_draft_whose_row_was_written_before_a_crash_is_neither_discarded_nor_made_again(
    admin: AdminBot, act: ComposeAction | str
) -> None:
    """The process ended after writing the row and before closing the draft."""
    draft = await composed(admin)
    new = draft.to_broadcast(OWNER.id, admin.clock.now(), has_stop_button=False, screen_id=draft.screen_id)
    await broadcast_ops.create(new)
    button = (
        SendConfirmed(draft=draft.id, fingerprint=draft.fingerprint)
        if act == "sure"
        else ComposeButton(act=act, draft=draft.id)
    )
    await admin.callback(button.pack(), message_id=draft.screen_id)
    assert admin.toasts[-1] == texts.made()
    assert deleted_copies(admin) == []
    assert (len(await made()), await draft_of(admin), await state_of(admin)) == (1, None, None)
    # its progress is shown
    assert "New broadcast" not in admin.last_text


async def test_broadcast_after_such_a_crash_starts_a_new_draft(admin: AdminBot) -> None:
    draft = await composed(admin)
    new = draft.to_broadcast(OWNER.id, admin.clock.now(), has_stop_button=False, screen_id=draft.screen_id)
    await broadcast_ops.create(new)
    await admin.say("/broadcast")
    assert admin.last_text == texts.ask_message_text()
    await admin.say("second")
    assert (await the_draft(admin)).id != draft.id
    assert deleted_copies(admin) == []


# --- old and forged buttons


async def test_the_screen_of_an_older_draft_is_stale_and_does_nothing_to_the_new_one(admin: AdminBot) -> None:
    await composed(admin)
    old = [
        screen_data(admin, text) for text in ("Cancel", "Pin", "Send to", "Preview", "Change", "Buttons", "Audience")
    ]
    await admin.press("Send to")
    old.append(screen_data(admin, "Yes, send"))
    await admin.press("‹ ")
    await admin.press("Cancel")
    await admin.say("/broadcast")
    await admin.say("second")
    draft, out, shown = await the_draft(admin), deleted_copies(admin), len(previews(admin))
    for data in old:
        await admin.callback(data)
        assert admin.toasts[-1] == texts.stale()
    assert (await the_draft(admin), deleted_copies(admin), len(previews(admin))) == (draft, out, shown)
    assert (await made(), await state_of(admin)) == ([], None)


async def test_a_stale_screen_is_replaced_by_a_sentence(admin: AdminBot) -> None:
    await composed(admin)
    await admin.callback(ComposeButton(act=ComposeAction.PIN, draft="0" * 16).pack(), message_id=newest(admin))
    assert admin.last_text == texts.stale()
    assert admin.actions() == []


async def test_a_confirmation_of_an_older_version_of_the_draft_sends_nothing(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Send to")
    sure = screen_data(admin, "Yes, send")
    await admin.press("‹ ")
    await admin.press("Audience")
    await admin.press("Without a pass")
    await admin.callback(sure, message_id=newest(admin))
    assert texts.changed_meanwhile() in admin.last_text
    assert "people without a pass" in admin.last_text
    assert await made() == []
    await admin.press("Yes, send")
    assert (await only_broadcast()).segment.kind == "without_pass"


@pytest.mark.parametrize(
    "data",
    [
        "bc",
        "bc:send",
        "bc:nonsense:{id}",
        "bc:send:" + "x" * 40,
        "ba:{id}:everyone:",
        "ba:{id}:active:",
        "ba:{id}:active:9999",
        "ba:{id}:language:",
        "ba:{id}:source:7",
        "bt:{id}:-1",
        "bt:{id}:5",
        "bt:{id}:2880",
        "by:{id}:" + "f" * 30,
        "by:{id}",
    ],
)
async def test_forged_buttons_change_nothing(admin: AdminBot, data: str) -> None:
    draft = await composed(admin)
    await admin.callback(data.format(id=draft.id))
    assert admin.toasts[-1] == stale_button()
    assert (await the_draft(admin), await made()) == (draft, [])


async def test_a_forged_fingerprint_asks_for_the_confirmation_again(admin: AdminBot) -> None:
    draft = await composed(admin)
    await admin.callback(SendConfirmed(draft=draft.id, fingerprint="ffffffff").pack(), message_id=draft.screen_id)
    assert texts.changed_meanwhile() in admin.last_text
    assert await made() == []


@pytest.mark.parametrize(
    "button",
    [
        *(ComposeButton(act=act, draft="f" * 16) for act in ComposeAction),
        AudienceButton(draft="f" * 16, kind=Segment().kind, days=365),
        LifetimeButton(draft="f" * 16, minutes=2820),
        SendConfirmed(draft="f" * 16, fingerprint="f" * 8),
    ],
)
async def test_every_button_fits_and_is_stale_without_a_draft(admin: AdminBot, button: Any) -> None:
    assert len(button.pack().encode()) <= 64
    await admin.callback(button.pack())
    assert admin.toasts[-1] == texts.stale()
    assert await made() == []


# --- restarts


async def test_a_restart_in_between_loses_nothing(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Pin")
    await admin.press("Auto-delete")
    await admin.press("6 hours")
    await admin.press("Send to")
    # a new process: handlers, seen updates and kept copies are gone
    admin.dispatcher.sub_routers.clear()
    admin.dispatcher.include_router(build_router(admin.clock))
    admin.data["broadcasts"]._kept.clear()
    await admin.press("Yes, send")
    row = await only_broadcast()
    assert (row.pin, row.lifetime_minutes) == (True, 360)


async def test_an_answer_to_a_draft_of_another_version_says_that_it_is_lost(admin: AdminBot) -> None:
    draft = await composed(admin)
    await admin.press("Buttons")
    for record in admin.memory.storage.values():
        record.data["broadcast"] = {"id": 5}
    await admin.say("Shop - https://example.org")
    assert admin.last_text == texts.lost()
    assert await state_of(admin) is None
    await admin.callback(ComposeButton(act=ComposeAction.SEND, draft=draft.id).pack())
    assert admin.toasts[-1] == texts.stale()


# --- the database


async def test_an_outage_at_the_second_tap_keeps_the_draft_and_the_same_tap_works(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Send to")
    failures = failing(admin, "insert_one", "broadcasts")
    await through_an_outage(admin, admin.press("Yes, send"))
    assert failures == []
    assert (await only_broadcast()).title == "Big news"
    assert await draft_of(admin) is None


@pytest.mark.parametrize("is_stored", [False, True], ids=["not stored", "answer lost"])
async def test_a_row_whose_answer_was_lost_is_made_once(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    real, failures = broadcast_ops.create, [StoreUnavailable("away")]

    async def away_once(new: Any) -> Any:
        if not failures:
            return await real(new)
        if is_stored:
            await real(new)
        raise failures.pop()

    draft = await composed(admin)
    await admin.press("Send to")
    sure = screen_data(admin, "Yes, send")
    monkeypatch.setattr(broadcast_ops, "create", away_once)
    held = admin.supervisor.spawn(admin.callback(sure, message_id=newest(admin)), "tap")
    await admin.time.move(30)
    await held
    row = await only_broadcast()
    assert row.key == draft.id
    assert await draft_of(admin) is None


async def test_an_outage_before_the_screen_stores_the_message_once_and_makes_no_post(
    admin: AdminBot,
) -> None:
    await upsert_visitor(admin, 8001)
    await admin.say("/broadcast")
    failures = failing(admin, "count", "users", times=2)
    await through_an_outage(admin, admin.send(message_id=900, text="news"))
    assert failures == []
    assert stored(admin) == [[900]]
    assert (await the_draft(admin)).title == "news"
    assert (await admin.posts(), await state_of(admin)) == ([], None)


async def test_an_album_sent_during_an_outage_is_taken_afterwards(admin: AdminBot) -> None:
    await upsert_visitor(admin, 8001)
    await admin.say("/broadcast")
    failures = failing(admin, "count", "users")
    await album(admin, 2)
    await admin.time.move(60)
    assert failures == []
    assert stored(admin) == [[1000, 1001]]
    assert len((await the_draft(admin)).message_ids) == 2


async def test_an_album_is_taken_under_the_lock_of_the_conversation(admin: AdminBot) -> None:
    async with admin.data["conversations"].of(OWNER.id) as dialogue:
        waiting = admin.supervisor.spawn(admin.say("/help"), "help")
        await admin.time.move(1)
        assert not waiting.done()
        assert await dialogue.broadcast_draft() is None
    await waiting


# --- the message is gone


async def test_the_preview_says_when_the_message_is_gone(admin: AdminBot) -> None:
    draft = await composed(admin)
    admin.world.gone.add((STORAGE, draft.message_ids[0]))
    await admin.press("Preview")
    assert texts.gone() in admin.last_text
    assert "New broadcast" in admin.last_text
    await admin.press("Change message")
    await admin.say("anew")
    assert texts.gone() not in admin.last_text


@pytest.mark.parametrize("gone", [1, 3])
async def test_the_preview_says_when_a_message_of_the_album_is_gone(admin: AdminBot, gone: int) -> None:
    await upsert_visitor(admin, 8001)
    await admin.say("/broadcast")
    await album(admin, 3)
    await admin.time.move(1)
    draft = await the_draft(admin)
    admin.world.gone.update((STORAGE, one) for one in draft.message_ids[:gone])
    await admin.press("Preview")
    assert (texts.incomplete() if gone == 1 else texts.gone()) in admin.last_text


async def test_the_preview_says_when_telegram_refuses_the_message(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Buttons")
    admin.world.fail(CopyMessage, bad_request("BUTTON_URL_INVALID"))
    await admin.say("Shop - https://example.org")
    assert texts.refused() in admin.last_text


async def test_when_the_message_cannot_be_stored_the_question_stays(admin: AdminBot) -> None:
    await admin.say("/broadcast")
    admin.world.fail(CopyMessages, lambda call: TelegramNetworkError(method=call, message="timeout"))
    await admin.send(message_id=900, text="news")
    assert "Please send it again" in admin.last_text
    assert await draft_of(admin) is None
    await admin.send(message_id=901, text="news")
    assert stored(admin) == [[900], [901]]
    assert (await the_draft(admin)).taken_from == (901,)


async def test_a_screen_that_could_not_be_sent_is_shown_by_the_next_broadcast_command(admin: AdminBot) -> None:
    await upsert_visitor(admin, 8001)
    await admin.say("/broadcast")
    admin.world.fail(SendMessage, lambda call: TelegramRetryAfter(method=call, message="flood", retry_after=60))
    await admin.send(message_id=900, text="news")
    assert "New broadcast" not in admin.last_text
    assert (await the_draft(admin)).title == "news"
    await admin.say("/broadcast")
    assert "New broadcast" in admin.last_text
    assert stored(admin) == [[900]]
