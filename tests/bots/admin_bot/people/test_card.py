"""The card of a subscriber: credits, pass, ban, history, and what two members of the team do at once."""

from datetime import timedelta

import pytest
from aiogram.exceptions import TelegramForbiddenError, TelegramServerError
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import User

from core.team.admins import Role
from database.operations import audit_ops, user_credits, user_ops
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.people.test_people import ANN, subscriber, upsert_visitor
from tests.bots.admin_bot.team.test_roles import MAX, store
from views.admin_texts import changed_since, not_your_role, too_late_to_undo, undone
from views.people import bans, messages

DAY = timedelta(days=1)


async def open_ann(admin: AdminBot, who: User = OWNER) -> None:
    await upsert_visitor(admin, first_name="Ann", username="ann")
    await admin.say(f"/user {ANN}", who)


def told(admin: AdminBot) -> list[str]:
    """What the user bot sent to Ann."""
    return [str(call.text) for call in admin.world.of(SendMessage) if call.chat_id == ANN]


async def test_the_card_says_what_is_known(admin: AdminBot) -> None:
    await open_ann(admin)
    assert "<b>\u2068Ann\u2069</b> · @ann · <code>7100</code>" in admin.last_text
    for words in ("from \u2068spring\u2069, seen today", "0 credits · no pass", "Got 0 posts", "unlocked 0 times"):
        assert words in admin.last_text
    assert "news on" in admin.last_text
    assert admin.buttons() == ["Credits", "Pass", "Message", "History", "Ban", "‹ Subscribers", "Menu"]


async def test_credits_are_given_at_once_undone_and_told(admin: AdminBot) -> None:
    await open_ann(admin)
    await admin.press("Credits")
    await admin.press("+10")
    assert "Ann\u2069 has 10 credits." in admin.last_text
    assert admin.buttons()[5:7] == ["Undo", "Tell Ann"]
    await admin.press("Tell Ann")
    assert told(admin) == ["You have 10 credits now."]
    assert messages.sent("Ann") in admin.last_text
    await admin.press("+1")
    await admin.press("Undo")
    assert admin.toasts[-1] == undone()
    assert (await subscriber()).credits == 10
    assert [entry.action for entry in await audit_ops.last(9)][:2] == ["person.credits_undone", "person.granted"]


async def test_somebody_is_told_in_their_own_language(admin: AdminBot) -> None:
    await upsert_visitor(admin, first_name="Ann", language="de-at")
    await admin.say(f"/user {ANN}")
    await admin.press("Credits")
    await admin.press("+1")
    await admin.press("Tell Ann")
    assert told(admin) == ["Du hast jetzt 1 Guthaben."]
    assert messages.sent("Ann") in admin.last_text


async def test_a_press_counts_once_however_often_its_update_comes(admin: AdminBot) -> None:
    await open_ann(admin)
    await admin.press("Credits")
    update = await admin.press("+5")
    # another process, without the memory of this one
    granted = await user_credits.grant(ANN, f"press {update.callback_query.id}", admin.clock.now(), credits=5)  # type: ignore[union-attr]
    assert granted is not None and not granted.is_new
    assert (await subscriber()).credits == 5


@pytest.mark.parametrize(("typed", "left"), [("25", 34), ("-5", 4), ("−9", 0), ("-100000", 0), ("+1", 10)])
async def test_other_amounts_are_typed_and_never_go_below_zero(admin: AdminBot, typed: str, left: int) -> None:
    await open_ann(admin)
    await user_credits.grant(ANN, "x", admin.clock.now(), credits=9)
    await admin.press("Credits")
    await admin.press("Other")
    await admin.say(typed)
    assert (await subscriber()).credits == left
    await admin.press("Undo")
    assert (await subscriber()).credits == 9


@pytest.mark.parametrize("typed", ["", "0", "x", "1.5", "100001", "٥", "- 1 2", "5 credits"])
async def test_a_wrong_amount_leaves_the_question_open(admin: AdminBot, typed: str) -> None:
    await open_ann(admin)
    await admin.press("Credits")
    await admin.press("Other")
    await admin.send(text=typed) if typed else await admin.send(dice={"emoji": "x", "value": 1})
    assert "Send a whole number of credits" in admin.last_text
    await admin.say("3")
    assert (await subscriber()).credits == 3


async def test_what_was_spent_meanwhile_is_not_taken_back(admin: AdminBot) -> None:
    await open_ann(admin)
    await admin.press("Credits")
    await admin.press("+5")
    await user_credits.spend_credit(ANN, "A" * 16, "u", admin.clock.now())
    await admin.press("Undo")
    assert admin.toasts[-1] == changed_since()
    assert (await subscriber()).credits == 4


async def test_a_pass_is_prolonged_ended_and_undone(admin: AdminBot) -> None:
    await open_ann(admin)
    now = admin.clock.now()
    await admin.press("Pass")
    assert "End" not in admin.buttons()
    await admin.press("7 days")
    await admin.press("Other")
    await admin.say("12h")
    assert (await subscriber()).pass_until == now + 7.5 * DAY
    await admin.press("End")
    assert (await subscriber()).pass_until is None
    await admin.press("Undo")
    assert (await subscriber()).pass_until == now + 7.5 * DAY
    actions = [entry.action for entry in await audit_ops.last(9)]
    assert actions == ["person.pass_undone", "person.pass_ended", "person.granted", "person.granted"]


async def test_two_of_the_team_change_one_person_and_neither_loses(admin: AdminBot) -> None:
    await store(admin, MAX, "manager")
    await open_ann(admin)
    await admin.press("Credits")
    await open_ann(admin, MAX)
    await admin.press("Credits", MAX)
    await admin.callback(f"au:g:{ANN}:10:0:a:")
    owners_screen = list(admin.world.screens)[-1]
    await admin.callback(f"au:g:{ANN}:50:0:a:", who=MAX)
    assert (await subscriber()).credits == 60
    await admin.press("Undo", MAX)
    assert (await subscriber()).credits == 10
    await admin.callback(f"au:d:{ANN}:1:0:a:", message_id=owners_screen)
    await admin.callback(f"au:d:{ANN}:1:0:a:", who=MAX)
    assert (await subscriber()).pass_until == admin.clock.now() + 2 * DAY


async def test_an_undo_of_a_pass_somebody_else_changed_since_changes_nothing(admin: AdminBot) -> None:
    await open_ann(admin)
    await admin.press("Pass")
    await admin.press("1 day")
    await user_credits.grant(ANN, "max", admin.clock.now(), pass_for=DAY)
    await admin.press("Undo")
    assert admin.toasts[-1] == changed_since()
    assert (await subscriber()).pass_until == admin.clock.now() + 2 * DAY


async def test_after_ten_minutes_nothing_is_undone(admin: AdminBot) -> None:
    await open_ann(admin)
    await admin.press("Credits")
    await admin.press("+5")
    admin.clock.move(timedelta(minutes=10, seconds=1))
    await admin.press("Undo")
    assert admin.toasts[-1] == too_late_to_undo()
    assert (await subscriber()).credits == 5


async def test_telling_somebody_who_blocked_the_bot_says_so(admin: AdminBot) -> None:
    await open_ann(admin)
    await admin.press("Credits")
    await admin.press("+5")
    blocked = "Forbidden: bot was blocked by the user"
    admin.world.fail(SendMessage, lambda method: TelegramForbiddenError(method=method, message=blocked))
    await admin.press("Tell Ann")
    assert messages.blocked("Ann", "tollgate_bot") in admin.last_text
    assert (await subscriber()).blocked_at == admin.clock.now()


async def test_a_lost_answer_to_telling_is_not_repeated(admin: AdminBot) -> None:
    await open_ann(admin)
    await admin.press("Credits")
    await admin.press("+5")
    screen = list(admin.world.screens)[-1]
    tell = next(
        str(button.callback_data)
        for row in admin.world.screens[screen].reply_markup.inline_keyboard  # type: ignore[union-attr]
        for button in row
        if button.text == "Tell Ann"
    )
    admin.world.fail(SendMessage, lambda method: TelegramServerError(method=method, message="Internal Server Error"))
    for _ in range(2):
        await admin.callback(tell, message_id=screen)
    assert len(told(admin)) == 1
    assert any(messages.unconfirmed("Ann") in text for text in admin.texts)


async def test_a_ban_has_a_time_and_a_reason_and_ends_with_a_press(admin: AdminBot) -> None:
    await open_ann(admin)
    await admin.press("Ban")
    assert not (await subscriber()).is_banned
    await admin.press("7 days")
    assert admin.last_text == "Ban \u2068Ann\u2069 for 7 days?\nWhy? \u2068Ann\u2069 reads it."
    await admin.say("x" * 201)
    assert admin.last_text == bans.reason_expected()
    await admin.say("sold my <posts>")
    user = await subscriber()
    assert (user.ban_reason, user.banned_until) == ("sold my <posts>", admin.clock.now() + 7 * DAY)
    assert "<b>Banned</b> until" in admin.last_text and "sold my &lt;posts&gt;" in admin.last_text
    await admin.press("Unban")
    assert not (await subscriber()).is_banned
    assert [entry.action for entry in await audit_ops.last(9)] == ["person.unbanned", "person.banned"]


async def test_a_role_lost_between_press_and_confirm_changes_nothing(admin: AdminBot) -> None:
    await store(admin, MAX, "manager")
    await open_ann(admin, MAX)
    await admin.press("Credits", MAX)
    await admin.press("+5", MAX)
    await admin.say(f"/user {ANN}", MAX)
    await admin.press("Ban", MAX)
    await admin.press("7 days", MAX)
    await store(admin, MAX, "editor")
    await admin.press("No reason", MAX)
    assert admin.toasts[-1] == not_your_role(Role.EDITOR)
    await admin.press("Undo", MAX)
    assert admin.toasts[-1] == not_your_role(Role.EDITOR)
    user = await subscriber()
    assert (user.is_banned, user.credits) == (False, 5)


async def test_a_member_of_the_team_cannot_be_banned_by_a_forged_button(admin: AdminBot) -> None:
    await upsert_visitor(admin, OWNER.id)
    await admin.say(f"/user {OWNER.id}")
    assert "Ban" not in admin.buttons()
    for data in (f"au:bn:{OWNER.id}:0:0:a:", f"au:b:{OWNER.id}:0:0:a:"):
        await admin.callback(data)
        assert admin.world.of(AnswerCallbackQuery)[-1].text == bans.is_admin()
    assert not (await subscriber(OWNER.id)).is_banned


@pytest.mark.parametrize(
    "data",
    [
        "au:bn:0:0:0:a:",
        "au:bn:-5:0:0:a:",
        f"au:bn:{2**52}:0:0:a:",
        "au:bn:x:0:0:a:",
        f"au:bn:{ANN}:5:0:a:",
        f"au:g:{ANN}:7:0:a:",
        f"au:d:{ANN}:3650:0:a:",
        f"au:zz:{ANN}:1:0:a:",
        f"au:bn:{ANN}:0:1000:a:",
    ],
)
async def test_forged_buttons_change_nobody(admin: AdminBot, data: str) -> None:
    await upsert_visitor(admin)
    before = await subscriber()
    await admin.callback(data)
    assert await subscriber() == before
    assert await user_ops.count() == 1


async def test_the_history_has_what_the_team_did(admin: AdminBot) -> None:
    await open_ann(admin)
    await admin.press("History")
    assert "Nothing is stored." in admin.last_text
    await admin.press("‹ Ann")
    await admin.press("Credits")
    await admin.press("+10")
    await admin.say(f"/user {ANN}")
    await admin.press("History")
    assert "<blockquote expandable>" in admin.last_text and "10 credits given" in admin.last_text
