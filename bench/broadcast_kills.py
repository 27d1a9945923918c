"""kill -9 of a process that sends, again and again: who has it twice, who not at all, whom nobody can tell about."""

import asyncio
import random
import secrets
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import programs
from bench.broadcast_rates import LATENCY_MS
from bench.broadcast_rows import people, planned
from bench.broadcast_scene import Scene
from bench.plan import Plan
from bench.programs import Program, started
from bench.report import Figure, Goal, shown
from bench.stores import Store, client_of, database_of, find_server
from bench.subject import SubjectEnded
from bench.telegram import PRODUCT
from database.connection import close_database, open_database
from database.indexes import ensure_indexes
from database.operations import broadcast_ops
from sandbox.state.world import User

#: copies a second of each process: more are on their way at a kill than at Telegram's 30
RATE_PER_S = 100
#: longest time from a process's first copy to its end, in seconds; each fourth is killed while it starts
AFTER_FIRST_S, WHILE_STARTING_S, EACH = 1.2, 5.0, 4
#: what the clock is moved by before the next process: a killed one's lease holds 30 s
LEASE_S = 31.0
PATIENCE_S, FINISH_S, LOOK_S = 120.0, 300.0, 0.2
ROWS = "broadcast_recipients"


@dataclass(slots=True)
class Killed:
    """What is left after all of them. People by what became of them."""

    recipients: int
    kills: int = 0
    #: kills before the process's first copy
    starting: int = 0
    states: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    #: without a copy though their row does not say that nobody knows
    missed: int = 0
    #: rows that say nobody knows: the message is there, or it is not
    unknown_there: int = 0
    unknown_not_there: int = 0
    status: str = ""
    seconds: float = 0.0


async def measure(scene: Scene, plan: Plan) -> Figure:
    """One broadcast through all the kills."""
    store = find_server()
    if store is None:
        figure = Figure("Broadcast: kill -9 of the process that sends", ("not measured",))
        figure.notes = ["It needs a server: kill -9 takes the in-memory store with it."]
        return figure
    scene.limit(0, LATENCY_MS)
    async with database_of(store) as name, client_of(store) as client:
        users = scene.audience(PRODUCT, plan.killed)
        await _plan(scene, store, name, users)
        found = Killed(len(users))
        began = time.monotonic()
        await _kill_again_and_again(scene, store, name, plan.kills, found)
        found.seconds = time.monotonic() - began
        await _look(scene, client[name], users, found)
    scene.limit(0, 0)
    scene.telegram.forget(users)
    return _figure(found)


async def _plan(scene: Scene, store: Store, name: str, users: list[User]) -> None:
    database, now = await open_database(store.uri, name), datetime.now(UTC)
    try:
        await ensure_indexes(database)
        await database.collection("users").insert_many(people(users[0].id, len(users), now - timedelta(days=1)))
        await broadcast_ops.create(planned(secrets.token_hex(8), scene.message_id, now))
    finally:
        await close_database()


async def _kill_again_and_again(scene: Scene, store: Store, name: str, kills: int, found: Killed) -> None:
    chance = random.Random(secrets.token_bytes(8))
    program = _program(scene, store, name)
    scene.begin()
    arrivals = scene.arrivals.moments[PRODUCT]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(kills):
            had = len(arrivals)
            async with started(program, Path(folder)) as process:
                if number % EACH == EACH - 1:
                    await asyncio.sleep(chance.uniform(0, WHILE_STARTING_S))
                else:
                    await _until(scene, lambda had=had: len(arrivals) > had)
                    await asyncio.sleep(chance.uniform(0, AFTER_FIRST_S))
                process.check()
                await process.kill()
            found.kills += 1
            found.starting += len(arrivals) == had
            scene.telegram.advance(LEASE_S)
        async with started(program, Path(folder)) as process:
            await _finished(scene, store, name)
            await process.stop()


async def _until(scene: Scene, holds: Any) -> None:
    if not await scene.world.changed.until(holds, PATIENCE_S):
        raise SubjectEnded(f"nothing was sent for {PATIENCE_S:.0f} s")


async def _finished(scene: Scene, store: Store, name: str) -> None:
    """Return when the broadcast is over."""
    async with client_of(store) as client:
        for _ in range(int(FINISH_S / LOOK_S)):
            if await client[name]["broadcasts"].find_one({"finished_at": None}) is None:
                return
            await asyncio.sleep(LOOK_S)
    raise SubjectEnded(f"{len(scene.arrivals.copies)} had it after {FINISH_S:.0f} s, and it was not over")


def _program(scene: Scene, store: Store, name: str) -> Program:
    product = programs.product(scene.telegram.url, store, name)
    rate = str(RATE_PER_S)
    environment = {**product.environment, "BULK_RATE_PER_SECOND": rate, "SEND_RATE_PER_SECOND": rate}
    return Program(product.name, product.file, product.arguments, environment)


async def _look(scene: Scene, rows: Any, users: list[User], found: Killed) -> None:
    states = {row["user_id"]: row["state"] async for row in rows[ROWS].find({})}
    broadcast = await rows["broadcasts"].find_one({})
    found.status = str(broadcast["status"])
    for user in users:
        copies, state = scene.arrivals.copies[PRODUCT, str(user.id)], states.get(user.id, "no row")
        found.states[state] += 1
        found.twice += copies > 1
        if state == "unknown":
            found.unknown_there += copies > 0
            found.unknown_not_there += copies == 0
        elif not copies:
            found.missed += 1


def _figure(found: Killed) -> Figure:
    figure = Figure("Broadcast: kill -9 of the process that sends", ("what", "people"))
    unknown = found.unknown_there + found.unknown_not_there
    counted = {
        "recipients": found.recipients,
        **{f"  row says {state}": count for state, count in sorted(found.states.items())},
        "have it twice": found.twice,
        "have it not, though their row is not unknown": found.missed,
        "unknown": unknown,
        "  of them have it": found.unknown_there,
        "  of them have it not": found.unknown_not_there,
    }
    figure.rows = [
        (f"kills, {found.starting} of them before the process's first copy", shown(found.kills)),
        *((name, shown(count)) for name, count in counted.items()),
    ]
    figure.goals = [
        Goal("nobody twice", shown(found.twice), found.twice == 0),
        Goal(
            "nobody skipped", f"{found.missed}, ended as {found.status}", found.missed == 0 and found.status == "sent"
        ),
    ]
    figure.notes = [
        f"`main.py` on the server, {RATE_PER_S} copies a second and {LATENCY_MS} ms of latency, so that several are on "
        "their way at each kill; no flood control. Killed at a random instant of the "
        f"{AFTER_FIRST_S:g} s after its first copy, each fourth of the first {WHILE_STARTING_S:g} s after its start; "
        "before the next start the sandbox's clock, which the product follows, is moved by 31 s, past the dead "
        f"process's lease. Copies are counted in the sandbox, by person. {found.seconds:.0f} s.",
        "Unknown is who was being sent to at a kill: nobody can tell whether Telegram had taken the call, and none is "
        f"repeated. {unknown / max(1, found.kills):.1f} a kill.",
    ]
    figure.numbers = {**counted, "kills": found.kills, "starting": found.starting, "status": found.status}
    return figure
