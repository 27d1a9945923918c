"""Failures of Telegram and of the database, for tests of the admin bot."""

from collections.abc import Callable
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import TelegramMethod
from pymongo.errors import AutoReconnect

from tests.bots.admin_bot.conftest import AdminBot

#: by name, for parametrized tests
FAULTS: dict[str, Callable[[TelegramMethod[Any]], BaseException]] = {
    "no answer": lambda call: TelegramNetworkError(method=call, message="timeout"),
    "flood": lambda call: TelegramRetryAfter(method=call, message="flood", retry_after=30),
    "trouble": lambda call: TelegramServerError(method=call, message="Bad Gateway"),
}


def blocked(method: TelegramMethod[Any]) -> BaseException:
    return TelegramForbiddenError(method=method, message="Forbidden: bot was blocked by the user")


def flood(method: TelegramMethod[Any]) -> BaseException:
    return TelegramRetryAfter(method=method, message="Too Many Requests: retry after 9", retry_after=9)


def lost(method: TelegramMethod[Any]) -> BaseException:
    return TelegramNetworkError(method=method, message="Request timeout error")


def fail_at(admin: AdminBot, number: int, fault: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the admin bot's call `number` (from 0) fail; returns the names of all its calls."""
    calls: list[str] = []
    real = admin.bot.session.make_request

    async def failing(bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        calls.append(type(method).__name__)
        if len(calls) == number + 1:
            raise FAULTS[fault](method)
        return await real(bot, method, timeout)

    monkeypatch.setattr(admin.bot.session, "make_request", failing)
    return calls


def away_at(number: int) -> tuple[Callable[[str, str], None], list[tuple[str, str]]]:
    """A `Database.before_call` that lets call `number` (from 0) fail, and the calls it saw."""
    calls: list[tuple[str, str]] = []

    def refuse(operation: str, collection: str) -> None:
        if operation == "ping":
            return
        calls.append((operation, collection))
        if len(calls) == number + 1:
            raise AutoReconnect("away")

    return refuse, calls
