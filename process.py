"""What every process of ours stands on: logs, clock, database, bots, pauses, alerts, and an orderly stop.

Used by `main.py`, `user_bot/main.py` and `admin_bot/main.py`; it knows neither of the bots' handlers.
"""

import asyncio
import gc
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramNotFound, TelegramUnauthorizedError
from pydantic import SecretStr

from config import Settings, load_settings
from core.clock import SystemClock
from core.errors import StoreRefused, StoreUnavailable
from core.supervisor import Supervisor
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from monitoring import logs
from monitoring.alerts import Alerts
from pauses import Pauses
from sandbox_clock import NO_TIME, follow_clock, seconds_following, set_clock
from sender.bots import build_bot
from sender.failures import TELEGRAM_ERRORS, Failure, classify
from sender.gate import Gate
from sender.intake import HoldThroughOutages
from views import common_texts

log = structlog.get_logger("tollgate.process")

#: seconds a start waits for the database and for Telegram before it gives up
START_PATIENCE_S = 30.0
#: seconds between two tries to greet Telegram; the gate has repeated the call itself before
GREET_RETRY_S = 1.0
#: what may be over by the next try
_PASSING = frozenset({Failure.TRANSIENT, Failure.AMBIGUOUS, Failure.FLOOD})


class CannotStart(Exception):
    """Something outside is missing; the text is one line for the operator."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class Foundation:
    """The open parts a bot is built from."""

    settings: Settings
    clock: SystemClock
    database: Database
    user_bot: Bot
    admin_bot: Bot
    user_gate: Gate
    admin_gate: Gate
    alerts: Alerts
    hold: HoldThroughOutages
    tasks: Supervisor
    sleep: Callable[[float], Awaitable[None]]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Part:
    """One bot at work: `serve` runs until `dispatcher` stops polling."""

    name: str
    dispatcher: Dispatcher
    serve: Coroutine[Any, Any, None]


@asynccontextmanager
async def foundation(
    settings: Settings,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Foundation]:
    """Open everything, close it in reverse: tasks, bots, the database last (DESIGN §7.10).

    `sleep` and `monotonic` are what waits for Telegram and for the database go by; tests bring their own.
    Raises CannotStart when the database or Telegram stay away or refuse.
    """
    clock, tasks = SystemClock(), Supervisor()
    gate_seconds = monotonic
    if settings.SANDBOX_CLOCK_URL:
        await _set_clock(settings.SANDBOX_CLOCK_URL, clock)
        gate_seconds = seconds_following(clock, monotonic)
    database = await _open_store(settings, clock)
    announce("database", "in memory, forgotten at the end" if database.is_memory else f"open ({database.name})")
    user_bot, user_gate = _bot_and_gate(settings, settings.USER_BOT_TOKEN, sleep, gate_seconds)
    admin_bot, admin_gate = _bot_and_gate(settings, settings.ADMIN_BOT_TOKEN, sleep, gate_seconds)
    pauses = Pauses(clock, sleep=sleep)
    try:
        for bot, gate in ((user_bot, user_gate), (admin_bot, admin_gate)):
            await _as_soon_as_it_answers(partial(pauses.restore, bot.id, gate))
            pauses.watch(bot.id, gate)
        tasks.spawn(pauses.write(), "pauses")
        if settings.SANDBOX_CLOCK_URL:
            tasks.spawn(follow_clock(settings.SANDBOX_CLOCK_URL, clock), "sandbox clock")
        give_up_at = monotonic() + START_PATIENCE_S
        for bot, variable in ((user_bot, "USER_BOT_TOKEN"), (admin_bot, "ADMIN_BOT_TOKEN")):
            await _greet(bot, variable, give_up_at, sleep, monotonic)
        base = Foundation(
            settings=settings,
            clock=clock,
            database=database,
            user_bot=user_bot,
            admin_bot=admin_bot,
            user_gate=user_gate,
            admin_gate=admin_gate,
            alerts=Alerts(_owner_teller(admin_bot, settings.ADMIN_IDS)),
            hold=HoldThroughOutages(database.ping, common_texts, sleep=sleep, monotonic=monotonic),
            tasks=tasks,
            sleep=sleep,
        )
        yield base
    finally:
        await tasks.close()
        await pauses.close()
        await user_bot.session.close()
        await admin_bot.session.close()
        await close_database()


def _bot_and_gate(
    settings: Settings,
    token: SecretStr,
    sleep: Callable[[float], Awaitable[None]],
    monotonic: Callable[[], float],
) -> tuple[Bot, Gate]:
    gate = Gate(settings.SEND_RATE_PER_SECOND, settings.BULK_RATE_PER_SECOND, monotonic=monotonic, sleep=sleep)
    return build_bot(token.get_secret_value(), settings.TELEGRAM_API_URL, gate), gate


async def _open_store(settings: Settings, clock: SystemClock) -> Database:
    try:
        database = await open_database(settings.MONGO_URI.get_secret_value(), settings.MONGO_DB, clock=clock)
    except StoreRefused as error:  # no server was asked: the address itself is no good
        raise CannotStart(f"MONGO_URI: {error}", status=2) from None
    await _as_soon_as_it_answers(partial(ensure_indexes, database))
    return database


async def _as_soon_as_it_answers(work: Callable[[], Awaitable[object]]) -> None:
    """Do `work`, which must bear repeating, with the database; while it is away, again and again."""
    try:
        async with asyncio.timeout(START_PATIENCE_S):
            while True:
                try:
                    await work()
                except StoreUnavailable:
                    log.warning("start.waiting_for_database")
                    await asyncio.sleep(1)
                else:
                    return
    except TimeoutError:
        text = f"MONGO_URI: no MongoDB answered within {START_PATIENCE_S:.0f} s. Is it running?"
        raise CannotStart(text) from None
    except StoreRefused as error:
        raise CannotStart(f"MONGO_URI: the database refuses: {error}") from error


async def _greet(
    bot: Bot,
    variable: str,
    give_up_at: float,
    sleep: Callable[[float], Awaitable[None]],
    monotonic: Callable[[], float],
) -> None:
    """Ask Telegram who the bot is, until it says or `monotonic` is past; the answer is kept in `bot.me()`."""
    while True:
        try:
            # a request may hang longer than the start has patience
            async with asyncio.timeout(max(1.0, give_up_at - monotonic())):
                await bot.me()
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise CannotStart(f"{variable}: Telegram does not know this bot token", status=2) from None
        except TELEGRAM_ERRORS as error:
            if classify(error) not in _PASSING or monotonic() >= give_up_at:
                raise CannotStart(_no_answer(error)) from None
            log.warning("start.waiting_for_telegram", bot_id=bot.id, error=type(error).__name__)
            await sleep(GREET_RETRY_S)
        else:
            return


def _no_answer(error: BaseException) -> str:
    """One line, without the token: some errors quote the address, some a whole page."""
    words = " ".join(str(error).split())[:300]
    return logs.mask(f"TELEGRAM_API_URL: no answer from Telegram: {type(error).__name__}: {words}")


def _owner_teller(admin_bot: Bot, admin_ids: Sequence[int]) -> Callable[[str], Coroutine[Any, Any, bool]]:
    async def tell(html: str) -> bool:
        reached = False
        for admin_id in admin_ids:
            try:
                await admin_bot.send_message(admin_id, html)
                reached = True
            except TELEGRAM_ERRORS as error:
                log.warning("alert.not_sent", admin_id=admin_id, error=type(error).__name__)
        return reached

    return tell


async def _set_clock(url: str, clock: SystemClock) -> None:
    """The first look: without the sandbox's time nothing may begin."""
    try:
        await set_clock(url, clock)
    except NO_TIME as error:
        raise CannotStart(f"SANDBOX_CLOCK_URL: no time from the sandbox: {type(error).__name__}") from None


def announce(name: str, state: str) -> None:
    """One line on standard output per part as it comes up."""
    print(f"{name}: {state}", flush=True)


async def serve_until_stopped(base: Foundation, parts: Sequence[Part]) -> None:
    """Run `parts` until SIGINT or SIGTERM, or until one of them ends; then stop all of them in order."""
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(signum, base.stopping.set)
    serving = [base.tasks.spawn(part.serve, part.name) for part in parts]
    asked = base.tasks.spawn(base.stopping.wait(), "stop signal")
    # what stands now stands to the end: a full collection need not go through aiogram's models each time
    gc.collect()
    gc.freeze()
    for part in parts:
        announce(part.name, "running")
    await asyncio.wait([*serving, asked], return_when=asyncio.FIRST_COMPLETED)
    log.info("stop.begun")
    await asyncio.gather(*(_stop_polling(part.dispatcher, task) for part, task in zip(parts, serving, strict=True)))
    asked.cancel()
    ends = await asyncio.gather(*serving, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, asyncio.CancelledError):
            raise end


async def _stop_polling(dispatcher: Dispatcher, task: asyncio.Task[None]) -> None:
    if task.done():
        return
    try:
        await dispatcher.stop_polling()
    except RuntimeError:  # it had not begun to poll
        task.cancel()


async def _stoppable(work: Coroutine[Any, Any, None]) -> None:
    """A SIGTERM before `serve_until_stopped` listens for it cancels what is being opened."""
    task = asyncio.current_task()
    assert task is not None
    with suppress(NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await work


def run(main: Callable[[Settings], Coroutine[Any, Any, None]]) -> int:
    """The whole life of a process; returns its exit status (0 stopped, 1 failed, 2 wrong configuration)."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = load_settings()
        logs.configure(settings.LOG_LEVEL, settings.LOG_FORMAT)
        asyncio.run(_stoppable(main(settings)))
    except CannotStart as problem:
        print(f"tollgate: {problem}", file=sys.stderr)
        return problem.status
    except (KeyboardInterrupt, asyncio.CancelledError):  # asked to stop before it stood
        return 0
    return 0
