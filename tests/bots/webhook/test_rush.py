"""Ten thousand posts at once: few are taken, the others are told to come again, and none is lost or handled twice."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.types import Message

from core.clock import SystemClock
from sender.updates.places import PLACES, Places
from sender.updates.polling import UpdateAcknowledger
from sender.updates.update_ages import UpdateAges
from sender.updates.webhook import WebhookReceiver
from tests.recording import recording_bot
from tests.webhooks import USER_BOT_ID, free_port, posting_to
from web_app.connections import CONNECTIONS_MAX

SECRET = "s" * 32


class Desk:
    """A receiver whose handlers take ten turns of the loop each."""

    def __init__(self) -> None:
        self.handled: Counter[int] = Counter()
        self.at_work = self.most_at_work = self.most_waiting = 0
        self.account = UpdateAcknowledger(Places(is_shared=True))
        dispatcher = Dispatcher(disable_fsm=True)
        dispatcher.update.outer_middleware(self.account.on_update)
        dispatcher.message.register(self._handle)
        self.receiver = WebhookReceiver(
            recording_bot(),
            dispatcher,
            self.account,
            secret=SECRET,
            ages=UpdateAges(SystemClock().now),
            is_database_away=lambda: False,
        )
        self.receiver.open()

    async def _handle(self, message: Message) -> None:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        self.most_waiting = max(self.most_waiting, len(self.account.posted))
        for _ in range(10):
            await asyncio.sleep(0)
        self.handled[message.chat.id] += 1
        self.at_work -= 1


def update(number: int) -> dict[str, Any]:
    person = {"id": number, "is_bot": False, "first_name": "P"}
    chat = {"id": number, "type": "private", "first_name": "P"}
    message = {"message_id": number, "date": 1_763_800_000, "chat": chat, "from": person, "text": "hello"}
    return {"update_id": number, "message": message}


@pytest.mark.sweep
async def test_of_ten_thousand_at_once_no_more_than_there_are_places_are_in_memory_and_all_are_handled_once() -> None:
    desk, waiting = Desk(), deque(range(1, 10_001))

    async def post(numbers: Sequence[int]) -> int:
        """Post these at once; those refused wait again. Returns how many were."""
        answers = await asyncio.gather(*(desk.receiver.take(update(number)) for number in numbers))
        refused = [number for number, again_s in zip(numbers, answers, strict=True) if again_s is not None]
        waiting.extend(refused)
        return len(refused)

    assert await post([waiting.popleft() for _ in range(10_000)]) == 10_000 - PLACES
    while waiting:
        await post([waiting.popleft() for _ in range(min(len(waiting), 2 * PLACES))])
    assert set(desk.handled.values()) == {1}
    assert len(desk.handled) == 10_000
    assert (desk.most_at_work, desk.most_waiting) == (PLACES, PLACES)


@pytest.mark.sweep
async def test_more_connections_than_the_web_app_takes_are_all_answered_and_none_is_lost() -> None:
    desk, port = Desk(), free_port()
    statuses: Counter[int] = Counter()

    async def post(number: int) -> bool:
        """Post one over a connection of its own; return whether it was taken."""
        body = json.dumps(update(number)).encode()
        head = (
            f"POST /telegram/{USER_BOT_ID} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + body)
        status = int((await reader.read()).split(b" ", 2)[1])
        statuses[status] += 1
        writer.close()
        return status != 503

    waiting = list(range(1, CONNECTIONS_MAX + 101))
    async with posting_to({USER_BOT_ID: desk.receiver}, port), asyncio.timeout(60):
        while waiting:
            taken = await asyncio.gather(*map(post, waiting))
            waiting = [number for number, is_taken in zip(waiting, taken, strict=True) if not is_taken]
    assert set(desk.handled.values()) == {1}
    assert statuses[200] == len(desk.handled) == CONNECTIONS_MAX + 100
    assert statuses[503] > 0
    assert desk.most_at_work <= PLACES
