"""One message to one subscriber: shown first, sent once by the user bot, and its failures are said."""

from typing import Any

import pytest
from aiogram.exceptions import TelegramForbiddenError, TelegramRetryAfter, TelegramServerError
from aiogram.methods import CopyMessage, DeleteMessages

from database.operations import audit_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from tests.bots.admin_bot.people.test_card import open_ann
from tests.bots.admin_bot.people.test_people import ANN, subscriber
from tests.bots.admin_bot.telegram import MakeError
from views.people import messages as texts

BLOCKED: MakeError = lambda method: TelegramForbiddenError(  # noqa: E731
    method=method, message="Forbidden: bot was blocked by the user"
)
LOST: MakeError = lambda method: TelegramServerError(method=method, message="Internal Server Error")  # noqa: E731
FLOOD: MakeError = lambda method: TelegramRetryAfter(method=method, message="x", retry_after=7)  # noqa: E731


def copies_to(admin: AdminBot, chat_id: int) -> list[CopyMessage]:
    return [call for call in admin.world.of(CopyMessage) if call.chat_id == chat_id]


async def write(admin: AdminBot) -> None:
    await open_ann(admin)
    await admin.press("Message")
    assert "Send what \u2068Ann\u2069 shall get" in admin.last_text
    await admin.say("Hello Ann")
    assert "Send this to \u2068Ann\u2069?" in admin.last_text


async def test_a_message_is_shown_sent_once_and_its_copy_deleted(admin: AdminBot) -> None:
    await write(admin)
    assert (len(copies_to(admin, OWNER.id)), len(copies_to(admin, ANN))) == (1, 0)
    screen = list(admin.world.screens)[-1]
    update = await admin.press("Send")
    assert update.callback_query is not None
    assert texts.sent("Ann") in admin.last_text
    await admin.callback(str(update.callback_query.data), message_id=screen)
    assert texts.gone() in admin.last_text
    (sent,) = copies_to(admin, ANN)
    assert sent.from_chat_id == STORAGE
    assert [sent.message_id] in [call.message_ids for call in admin.world.of(DeleteMessages)]
    assert [entry.action for entry in await audit_ops.last(5)] == ["person.written"]
    assert await admin.posts() == []


async def test_the_way_back_sends_nothing_and_deletes_the_copy(admin: AdminBot) -> None:
    await write(admin)
    await admin.press("‹ Ann")
    assert texts.not_sent() in admin.last_text
    assert copies_to(admin, ANN) == []
    assert admin.world.of(DeleteMessages)


@pytest.mark.parametrize("content", [{"poll": None}, {"media_group_id": "7", "text": "one of an album"}])
async def test_an_album_or_a_poll_is_refused_and_the_question_stays(admin: AdminBot, content: dict[str, Any]) -> None:
    await open_ann(admin)
    await admin.press("Message")
    if "poll" in content:
        poll = {"id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False}
        flags = {"is_anonymous": True, "type": "regular", "allows_multiple_answers": False}
        content = {"poll": poll | flags | {"allows_revoting": False, "members_only": False}}
    await admin.send(**content)
    assert admin.last_text == texts.one_message_expected()
    await admin.say("Hello Ann")
    assert "Send this to" in admin.last_text


async def test_somebody_who_blocked_the_bot_gets_nothing_and_is_noted(admin: AdminBot) -> None:
    await write(admin)
    admin.world.fail(CopyMessage, BLOCKED)
    await admin.press("Send")
    assert texts.blocked("Ann", "tollgate_bot") in admin.last_text
    assert (await subscriber()).blocked_at is not None


async def test_a_lost_answer_is_said_and_nothing_is_sent_twice(admin: AdminBot) -> None:
    await write(admin)
    admin.world.fail(CopyMessage, LOST)
    update = await admin.press("Send")
    assert texts.unconfirmed("Ann") in admin.last_text
    assert update.callback_query is not None
    await admin.callback(str(update.callback_query.data))
    assert len(copies_to(admin, ANN)) == 1


async def test_what_certainly_did_not_arrive_can_be_sent_again(admin: AdminBot) -> None:
    await write(admin)
    admin.world.fail(CopyMessage, FLOOD)
    await admin.press("Send")
    assert texts.wait(7) in admin.last_text
    await admin.press("Send")
    assert texts.sent("Ann") in admin.last_text
