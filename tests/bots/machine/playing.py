"""One game: an admin bot in a loop of its own, fed step by step; what each step did is kept for judging."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from unittest.mock import patch

import aiohttp
import structlog
from aiogram.methods import TelegramMethod
from aiogram.types import Message, Update, User
from pydantic import ValidationError
from structlog.testing import LogCapture

from core.exchange.whole_text import loads
from core.team.admins import Role
from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.machine import telegram
from tests.bots.machine.house import furnished
from tests.bots.machine.watching import Stored, stored

T = TypeVar("T")
#: seconds that pass after each step: albums and answers that wait for more are through by then
SETTLE_S = 5.0
#: buttons and links that are remembered
SEEN_MAX = 400


@dataclass(slots=True)
class Step:
    """What somebody did, and everything that came of it."""

    who: User
    kind: str
    body: dict[str, Any]
    #: the role before it, and after
    role: Role | None
    role_after: Role | None
    before: Stored
    after: Stored
    calls: list[TelegramMethod[Any]]
    #: lines of the log at level error, and exceptions that nobody took
    errors: list[str]
    #: what Telegram would have refused
    refusals: list[str]


class _AtOnce(ThreadPoolExecutor):
    """Waits for what is given to a thread: a step is over when everything of it is."""

    def submit(self, work: Callable[..., T], /, *arguments: Any, **options: Any) -> "Future[T]":
        done = super().submit(work, *arguments, **options)
        wait([done])
        return done


async def _refuse(*_: Any, **__: Any) -> None:
    raise aiohttp.ClientConnectionError("no network in a game")


class _Errors(logging.Handler):
    """Keeps what libraries log at level error."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        self._found.append(f"{record.name}: {record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")


@dataclass
class Game:
    """The bot, and what people have seen of it."""

    folder: Path
    random: Random = field(default_factory=lambda: Random(0))
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    #: callback data of buttons -> the message it was shown in
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: payloads of links of this bot that were shown
    links: list[str] = field(default_factory=list)
    steps: int = 0
    unreadable: int = 0

    def __post_init__(self) -> None:
        self._errors: list[str] = []
        self._refusals: list[str] = []
        self._capture = LogCapture()
        self._stack = AsyncExitStack()
        # what people type as a shortener's address is asked by nobody
        self._stack.enter_context(patch.object(aiohttp.ClientSession, "_request", _refuse))
        self._handler = _Errors(self._errors)
        self.loop.set_exception_handler(lambda _, context: self._errors.append(f"loop: {context}"))
        self.loop.set_default_executor(_AtOnce())
        logging.getLogger().addHandler(self._handler)
        self._kept = structlog.get_config()
        structlog.configure(processors=[self._capture])
        self.admin: AdminBot = self.run(self._stack.enter_async_context(furnished(self.folder)))
        for bot in (self.admin.bot, self.admin.data["user_bot"]):
            telegram.install(bot, self._refusals)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self._stack.aclose())
        self.loop.close()
        logging.getLogger().removeHandler(self._handler)
        structlog.configure(**self._kept)

    def role_of(self, user_id: int) -> Role | None:
        return self.run(self.admin.data["team"].role_of(user_id))

    def next_id(self) -> int:
        self.admin._message_id += 1
        return self.admin._message_id

    def feed(self, who: User, kind: str, body: dict[str, Any], *more: dict[str, Any]) -> Step | None:
        """Feed updates of a kind one after the other, and let time pass; None for what no bot can read."""
        # as they come in at the door
        bodies = tuple(loads(json.dumps(one)) for one in (body, *more))
        try:
            for one in bodies:
                Update.model_validate({"update_id": 1, kind: one})
        except ValidationError:
            self.unreadable += 1
            return None
        role, before, first_call = self.role_of(who.id), stored(self.admin.database), len(self.admin.world.calls)
        self.run(self._feed(kind, bodies))
        self.steps += 1
        step = Step(
            who=who,
            kind=kind,
            body=bodies[0],
            role=role,
            role_after=self.role_of(who.id),
            before=before,
            after=stored(self.admin.database),
            calls=self.admin.world.calls[first_call:],
            errors=self._taken_errors(),
            refusals=list(self._refusals),
        )
        self._refusals.clear()
        self._remember(step.calls)
        return step

    async def _feed(self, kind: str, bodies: tuple[dict[str, Any], ...]) -> None:
        for one in bodies:
            feeding = asyncio.ensure_future(self.admin.feed(kind, one))
            while not feeding.done():
                await self.admin.time.move(SETTLE_S)
            (raised,) = await asyncio.gather(feeding, return_exceptions=True)
            if isinstance(raised, BaseException):
                self._errors.append(f"raised: {raised!r}")
        await self.admin.time.move(SETTLE_S)

    def _taken_errors(self) -> list[str]:
        lines = [str(one) for one in self._capture.entries if one["log_level"] in ("error", "critical", "exception")]
        found = self._errors + lines
        self._errors.clear()
        self._capture.entries.clear()
        return found

    def _remember(self, calls: list[TelegramMethod[Any]]) -> None:
        """Remember the buttons and links of what is shown now."""
        for shown in list(self.admin.world.screens.values())[-3:]:
            for button in _buttons(shown):
                if button.callback_data:
                    self.seen.pop(button.callback_data, None)
                    self.seen[button.callback_data] = _as_sent(shown)
        while len(self.seen) > SEEN_MAX:
            del self.seen[next(iter(self.seen))]
        for call in calls:
            self.links += [
                word.partition("?start=")[2].split("&")[0].strip('"<>')
                for word in repr(call).replace("%3F", "?").replace("%3D", "=").split()
                if "?start=" in word
            ]
        del self.links[:-SEEN_MAX]

    def later(self, span: timedelta) -> None:
        """Let the date move on; what waits in seconds is woken as after a step."""
        self.admin.clock.move(span)
        self.run(self.admin.time.move(SETTLE_S))


def _buttons(shown: Message) -> list[Any]:
    rows = shown.reply_markup.inline_keyboard if shown.reply_markup else []
    return [button for row in rows for button in row]


def _as_sent(shown: Message) -> dict[str, Any]:
    return shown.model_dump(by_alias=True, exclude_none=True)
