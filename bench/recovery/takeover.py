"""How long people wait when the process that polls goes: with one that stands by, beside a supervisor's new process."""

import asyncio
import math
import signal
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.harness.child import START_S, ChildEnded
from bench.harness.report import Figure, not_measured
from bench.harness.stores import Store, client_of, database_of, find_server
from bench.harness.telegram import PRODUCT, Telegram
from bench.plan import Plan
from bench.recovery.programs import product, started
from database.operations.processes.polling_lease_ops import COLLECTION
from sandbox.chats.actions import act

TITLE = "Takeover of the polls"
ANSWERED, POLLED = (PRODUCT, "sendMessage"), (PRODUCT, "getUpdates")
#: seconds between two people who write; seconds before the event and, at the longest, until answers come again
EVERY_S, BEFORE_S, PATIENCE_S = 0.1, 2.0, 60.0
#: seconds with answers that end a measurement
STEADY_S = 2.0
COLUMNS = {"what happens": 0, "then": 0, "longest wait for an answer s": 2}


@dataclass(frozen=True, slots=True)
class Scene:
    """One event and who goes on after it."""

    event: str
    then: str
    signal: signal.Signals
    has_standby: bool = True


SCENES = (
    Scene("SIGTERM", "the one that stands by", signal.SIGTERM),
    Scene("kill -9", "the one that stands by, same machine", signal.SIGKILL),
    Scene("suspended, as a machine that is gone", "the one that stands by", signal.SIGSTOP),
    Scene("SIGTERM", "a new process", signal.SIGTERM, has_standby=False),
    Scene("kill -9", "a new process", signal.SIGKILL, has_standby=False),
)


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    """Each scene with a database and processes of its own, `plan.repeats` times; the longest wait is shown."""
    store = find_server()
    if store is None:
        return [not_measured(TITLE, "It needs a server: processes share no store in memory.")]
    figure = Figure(TITLE, COLUMNS)
    for scene in SCENES[: plan.takeovers]:
        waits = [await _longest_wait(telegram, store, scene) for _ in range(plan.repeats)]
        figure.rows.append((scene.event, scene.then, max(waits)))
    figure.notes = [
        f"`main.py` with everything in it; {1 / EVERY_S:.0f} people a second write to the user bot, each once. The "
        "longest time between two answers around the event: of the slowest of all repeats. A new process is started in "
        "the moment in which the old one has ended, as a supervisor does at best; most of its time goes into imports. "
        "A successor on the same machine asks the kernel whether the owner of the lease has ended; on another machine "
        "it waits until it has seen no renewal for 20 seconds, which the suspended process shows.",
    ]
    return [figure]


async def _longest_wait(telegram: Telegram, store: Store, scene: Scene) -> float:
    telegram.forget_calls()
    async with database_of(store) as name, AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        program = product(telegram.url, store, name)
        first = await stack.enter_async_context(started(program, folder))
        await _until(lambda: POLLED in telegram.calls.first_started, telegram)
        if scene.has_standby:
            await stack.enter_async_context(started(program, folder))
            await _until_signed(store, name)
        writing = asyncio.create_task(_write(telegram))
        try:
            await asyncio.sleep(BEFORE_S)
            happened_at = time.monotonic()
            first.send_signal(scene.signal)
            if not scene.has_standby:
                await first.wait()
                await stack.enter_async_context(started(program, folder))
            await _until_steady(telegram, happened_at, first)
        finally:
            writing.cancel()
            if scene.signal is signal.SIGSTOP:
                first.kill()
    return _longest_pause(telegram.calls.moments[ANSWERED], happened_at)


async def _write(telegram: Telegram) -> None:
    """Have one more person write every EVERY_S seconds."""
    username = telegram.bot(PRODUCT).username
    while True:
        act(telegram.world, {"as": telegram.new_subscriber().id, "do": "text", "to": username, "text": "/help"})
        await asyncio.sleep(EVERY_S)


async def _until(holds: Callable[[], bool], telegram: Telegram) -> None:
    if not await telegram.world.changed.until(holds, START_S):
        raise ChildEnded(f"not polling after {START_S:.0f} s")


async def _until_signed(store: Store, name: str) -> None:
    """Wait until another process has written that it stands by."""
    signed = {"_id": f"polls:{PRODUCT}", "standby_beat": {"$gt": 0}}
    async with client_of(store) as client:
        for _ in range(round(START_S / EVERY_S)):
            if await client[name][COLLECTION].find_one(signed) is not None:
                return
            await asyncio.sleep(EVERY_S)
    raise ChildEnded(f"nobody stands by after {START_S:.0f} s")


async def _until_steady(telegram: Telegram, happened_at: float, first: Process) -> None:
    """Wait until answers have come for STEADY_S seconds without a pause, from a process other than `first`."""
    answers = telegram.calls.moments[ANSWERED]
    while time.monotonic() - happened_at < PATIENCE_S:
        await asyncio.sleep(EVERY_S)
        recent = [moment for moment in answers if moment > time.monotonic() - STEADY_S]
        is_steady = len(recent) > STEADY_S / EVERY_S / 2 and max(b - a for a, b in pairwise(recent)) < STEADY_S / 2
        if is_steady and recent[0] > happened_at + 2 * STEADY_S:
            return
    raise ChildEnded(f"nobody took over from {first.pid} within {PATIENCE_S:.0f} s")


def _longest_pause(answers: Sequence[float], happened_at: float) -> float:
    """Return the longest time between two answers of which the second came behind the event."""
    pauses = [after - before for before, after in pairwise(answers) if after > happened_at]
    return max(pauses, default=math.nan)
