"""Two processes of the user bot on one store, as seen by one delivery; one of them meets trouble at a chosen step."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import GetMe
from aiohttp import ServerDisconnectedError

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.posts import Post
from database.erasing.tombstones import fleeting_tombstones
from database.operations import user_ops
from database.team import Team
from monitoring.alerts import Alerts, Words
from sender.limiting.send_limiter import SendLimiter
from sender.message_ids import message_ids_of
from tests.bots.user_bot.interleaving.telegram import Telegram, Wire
from tests.unlocking import no_shorteners
from user_bot.data import UserBotData, build_data
from user_bot.delivery.request import Outcome
from user_bot.gate.unlock_links import UnlockConfig

UTC_ZONE = ZoneInfo("UTC")


class Killed(BaseException):
    """The process got a kill -9."""


#: the process whose code runs; None: the test itself
_running: ContextVar["Process | None"] = ContextVar("running_process", default=None)

#: what happens at a step: its number, its name, and whether it has been carried out
Trouble = Callable[["Process", int, bool], Awaitable[None]]


async def no_trouble(process: "Process", step: int, is_done: bool) -> None:
    return


@dataclass
class Process:
    """One process. Its steps are numbered from 0: each command of the database and each call to Telegram."""

    telegram: Telegram
    clock: ManualClock
    subscriber: int
    trouble: Trouble = no_trouble
    step: int = -1
    steps: list[str] = field(default_factory=list)
    is_dead: bool = False

    def __post_init__(self) -> None:
        self.bot = Bot("42:test", session=Wire(self.telegram, self.point))
        message_ids_of(self.bot)
        self.bot.session.middleware(SendLimiter(1000, 1000, self.clock))

        async def nobody(words: Words) -> bool:
            return True

        self.alerts = Alerts(nobody, clock=self.clock)
        unlock_config = UnlockConfig(no_shorteners(self.clock, self.alerts), "", timedelta(days=2))
        self.data: UserBotData = build_data(
            self.bot,
            self.clock,
            UTC_ZONE,
            self.alerts,
            team=Team((), lambda: None, self.clock),
            unlock_config=unlock_config,
            # so that a lease runs out while its owner lives, as after DEAD_AFTER_S of silence
            is_ended=lambda process: True,
            tombstones=fleeting_tombstones(),
        )

    async def point(self, name: str, is_done: bool) -> None:
        """Note a step, before it is carried out and after; the trouble strikes here."""
        if self.is_dead:
            raise Killed
        if not is_done:
            self.step += 1
            self.steps.append(name)
        token = _running.set(None)
        try:
            await self.trouble(self, self.step, is_done)
        finally:
            _running.reset(token)

    async def run(self, work: Awaitable[Any]) -> Any:
        """Run `work` as this process; None when it was killed."""
        if self.is_dead:
            return None
        token = _running.set(self)
        try:
            return await work
        except Killed:
            self.is_dead = True
            return None
        finally:
            _running.reset(token)

    async def handle(self, post: Post, update_key: str) -> Outcome | None:
        """Handle the update, "message N", again and again while the database is away, as the intake does."""
        message_ids_of(self.bot).note(self.subscriber, int(update_key.split()[-1]))
        outcome: Outcome | None = await self.run(self._handle(post, update_key))
        return outcome

    async def _handle(self, post: Post, update_key: str) -> Outcome:
        for _ in range(5):
            try:
                user = await user_ops.find(self.subscriber)
                assert user is not None
                return await self.data["deliverer"].deliver(user, post.code, update_key)
            except StoreUnavailable:
                self.clock.move(timedelta(seconds=1))
        raise AssertionError("the database came back long ago")

    async def recover(self) -> None:
        """Look for what lapsed, again and again while the database is away."""

        async def recover() -> None:
            for _ in range(3):
                try:
                    await self.data["recovery"].recover()
                    return
                except StoreUnavailable:
                    continue

        await self.run(recover())


def lost(name: str) -> Exception:
    """Return what a lost answer to this step looks like."""
    if name.startswith("call"):
        error = TelegramNetworkError(method=GetMe(), message="reset")
        error.__cause__ = ServerDisconnectedError()
        return error
    return StoreUnavailable(f"{name}: connection reset")


def running() -> Process | None:
    """Return the process whose code runs."""
    return _running.get()
