"""The health check's questions to Telegram, asked of the sandbox; and how alerts reach several owners."""

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import GetMe

from schedulers.jobs.health_bots import bot_probe
from schedulers.jobs.health_probes import BotLook, BotSilent
from sender.bots import build_bot
from sender.owners import owner_notifier
from sender.send_limiter import SendLimiter
from tests.house import ADMIN_BOT, OLIVE, House


async def test_telegram_says_how_many_updates_wait_and_that_no_webhook_is_set(house: House) -> None:
    probe = bot_probe("user_bot", house.base.user_bot)
    assert (probe.name, probe.bot_id) == ("user_bot", 1002)
    look = await probe.look()
    assert look == BotLook(has_webhook=False, pending_updates=look.pending_updates)


async def test_a_token_that_was_revoked_is_known_as_unknown(house: House) -> None:
    bot = build_bot("1002:revoked", house.base.settings.TELEGRAM_API_URL, SendLimiter())
    try:
        with pytest.raises(BotSilent) as caught:
            await bot_probe("user_bot", bot).look()
    finally:
        await bot.session.close()
    assert caught.value.is_unknown
    assert "revoked" not in str(caught.value)


async def test_nobody_there_is_silence_and_says_no_token() -> None:
    limiter = SendLimiter(sleep=_no_time)
    bot = build_bot("1002:very-secret", "http://127.0.0.1:1", limiter)
    try:
        with pytest.raises(BotSilent) as caught:
            await bot_probe("user_bot", bot).look()
    finally:
        await bot.session.close()
    assert not caught.value.is_unknown
    assert "very-secret" not in str(caught.value)


async def _no_time(seconds: float) -> None:
    await asyncio.sleep(0)


async def test_an_owner_who_cannot_be_reached_keeps_no_other_from_hearing(house: House) -> None:
    tell = owner_notifier(house.base.admin_bot, (999, OLIVE))
    assert await tell("<b>Something</b> is wrong")
    transcript = await house.olive.transcript(ADMIN_BOT)
    assert "Something" in str(transcript["messages"][-1])
    assert not await owner_notifier(house.base.admin_bot, (999,))("nobody hears this")


async def test_a_message_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sender.owners.TELL_ONE_WITHIN_S", 0.01)
    bot = Bot("1001:hangs")

    async def send(chat_id: int, html: str) -> None:
        if chat_id == 1:
            await asyncio.Event().wait()
        if chat_id == 2:
            raise TelegramNetworkError(method=GetMe(), message="no way")

    monkeypatch.setattr(bot, "send_message", send, raising=False)
    async with asyncio.timeout(5):
        assert await owner_notifier(bot, (1, 2, 3))("x")
        assert not await owner_notifier(bot, (1, 2))("x")
