"""At most 64 people have updates with the handlers, each a limited number."""

import asyncio
from typing import Any

import pytest
from aiogram.methods import AnswerCallbackQuery
from aiogram.types import CallbackQuery, Chat, Message, Update, User

from core.supervisor import Supervisor
from sender.updates.places import HANGS_AFTER_S, PLACES, PerUserConcurrencyLimit, Places
from sender.updates.poison import UnreadableUpdate
from tests.recording import RecordingBot, recording_bot
from views import common_texts


def written(update_id: int, user_id: int = 7) -> Update:
    user, chat = User(id=user_id, is_bot=False, first_name="Ann"), Chat(id=user_id, type="private")
    message = Message.model_validate({"message_id": update_id, "date": 1, "chat": chat, "from": user, "text": "x"})
    return Update(update_id=update_id, message=message)


def pressed(update_id: int, user_id: int = 7) -> Update:
    user = User(id=user_id, is_bot=False, first_name="Ann")
    query = CallbackQuery.model_validate({"id": str(update_id), "from": user, "chat_instance": "1", "data": "x"})
    return Update(update_id=update_id, callback_query=query)


def asking_to_join(update_id: int) -> Update:
    user = {"id": 7, "is_bot": False, "first_name": "Ann"}
    group = {"id": -100, "type": "supergroup", "title": "Rooms"}
    request = {"chat": group, "from": user, "user_chat_id": 7, "date": 1_700_000_000}
    return Update.model_validate({"update_id": update_id, "chat_join_request": request})


def test_a_person_occupies_one_place_until_the_last_of_their_updates_has_ended() -> None:
    places = Places(is_shared=True)
    for update in (written(1), pressed(2), UnreadableUpdate(update_id=3, chat_id=7)):
        places.take(update)
        places.take(update)
    places.take(written(4, user_id=8))
    assert places.free == PLACES - 2
    for update_id in (1, 2, 2, 99):
        places.leave(update_id)
    assert places.free == PLACES - 2
    places.leave(3)
    assert places.free == PLACES - 1


@pytest.mark.parametrize(("is_shared", "make"), [(True, asking_to_join), (False, written)], ids=["channel", "admin"])
def test_each_update_occupies_a_place_where_nothing_limits_how_many_there_are(is_shared: bool, make: Any) -> None:
    places = Places(is_shared=is_shared)
    for update_id in range(PLACES + 1):
        places.take(make(update_id))
    assert places.free == -1


def test_the_place_of_a_handler_that_hangs_is_given_back_and_its_end_changes_nothing() -> None:
    at_s = 0.0
    places = Places(2, now=lambda: at_s)
    assert places.take_from_hanging() is None
    places.take(written(1))
    at_s = 100.0
    places.take(written(2, user_id=8))
    assert places.take_from_hanging() == HANGS_AFTER_S - 100
    assert places.free == 0
    at_s = HANGS_AFTER_S
    assert places.take_from_hanging() == 100
    assert places.free == 1
    places.leave(1)
    assert places.free == 1


class Hands:
    """A handler that ends when told to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.go_on = asyncio.Event()

    async def __call__(self, event: Any, data: dict[str, Any]) -> str:
        self.begun.append(event.update_id)
        await self.go_on.wait()
        return "done"


@pytest.fixture
def bot() -> RecordingBot:
    return recording_bot()


def from_user(bot: RecordingBot, user_id: int = 7) -> dict[str, Any]:
    return {"event_from_user": User(id=user_id, is_bot=False, first_name="x"), "bot": bot}


async def test_updates_of_one_user_beyond_the_limit_are_dropped_and_others_are_not(bot: RecordingBot) -> None:
    limit, hands, tasks = PerUserConcurrencyLimit(2, common_texts.one_at_a_time), Hands(), Supervisor()
    running = [tasks.spawn(limit(hands, written(number), from_user(bot)), "ann") for number in range(5)]
    running += [tasks.spawn(limit(hands, asking_to_join(9), from_user(bot)), "channel")]
    running += [tasks.spawn(limit(hands, written(10, 8), from_user(bot, 8)), "ben")]
    for _ in range(3):
        await asyncio.sleep(0)
    assert hands.begun == [0, 1, 9, 10]
    hands.go_on.set()
    assert [await task for task in running].count("done") == 4
    assert await limit(hands, written(11), from_user(bot)) == "done"
    assert bot.calls == [], "a message that is dropped is not answered"


async def test_fifty_presses_get_one_toast_and_the_next_burst_one_again(bot: RecordingBot) -> None:
    limit, tasks = PerUserConcurrencyLimit(8, common_texts.one_at_a_time), Supervisor()
    for burst in (1, 2):
        hands = Hands()
        running = [tasks.spawn(limit(hands, pressed(number), from_user(bot)), "ann") for number in range(50)]
        for _ in range(3):
            await asyncio.sleep(0)
        assert hands.begun == list(range(8))
        hands.go_on.set()
        await asyncio.gather(*running)
        toasts = [(call.callback_query_id, call.text) for call in bot.calls if isinstance(call, AnswerCallbackQuery)]
        assert toasts == [("8", common_texts.one_at_a_time())] * burst
