"""Broadcasts in the admin bot under attack: changes at the worst moment, strangers, drafts of other versions."""

from typing import Any

import pytest
from aiogram.methods import EditMessageText, SendMessage

from core.broadcasts import BroadcastStatus
from core.segments import Segment, SegmentKind
from database.operations import broadcast_ops
from tests.bots.admin_bot.broadcasts.broadcasts import edits, new_updater, sending, sent, stored
from tests.bots.admin_bot.broadcasts.composing import (
    ANN,
    composed,
    confirmed,
    draft_of,
    made,
    only_broadcast,
    screen_data,
    upsert_visitor,
)
from tests.bots.admin_bot.conftest import OWNER, STRANGER, AdminBot
from views.broadcasts import compose_texts as texts
from views.broadcasts import progress_texts
from views.broadcasts.compose_callbacks import ComposeAction, ComposeButton
from views.broadcasts.progress_callbacks import BroadcastAction, BroadcastButton


async def test_counts_that_change_while_a_cancelled_broadcast_is_shown_are_shown_too(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await sending(admin)
    assert await broadcast_ops.cancel(one.id, admin.clock.now())
    updater, real = new_updater(admin), admin.bot.session.make_request

    async def while_drawn(bot: Any, method: Any, timeout: int | None = None) -> Any:
        answer = await real(bot, method, timeout)
        if isinstance(method, EditMessageText) and "15" in str(method.text):
            # calls under way have been answered
            await broadcast_ops.record_counts(one.id, {"pending": 77, "sent": 18, "blocked": 5})
        return answer

    monkeypatch.setattr(admin.bot.session, "make_request", while_drawn)
    for _ in range(3):
        await updater.poll()
    assert "Sent 18" in edits(admin, one)[-1]
    assert (await stored(one)).is_shown


async def test_the_second_press_on_recall_says_that_it_is_recalled_already(admin: AdminBot) -> None:
    one = await sent(admin)
    data = BroadcastButton(act=BroadcastAction.RECALL_CONFIRMED, broadcast_id=one.id).pack()
    await admin.callback(data, message_id=one.progress_message_id)
    first = (await stored(one)).delete_at
    await broadcast_ops.postpone_recall(one.id, admin.clock.now(), {"sent": 95}, is_requested=True)
    await admin.callback(data, message_id=one.progress_message_id)
    assert admin.toasts[-2:] == [progress_texts.recall_started(), "It is being deleted already."]
    assert first is not None


@pytest.mark.parametrize("act", list(BroadcastAction))
async def test_a_former_admin_changes_nothing_with_old_buttons(admin: AdminBot, act: BroadcastAction) -> None:
    one = await sending(admin)
    before = await stored(one)
    await admin.callback(BroadcastButton(act=act, broadcast_id=one.id).pack(), who=STRANGER)
    assert await stored(one) == before


async def test_a_draft_can_only_be_confirmed_by_its_own_admin(admin: AdminBot) -> None:
    await composed(admin)
    await admin.press("Send to")
    data = screen_data(admin, "Yes, send")
    await admin.callback(data, who=STRANGER)
    assert await made() == []


@pytest.mark.parametrize("of_another_version", [{}, {"id": 5}, [], "draft", {"id": "0" * 16, "message_ids": []}])
async def test_a_draft_of_another_version_is_closed_and_a_new_one_can_be_made(
    admin: AdminBot, of_another_version: Any
) -> None:
    draft = await composed(admin)
    for key, record in admin.memory.storage.items():
        if key.user_id == OWNER.id:
            record.data["broadcast"] = of_another_version
    await admin.callback(ComposeButton(act=ComposeAction.SEND, draft=draft.id).pack())
    assert texts.stale() in admin.toasts
    await admin.say("/broadcast")
    await admin.send(text="A new one")
    await confirmed(admin)
    assert (await only_broadcast()).title == "A new one"


async def test_the_longest_text_with_html_and_ten_long_buttons_has_screens_telegram_takes(admin: AdminBot) -> None:
    await upsert_visitor(admin, ANN)
    await composed(admin, text="<b>&" * 1024)
    await admin.press("Buttons")
    await admin.say("\n".join(f"{'<&>' * 21} - https://example.org/{number}?a=1&b=<2>" for number in range(10)))
    await admin.press("Send to")
    await admin.press("Yes, send")
    one = await only_broadcast()
    updater = new_updater(admin)
    await updater.poll()
    await admin.say("/broadcast list")
    said = [call for call in admin.world.calls if isinstance(call, SendMessage | EditMessageText)]
    assert max(len(str(call.text)) for call in said) < 4096
    assert not any("<b>&<b>&" in str(call.text) for call in said)
    assert len(one.title) < 300


@pytest.mark.parametrize("language", ["pt", "pt-br"])
async def test_the_row_has_the_segment_of_the_draft(admin: AdminBot, language: str) -> None:
    await upsert_visitor(admin, ANN, language="pt-br")
    await composed(admin, people=0)
    await admin.press("Audience")
    await admin.press("By language")
    await admin.say(language.upper())
    await confirmed(admin)
    assert (await only_broadcast()).segment == Segment(kind=SegmentKind.LANGUAGE, language=language)
    assert (await only_broadcast()).status is BroadcastStatus.QUEUED
    assert await draft_of(admin) is None
