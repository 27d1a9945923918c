"""Only admins get in, with every kind of update; strangers get one sentence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram.methods import AnswerCallbackQuery, SendMessage

from admin_bot.middlewares.authorisation import STRANGERS_MAX, Authorise
from admin_bot.routers import build_router
from core.clock import ManualClock
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, STORAGE, STRANGER, AdminBot
from tests.bots.admin_bot.telegram import NOW, administrator
from views.admin_texts import TOAST_MAX, not_for_you

SAM: dict[str, Any] = {"id": STRANGER.id, "is_bot": False, "first_name": "Sam"}
PRIVATE = {"id": STRANGER.id, "type": "private", "first_name": "Sam"}
CHANNEL = {"id": -1009, "type": "channel", "title": "News"}
GROUP = {"id": -4001, "type": "group", "title": "Friends"}
LEFT = {"user": SAM, "status": "left"}
MEMBER = {"user": SAM, "status": "member"}
POLL = {
    "id": "1",
    "question": "?",
    "options": [],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}

SILENT: list[tuple[str, dict[str, Any]]] = [
    ("edited_message", {"message_id": 5, "date": NOW, "edit_date": NOW, "chat": GROUP, "from": SAM, "text": "x"}),
    ("channel_post", {"message_id": 5, "date": NOW, "chat": CHANNEL, "text": "x"}),
    ("edited_channel_post", {"message_id": 5, "date": NOW, "edit_date": NOW, "chat": CHANNEL, "text": "x"}),
    ("inline_query", {"id": "1", "from": SAM, "query": "", "offset": ""}),
    ("chosen_inline_result", {"result_id": "1", "from": SAM, "query": ""}),
    ("pre_checkout_query", {"id": "1", "from": SAM, "currency": "XTR", "total_amount": 1, "invoice_payload": "x"}),
    ("poll", POLL),
    ("poll_answer", {"poll_id": "1", "user": SAM, "option_ids": [], "option_persistent_ids": []}),
    ("my_chat_member", {"chat": PRIVATE, "from": SAM, "date": NOW, "old_chat_member": LEFT, "new_chat_member": MEMBER}),
    ("my_chat_member", {"chat": GROUP, "from": SAM, "date": NOW, "old_chat_member": LEFT, "new_chat_member": MEMBER}),
    ("chat_member", {"chat": CHANNEL, "from": SAM, "date": NOW, "old_chat_member": LEFT, "new_chat_member": MEMBER}),
    ("chat_join_request", {"chat": CHANNEL, "from": SAM, "user_chat_id": STRANGER.id, "date": NOW}),
    (
        "message_reaction",
        {"chat": PRIVATE, "user": SAM, "message_id": 5, "date": NOW, "old_reaction": [], "new_reaction": []},
    ),
]


@pytest.mark.parametrize(("kind", "body"), SILENT, ids=[kind for kind, _ in SILENT])
async def test_a_stranger_gets_nothing_for_other_kinds_of_updates(
    admin: AdminBot, kind: str, body: dict[str, Any]
) -> None:
    await admin.feed(kind, body)
    assert admin.world.calls == []


@pytest.mark.parametrize("text", ["/start", "/help", "/posts", "/set access_mode credits", "hello", "/unknown"])
async def test_a_stranger_gets_one_polite_sentence_and_nothing_happens(admin: AdminBot, text: str) -> None:
    await admin.say(text, who=STRANGER)
    assert admin.texts == [not_for_you("tollgate_bot")]
    assert await admin.posts() == []
    assert admin.database.calls["find_one_and_update admin_config"] == 1  # the fixture's own


async def test_a_stranger_is_refused_at_most_once_a_minute(admin: AdminBot) -> None:
    await admin.say("/start", who=STRANGER)
    await admin.say("hello?", who=STRANGER)
    assert len(admin.texts) == 1
    admin.clock.move(timedelta(seconds=59))
    await admin.say("hello??", who=STRANGER)
    assert len(admin.texts) == 1
    admin.clock.move(timedelta(seconds=1))
    await admin.say("hello???", who=STRANGER)
    assert len(admin.texts) == 2


async def test_a_strangers_button_is_always_answered(admin: AdminBot) -> None:
    await admin.say("a post")
    post = await admin.only_post()
    admin.world.calls.clear()
    for _ in range(2):
        await admin.callback(f"ap:{post.code}:0::0:rmyes", who=STRANGER)
    assert admin.toasts == [not_for_you("tollgate_bot"), None]
    assert [type(call) for call in admin.world.calls] == [AnswerCallbackQuery] * 2
    assert (await admin.only_post()).status == "live"


def test_the_refusal_fits_into_the_answer_to_a_button() -> None:
    assert len(not_for_you("u" * 32)) <= TOAST_MAX


async def test_an_admin_gets_nothing_in_a_group(admin: AdminBot) -> None:
    body = {"message_id": 5, "date": NOW, "chat": GROUP, "from": OWNER.model_dump(), "text": "/start"}
    await admin.feed("message", body)
    assert admin.world.calls == []


@pytest.mark.parametrize("chat", [GROUP, CHANNEL], ids=["group", "channel"])
async def test_a_press_outside_of_private_chats_is_answered_and_does_nothing(
    admin: AdminBot, chat: dict[str, Any]
) -> None:
    await admin.say("a post")
    post = await admin.only_post()
    admin.world.calls.clear()
    below = {"message_id": 5, "date": NOW, "chat": chat, "text": "x"}
    for who in (OWNER, STRANGER):
        query = {"id": str(who.id), "from": who.model_dump(), "chat_instance": "1", "message": below}
        await admin.feed("callback_query", query | {"data": f"ap:{post.code}:0::0:rmyes"})
    assert [(call.callback_query_id, call.text) for call in admin.world.of(AnswerCallbackQuery)] == [
        (str(OWNER.id), None),
        (str(STRANGER.id), None),
    ]
    assert len(admin.world.calls) == 2
    assert (await admin.only_post()).status == "live"


@pytest.mark.parametrize(
    "answer",
    [
        *({"chat_shared": {"request_id": picker, "chat_id": 0}} for picker in (1, 2, 3, 4, 11, 41)),
        *({"users_shared": {"request_id": picker, "users": [], "user_ids": []}} for picker in (21, 31)),
    ],
    ids=lambda answer: str(next(iter(answer.values()))["request_id"]),
)
async def test_an_answer_of_a_picker_that_names_nobody_is_dropped(admin: AdminBot, answer: dict[str, Any]) -> None:
    await admin.send(**answer)
    assert admin.world.calls == []


async def test_a_message_without_a_sender_is_dropped(admin: AdminBot) -> None:
    await admin.feed("message", {"message_id": 5, "date": NOW, "chat": PRIVATE, "text": "/start"})
    assert admin.world.calls == []


async def test_rights_removed_by_a_stranger_are_noticed(admin: AdminBot) -> None:
    await admin.feed(
        "my_chat_member",
        {
            "chat": {"id": STORAGE, "type": "channel", "title": "Storage"},
            "from": SAM,
            "date": NOW,
            "old_chat_member": administrator(ADMIN_BOT).model_dump(),
            "new_chat_member": {"user": ADMIN_BOT.model_dump(), "status": "left"},
        },
    )
    assert len(admin.alerts) == 1
    assert admin.world.of(SendMessage) == []


def test_every_kind_of_update_aiogram_knows_is_authorised_once() -> None:
    router = build_router(ManualClock(datetime.fromtimestamp(NOW, UTC)))
    for kind, observer in router.observers.items():
        found = [one for one in observer.outer_middleware if isinstance(one, Authorise)]
        assert len(found) == (0 if kind == "error" else 1), kind


def test_the_memory_of_strangers_is_bounded() -> None:
    authorise = Authorise(ManualClock(datetime.fromtimestamp(NOW, UTC)))
    for number in range(STRANGERS_MAX + 10):
        assert authorise._is_due(number)
    assert len(authorise._refused) == STRANGERS_MAX
