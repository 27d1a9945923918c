"""Who is told first and how many at once, in virtual time: one who cannot be told holds up nobody."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiogram.client.session.middlewares.base import BaseRequestMiddleware

from core.access import earned
from core.delivery_states import LEASE_FOR
from core.ids import new_token
from core.settings import BotSettings
from core.users import Visitor
from core.verification import Token, TokenStatus
from database.connection import close_database, open_database
from database.operations import delivery_ops, token_ops, user_ops
from database.operations.delivery_ops import NewDelivery
from tests.house import everyone_has_ended
from tests.recording import recording_bot
from tests.unit.sender.virtual import VirtualTime
from user_bot.delivery.interruptions import Interruptions
from user_bot.delivery.lapses import Lapses
from user_bot.delivery.ownership import Ownership
from user_bot.delivery.recovery import AT_ONCE, OWED_FOR, ROUND_EVERY_S, Recovery

CODE = "aB3dE6gH9jK2mN5p"
#: a subscriber whose chat takes no message and gives no answer
HANGS = 7


@dataclass
class Telegram(BaseRequestMiddleware):
    """Answers each message when told to; to `HANGS` never."""

    answers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(10_000))
    order: list[int] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def __call__(self, make_request: Any, bot: Any, method: Any) -> Any:
        self.order.append(int(method.chat_id))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if method.chat_id == HANGS:
                await asyncio.Event().wait()
            await self.answers.acquire()
        finally:
            self.at_once -= 1
        return await make_request(bot, method)


@dataclass
class Scene:
    time: VirtualTime
    telegram: Telegram
    recovery: Recovery

    async def killed(self, user_id: int, ago_s: float) -> None:
        started_at = self.time.now() - LEASE_FOR - timedelta(seconds=ago_s)
        new = NewDelivery(1002, user_id, CODE, f"message {user_id}", "a process that was killed", started_at, None)
        assert await delivery_ops.start(new)

    async def owed(self, user_id: int, ago: timedelta = timedelta(minutes=1)) -> None:
        """A token redeemed by a process that was killed before it paid."""
        now = self.time.now() - ago
        await user_ops.upsert_visitor(Visitor(user_id=user_id), now)
        text, ends = new_token(), now + timedelta(days=1)
        token = Token(
            token=text, user_id=user_id, status=TokenStatus.VERIFIED, has_page=True, created_at=now, expires_at=ends
        )
        await token_ops.add(token)
        assert await token_ops.redeem(text, user_id, now)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    time, telegram, bot = VirtualTime(1_800_000_000.0), Telegram(), recording_bot()
    bot.session.middleware(telegram)
    await open_database("memory://", "test", clock=time)
    ownership = Ownership(time)
    lapses = Lapses(bot.id, time, ownership, everyone_has_ended)
    recovery = Recovery(bot, time, ZoneInfo("UTC"), lapses, Interruptions(bot, time, ownership))
    yield Scene(time, telegram, recovery)
    await recovery._tasks.close()
    await close_database()


async def test_ten_are_told_at_a_time_and_those_who_wait_longest_first(scene: Scene) -> None:
    scene.telegram.answers = asyncio.Semaphore(0)
    for number in range(25):
        await scene.killed(100 + number, ago_s=100 - number)
    recovering = asyncio.create_task(scene.recovery.recover())
    await scene.time.settle()
    assert scene.telegram.order == [100 + number for number in range(AT_ONCE)]
    scene.telegram.answers.release()
    await scene.time.settle()
    assert len(scene.telegram.order) == AT_ONCE + 1, "the next one at once, without waiting for the others"
    for _ in range(25):
        scene.telegram.answers.release()
    assert await scene.time.run(asyncio.wait_for(recovering, None)) == 25
    assert scene.telegram.order == [100 + number for number in range(25)]
    assert scene.telegram.most_at_once == AT_ONCE


async def test_one_who_hangs_holds_up_nobody_who_lapses_later(scene: Scene) -> None:
    await scene.killed(HANGS, ago_s=100)
    for number in range(25):
        await scene.killed(100 + number, ago_s=1)
    running = asyncio.create_task(scene.recovery.run())
    await scene.time.settle()
    assert set(scene.telegram.order) == {HANGS, *range(100, 125)}
    await scene.killed(200, ago_s=1)
    await scene.time.advance(ROUND_EVERY_S)
    assert scene.telegram.order[-1] == 200
    running.cancel()
    await asyncio.wait([running])


async def test_a_process_pays_what_one_owes_that_died_after_it_had_started(scene: Scene) -> None:
    running = asyncio.create_task(scene.recovery.run())
    await scene.time.settle()
    await scene.owed(100, ago=timedelta())
    await scene.time.advance(OWED_FOR.total_seconds() - ROUND_EVERY_S)
    assert scene.telegram.order == [], "it may be paying now"
    await scene.time.advance(3 * ROUND_EVERY_S)
    assert scene.telegram.order == [100]
    paid = await user_ops.find(100)
    assert paid is not None
    assert paid.credits == earned(BotSettings()).credits
    running.cancel()
    await asyncio.wait([running])


async def test_a_payment_that_a_slow_process_has_ended_meanwhile_is_not_told_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.owed(100)
    mark_granted = token_ops.mark_granted

    async def too_late(token: str, now: datetime) -> bool:
        assert await mark_granted(token, now), "the other process's"
        return await mark_granted(token, now)

    monkeypatch.setattr(token_ops, "mark_granted", too_late)
    assert await scene.recovery.recover() == 1
    assert scene.telegram.order == []


async def test_one_whose_payment_cannot_be_told_holds_up_nobody(scene: Scene) -> None:
    await scene.owed(HANGS)
    await scene.killed(100, ago_s=1)
    running = asyncio.create_task(scene.recovery.run())
    await scene.time.settle()
    assert scene.telegram.order == [HANGS, 100]
    running.cancel()
    await asyncio.wait([running])
