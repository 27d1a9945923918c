"""Which message ids a process has seen, by answers and updates."""

from datetime import UTC, datetime
from typing import Any

from aiogram import Bot
from aiogram.methods import CopyMessages, GetUpdates, SendMessage
from aiogram.types import CallbackQuery, Chat, Message, MessageId, Update, User

from sender.message_ids import REMEMBERED_MAX, MessageIds, message_ids_of

BOT = Bot("42:test")


def message(chat_id: int, message_id: int) -> Message:
    kind = "private" if chat_id > 0 else "channel"
    return Message(message_id=message_id, date=datetime(2026, 1, 1, tzinfo=UTC), chat=Chat(id=chat_id, type=kind))


async def passed(ids: MessageIds, method: Any, answer: Any) -> None:
    async def make_request(bot: Bot, method: Any) -> Any:
        return answer

    assert await ids(make_request, BOT, method) is answer


async def test_the_newest_id_is_the_highest_of_answers_and_updates() -> None:
    ids = MessageIds()
    assert ids.newest is None
    await passed(ids, GetUpdates(), [Update(update_id=1, message=message(7, 40)), Update(update_id=2)])
    assert ids.newest == 40
    await passed(
        ids, CopyMessages(chat_id=8, from_chat_id=-1, message_ids=[1, 2]), [MessageId(message_id=n) for n in (44, 43)]
    )
    assert ids.newest == 44
    await passed(ids, SendMessage(chat_id=7, text="x"), message(7, 42))
    assert ids.newest == 44
    assert ids.seen_between(7, 0, 1000) == (40, 42)
    assert ids.seen_between(8, 43, 1000) == (44,)
    assert ids.seen_between(8, 43, 44) == ()


def test_a_pressed_button_says_nothing_about_ids_since_its_message_may_be_old_or_the_lost_one() -> None:
    ids = MessageIds()
    user = User(id=7, is_bot=False, first_name="x")
    for number, pressed in enumerate((message(7, 40), message(-100, 900))):
        query = CallbackQuery(id="1", from_user=user, chat_instance="1", message=pressed)
        ids.note_updates([Update(update_id=number + 1, callback_query=query)])
    assert ids.newest is None
    assert ids.seen_between(7, 0, 1000) == ()


async def test_ids_of_channels_and_of_delayed_messages_are_ignored() -> None:
    ids = MessageIds()
    await passed(ids, SendMessage(chat_id=-100, text="x"), message(-100, 900))
    await passed(ids, CopyMessages(chat_id=8, from_chat_id=-1, message_ids=[1]), [MessageId(message_id=0)])
    assert ids.newest is None


def test_the_memory_is_bounded_and_keeps_the_latest() -> None:
    ids = MessageIds()
    for number in range(1, REMEMBERED_MAX + 3):
        ids.note(7, number)
    assert ids.seen_between(7, 0, 5) == (3, 4)
    assert ids.newest == REMEMBERED_MAX + 2


def test_a_bot_has_one_memory_of_ids() -> None:
    bot = Bot("42:test")
    assert message_ids_of(bot) is message_ids_of(bot)
