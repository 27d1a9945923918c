"""Test copies of a draft: the user bot sends them to the admin alone; failures say why."""

from typing import Any

import pytest
from aiogram.exceptions import TelegramForbiddenError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.methods import CopyMessage

from database.operations import settings_ops
from tests.bots.admin_bot.broadcasts.composing import calls_of, composed, keyboard_of, made
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, STORAGE, AdminBot
from tests.bots.admin_bot.telegram import bad_request
from views.broadcasts import compose_texts as texts
from views.broadcasts.keyboards import stop_news

#: its name in `BotSettings`
STOP_BUTTON = "broadcast_stop_button"
GONE = bad_request("message to copy not found")


async def test_a_test_copy_comes_from_the_user_bot_with_everything_below_it(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settings_ops.change(STOP_BUTTON, True)
    draft = await composed(admin)
    await admin.press("Sound off")
    calls = calls_of(admin.data["user_bot"], monkeypatch)
    await admin.press("Test copy")
    (copy,) = calls
    assert isinstance(copy, CopyMessage)
    assert (copy.chat_id, copy.from_chat_id, copy.message_id) == (OWNER.id, STORAGE, draft.message_ids[0])
    assert copy.disable_notification
    assert keyboard_of(copy) == [(stop_news(), None)]
    assert texts.test_sent("tollgate_bot") in admin.last_text
    assert await made() == []


async def test_only_the_test_copy_comes_from_the_user_bot(admin: AdminBot, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = calls_of(admin.data["user_bot"], monkeypatch)
    await composed(admin)
    await admin.press("Preview")
    await admin.press("Send to")
    await admin.press("Yes, send")
    assert calls == []
    assert admin.bot.id == ADMIN_BOT.id


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (bad_request("chat not found"), texts.test_not_open("tollgate_bot")),
        (
            lambda call: TelegramForbiddenError(method=call, message="Forbidden: bot was blocked by the user"),
            texts.test_not_open("tollgate_bot"),
        ),
        (
            lambda call: TelegramForbiddenError(
                method=call, message="Forbidden: bot can't initiate conversation with a user"
            ),
            texts.test_not_open("tollgate_bot"),
        ),
        (GONE, texts.gone()),
        (
            lambda call: TelegramForbiddenError(
                method=call, message="Forbidden: bot is not a member of the channel chat"
            ),
            texts.out_of_reach(),
        ),
        (lambda call: TelegramNetworkError(method=call, message="timeout"), texts.test_unsure("tollgate_bot")),
        (lambda call: TelegramServerError(method=call, message="restart"), texts.test_unsure("tollgate_bot")),
        (bad_request("CHAT_FORWARDS_RESTRICTED"), texts.saving_restricted()),
        (bad_request("VOICE_MESSAGES_FORBIDDEN"), texts.voice_forbidden()),
        (lambda call: TelegramRetryAfter(method=call, message="flood", retry_after=90), "a pause of 2 minutes"),
    ],
    ids=[
        "never opened",
        "blocked",
        "cannot begin",
        "gone",
        "not in storage",
        "no answer",
        "restart",
        "restricted",
        "voice",
        "flood",
    ],
)
async def test_a_test_copy_that_fails_says_why(admin: AdminBot, fault: Any, sentence: str) -> None:
    await composed(admin)
    admin.world.fail(CopyMessage, fault)
    await admin.press("Test copy")
    assert sentence in admin.last_text
    assert "New broadcast" in admin.last_text
    assert await made() == []
    await admin.press("Test copy")
    assert texts.test_sent("tollgate_bot") in admin.last_text


async def test_the_way_to_the_user_bot_is_a_link(admin: AdminBot) -> None:
    assert "https://t.me/tollgate_bot" in texts.test_not_open("tollgate_bot")
