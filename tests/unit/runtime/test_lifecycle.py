"""A stop during the start is an orderly stop."""

import asyncio
import gc
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiogram import Bot, Dispatcher

from config import Settings
from core.clock import SystemClock
from core.errors import StoreUnavailable
from core.supervisor import Supervisor
from runtime import lifecycle
from runtime.updates.source import BotComponent
from tests.recording import recording_bot
from tests.served import long_polling

ENOUGH = {
    "USER_BOT_TOKEN": "1002:sandbox-user",
    "ADMIN_BOT_TOKEN": "1001:sandbox-admin",
    "ADMIN_IDS": "7",
    "MONGO_URI": "memory://",
    "ALLOW_MEMORY_STORE": "true",
}


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Iterator[None]:
    for name, value in ENOUGH.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(str(tmp_path))
    # logging is of the whole process: what these runs configure would hold for the tests behind them
    monkeypatch.setattr("monitoring.logs.configure", lambda *_: None)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_sigterm_during_the_start_closes_everything_and_exits_with_0() -> None:
    closed = []

    async def opening(settings: Settings) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    assert lifecycle.run(opening) == 0
    assert closed == [True]


def test_sigterm_before_the_event_loop_runs_exits_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> Settings:
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("the signal was not handled")

    monkeypatch.setattr(lifecycle, "load_settings", asked)
    assert lifecycle.run(lambda settings: asyncio.sleep(0)) == 0


@pytest.mark.parametrize("address", ["mongodb://", "mongodb://u:db-secret@", "mongodb://u:db-secret@host:port/x"])
def test_an_address_pymongo_refuses_is_reported_in_one_line_with_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    async def opening(settings: Settings) -> None:
        await lifecycle.open_store(settings, SystemClock())

    monkeypatch.setenv("MONGO_URI", address)
    assert lifecycle.run(opening) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tollgate: MONGO_URI: the database address cannot be used")
    assert "secret" not in line


def test_a_database_that_goes_away_during_the_start_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def opening(settings: Settings) -> None:
        raise StoreUnavailable("update_one admin_config: NetworkTimeout")

    assert lifecycle.run(opening) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "tollgate: the database went away during the start: update_one admin_config: NetworkTimeout"


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_a_running_process_collects_rarely_and_never_the_objects_of_its_start(collector: None) -> None:
    of_the_start: list[list[int]] = [[] for _ in range(50)]
    lifecycle.spare_collections()
    assert gc.get_freeze_count() > len(of_the_start)

    before = gc.get_stats()[0]["collections"]
    of_deliveries: list[list[int]] = [[] for _ in range(lifecycle.YOUNG_OBJECTS // 2)]
    after = gc.get_stats()[0]["collections"]
    assert (len(of_deliveries), after) == (10_000, before)


@dataclass(slots=True)
class Process:
    tasks: Supervisor = field(default_factory=Supervisor)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


async def test_a_shutdown_handler_that_fails_ends_the_stop_with_its_error(collector: None) -> None:
    process, dispatcher = Process(), Dispatcher()

    async def stop_soon() -> None:
        process.stopping.set()

    async def fail() -> None:
        # the stop waits by now
        await asyncio.sleep(0)
        raise ValueError("broken on purpose")

    async def poll(*arguments: object, **options: object) -> None:
        await asyncio.Event().wait()

    dispatcher.startup.register(stop_soon)
    dispatcher.shutdown.register(fail)
    dispatcher._polling = poll  # type: ignore[method-assign]
    bot: Bot = recording_bot()
    updates = long_polling(bot, dispatcher)
    component = BotComponent("bot", updates, updates.serve())
    with pytest.raises(ValueError, match="on purpose"):
        async with asyncio.timeout(5):
            await lifecycle.serve_until_stopped(process, [component])
