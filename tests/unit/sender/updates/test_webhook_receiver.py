"""A posted update is answered with 200 when it is acknowledged, and is handled once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.types import Message
from structlog.testing import capture_logs

from sender.message_ids import message_ids_of
from sender.updates.acknowledgement import acknowledge
from sender.updates.intake import UnreadableMessages, drain
from sender.updates.places import HANGS_AFTER_S, Places
from sender.updates.polling import RECENT_S, UpdateAcknowledger
from sender.updates.update_ages import UpdateAges
from sender.updates.webhook import (
    AWAY_AGAIN_S,
    FULL_AGAIN_S,
    SLOW_AGAIN_S,
    STOPPING_AGAIN_S,
    WebhookReceiver,
    secret_from_token,
)
from tests.recording import RecordingBot, recording_bot
from views import common_texts

ALICE = 7
Handling = Callable[[Message], Awaitable[None]]


def update(update_id: int, chat: int = ALICE, **more: Any) -> dict[str, Any]:
    person = {"id": chat, "is_bot": False, "first_name": "P"}
    message = {
        "message_id": 100 + update_id,
        "date": 1_763_800_000,
        "chat": {"id": chat, "type": "private", "first_name": "P"},
        "from": person,
        "text": "hello",
    }
    return {"update_id": update_id, "message": message | more}


class Desk:
    """A receiver whose handler does what the test says."""

    def __init__(self, places: int = 64, open_for_s: float = 25.0) -> None:
        self.bot: RecordingBot = recording_bot()
        self.handled: list[int] = []
        self.go_on = asyncio.Event()
        self.handling: Handling | None = None
        self.is_away = False
        self.at_s = 0.0
        self.account = UpdateAcknowledger(Places(places), now=lambda: self.at_s)
        self.dispatcher = Dispatcher(disable_fsm=True)
        self.bot.session.middleware.register(self.account.on_call)
        self.dispatcher.update.outer_middleware(self.account.on_update)
        self.dispatcher.update.outer_middleware(UnreadableMessages(common_texts))
        self.dispatcher.message.register(self._handle)
        self.receiver = WebhookReceiver(
            self.bot,
            self.dispatcher,
            self.account,
            secret="s3cret",
            ages=UpdateAges(lambda: datetime(2026, 3, 1, tzinfo=UTC)),
            is_database_away=lambda: self.is_away,
            open_for_s=open_for_s,
            now=lambda: self.at_s,
        )
        self.receiver.open()

    async def _handle(self, message: Message) -> None:
        self.handled.append(message.message_id - 100)
        if self.handling is not None:
            await self.handling(message)

    async def wait(self, message: Message) -> None:
        await self.go_on.wait()

    async def answer(self, message: Message) -> None:
        """As most handlers: one call, then something more."""
        await message.answer("hi")
        await self.go_on.wait()


async def soon() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_post_is_answered_when_its_handler_comes_to_its_first_call() -> None:
    desk = Desk()
    desk.handling = desk.answer
    assert await desk.receiver.take(update(1)) is None
    assert not desk.go_on.is_set()
    assert desk.account.places.free == 63
    desk.go_on.set()
    await soon()
    assert desk.account.places.free == 64


async def test_until_then_it_waits_and_the_same_update_shares_the_wait() -> None:
    desk = Desk()
    desk.handling = desk.wait
    posts = [asyncio.ensure_future(desk.receiver.take(update(1))) for _ in range(3)]
    await soon()
    assert not any(post.done() for post in posts)
    desk.go_on.set()
    assert await asyncio.gather(*posts) == [None] * 3
    assert desk.handled == [1]


async def test_an_update_posted_again_after_its_end_is_not_handled_again() -> None:
    desk = Desk()
    assert [await desk.receiver.take(update(1)) for _ in range(2)] == [None, None]
    assert desk.handled == [1]


async def test_an_id_that_jumps_back_after_a_week_is_a_new_update() -> None:
    desk = Desk()
    await desk.receiver.take(update(1))
    desk.at_s = RECENT_S + 1
    assert await desk.receiver.take(update(1)) is None
    await desk.receiver.take(update(0))
    assert desk.handled == [1, 1, 0]


async def test_when_all_places_are_taken_telegram_posts_again_and_nothing_is_lost() -> None:
    desk = Desk(places=2)
    desk.handling = desk.wait
    posts = [asyncio.ensure_future(desk.receiver.take(update(number, number))) for number in (1, 2, 3)]
    await soon()
    assert await posts[2] == FULL_AGAIN_S
    desk.go_on.set()
    assert await asyncio.gather(*posts[:2]) == [None, None]
    assert await desk.receiver.take(update(3, 3)) is None
    assert desk.handled == [1, 2, 3]


async def test_while_the_database_is_away_telegram_posts_again() -> None:
    desk = Desk()
    desk.is_away = True
    assert await desk.receiver.take(update(1)) == AWAY_AGAIN_S
    desk.is_away = False
    assert await desk.receiver.take(update(1)) is None
    assert desk.handled == [1]


async def test_an_update_held_in_an_outage_stays_with_telegram() -> None:
    desk = Desk(open_for_s=0.01)
    desk.handling = desk.wait
    assert await desk.receiver.take(update(1)) == SLOW_AGAIN_S
    desk.is_away = True
    desk.at_s = 10 * HANGS_AFTER_S
    assert await desk.receiver.take(update(1)) == AWAY_AGAIN_S
    assert desk.handled == [1]


async def test_a_handler_that_hangs_lets_the_next_update_of_its_chat_through_at_last() -> None:
    desk = Desk(open_for_s=0.01)
    desk.handling = desk.wait
    assert await desk.receiver.take(update(1)) == SLOW_AGAIN_S
    desk.at_s = HANGS_AFTER_S
    with capture_logs() as logs:
        assert await desk.receiver.take(update(1)) is None
    assert [entry["event"] for entry in logs] == ["update.confirmed_unacknowledged"]


async def test_before_the_start_and_at_a_stop_another_process_may_take_it() -> None:
    desk = Desk()
    desk.receiver.close()
    assert await desk.receiver.take(update(1)) == STOPPING_AGAIN_S
    assert desk.handled == []


@pytest.mark.parametrize("begun", [True, False])
async def test_a_handler_cancelled_by_a_stop_leaves_its_update_to_another_process(begun: bool) -> None:
    desk = Desk()
    desk.handling = desk.wait
    post = asyncio.ensure_future(desk.receiver.take(update(1)))
    await (soon() if begun else asyncio.sleep(0))
    desk.receiver.close()
    assert await drain(desk.dispatcher, wait_s=0) == 1
    assert await post == STOPPING_AGAIN_S


async def test_an_update_whose_handler_was_cancelled_is_not_taken_for_handled_when_it_comes_again() -> None:
    desk = Desk()
    desk.handling = desk.wait
    post = asyncio.ensure_future(desk.receiver.take(update(1)))
    await soon()
    desk.receiver.close()
    await drain(desk.dispatcher, wait_s=0)
    assert await post == STOPPING_AGAIN_S
    assert await desk.receiver.take(update(1)) == STOPPING_AGAIN_S


async def test_a_stop_waits_for_a_handler_and_answers_its_post() -> None:
    desk = Desk()
    desk.handling = desk.wait
    post = asyncio.ensure_future(desk.receiver.take(update(1)))
    await soon()
    desk.receiver.close()
    draining = asyncio.ensure_future(drain(desk.dispatcher))
    await soon()
    desk.go_on.set()
    assert (await post, await draining) == (None, 0)


async def test_a_handler_that_fails_ends_its_update() -> None:
    desk = Desk()

    async def fail(message: Message) -> None:
        raise ValueError("broken")

    desk.handling = fail
    assert await desk.receiver.take(update(1)) is None


@pytest.mark.parametrize(
    "raw",
    [
        update(1, forward_origin={"type": "a new kind", "date": 1}),
        update(1, text=["no text"]),
        {"update_id": 1, "message": "no object"},
        {"update_id": 1, "callback_query": None},
        {"update_id": 1, "my_kind": {}},
        {"update_id": 1},
    ],
)
async def test_an_update_nobody_can_read_ends_at_once_and_does_not_come_again(raw: dict[str, Any]) -> None:
    desk = Desk()
    assert await desk.receiver.take(raw) is None
    await soon()
    assert desk.handled == []
    assert desk.account.places.free == 64


async def test_the_sender_of_an_unreadable_message_is_told() -> None:
    desk = Desk()
    await desk.receiver.take(update(1, forward_origin={"type": "a new kind", "date": 1}))
    await soon()
    assert [call.__api_method__ for call in desk.bot.calls] == ["sendMessage"]


async def test_the_ids_of_posted_messages_are_noted() -> None:
    desk = Desk()
    await desk.receiver.take(update(5))
    assert message_ids_of(desk.bot).newest == 105


@pytest.mark.parametrize(("given", "fits"), [("s3cret", True), ("", False), ("S3cret", False), ("\udcff", False)])
def test_only_the_secret_itself_fits(given: str, fits: bool) -> None:
    desk = Desk()
    assert desk.receiver.is_secret(given) is fits


def test_a_derived_secret_is_the_bots_own_and_allowed_by_telegram() -> None:
    one, other = secret_from_token("1:a"), secret_from_token("1:b")
    assert one != other
    assert len(one) == 64
    assert one.isalnum()


async def acknowledged_by_hand(message: Message) -> None:
    acknowledge()
    await asyncio.Event().wait()


async def test_what_a_handler_acknowledges_itself_is_answered() -> None:
    desk = Desk()
    desk.handling = acknowledged_by_hand
    assert await desk.receiver.take(update(1)) is None
    assert await drain(desk.dispatcher, wait_s=0) == 1
