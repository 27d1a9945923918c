"""What every way of taking updates offers, and a bot as a component of a process."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiogram import Bot, Dispatcher

from sender.updates.polling import UpdateAcknowledger


@dataclass(frozen=True, slots=True)
class ServedBot:
    """A bot whose updates are taken, and what takes them in."""

    #: "user_bot" or "admin_bot"
    name: str
    bot: Bot
    dispatcher: Dispatcher
    #: returned by `sender.updates.intake.install`
    acknowledger: UpdateAcknowledger
    #: Telegram keeps the last list it was given (BOTAPI §4.1)
    allowed_updates: Sequence[str]


class UpdateSource(Protocol):
    """Hands the updates of one bot to its dispatcher."""

    @property
    def served(self) -> ServedBot: ...

    @property
    def state(self) -> str | None:
        """The text printed once the process runs; None: it prints its own."""
        ...

    @property
    def begun(self) -> asyncio.Event:
        """Set once this process takes updates."""
        ...

    async def serve(self) -> None:
        """Take updates until `stop`. When it returns the dispatcher's shutdown handlers have ended."""
        ...

    async def stop(self) -> bool:
        """Make `serve` return in order, and wait for it. False: it takes no updates yet and is to be cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class BotComponent:
    """One bot of a process: `serve` runs its updates and whatever belongs around them."""

    name: str
    updates: UpdateSource
    serve: Coroutine[Any, Any, None]

    @property
    def state(self) -> str | None:
        return self.updates.state

    async def stop(self) -> bool:
        """Stop taking updates. False: none were taken yet."""
        return await self.updates.stop()
