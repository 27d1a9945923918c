"""Three processes of one bot in a rush: how much of Telegram's ceiling they use, and what it refuses."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.harness.child import END_S, ROOT, START_S, ChildEnded
from bench.harness.numbers import ratio
from bench.harness.report import Figure, Row, not_measured
from bench.harness.stores import Store, client_of, database_of, find_server
from bench.harness.telegram import PRODUCT, TOKENS, Telegram
from bench.plan import Plan
from bench.sharing.senders import REST_S, Work

TITLE = "Three processes of one bot under Telegram's ceiling"
PROCESSES, CEILING_PER_S = 3, 30
#: people of each process
PEOPLE = 60
#: a rush on all processes, and on one
ALL, ONE = tuple(range(PROCESSES)), (0,)
#: seconds by which the sandbox may see one call later than the next on a busy machine (tests/journeys/rush.py)
UNEVEN_S = 0.1
COLUMNS = {
    "three processes": 0,
    "rush on": 0,
    "calls a second": 1,
    "of the ceiling": 2,
    "429": 0,
    "commands a second": 1,
}


@dataclass(frozen=True, slots=True)
class Rush:
    """One phase: what was called after the shares had come to rest."""

    per_s: float
    #: calls of each process in that time
    calls: tuple[int, ...]

    @property
    def used(self) -> float:
        """The part of the ceiling."""
        return self.per_s / CEILING_PER_S


@dataclass(frozen=True, slots=True)
class Rushes:
    """All phases of one start of the processes."""

    phases: tuple[Rush, ...]
    refused: int
    commands_per_s: float


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    """Let three processes have a rush on all and on one of them; the same while each has the ceiling for itself."""
    store = find_server()
    if store is None:
        return [not_measured(TITLE, "It needs a server: processes share no memory.")]
    figure = Figure(TITLE, COLUMNS)
    shared = await rushes(telegram, store, (ALL, ONE), plan.rush_s, is_shared=True)
    names = ("all", "one")
    figure.rows += [
        _row("with one ceiling", name, rush, shared) for name, rush in zip(names, shared.phases, strict=True)
    ]
    if plan.has_unshared_rush:
        alone = await rushes(telegram, store, (ALL,), plan.rush_s, is_shared=False)
        figure.rows += [_row("each with its own", "all", alone.phases[0], alone)]
    figure.notes = [
        "Processes put together as those of the command line (`schedulers/bots.py`), a database and a sandbox whose "
        f"flood control is a bucket of 10, refilled at {CEILING_PER_S} a second; {2 * PEOPLE} calls wait in each "
        f"process that has a rush. Counted is from the middle to the end of {plan.rush_s:.0f} s. The 429s and the "
        "commands for the shares are those of all rushes of the row's start together.",
    ]
    return [figure]


async def rushes(
    telegram: Telegram, store: Store, phases: Sequence[Sequence[int]], seconds: float, *, is_shared: bool
) -> Rushes:
    """Start the processes with a database of their own and let them have one rush after the other.

    Raises ChildEnded and TimeoutError.
    """
    telegram.forget_calls()
    config = telegram.world.config
    telegram.limit(CEILING_PER_S, 0)
    config.flood_model, config.flood_absorb_s = "bucket", UNEVEN_S
    users = [telegram.started_subscribers(PRODUCT, PEOPLE) for _ in ALL]
    people = [[user.id for user in some] for some in users]
    work = Work(telegram.url, TOKENS[PRODUCT], CEILING_PER_S, people, phases, seconds, is_shared)
    async with database_of(store) as name, client_of(store) as client:
        found = await _worked(work, store.environment(name))
        ledger = await client[name]["send_shares"].find_one({"_id": PRODUCT})
    telegram.forget([user for some in users for user in some])
    telegram.limit(0, 0)
    in_all_s = len(phases) * (seconds + REST_S)
    commands = 0 if ledger is None else int(str(ledger["version"]))
    return Rushes(
        tuple(_rush([process[n] for process in found], seconds) for n in range(len(phases))),
        telegram.calls.refused.total(),
        commands / in_all_s,
    )


async def _worked(work: Work, environment: dict[str, str]) -> list[list[list[float]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.sharing.senders",
        json.dumps(asdict(work)),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(START_S + END_S + len(work.phases) * (work.seconds + REST_S)):
            assert process.stdout is not None
            answer = await process.stdout.read()
            if await process.wait() != 0:
                raise ChildEnded(f"exit status {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found: list[list[list[float]]] = json.loads(answer)
    return found


def _rush(moments: Sequence[Sequence[float]], seconds: float) -> Rush:
    """Count from the middle of the rush to its end, which all processes begin at the same time."""
    since = min(min(one) for one in moments if one) + seconds / 2
    until = since + seconds / 2
    calls = tuple(sum(since <= at < until for at in one) for one in moments)
    return Rush(ratio(sum(calls), seconds / 2), calls)


def _row(name: str, on: str, rush: Rush, start: Rushes) -> Row:
    return (name, on, rush.per_s, rush.used, start.refused, start.commands_per_s)
