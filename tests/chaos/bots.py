"""The bots as processes that can be killed, stopped, continued and restarted.

They are forked from a server process that has imported everything, so a start takes 0.1 s instead of 3 s. Each is an
ordinary process with its own pid, environment, event loop and log.
"""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import admin_bot.main
import main
import user_bot.main
from database.operations.processes import polling_lease_ops
from runtime.lifecycle import run
from tests.chaos.plan import Shape
from tests.chaos.sabotage import SABOTAGES
from tests.house import USER_BOT

USER_BOT_ID = 1002

#: the processes of each shape by their names, and what each runs
_SHAPES = {
    Shape.ONE: {"both": main.main},
    Shape.SPLIT: {"user": user_bot.main.main, "admin": admin_bot.main.main},
    Shape.STANDBY: {"one": main.main, "two": main.main, "three": main.main},
    Shape.POSTED_TO_TWO: {"one": main.main, "two": main.main},
    Shape.POSTED_TO_THREE: {"one": main.main, "two": main.main, "three": main.main},
}
_MAINS = {name: run_main for mains in _SHAPES.values() for name, run_main in mains.items()}
#: seconds a graceful stop may take: handlers in flight 20 s, jobs 5 s, then closing the connections
STOP_S = 40.0
#: a process this young may have no SIGTERM handler yet and die of the signal, if it has not logged its first line
YOUNG_S = 5.0
_SET_DEATH_SIGNAL = 1
#: what aiogram logs when the user bot starts polling: the last step of a start
_POLLING = f"Run polling for bot @{USER_BOT} ".encode()
#: what a process prints that has started and stands by
_STANDS_BY = b"user bot: standing by"
#: what a process prints that takes what is posted
_POSTED_TO = b"user bot: webhook http"
#: seconds a start may take before the next process of a rolling restart is stopped all the same
UP_S, LOOK_EVERY_S = 20.0, 0.1


def context() -> multiprocessing.context.ForkServerContext:
    """Return the fork server context; the server imports this module once."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([__name__])
    return forking


def run_bot(name: str, environment: dict[str, str], folder: str, sabotage: str | None) -> None:
    """Run a bot in this process until it exits; its output goes to `folder`/`name`.log."""
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)  # dies with the fork server
    log = os.open(Path(folder) / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if sabotage is not None:
        SABOTAGES[sabotage].break_it()
    raise SystemExit(run(_MAINS[name]))


class BotProcesses:
    """The processes of one shape; index 0 runs the user bot.

    Of several that run it, 0 means the one that polls, or each in turn when none does. `ports`: of their web apps; 0:
    any.
    """

    def __init__(
        self,
        environment: dict[str, str],
        folder: Path,
        *,
        shape: Shape,
        sabotage: str | None = None,
        ports: Sequence[int] = (0, 0, 0),
    ) -> None:
        self._ports = ports
        self._turns = 0
        self.names = tuple(_SHAPES[shape])
        self._shape = shape
        #: pids that were killed with SIGKILL
        self.killed: set[int] = set()
        #: unexpected exits and hung stops, as sentences
        self.surprises: list[str] = []
        self._context = context()
        self._environment = environment
        self._folder = folder
        self._sabotage = sabotage
        self._processes: dict[int, ForkServerProcess] = {}
        self._started_at: dict[int, float] = {}
        #: size of each log at the latest start
        self._logged: dict[int, int] = {}
        self._frozen: set[int] = set()
        #: serializes starts, stops, kills and freezes
        self._changing = asyncio.Lock()

    async def start_all(self) -> None:
        """Start the processes that are not running."""
        for index in range(len(self.names)):
            async with self._changing:
                if index not in self._processes:
                    self._start(index)

    async def kill(self, index: int, pause_s: float, then: Callable[[], None]) -> None:
        """Send SIGKILL, call `then`, and start the process again after `pause_s` real seconds."""
        async with self._changing:
            index = await self._meant(index)
            if self._end_seen(index):
                self._start(index)
            process = self._processes[index]
            assert process.pid is not None
            self.killed.add(process.pid)
            process.kill()
            await asyncio.to_thread(process.join)
            self._frozen.discard(index)
            then()
            await asyncio.sleep(pause_s)
            self._start(index)

    async def restart(self) -> None:
        """Send SIGTERM, wait for the exit, start again: the user bot's process, or of several one after the other."""
        for index in range(len(self.names)) if self._shape.runs_all_in_each else (0,):
            async with self._changing:
                await self._stop(index)
                self._start(index)
            await self._until_up(index)

    async def _until_up(self, index: int) -> None:
        """Wait until a process of several takes updates or stands by; one alone is followed by no other."""
        for _ in range(round(UP_S / LOOK_EVERY_S) if self._shape.runs_all_in_each else 0):
            if self._is_up(index):
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def _is_up(self, index: int) -> bool:
        logged = self._log_since_start(index)
        return _POLLING in logged or _STANDS_BY in logged or _POSTED_TO in logged

    async def freeze(self, index: int, seconds: float) -> None:
        """Send SIGSTOP, and SIGCONT after `seconds` unless the process was killed in the meantime."""
        async with self._changing:
            index = await self._meant(index)
            self._send(index, signal.SIGSTOP)
            process = self._processes[index]
            self._frozen.add(index)
        await asyncio.sleep(seconds)
        async with self._changing:
            if self._processes[index] is process:
                self._send(index, signal.SIGCONT)
                self._frozen.discard(index)

    async def stop_all(self) -> None:
        """Send SIGTERM to all processes and wait for them."""
        async with self._changing:
            for index in tuple(self._processes):
                await self._stop(index)

    def end_all(self) -> None:
        """Kill all processes, whatever state they are in."""
        for process in self._processes.values():
            process.kill()
            process.join()
        self._processes.clear()

    def is_taking_updates(self) -> bool:
        """Return whether the user bot has begun to take updates since its latest start, in whatever process."""
        of_user_bot = range(len(self.names)) if self._shape.runs_all_in_each else (0,)
        words = _POSTED_TO if self._shape.is_posted_to else _POLLING
        return any(words in self._log_since_start(index) for index in of_user_bot)

    async def polling(self) -> int | None:
        """Return the index of the process that has the lease of the user bot's polls; None when it is none of these."""
        lease = await polling_lease_ops.find(USER_BOT_ID)
        pid = (lease.owner or "").split(":")[1:2] if lease is not None else []
        return next((index for index, one in self._processes.items() if [str(one.pid)] == pid), None)

    async def _meant(self, index: int) -> int:
        if self._shape.is_posted_to:
            self._turns += 1
            return self._turns % len(self.names)
        if self._shape is not Shape.STANDBY:
            return index
        return await self.polling() or 0

    def look(self) -> None:
        """Record processes that exited by themselves, and restart them as a supervisor does."""
        for index in range(len(self.names)):
            if not self._changing.locked() and self._end_seen(index):
                self._start(index)

    def _start(self, index: int) -> None:
        name = self.names[index]
        environment = self._environment | {"WEB_PORT": str(self._ports[index])}
        arguments = (name, environment, str(self._folder), self._sabotage)
        process = self._context.Process(target=run_bot, args=arguments)
        log = self._log_of(index)
        self._logged[index] = log.stat().st_size if log.exists() else 0
        process.start()
        self._processes[index] = process
        self._started_at[index] = time.monotonic()

    def _log_of(self, index: int) -> Path:
        return self._folder / f"{self.names[index]}.log"

    def _log_since_start(self, index: int) -> bytes:
        log = self._log_of(index)
        return log.read_bytes()[self._logged[index] :] if log.exists() else b""

    def _end_seen(self, index: int) -> bool:
        process = self._processes[index]
        if process.is_alive():
            return False
        self.surprises.append(f"the {self.names[index]} process ended by itself with {process.exitcode}")
        return True

    def _send(self, index: int, signum: signal.Signals) -> None:
        process = self._processes[index]
        if process.is_alive() and process.pid is not None:
            os.kill(process.pid, signum)

    async def _stop(self, index: int) -> None:
        if self._end_seen(index):
            return
        process = self._processes.pop(index)
        is_young = time.monotonic() - self._started_at[index] < YOUNG_S and not self._log_since_start(index)
        if index in self._frozen:
            self._frozen.discard(index)
            assert process.pid is not None
            os.kill(process.pid, signal.SIGCONT)
        process.terminate()
        await asyncio.to_thread(process.join, STOP_S)
        if process.exitcode is None:
            self.surprises.append(f"the {self.names[index]} process did not end within {STOP_S:.0f} s of SIGTERM")
            process.kill()
            await asyncio.to_thread(process.join)
        elif process.exitcode != 0 and not (is_young and process.exitcode == -signal.SIGTERM):
            self.surprises.append(f"the {self.names[index]} process answered SIGTERM with {process.exitcode}")
