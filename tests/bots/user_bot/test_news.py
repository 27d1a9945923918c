"""Opting out of broadcasts and coming back, by command and by the button below them; everything else stays."""

import pytest

from core.broadcasts import Broadcast, NewBroadcast, RecipientState
from core.segments import Segment
from database.connection import current_database
from database.operations import broadcast_ops, broadcast_rows, user_ops
from database.operations.segments import find_reachable
from tests.bots.user_bot.losing_answers import losing, over
from tests.house import ALICE, BOB, OLIVE, STORAGE, USER_BOT, House
from user_bot.commands import COMMANDS
from views.broadcasts.callbacks import StopNews
from views.broadcasts.keyboards import STOP_NEWS, below_broadcast
from views.subscribers import news_texts


async def met(house: House) -> None:
    """Alice and Bob are known to the bot."""
    for person in (house.alice, house.bob):
        await person.text(USER_BOT, "/start")
    await house.settle()


async def reached(house: House) -> list[int]:
    """Whom a broadcast to everybody would reach now."""
    now = house.base.clock.now()
    return await find_reachable(Segment(), now, now, after=None, limit=100)


async def has_no_news(user_id: int) -> bool:
    person = await user_ops.find(user_id)
    assert person is not None
    return person.news_stopped_at is not None


async def broadcast_on_its_way(house: House, *user_ids: int) -> Broadcast:
    """One that is being sent, and whose turn has come for none of them."""
    now = house.base.clock.now()
    new = NewBroadcast(
        key=f"draft {now.timestamp()} {user_ids}", title="News!", source_chat_id=STORAGE, message_ids=(1,),
        created_by=OLIVE, created_at=now, send_at=now, progress_chat_id=OLIVE,
    )  # fmt: skip
    queued, _ = await broadcast_ops.create(new)
    begun = await broadcast_ops.begin(queued, now)
    assert begun is not None
    await broadcast_rows.add_recipients(begun.id, user_ids)
    return begun


async def a_copy(house: House, user_id: int) -> int:
    """A broadcast's message in a person's chat, with the button."""
    keyboard = below_broadcast((), has_stop_button=True)
    return (await house.base.user_bot.send_message(user_id, "News!", reply_markup=keyboard)).message_id


async def test_who_stops_the_news_is_left_out_until_they_want_it_again(house: House) -> None:
    await met(house)
    await house.alice.text(USER_BOT, "/stop_news")
    seen = await house.alice.wait(USER_BOT, contains="News is off")
    assert seen["messages"][-1]["text"] == news_texts.STOPPED
    assert await reached(house) == [BOB]
    assert await has_no_news(ALICE)

    await house.alice.text(USER_BOT, "/news")
    seen = await house.alice.wait(USER_BOT, contains="News is on")
    assert seen["messages"][-1]["text"] == news_texts.WANTED
    assert await reached(house) == [ALICE, BOB]


async def test_their_turn_in_a_broadcast_under_way_is_skipped_and_nobody_elses(house: House) -> None:
    await met(house)
    first, second = [await broadcast_on_its_way(house, ALICE, BOB), await broadcast_on_its_way(house, ALICE)]
    await broadcast_ops.pause(second.id)
    await house.alice.text(USER_BOT, "/stop_news")
    await house.settle()
    assert await broadcast_rows.count_states(first.id) == {"left_out": 1, "pending": 1}
    assert await broadcast_rows.next_pending(first.id, 0, 10) == [BOB]
    assert await broadcast_rows.count_states(second.id) == {"left_out": 1}


@pytest.mark.parametrize("state", [RecipientState.SENDING, RecipientState.SENT])
async def test_a_turn_that_has_come_stays_what_it_is(house: House, state: RecipientState) -> None:
    await met(house)
    broadcast = await broadcast_on_its_way(house, ALICE)
    await broadcast_rows.claim(broadcast.id, [ALICE], "run")
    if state is RecipientState.SENT:
        await broadcast_rows.mark_sent(broadcast.id, ALICE, "run", [7], house.base.clock.now())
    await house.alice.text(USER_BOT, "/stop_news")
    await house.settle()
    assert await broadcast_rows.count_states(broadcast.id) == {state: 1}


async def test_who_opts_out_keeps_everything_else(house: House) -> None:
    await met(house)
    await house.alice.text(USER_BOT, "/stop_news")
    await house.settle()
    await house.alice.link(house.link(await house.store()))
    seen = await house.alice.wait(USER_BOT, contains="will be deleted")
    assert [m for m in seen["messages"] if m.get("photo")] != []
    # neither using the bot nor blocking and coming back brings the news back
    await house.alice.block(USER_BOT)
    await house.alice.unblock(USER_BOT, restart=True)
    await house.settle()
    assert await has_no_news(ALICE)
    assert await reached(house) == [BOB]


async def test_the_button_stops_the_news_and_says_how_to_undo_it_each_time(house: House) -> None:
    await met(house)
    message_id = await a_copy(house, ALICE)
    since = None
    for _ in range(2):
        await house.alice.press(USER_BOT, STOP_NEWS, message_id=message_id)
        await house.settle()
        toasts = (await house.alice.transcript(USER_BOT))["toasts"]
        assert toasts[-1]["text"] == news_texts.STOPPED
        assert await reached(house) == [BOB]
        person = await user_ops.find(ALICE)
        assert person is not None
        assert since in (None, person.news_stopped_at), "the second press is nothing new"
        since = person.news_stopped_at
        await house.advance(minutes=1)
    assert len((await house.alice.transcript(USER_BOT))["toasts"]) == 2


async def test_the_button_works_below_a_broadcast_of_last_year(house: House) -> None:
    await met(house)
    message_id = await a_copy(house, ALICE)
    await house.advance(days=400)
    await house.alice.press(USER_BOT, STOP_NEWS, message_id=message_id)
    await house.settle()
    assert await has_no_news(ALICE)
    await house.bob.forge_callback(USER_BOT, StopNews().pack(), message_id=999_999)
    await house.settle()
    assert await has_no_news(BOB)


async def test_a_press_that_is_too_old_for_a_toast_is_answered_by_a_message(house: House) -> None:
    await met(house)
    message_id = await a_copy(house, ALICE)
    await house.world.fault(
        "error", method="answerCallbackQuery", bot=USER_BOT, status=400,
        description="Bad Request: query is too old and response timeout expired or query ID is invalid",
    )  # fmt: skip
    await house.alice.press(USER_BOT, STOP_NEWS, message_id=message_id)
    seen = await house.alice.wait(USER_BOT, contains="News is off")
    assert seen["messages"][-1]["text"] == news_texts.STOPPED
    assert await has_no_news(ALICE)


async def test_a_banned_person_may_opt_out_and_back_and_stays_banned(house: House) -> None:
    await met(house)
    await user_ops.ban(ALICE, house.base.clock.now(), until=None, reason="spam")
    await house.alice.press(USER_BOT, STOP_NEWS, message_id=await a_copy(house, ALICE))
    await house.settle()
    assert await has_no_news(ALICE)
    await house.alice.text(USER_BOT, "/news")
    await house.settle()
    assert not await has_no_news(ALICE)
    assert await reached(house) == [BOB], "a ban keeps them out of broadcasts as before"


async def test_a_stranger_may_opt_out_with_their_first_words(house: House) -> None:
    carol = await house.world.add_user("Carol")
    await carol.text(USER_BOT, "/stop_news")
    await carol.wait(USER_BOT, contains="News is off")
    dave = await house.world.add_user("Dave")
    await dave.text(USER_BOT, "/news")
    await dave.wait(USER_BOT, contains="News is on")
    assert await reached(house) == [dave.id]


async def test_a_lost_answer_of_the_database_leaves_nobody_half_out(house: House) -> None:
    await met(house)
    broadcast = await broadcast_on_its_way(house, ALICE)
    with losing("update_one", "users", when=lambda condition, *_, **__: "news_stopped_at" in condition):
        await house.alice.press(USER_BOT, STOP_NEWS, message_id=await a_copy(house, ALICE))
        await over(house)
    assert await has_no_news(ALICE)
    assert await broadcast_rows.count_states(broadcast.id) == {"left_out": 1}
    seen = await house.alice.transcript(USER_BOT)
    told = seen["toasts"] + [m for m in seen["messages"] if m["outgoing"]]
    assert [one["text"] for one in told].count(news_texts.STOPPED) == 1


async def test_opting_out_costs_three_commands_while_nothing_is_under_way(house: House) -> None:
    await met(house)
    before = dict(current_database().calls)
    await house.alice.text(USER_BOT, "/stop_news")
    await house.settle()
    after = current_database().calls
    asked = {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name, 0)}
    assert asked == {"find_one_and_update users": 1, "update_one users": 1, "find broadcasts": 1}


async def test_help_the_menu_and_me_name_it(house: House) -> None:
    await house.alice.text(USER_BOT, "/help")
    assert "/stop_news" in (await house.alice.wait(USER_BOT, contains="/news"))["messages"][-1]["text"]
    assert {"news", "stop_news"} <= {command.command for command in COMMANDS}
    for wish, is_said in (("/me", False), ("/stop_news", True), ("/news", False)):
        await house.alice.text(USER_BOT, wish)
        await house.settle()
        await house.alice.text(USER_BOT, "/me")
        seen = await house.alice.wait(USER_BOT, contains="No delivery is waiting")
        assert (news_texts.OFF in seen["messages"][-1]["text"]) is is_said


async def test_who_blocks_the_bot_is_left_out_until_they_unblock_it(house: House) -> None:
    await met(house)
    await house.alice.block(USER_BOT)
    await house.settle()
    assert await reached(house) == [BOB]
    await house.alice.unblock(USER_BOT)
    await house.settle()
    assert await reached(house) == [ALICE, BOB]


def test_every_word_fits_a_toast() -> None:
    assert len(news_texts.STOPPED) <= 200
