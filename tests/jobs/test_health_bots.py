"""The health check's calls to Telegram, against the sandbox; and how alerts reach several owners."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import GetMe

from core.clock import ManualClock
from schedulers.jobs.health.bots import bot_probe
from schedulers.jobs.health.probes import BotStatus, BotUnavailable
from sender.bots import build_bot
from sender.limiting.send_limiter import SendLimiter
from sender.owners import owner_notifier
from tests.house import ADMIN_BOT, OLIVE, House


async def test_the_status_of_a_bot_has_waiting_updates_and_whether_a_webhook_is_set(house: House) -> None:
    probe = bot_probe("user_bot", house.base.user_bot)
    assert (probe.name, probe.bot_id) == ("user_bot", 1002)
    status = await probe.ask()
    assert status == BotStatus(has_webhook=False, pending_updates=status.pending_updates)


async def test_a_revoked_token_is_reported_as_unknown_and_not_shown(house: House) -> None:
    bot = build_bot("1002:revoked", house.base.settings.TELEGRAM_API_URL, SendLimiter())
    try:
        with pytest.raises(BotUnavailable) as caught:
            await bot_probe("user_bot", bot).ask()
    finally:
        await bot.session.close()
    assert caught.value.is_token_unknown
    assert "revoked" not in str(caught.value)


async def test_a_server_that_cannot_be_reached_is_not_an_unknown_token_and_no_token_is_shown() -> None:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    bot = build_bot("1002:very-secret", "http://127.0.0.1:1", SendLimiter(clock=clock))
    try:
        with pytest.raises(BotUnavailable) as caught:
            await bot_probe("user_bot", bot).ask()
    finally:
        await bot.session.close()
    assert not caught.value.is_token_unknown
    assert "very-secret" not in str(caught.value)


def english(_: int) -> AbstractAsyncContextManager[None]:
    return nullcontext()


def owners(*ids: int) -> Callable[[], Awaitable[tuple[int, ...]]]:
    async def find() -> tuple[int, ...]:
        return ids

    return find


async def test_an_owner_who_cannot_be_reached_does_not_keep_an_alert_from_the_others(house: House) -> None:
    tell = owner_notifier(house.base.admin_bot, owners(999, OLIVE), english)
    assert await tell(lambda: "<b>Something</b> is wrong")
    transcript = await house.olive.transcript(ADMIN_BOT)
    assert "Something" in str(transcript["messages"][-1])
    assert not await owner_notifier(house.base.admin_bot, owners(999), english)(lambda: "no owner gets this")


async def test_an_alert_that_hangs_at_one_owner_reaches_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sender.owners.NOTIFY_ONE_WITHIN_S", 0.01)
    bot = Bot("1001:hangs")

    async def send(chat_id: int, html: str) -> None:
        if chat_id == 1:
            await asyncio.Event().wait()
        if chat_id == 2:
            raise TelegramNetworkError(method=GetMe(), message="no way")

    monkeypatch.setattr(bot, "send_message", send, raising=False)
    async with asyncio.timeout(5):
        assert await owner_notifier(bot, owners(1, 2, 3), english)(lambda: "x")
        assert not await owner_notifier(bot, owners(1, 2), english)(lambda: "x")
