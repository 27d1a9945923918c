"""A fake Telegram behind the limiter: gives scripted answers and records when each request arrived."""

import asyncio
import json
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import Response, SendMessage, TelegramMethod
from aiohttp import ClientConnectorError
from aiohttp.client_reqrep import ConnectionKey

from sender.lanes import Lane, in_lane
from sender.limiting.send_limiter import SendLimiter
from tests.unit.sender.virtual import VirtualTime

SESSION = AiohttpSession()
BOT = Bot("42:test", session=SESSION)

#: raises, or returns the result of the call
Answer = Callable[[TelegramMethod[Any]], Any]


def refusal(status: int, description: str | None, **parameters: int) -> Answer:
    """An error answer of Telegram, which aiogram itself turns into an exception."""
    body: dict[str, Any] = {"ok": False, "error_code": status, "parameters": parameters or None}
    if description is not None:
        body["description"] = description
    return raw(status, json.dumps(body))


def flood(seconds: int) -> Answer:
    return refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def raw(status: int, body: str) -> Answer:
    def answer(method: TelegramMethod[Any]) -> Any:
        return SESSION.check_response(bot=BOT, method=method, status_code=status, content=body)

    return answer


def lost(cause: BaseException) -> Answer:
    """A network failure as aiogram raises it."""

    def answer(method: TelegramMethod[Any]) -> Any:
        raise TelegramNetworkError(method=method, message=type(cause).__name__) from cause

    return answer


def never_connected() -> Answer:
    key = ConnectionKey("h", 443, True, True, None, None, None)
    return lost(ClientConnectorError(key, ConnectionRefusedError(111, "refused")))


class NoJitter(random.Random):
    """Always draws the lower end, so that times are exact."""

    def uniform(self, a: float, b: float) -> float:
        return a


class Telegram:
    """A limiter on virtual time, and the requests that passed it."""

    def __init__(self, rate: float = 30.0, bulk: float = 29.0, *, latency_s: float = 0.0) -> None:
        self.time = VirtualTime()
        self.latency_s = latency_s
        self.limiter = SendLimiter(rate, bulk, self.time, rng=NoJitter())
        self.arrived: list[tuple[float, TelegramMethod[Any]]] = []
        self.script: deque[Answer] = deque()

    async def make_request(self, bot: Bot, method: TelegramMethod[Any]) -> Response[Any]:
        self.arrived.append((round(self.time.passed, 3), method))
        answer = self.script.popleft() if self.script else None
        if self.latency_s:
            await self.time.sleep(self.latency_s)
        return cast(Response[Any], answer(method) if answer is not None else "done")

    def call(self, method: TelegramMethod[Any], lane: Lane = Lane.INTERACTIVE) -> "asyncio.Task[Any]":
        with in_lane(lane):
            return asyncio.ensure_future(self.limiter(self.make_request, BOT, method))

    def send(self, chat_id: int, text: str = "hello", lane: Lane = Lane.INTERACTIVE) -> "asyncio.Task[Any]":
        return self.call(SendMessage(chat_id=chat_id, text=text), lane)

    async def result(self, task: "asyncio.Task[Any] | Awaitable[Any]") -> Any:
        async def wait() -> Any:
            return await task

        return await self.time.run(wait())

    async def results(self, tasks: "list[asyncio.Task[Any]]") -> list[Any]:
        return cast(list[Any], await self.result(asyncio.gather(*tasks, return_exceptions=True)))

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.arrived]

    def times_to(self, chat_id: int) -> list[float]:
        return [at for at, method in self.arrived if getattr(method, "chat_id", None) == chat_id]

    def assert_nothing_left(self) -> None:
        assert [self.limiter.waiting(lane) for lane in Lane] == [0, 0, 0]
        assert self.time.sleeping == 0
