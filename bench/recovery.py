"""How long it takes after kill -9 until everything that is due is taken back."""

import asyncio
import math
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from bench import backlog, programs
from bench.ledger import DELETED, TOLD, Ledger
from bench.plan import Plan
from bench.programs import Program, Running, started
from bench.recovered import AT_ONCE, BATCH, JOB, Recovered, Run, figure
from bench.report import Figure
from bench.stores import Store, client_of, database_of, find_server
from bench.subject import UP_S, SubjectEnded
from bench.telegram import PRODUCT, Delivery, Telegram

#: deliveries taken back before the kill: some whole batches and a half, so that one is cut in the middle
WHOLE_BATCHES, CUT_AFTER = 2, BATCH // 2
#: how far the sandbox's clock is moved to bring the next tick
TICK_S = 60.0
#: seconds one run may take, or the killed program until it is killed
PATIENCE_S = 300.0
#: runs after which it has failed
RUNS_MAX = 20
#: seconds between two looks at the job's rows
LOOK_S = 0.1

Rows = AsyncDatabase[dict[str, Any]]


class Scene:
    """The sandbox, the database and what was in them before a program came."""

    def __init__(self, telegram: Telegram, rows: Rows, deliveries: list[Delivery], folder: Path) -> None:
        self.telegram = telegram
        self.rows = rows
        self.deliveries = deliveries
        self.folder = folder
        self.ledger = telegram.world.calls = Ledger(PRODUCT)

    async def until_kept(self, count: int) -> None:
        """Return when the messages of `count` chats are gone. Raises SubjectEnded."""
        ledger = self.ledger
        if not await self.telegram.world.changed.until(lambda: ledger.kept >= count, PATIENCE_S):
            raise SubjectEnded(f"{ledger.kept} of {count} taken back after {PATIENCE_S:.0f} s")

    async def count(self, **condition: Any) -> int:
        """How many promises stand."""
        return await self.rows[backlog.ROWS].count_documents(condition)

    async def is_empty(self) -> bool:
        return await self.rows[backlog.ROWS].find_one({}, projection=["_id"]) is None

    def still_seen(self) -> int:
        """People who still see what should be gone."""
        count = self.telegram.count_content
        return sum(count(PRODUCT, [delivery.user]) > 0 for delivery in self.deliveries)


Recover = Callable[[Scene, Running], Awaitable[tuple[list[Run], dict[str, Any]]]]


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """Kill the product in the middle and start it again; then the same with the naive script."""
    store = find_server()
    if store is None:
        raise ValueError("the recovery needs a server")
    async with database_of(store) as name, client_of(store) as client:
        product = programs.product(telegram.url, store, name)
        naive = programs.naive(telegram.url, store, name, AT_ONCE)
        with tempfile.TemporaryDirectory() as folder:
            found = []
            for program, recover in ((product, _in_runs), (naive, _in_one_go)):
                deliveries = await backlog.make(telegram, store, name, _made(plan), plan.promise_items)
                scene = Scene(telegram, client[name], deliveries, Path(folder))
                found.append(await _killed_and_started(scene, store, program, recover))
                await client[name][backlog.ROWS].delete_many({})
                telegram.forget([delivery.user for delivery in deliveries])
    return figure(plan, *found)


def _made(plan: Plan) -> int:
    """So many that `plan.due` are left when the batch that is cut has not been struck out."""
    return plan.due + WHOLE_BATCHES * BATCH


async def _killed_and_started(scene: Scene, store: Store, program: Program, recover: Recover) -> Recovered:
    async with started(program, scene.folder) as process:
        if program.name == "product":
            await _begin(scene, process)
        await scene.until_kept(WHOLE_BATCHES * BATCH + CUT_AFTER)
        await process.kill()
    due, held = await scene.count(), await scene.count(claimed_by={"$ne": None})
    # as if the outage had lasted until after the next tick, so that the start finds one it has missed
    scene.telegram.advance(TICK_S)
    scene.ledger.begin()
    server_s, began_at = store.cpu_s(), time.perf_counter()
    async with started(program, scene.folder) as process:
        runs, watched = await recover(scene, process)
    ledger = scene.ledger
    return Recovered(
        name=program.name,
        due=due,
        held=held,
        polling_s=_since(began_at, ledger.polling_at),
        first_s=_since(began_at, ledger.first_kept_at),
        last_s=_since(began_at, ledger.last_kept_at),
        runs=runs,
        calls=dict(ledger.calls),
        commands=watched["commands"],
        cpu_s=watched["cpu_s"],
        server_s=store.cpu_s() - server_s,
        deleted_again=ledger.repeated(DELETED),
        told_again=ledger.repeated(TOLD),
        lost=scene.still_seen(),
        left=await scene.count(),
    )


async def _begin(scene: Scene, process: Running) -> None:
    """The product polls and its timers stand: bring it a tick."""
    async with asyncio.timeout(UP_S):
        await scene.ledger.polling.wait()
    process.check()
    scene.telegram.advance(TICK_S)


async def _in_runs(scene: Scene, process: Running) -> tuple[list[Run], dict[str, Any]]:
    """The product goes on by itself at its start; then a tick is brought whenever it rests."""
    since = datetime.fromtimestamp(scene.telegram.world.clock.now(), UTC)
    runs: list[Run] = []
    while True:
        runs.append(await _next_run(scene, process, since, len(runs)))
        if await scene.is_empty() or len(runs) == RUNS_MAX:
            return runs, await process.stop()
        # a tick that came meanwhile is followed at once; the clock must not move while a run is measured by it
        await asyncio.sleep(LOOK_S)
        if not await scene.rows["job_runs"].find_one({**_begun(since), "finished_at": None}):
            scene.telegram.advance(TICK_S)


def _begun(since: datetime) -> dict[str, Any]:
    return {"job": JOB, "started_at": {"$gte": since}}


async def _next_run(scene: Scene, process: Running, since: datetime, seen: int) -> Run:
    """The first run of the deleter that began after `since` and has ended, but for the `seen` ones."""
    ended = {**_begun(since), "finished_at": {"$ne": None}}
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        process.check()
        row = await scene.rows["job_runs"].find_one(ended, sort=[("started_at", 1)], skip=seen)
        if row is not None:
            seconds, begun_s = row["finished_at"] - row["started_at"], row["started_at"] - since
            done = sum(row["counts"].values())
            return Run(seconds.total_seconds(), begun_s.total_seconds(), done, row["outcome"], row["error"])
        await asyncio.sleep(LOOK_S)
    raise SubjectEnded(f"no run of {JOB} ended within {PATIENCE_S:.0f} s")


async def _in_one_go(scene: Scene, process: Running) -> tuple[list[Run], dict[str, Any]]:
    """The script ends when it has gone through everything."""
    before, began_at = scene.ledger.kept, time.perf_counter()
    async with asyncio.timeout(PATIENCE_S):
        watched = await process.ended()
    ledger = scene.ledger
    first_s, last_s = (_since(began_at, at) for at in (ledger.first_kept_at, ledger.last_kept_at))
    return [Run(last_s - first_s, first_s, ledger.kept - before, "succeeded", None)], watched


def _since(began_at: float, at: float | None) -> float:
    return math.nan if at is None else at - began_at
