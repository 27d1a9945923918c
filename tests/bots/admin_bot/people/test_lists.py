"""The list of subscribers, the search, and Telegram's own choice of people."""

from typing import Any

import pytest
from aiogram.methods import DeleteMessage, SendMessage
from aiogram.types import ReplyKeyboardMarkup, ReplyKeyboardRemove

from admin_bot.people.service import TOTALS_FOR
from database.operations import user_ops
from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.admin_bot.people.test_people import ANN, upsert_visitor
from tests.bots.admin_bot.telegram import NOW
from views.people import lists
from views.people.lists import PEOPLE_REQUEST_ID

#: a name of 64 right-to-left characters
RTL = ("\u0645\u0631\u062d\u0628\u0627 " * 11)[:64]


def forwarded(user_id: int, name: str = "Zed") -> dict[str, Any]:
    origin = {"type": "user", "date": NOW, "sender_user": {"id": user_id, "is_bot": False, "first_name": name}}
    return {"text": "hello", "forward_origin": origin}


def picked(*users: dict[str, Any]) -> dict[str, Any]:
    shared = {"request_id": PEOPLE_REQUEST_ID, "users": list(users), "user_ids": [one["user_id"] for one in users]}
    return {"users_shared": shared}


async def test_the_list_names_who_there_is_and_who_can_be_reached(admin: AdminBot) -> None:
    await admin.say("/subscribers")
    assert "Nobody yet. Subscribers appear when they open a link." in admin.last_text
    await upsert_visitor(admin, 1, first_name="Alice", username="alice")
    await upsert_visitor(admin, 2, first_name=RTL, username="b" * 32)
    await user_ops.mark_blocked(2, admin.clock.now())
    admin.clock.move(TOTALS_FOR)
    await admin.say("/subscribers")
    assert "<b>Subscribers</b> 2 · can be reached 1" in admin.last_text
    assert "Alice · @alice · today" in admin.buttons()
    assert all(len(text) <= 40 for text in admin.buttons())
    assert admin.buttons()[-5:] == ["Show: all ›", "Gift link", "Search", "Pick in Telegram", "‹ Menu"]


async def test_pages_filters_and_the_way_back_keep_their_place(admin: AdminBot) -> None:
    for user_id in range(1, 9):
        await upsert_visitor(admin, user_id, first_name=f"P{user_id}")
    await user_ops.ban(3, admin.clock.now(), reason=None, until=None)
    await admin.say("/subscribers")
    assert admin.buttons()[6:] == ["Show ›", "Search", "Older ›", "‹ Menu"]
    await admin.press("Older ›")
    assert "Page 2" in admin.last_text
    card = admin.buttons()[0].partition(" ")[0]
    await admin.press(card)
    await admin.press("‹ Subscribers")
    assert "Page 2" in admin.last_text
    await admin.press("Show ›")
    await admin.press("Banned")
    assert [text.partition(" ")[0] for text in admin.actions() if text.startswith("P") and "·" in text] == ["P3"]
    assert len(admin.world.screens) == 1


async def test_people_of_a_source_are_listed(admin: AdminBot) -> None:
    await upsert_visitor(admin)
    await admin.say("/subscribers")
    await admin.press("Show: all ›")
    await admin.press("By source")
    await admin.say("not a source!")
    assert admin.last_text == lists.source_expected()
    await admin.say("spring")
    assert "From the source" in admin.last_text and "spring" in admin.last_text
    assert any("today" in text for text in admin.buttons())
    await admin.callback(f"pl:0:s:{'x' * 24}")
    assert "Nobody at the moment." in admin.last_text
    await admin.callback("pl:0:s:")
    assert admin.toasts[-1] == "This button is old. Here is the screen as it is now."


async def test_a_search_shows_the_only_one_or_a_list_or_says_that_nobody_matches(admin: AdminBot) -> None:
    await upsert_visitor(admin, 1, first_name="Bob Smith", username="bobby")
    await upsert_visitor(admin, 2, first_name="Bob Jones")
    await admin.say("/subscribers")
    await admin.press("Search")
    assert admin.last_text == "Send a name, @username or id, or forward a message."
    await admin.say("smi")
    assert "<code>1</code>" in admin.last_text
    await admin.say("/user bob")
    assert "with “\u2068bob\u2069”" in admin.last_text
    assert len([text for text in admin.buttons() if text.startswith("Bob")]) == 2
    await admin.press("Bob")
    await admin.press("‹ Subscribers")
    assert "with “\u2068bob\u2069”" in admin.last_text
    await admin.say("/user @BOBB")
    assert "<code>1</code>" in admin.last_text
    await admin.say("/user zoe")
    assert admin.last_text == "Nobody who opened @tollgate_bot matches “\u2068zoe\u2069”."


async def test_an_id_or_a_forward_of_a_stranger_offers_a_gift_link_and_a_ban(admin: AdminBot) -> None:
    for answer in ({"text": "7999"}, forwarded(7999)):
        await admin.say("/user")
        await admin.send(**answer)
        assert "has not opened @tollgate_bot yet, so nothing can be given or sent." in admin.last_text
        assert admin.buttons() == ["Gift link", "Ban", "‹ Subscribers", "Menu"]
    assert "Zed" in admin.last_text
    await admin.press("Ban")
    await admin.press("For ever")
    await admin.press("No reason")
    assert "Unban" in admin.buttons()
    assert (await user_ops.find(7999)) is not None
    assert await admin.posts() == []


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"dice": {"emoji": "x", "value": 1}}, lists.person_not_text()),
        (
            {"text": "x", "forward_origin": {"type": "hidden_user", "date": NOW, "sender_user_name": "Ann"}},
            lists.account_hidden(),
        ),
        (
            {
                "text": "x",
                "forward_origin": {
                    "type": "channel",
                    "date": NOW,
                    "chat": {"id": -5, "type": "channel"},
                    "message_id": 1,
                },
            },
            lists.not_a_person(),
        ),
    ],
)
async def test_an_answer_that_names_nobody_says_why_and_the_question_stays(
    admin: AdminBot, answer: dict[str, Any], sentence: str
) -> None:
    await upsert_visitor(admin, first_name="Ann")
    await admin.say("/user")
    await admin.send(**answer)
    assert admin.last_text == sentence
    await admin.say("ann")
    assert f"<code>{ANN}</code>" in admin.last_text
    assert await admin.posts() == []


async def test_people_are_picked_in_telegram(admin: AdminBot) -> None:
    await upsert_visitor(admin, first_name="Ann")
    await admin.say("/subscribers")
    await admin.press("Pick in Telegram")
    picker = next(call for call in admin.world.of(SendMessage) if isinstance(call.reply_markup, ReplyKeyboardMarkup))
    assert isinstance(picker.reply_markup, ReplyKeyboardMarkup)
    request = picker.reply_markup.keyboard[0][0].request_users
    assert request is not None
    assert (request.max_quantity, request.request_name, request.request_username) == (10, True, True)
    await admin.send(**picked({"user_id": ANN, "first_name": "Ann"}, {"user_id": 7998, "first_name": RTL}))
    assert "Not yet in @tollgate_bot" in admin.last_text
    assert any(isinstance(call.reply_markup, ReplyKeyboardRemove) for call in admin.world.of(SendMessage))
    assert admin.world.of(DeleteMessage)
    await admin.press("\u2068")
    assert RTL[:20] in admin.last_text and "has not opened" in admin.last_text
    await admin.send(**picked({"user_id": ANN, "first_name": "Ann"}))
    assert f"<code>{ANN}</code>" in admin.last_text
    # the answer of another picker is not ours
    await admin.send(users_shared={"request_id": 99, "users": [{"user_id": ANN}], "user_ids": [ANN]})
    assert await admin.posts() == []


async def test_a_search_that_is_not_remembered_shows_everybody(admin: AdminBot) -> None:
    await upsert_visitor(admin)
    await admin.callback("pl:0:f:00000000")
    assert admin.toasts[-1] == lists.search_gone()
    assert "<b>Subscribers</b> 1" in admin.last_text
