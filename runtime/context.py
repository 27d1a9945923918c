"""Open and close what every process with a bot needs: clock, database, bots, pauses, alerts.

Used by `main.py`, `user_bot/main.py` and `admin_bot/main.py`; knows no handlers. `lifecycle.py` starts and stops it.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramNotFound, TelegramUnauthorizedError
from pydantic import SecretStr

from config import Settings
from core.clock import Clock, SystemClock
from core.retries import retry
from core.supervisor import LOOP_FAILURES, Supervisor
from database.connection import Database, close_database
from database.operations import incident_ops, pause_ops
from database.operations.rates import share_ops
from database.team import Team
from monitoring import logs
from monitoring.alerts import Alerts, first_that_reaches
from monitoring.health import DatabaseWatch, WatchedStore, measure_lag
from monitoring.webhook import AlertWebhook
from runtime.lifecycle import (
    START_PATIENCE_S,
    CannotStart,
    as_soon_as_it_answers,
    open_store,
    take_sandbox_time,
)
from runtime.loop_alerts import LoopAlerts
from runtime.refusal_alerts import RefusalAlerts
from runtime.sandbox_clock import LimiterClock, follow_clock
from runtime.team import team_of
from runtime.updates.receivers import Receivers
from sender.bots import build_bot
from sender.certainty import Certainty, Effect, certainty_of
from sender.failures import TELEGRAM_ERRORS
from sender.limiting.pauses import Pauses
from sender.limiting.send_limiter import SendLimiter
from sender.limiting.sharing.shared_ceilings import SharedCeilings
from sender.owners import owner_notifier
from sender.updates.intake import RetryOnDatabaseOutage
from sender.updates.update_ages import UpdateAges
from views import common_texts
from views.catalogues import speaking_to_member
from views.system import health_texts

log = structlog.get_logger("tollgate.process")

#: seconds between two attempts to greet Telegram; the limiter has retried the call before
GREET_RETRY_S = 1.0


@dataclass(slots=True)
class ProcessContext:
    """The open resources a bot is built from."""

    settings: Settings
    clock: SystemClock
    database: Database
    team: Team
    user_bot: Bot
    admin_bot: Bot
    user_limiter: SendLimiter
    admin_limiter: SendLimiter
    alerts: Alerts
    outage_retry: RetryOnDatabaseOutage
    tasks: Supervisor
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    #: how the updates of each bot are taken in this process now, by "user_bot" and "admin_bot"; /readyz shows it
    update_states: dict[str, str] = field(default_factory=dict)
    receivers: Receivers = field(default_factory=Receivers)


@asynccontextmanager
async def process_context(settings: Settings, clock: SystemClock | None = None) -> AsyncIterator[ProcessContext]:
    """Open everything; close it in reverse: tasks, bots, the database last (DESIGN §7.10).

    Raises CannotStart when the database or Telegram stays away or refuses.
    """
    clock = clock or SystemClock()
    if settings.SANDBOX_CLOCK_URL:
        await take_sandbox_time(settings.SANDBOX_CLOCK_URL, clock)
    database = await open_store(settings, clock)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(close_database)
        base = _put_together(settings, clock, database, closing)
        pauses = Pauses(clock, pause_ops)
        closing.push_async_callback(pauses.close)
        ceilings = SharedCeilings(clock, share_ops, share_ops.new_process(), pauses.read_noted)
        closing.push_async_callback(ceilings.close)
        closing.push_async_callback(base.tasks.close)
        if settings.SANDBOX_CLOCK_URL:
            base.tasks.keep_running(
                partial(follow_clock, settings.SANDBOX_CLOCK_URL, clock), "sandbox clock", SystemClock()
            )
        give_up_at = clock.monotonic() + START_PATIENCE_S
        for bot, variable in ((base.user_bot, "USER_BOT_TOKEN"), (base.admin_bot, "ADMIN_BOT_TOKEN")):
            await _greet(bot, variable, give_up_at, clock)
        # after getMe, which the Bot API server answers itself: a pause of the bot may outlast START_PATIENCE_S
        await _start_pauses(base, pauses)
        await _share_calls(base, ceilings)
        _tell_of_unknown_refusals(base)
        _watch(base)
        yield base


def _put_together(
    settings: Settings, clock: SystemClock, database: Database, closing: AsyncExitStack
) -> ProcessContext:
    """Build bots and alerts; touches no network. `closing` gets what closes them."""
    limiter_clock = LimiterClock(clock) if settings.SANDBOX_CLOCK_URL else clock
    user_bot, user_limiter = _bot_and_limiter(settings, settings.USER_BOT_TOKEN, limiter_clock)
    admin_bot, admin_limiter = _bot_and_limiter(settings, settings.ADMIN_BOT_TOKEN, limiter_clock)
    for bot in (admin_bot, user_bot):
        closing.push_async_callback(bot.session.close)
    webhook = None
    if settings.ALERT_WEBHOOK_URL.get_secret_value():
        webhook = AlertWebhook(settings.ALERT_WEBHOOK_URL, clock)
        closing.push_async_callback(webhook.close)
    team = team_of(settings, clock)
    # an admin bot whose token was revoked reaches nobody; owners who have started the user bot hear of it there
    speaking = partial(speaking_to_member, team)
    send_to_owners = first_that_reaches(
        *(owner_notifier(bot, team.owner_ids, speaking) for bot in (admin_bot, user_bot))
    )
    return ProcessContext(
        settings=settings,
        clock=clock,
        database=database,
        team=team,
        user_bot=user_bot,
        admin_bot=admin_bot,
        user_limiter=user_limiter,
        admin_limiter=admin_limiter,
        alerts=Alerts(send_to_owners, store=incident_ops, sink=webhook, clock=clock),
        outage_retry=RetryOnDatabaseOutage(database.check, common_texts, clock),
        tasks=Supervisor(),
    )


async def _start_pauses(base: ProcessContext, pauses: Pauses) -> None:
    """Restore the stored pauses, store new ones and read those of other processes from now on. Raises CannotStart."""
    for bot, limiter in ((base.user_bot, base.user_limiter), (base.admin_bot, base.admin_limiter)):
        await as_soon_as_it_answers(partial(pauses.restore, bot.id, limiter), base.clock)
        pauses.watch(bot.id, limiter)
    base.tasks.keep_running(pauses.write, "pauses", base.clock)
    base.tasks.keep_running(pauses.follow, "pauses of others", base.clock)


async def _share_calls(base: ProcessContext, ceilings: SharedCeilings) -> None:
    """Share each bot's calls with other processes from now on. Raises CannotStart."""
    for bot, limiter in ((base.user_bot, base.user_limiter), (base.admin_bot, base.admin_limiter)):
        await as_soon_as_it_answers(partial(ceilings.join, bot.id, limiter), base.clock)
    base.tasks.keep_running(ceilings.run, "shares of calls", base.clock)


def _tell_of_unknown_refusals(base: ProcessContext) -> None:
    refusals = RefusalAlerts(base.alerts)
    for limiter in (base.user_limiter, base.admin_limiter):
        refusals.watch(limiter)
    base.tasks.keep_running(refusals.run, "unknown refusals", base.clock)


def _watch(base: ProcessContext) -> None:
    """Start watching the database and the loop, in real time: both are about the machine."""
    real = SystemClock()
    database = base.database
    store = WatchedStore(database.ping, database.writes, database.clocks.measure)
    watch = DatabaseWatch(store, base.alerts, health_texts, real)
    base.tasks.keep_running(watch.run, "database watch", real)
    base.tasks.keep_running(partial(measure_lag, real), "loop lag", real)
    base.tasks.keep_running(LoopAlerts(LOOP_FAILURES, base.alerts, real).run, "loop watch", real)


def _bot_and_limiter(settings: Settings, token: SecretStr, clock: Clock) -> tuple[Bot, SendLimiter]:
    limiter = SendLimiter(settings.SEND_RATE_PER_SECOND, settings.BULK_RATE_PER_SECOND, clock)
    bot = build_bot(token.get_secret_value(), settings.TELEGRAM_API_URL, limiter)
    bot.session.middleware(UpdateAges(clock.now))
    return bot, limiter


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
            if certainty_of(Effect.READ, error) is not Certainty.REPEAT or clock.monotonic() >= give_up_at:
                raise CannotStart(_no_answer(error)) from None
            log.warning("start.waiting_for_telegram", bot_id=bot.id, error=type(error).__name__)
            raise

    await retry(attempt, clock, itertools.repeat(GREET_RETRY_S), TELEGRAM_ERRORS)


def _no_answer(error: BaseException) -> str:
    """Return one line without the token: some errors quote the address, some a whole page."""
    words = " ".join(str(error).split())[:300]
    return logs.mask(f"TELEGRAM_API_URL: no answer from Telegram: {type(error).__name__}: {words}")
