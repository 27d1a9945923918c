"""Copies of posts and broadcasts are made outside `at_least_once`, which is for sentences."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.methods import CopyMessage, CopyMessages, SendMessage, TelegramMethod

from sender.lanes import is_at_least_once
from tests.house import ADMIN_BOT, USER_BOT, House
from tests.jobs.broadcasts.broadcasts import queue_and_send


async def test_no_copy_is_made_at_least_once_and_sentences_are(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[type[TelegramMethod[Any]], set[tuple[int, bool]]] = {}
    for bot in (house.base.user_bot, house.base.admin_bot):
        real = bot.session.make_request

        async def make_request(
            bot: Bot, method: TelegramMethod[Any], timeout: int | None = None, real: Any = real
        ) -> Any:
            seen.setdefault(type(method), set()).add((bot.id, is_at_least_once()))
            return await real(bot, method, timeout=timeout)

        monkeypatch.setattr(bot.session, "make_request", make_request)
    await house.olive.media(ADMIN_BOT, "photo")
    await house.olive.wait(ADMIN_BOT, contains="is saved")
    await house.olive.press(ADMIN_BOT, "Preview")
    await house.settle()
    await house.alice.link(house.link(await house.store(3)))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    await queue_and_send(house)
    user, admin = house.base.user_bot.id, house.base.admin_bot.id
    copies = seen[CopyMessage] | seen[CopyMessages]
    assert copies == {(user, False), (admin, False)}
    assert (admin, True) in seen[SendMessage]
