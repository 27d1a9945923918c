"""Opting out of broadcasts and in again, by command and by the button below them; nothing else changes."""

import pytest

from core.broadcasts import Broadcast, NewBroadcast, RecipientState
from core.segments import Segment
from database.connection import current_database
from database.operations import broadcast_ops, broadcast_rows, user_ops
from database.operations.segments import find_reachable
from tests.bots.user_bot.losing_answers import losing, wait_until_idle
from tests.house import ALICE, BOB, OLIVE, STORAGE, USER_BOT, House
from user_bot.commands import commands
from views.broadcasts.callbacks import StopNews
from views.broadcasts.keyboards import below_broadcast, stop_news
from views.subscribers import news_texts


async def start_alice_and_bob(house: House) -> None:
    """Alice and Bob start the bot."""
    for user in (house.alice, house.bob):
        await user.text(USER_BOT, "/start")
    await house.settle()


async def find_broadcast_recipients(house: House) -> list[int]:
    """Return the users a broadcast to all would reach now."""
    now = house.base.clock.now()
    return await find_reachable(Segment(), now, now, after=None, limit=100)


async def has_no_news(user_id: int) -> bool:
    user = await user_ops.find(user_id)
    assert user is not None
    return user.news_stopped_at is not None


async def start_broadcast(house: House, *user_ids: int) -> Broadcast:
    """Return a broadcast that is being sent, with a pending row for each user."""
    now = house.base.clock.now()
    new = NewBroadcast(
        key=f"draft {now.timestamp()} {user_ids}", title="News!", source_chat_id=STORAGE, message_ids=(1,),
        created_by=OLIVE, created_at=now, send_at=now, progress_chat_id=OLIVE,
    )  # fmt: skip
    queued, _ = await broadcast_ops.create(new)
    started = await broadcast_ops.start(queued, now)
    assert started is not None
    await broadcast_rows.add_recipients(started.id, user_ids)
    return started


async def send_broadcast_copy(house: House, user_id: int) -> int:
    """Send a broadcast's message with the button to a user; return its id."""
    keyboard = below_broadcast((), has_stop_button=True)
    return (await house.base.user_bot.send_message(user_id, "News!", reply_markup=keyboard)).message_id


async def test_a_subscriber_without_news_is_left_out_until_they_want_it_again(house: House) -> None:
    await start_alice_and_bob(house)
    await house.alice.text(USER_BOT, "/stop_news")
    seen = await house.alice.wait(USER_BOT, contains="News is off")
    assert seen["messages"][-1]["text"] == news_texts.stopped()
    assert await find_broadcast_recipients(house) == [BOB]
    assert await has_no_news(ALICE)

    await house.alice.text(USER_BOT, "/news")
    seen = await house.alice.wait(USER_BOT, contains="News is on")
    assert seen["messages"][-1]["text"] == news_texts.wanted()
    assert await find_broadcast_recipients(house) == [ALICE, BOB]


async def test_opting_out_skips_only_that_subscribers_pending_rows(house: House) -> None:
    await start_alice_and_bob(house)
    first, second = [await start_broadcast(house, ALICE, BOB), await start_broadcast(house, ALICE)]
    await broadcast_ops.pause(second.id)
    await house.alice.text(USER_BOT, "/stop_news")
    await house.settle()
    assert await broadcast_rows.count_states(first.id) == {"left_out": 1, "pending": 1}
    assert await broadcast_rows.next_pending(first.id, 0, 10) == [BOB]
    assert await broadcast_rows.count_states(second.id) == {"left_out": 1}


@pytest.mark.parametrize("state", [RecipientState.SENDING, RecipientState.SENT])
async def test_opting_out_leaves_a_row_that_is_sending_or_sent(house: House, state: RecipientState) -> None:
    await start_alice_and_bob(house)
    broadcast = await start_broadcast(house, ALICE)
    await broadcast_rows.claim(broadcast.id, [ALICE], "run")
    if state is RecipientState.SENT:
        await broadcast_rows.mark_sent(broadcast.id, ALICE, "run", [7], house.base.clock.now())
    await house.alice.text(USER_BOT, "/stop_news")
    await house.settle()
    assert await broadcast_rows.count_states(broadcast.id) == {state: 1}


async def test_opting_out_changes_nothing_else(house: House) -> None:
    await start_alice_and_bob(house)
    await house.alice.text(USER_BOT, "/stop_news")
    await house.settle()
    await house.alice.link(house.link(await house.store()))
    seen = await house.alice.wait(USER_BOT, contains="Deleted in")
    assert [m for m in seen["messages"] if m.get("photo")] != []
    # neither using the bot nor blocking and unblocking it opts in again
    await house.alice.block(USER_BOT)
    await house.alice.unblock(USER_BOT, restart=True)
    await house.settle()
    assert await has_no_news(ALICE)
    assert await find_broadcast_recipients(house) == [BOB]


async def test_the_button_stops_the_news_and_says_how_to_undo_it_each_time(house: House) -> None:
    await start_alice_and_bob(house)
    message_id = await send_broadcast_copy(house, ALICE)
    since = None
    for _ in range(2):
        await house.alice.press(USER_BOT, stop_news(), message_id=message_id)
        await house.settle()
        toasts = (await house.alice.transcript(USER_BOT))["toasts"]
        assert toasts[-1]["text"] == news_texts.stopped()
        assert await find_broadcast_recipients(house) == [BOB]
        user = await user_ops.find(ALICE)
        assert user is not None
        assert since in (None, user.news_stopped_at), "the second tap changes nothing"
        since = user.news_stopped_at
        await house.advance(minutes=1)
    assert len((await house.alice.transcript(USER_BOT))["toasts"]) == 2


async def test_the_button_works_below_a_broadcast_of_last_year(house: House) -> None:
    await start_alice_and_bob(house)
    message_id = await send_broadcast_copy(house, ALICE)
    await house.advance(days=400)
    await house.alice.press(USER_BOT, stop_news(), message_id=message_id)
    await house.settle()
    assert await has_no_news(ALICE)
    await house.bob.forge_callback(USER_BOT, StopNews().pack(), message_id=999_999)
    await house.settle()
    assert await has_no_news(BOB)


async def test_a_press_too_old_for_a_toast_is_answered_by_a_message(house: House) -> None:
    await start_alice_and_bob(house)
    message_id = await send_broadcast_copy(house, ALICE)
    await house.world.fault(
        "error", method="answerCallbackQuery", bot=USER_BOT, status=400,
        description="Bad Request: query is too old and response timeout expired or query ID is invalid",
    )  # fmt: skip
    await house.alice.press(USER_BOT, stop_news(), message_id=message_id)
    seen = await house.alice.wait(USER_BOT, contains="News is off")
    assert seen["messages"][-1]["text"] == news_texts.stopped()
    assert await has_no_news(ALICE)


async def test_a_banned_subscriber_may_opt_out_and_back_and_stays_banned(house: House) -> None:
    await start_alice_and_bob(house)
    await user_ops.ban(ALICE, house.base.clock.now(), until=None, reason="spam")
    await house.alice.press(USER_BOT, stop_news(), message_id=await send_broadcast_copy(house, ALICE))
    await house.settle()
    assert await has_no_news(ALICE)
    await house.alice.text(USER_BOT, "/news")
    await house.settle()
    assert not await has_no_news(ALICE)
    assert await find_broadcast_recipients(house) == [BOB], "a ban keeps them out of broadcasts as before"


async def test_a_new_user_may_opt_out_with_their_first_message(house: House) -> None:
    carol = await house.world.add_user("Carol")
    await carol.text(USER_BOT, "/stop_news")
    await carol.wait(USER_BOT, contains="News is off")
    dave = await house.world.add_user("Dave")
    await dave.text(USER_BOT, "/news")
    await dave.wait(USER_BOT, contains="News is on")
    assert await find_broadcast_recipients(house) == [dave.id]


async def test_a_lost_answer_to_opting_out_is_retried_to_the_end(house: House) -> None:
    await start_alice_and_bob(house)
    broadcast = await start_broadcast(house, ALICE)
    with losing("update_one", "users", when=lambda condition, *_, **__: "news_stopped_at" in condition):
        await house.alice.press(USER_BOT, stop_news(), message_id=await send_broadcast_copy(house, ALICE))
        await wait_until_idle(house)
    assert await has_no_news(ALICE)
    assert await broadcast_rows.count_states(broadcast.id) == {"left_out": 1}
    seen = await house.alice.transcript(USER_BOT)
    answers = seen["toasts"] + [m for m in seen["messages"] if m["outgoing"]]
    assert [one["text"] for one in answers].count(news_texts.stopped()) == 1


async def test_opting_out_costs_three_commands_while_no_broadcast_is_unfinished(house: House) -> None:
    await start_alice_and_bob(house)
    before = dict(current_database().calls)
    await house.alice.text(USER_BOT, "/stop_news")
    await house.settle()
    after = current_database().calls
    asked = {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name, 0)}
    assert asked == {"find_one_and_update users": 1, "update_one users": 1, "find broadcasts": 1}


async def test_help_the_menu_and_me_name_the_opt_out(house: House) -> None:
    await house.alice.text(USER_BOT, "/help")
    assert "/stop_news" in (await house.alice.wait(USER_BOT, contains="/news"))["messages"][-1]["text"]
    assert "news" in {one.command for one in commands()}
    for command, is_said in (("/me", False), ("/stop_news", True), ("/news", False)):
        await house.alice.text(USER_BOT, command)
        await house.settle()
        await house.alice.text(USER_BOT, "/me")
        seen = await house.alice.wait(USER_BOT, contains="Every post is open")
        (news, _) = [row[0]["text"] for row in seen["messages"][-1]["reply_markup"]["inline_keyboard"]]
        assert (news == "News: off") is is_said


async def test_a_subscriber_who_blocks_the_bot_is_left_out_until_they_unblock_it(house: House) -> None:
    await start_alice_and_bob(house)
    await house.alice.block(USER_BOT)
    await house.settle()
    assert await find_broadcast_recipients(house) == [BOB]
    await house.alice.unblock(USER_BOT)
    await house.settle()
    assert await find_broadcast_recipients(house) == [ALICE, BOB]


def test_the_stopped_text_fits_a_toast() -> None:
    assert len(news_texts.stopped()) <= 200
