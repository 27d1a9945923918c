"""Open and close what every process with a bot needs: clock, database, bots, pauses, alerts.

Used by `main.py`, `user_bot/main.py` and `admin_bot/main.py`; knows no handlers. `lifecycle.py` starts and stops it.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramNotFound, TelegramUnauthorizedError
from pydantic import SecretStr

from config import Settings
from core.clock import Clock, SystemClock
from core.retries import retry
from core.supervisor import Supervisor
from database.connection import Database, close_database
from database.operations import incident_ops
from monitoring import logs
from monitoring.alerts import Alerts
from monitoring.health import DatabaseWatch, measure_lag
from monitoring.webhook import AlertWebhook
from runtime.lifecycle import (
    START_PATIENCE_S,
    CannotStart,
    announce,
    as_soon_as_it_answers,
    open_store,
    run,
    serve_until_stopped,
    take_sandbox_time,
)
from runtime.pauses import Pauses
from runtime.sandbox_clock import LimiterClock, follow_clock
from sender.bots import build_bot
from sender.failures import TELEGRAM_ERRORS, Failure, classify
from sender.intake import RetryOnDatabaseOutage
from sender.owners import owner_notifier
from sender.send_limiter import SendLimiter
from sender.update_ages import UpdateAges
from views import common_texts
from views.system import health_texts

__all__ = [
    "START_PATIENCE_S",
    "CannotStart",
    "Component",
    "ProcessContext",
    "announce",
    "process_context",
    "run",
    "serve_until_stopped",
]

log = structlog.get_logger("tollgate.process")

#: seconds between two attempts to greet Telegram; the limiter has retried the call before
GREET_RETRY_S = 1.0
#: failures that the next attempt may not meet
_PASSING = frozenset({Failure.TRANSIENT, Failure.AMBIGUOUS, Failure.FLOOD})


@dataclass(slots=True)
class ProcessContext:
    """The open resources a bot is built from."""

    settings: Settings
    clock: SystemClock
    database: Database
    user_bot: Bot
    admin_bot: Bot
    user_limiter: SendLimiter
    admin_limiter: SendLimiter
    alerts: Alerts
    outage_retry: RetryOnDatabaseOutage
    tasks: Supervisor
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Component:
    """One running bot: `serve` returns when `dispatcher` stops polling."""

    name: str
    dispatcher: Dispatcher
    serve: Coroutine[Any, Any, None]
    state: str = "running"

    async def stop(self) -> bool:
        """Stop polling. False: it had not started to poll."""
        try:
            await self.dispatcher.stop_polling()
        except RuntimeError:
            return False
        return True


@asynccontextmanager
async def process_context(settings: Settings, clock: SystemClock | None = None) -> AsyncIterator[ProcessContext]:
    """Open everything; close it in reverse: tasks, bots, the database last (DESIGN §7.10).

    Raises CannotStart when the database or Telegram stays away or refuses.
    """
    clock, tasks = clock or SystemClock(), Supervisor()
    limiter_clock = await _limiter_clock(settings, clock)
    database = await open_store(settings, clock)
    user_bot, user_limiter = _bot_and_limiter(settings, settings.USER_BOT_TOKEN, limiter_clock)
    admin_bot, admin_limiter = _bot_and_limiter(settings, settings.ADMIN_BOT_TOKEN, limiter_clock)
    pauses = Pauses(clock)
    webhook = AlertWebhook(settings.ALERT_WEBHOOK_URL) if settings.ALERT_WEBHOOK_URL.get_secret_value() else None
    alerts = Alerts(owner_notifier(admin_bot, settings.ADMIN_IDS), book=incident_ops, post=webhook, clock=clock)
    try:
        await _keep_pauses(pauses, {user_bot.id: user_limiter, admin_bot.id: admin_limiter}, clock, tasks)
        if settings.SANDBOX_CLOCK_URL:
            tasks.spawn(follow_clock(settings.SANDBOX_CLOCK_URL, clock), "sandbox clock")
        await _greet_both(user_bot, admin_bot, clock)
        base = ProcessContext(
            settings=settings,
            clock=clock,
            database=database,
            user_bot=user_bot,
            admin_bot=admin_bot,
            user_limiter=user_limiter,
            admin_limiter=admin_limiter,
            alerts=alerts,
            outage_retry=RetryOnDatabaseOutage(database.ping, common_texts, clock),
            tasks=tasks,
        )
        _watch(base)
        yield base
    finally:
        await tasks.close()
        await pauses.close()
        if webhook is not None:
            await webhook.close()
        await user_bot.session.close()
        await admin_bot.session.close()
        await close_database()


async def _limiter_clock(settings: Settings, clock: SystemClock) -> Clock:
    """Return the clock of the limiters. With a sandbox, set `clock` to its time first."""
    if not settings.SANDBOX_CLOCK_URL:
        return clock
    await take_sandbox_time(settings.SANDBOX_CLOCK_URL, clock)
    return LimiterClock(clock)


async def _keep_pauses(pauses: Pauses, limiters: Mapping[int, SendLimiter], clock: Clock, tasks: Supervisor) -> None:
    """Load the stored pauses of each bot, by its id, into its limiter; store new ones from now on."""
    for bot_id, limiter in limiters.items():
        await as_soon_as_it_answers(partial(pauses.restore, bot_id, limiter), clock)
        pauses.watch(bot_id, limiter)
    tasks.spawn(pauses.write(), "pauses")


def _watch(base: ProcessContext) -> None:
    """Start watching the database and the event loop, both in real time since they concern the machine."""
    watch = DatabaseWatch(base.database.ping, base.alerts, health_texts.DATABASE_AWAY, health_texts.DATABASE_BACK)
    base.tasks.spawn(watch.run(), "database watch")
    base.tasks.spawn(measure_lag(), "loop lag")


def _bot_and_limiter(settings: Settings, token: SecretStr, clock: Clock) -> tuple[Bot, SendLimiter]:
    limiter = SendLimiter(settings.SEND_RATE_PER_SECOND, settings.BULK_RATE_PER_SECOND, clock)
    bot = build_bot(token.get_secret_value(), settings.TELEGRAM_API_URL, limiter)
    bot.session.middleware(UpdateAges(clock.now))
    return bot, limiter


async def _greet_both(user_bot: Bot, admin_bot: Bot, clock: Clock) -> None:
    give_up_at = clock.monotonic() + START_PATIENCE_S
    for bot, variable in ((user_bot, "USER_BOT_TOKEN"), (admin_bot, "ADMIN_BOT_TOKEN")):
        await _greet(bot, variable, give_up_at, clock)


async def _greet(bot: Bot, variable: str, give_up_at: float, clock: Clock) -> None:
    """Ask Telegram who the bot is until it answers or `clock.monotonic()` passes `give_up_at`.

    The answer is kept in `bot.me()`. Raises CannotStart.
    """

    async def attempt() -> None:
        try:
            # a request may hang longer than the start waits
            async with asyncio.timeout(max(1.0, give_up_at - clock.monotonic())):
                await bot.me()
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise CannotStart(f"{variable}: Telegram does not know this bot token", status=2) from None
        except TELEGRAM_ERRORS as error:
            if classify(error) not in _PASSING or clock.monotonic() >= give_up_at:
                raise CannotStart(_no_answer(error)) from None
            log.warning("start.waiting_for_telegram", bot_id=bot.id, error=type(error).__name__)
            raise

    await retry(attempt, clock, itertools.repeat(GREET_RETRY_S), TELEGRAM_ERRORS)


def _no_answer(error: BaseException) -> str:
    """Return one line without the token: some errors quote the address, some a whole page."""
    words = " ".join(str(error).split())[:300]
    return logs.mask(f"TELEGRAM_API_URL: no answer from Telegram: {type(error).__name__}: {words}")
