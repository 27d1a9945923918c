"""Start and stop any process of this product: settings, logs, the database, signals.

Knows no Telegram: `context.py` adds the bots, the web app alone does without them.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import structlog

from config import Settings, exposures_of, load_settings
from core.clock import Clock, SystemClock
from core.errors import StoreNotFound, StoreReadOnly, StoreRefused, StoreSlow, StoreUnavailable, TollgateError
from core.health.clocks import difference_in_words, is_too_far
from core.supervisor import Supervisor
from database.backups.restore_marker import WrongTarget, check_not_half_restored
from database.connection import Database, open_database
from database.indexes import ensure_indexes
from database.migrations.runner import CannotMigrate, Migrator
from database.operations.shorteners import shortener_ops
from monitoring import logs
from runtime import descriptors
from runtime.sandbox_clock import NO_TIME, set_clock

log = structlog.get_logger("tollgate.process")

#: seconds a start waits for the database and for Telegram before it gives up
START_PATIENCE_S = 30.0
#: seconds between two attempts while the database is away
DATABASE_RETRY_S = 1.0
#: new objects after which the young ones are searched for cycles. A delivery makes thousands and hardly a cycle; at
#: Python's 700 a tenth of a busy process's time went there. They are a few MB
YOUNG_OBJECTS = 20_000


class CannotStart(Exception):
    """The process cannot start; the text is one line for the operator, `status` the exit status."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


class Component(Protocol):
    """A part that a process runs: a bot, the web app."""

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> str | None:
        """The text printed once it runs; None: it prints its own."""
        ...

    @property
    def serve(self) -> Coroutine[Any, Any, None]:
        """Runs until `stop` is called or something fails."""
        ...

    def stop(self) -> Coroutine[Any, Any, bool]:
        """Make `serve` end in order. False: it cannot end in order yet and is to be cancelled."""
        ...


class AppContext(Protocol):
    """The state that the components of a process share."""

    tasks: Supervisor
    stopping: asyncio.Event


def announce(name: str, state: str) -> None:
    """Print one line for a component that came up."""
    print(f"{name}: {state}", flush=True)


async def open_store(settings: Settings, clock: SystemClock) -> Database:
    """Open the database, migrate it and build its indexes. Raises CannotStart when it is away or refuses."""
    try:
        database = await open_database(settings.MONGO_URI.get_secret_value(), settings.MONGO_DB, clock=clock)
    except StoreRefused as error:  # no server was asked: the address itself is wrong
        raise CannotStart(f"MONGO_URI: {error}", status=2) from None
    await as_soon_as_it_answers(partial(refuse_half_restored, database), clock)
    await as_soon_as_it_answers(partial(_refuse_read_only, database), clock)
    await apply_migrations(database, clock)
    await as_soon_as_it_answers(partial(ensure_indexes, database, partial(announce, "database")), clock)
    await _announce_clocks(database)
    shortener_ops.set_environment([one.as_listed() for one in settings.SHORTENERS])
    announce("database", "in memory, forgotten at the end" if database.is_memory else f"open ({database.name})")
    return database


async def refuse_half_restored(database: Database) -> None:
    """Raises CannotStart while a restore has not ended."""
    try:
        await check_not_half_restored(database)
    except WrongTarget as error:
        raise CannotStart(f"MONGO_DB: {error}") from None


async def apply_migrations(database: Database, clock: Clock) -> None:
    """Bring the stored documents to this version's shape, or wait for the process that does. Raises CannotStart."""
    migrator = Migrator(database, clock)
    try:
        while not migrator.is_done:
            await as_soon_as_it_answers(migrator.step, clock)
    except CannotMigrate as error:
        raise CannotStart(f"MONGO_DB: {error}") from None


async def _refuse_read_only(database: Database) -> None:
    """Raises StoreReadOnly when the database refuses a small write."""
    if (why := await database.writes.check()) is not None:
        raise StoreReadOnly(why)


async def _announce_clocks(database: Database) -> None:
    """Print a line when the database's clock is too far from this machine's. The start goes on: no job begins."""
    try:
        ahead = await database.clocks.measure()
    except TollgateError as error:
        log.warning("clock.not_compared", error=type(error).__name__)
        return
    if is_too_far(ahead):
        announce("clock", f"{difference_in_words(ahead)}; no job begins until they agree")


async def as_soon_as_it_answers(work: Callable[[], Awaitable[object]], clock: Clock) -> None:
    """Call the idempotent `work` until the database answers. Raises CannotStart.

    START_PATIENCE_S counts only while the database is away: `work` itself may take longer, and an outage after long
    work begins the count anew.
    """
    away_since: float | None = None
    while True:
        started = clock.monotonic()
        try:
            await work()
            return
        except StoreReadOnly as error:
            raise CannotStart(f"MONGO_URI: {error.meaning}: {error}") from None
        except StoreUnavailable as error:
            log.warning("start.waiting_for_database", error=str(error))
            failed = clock.monotonic()
            if failed - started > START_PATIENCE_S:
                away_since = failed
            elif away_since is None:
                away_since = started
            if failed + DATABASE_RETRY_S - away_since >= START_PATIENCE_S:
                raise CannotStart(_why_it_waited_in_vain(error)) from None
        except StoreRefused as error:
            raise CannotStart(f"MONGO_URI: the database refuses: {error}") from error
        await clock.sleep(DATABASE_RETRY_S)


def _why_it_waited_in_vain(error: StoreUnavailable) -> str:
    waited = f"{START_PATIENCE_S:.0f} s"
    if isinstance(error, StoreNotFound):
        return f"MONGO_URI: within {waited} DNS knew no server of that name. Is the name after mongodb+srv:// right?"
    if isinstance(error, StoreSlow):
        return f"MONGO_URI: the database answers, but for {waited} it has been too slow for: {error}"
    return f"MONGO_URI: no MongoDB answered within {waited}. Is it running?"


async def take_sandbox_time(url: str, clock: SystemClock) -> None:
    """Set `clock` to the sandbox's time before anything starts. Raises CannotStart."""
    try:
        await set_clock(url, clock)
    except NO_TIME as error:
        raise CannotStart(f"SANDBOX_CLOCK_URL: no time from the sandbox: {type(error).__name__}") from None


def spare_collections() -> None:
    """Have garbage collections look at fewer objects and happen less often. Call it when everything is built."""
    # objects of the start live to the end: a full collection need not visit the libraries' models each time
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


async def serve_until_stopped(context: AppContext, components: Sequence[Component]) -> None:
    """Run `components` until SIGINT or SIGTERM, or until one of them ends; then stop all of them in order."""
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(signum, context.stopping.set)
    serving = [context.tasks.spawn(component.serve, component.name) for component in components]
    asked = context.tasks.spawn(context.stopping.wait(), "stop signal")
    spare_collections()
    for component in components:
        if component.state is not None:
            announce(component.name, component.state)
    await asyncio.wait([*serving, asked], return_when=asyncio.FIRST_COMPLETED)
    log.info("stop.started")
    await asyncio.gather(*(_stop(context.tasks, *running) for running in zip(components, serving, strict=True)))
    asked.cancel()
    ends = await asyncio.gather(*serving, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, asyncio.CancelledError):
            raise end


async def _stop(tasks: Supervisor, component: Component, task: asyncio.Task[None]) -> None:
    """Stop `component`, whose `serve` is `task`. Returns when it stops, or when `task` has ended."""
    if task.done():
        return
    stopping = tasks.spawn(component.stop(), f"stop of {component.name}")
    try:
        # aiogram says that polling has stopped only when no shutdown handler has failed
        await asyncio.wait([stopping, task], return_when=asyncio.FIRST_COMPLETED)
        if stopping.done() and not stopping.result():
            task.cancel()
    finally:
        stopping.cancel()


async def _stoppable(work: Coroutine[Any, Any, None]) -> None:
    """Run `work`; a SIGTERM before `serve_until_stopped` listens for it cancels the start."""
    task = asyncio.current_task()
    assert task is not None
    with suppress(NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await work


def run(main: Callable[[Settings], Coroutine[Any, Any, None]]) -> int:
    """Run a process from its configuration to its end; return its exit status.

    0: stopped, 1: failed, 2: wrong configuration.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = load_settings()
        logs.hide(settings.ALERT_WEBHOOK_URL.get_secret_value())
        logs.hide(settings.OPS_TOKEN.get_secret_value())
        logs.configure(settings.LOG_LEVEL, settings.LOG_FORMAT)
        few_files = descriptors.raise_limit()
        for line in (*exposures_of(settings), *([] if few_files is None else [few_files])):
            print(f"tollgate: warning: {line}", file=sys.stderr, flush=True)
        asyncio.run(_stoppable(main(settings)))
    except CannotStart as problem:
        print(f"tollgate: {problem}", file=sys.stderr)
        return problem.status
    except StoreUnavailable as problem:  # while it ran, each part repeats what it needs
        print(f"tollgate: the database went away during the start: {problem}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):  # asked to stop during its start
        return 0
    return 0
