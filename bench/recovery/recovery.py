"""How long it takes after kill -9 until everything that is due is deleted, beside a naive script."""

import asyncio
import math
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from bench.harness.child import START_S, ChildEnded
from bench.harness.report import Figure, Row, not_measured
from bench.harness.stores import client_of, database_of, find_server
from bench.harness.telegram import PRODUCT, Delivery, Telegram
from bench.plan import Plan
from bench.recovery import backlog, programs
from bench.recovery.programs import RATE_PER_S, Program, ended, started, stop

TITLE = "Recovery after kill -9"
#: of schedulers/jobs/message_deleter.py, which this process does not import: aiogram takes seconds
JOB, BATCH, AT_ONCE, RUN_MAX = "message_deleter", 100, 10, 3000
#: deliveries deleted before the kill: whole batches and a half, so that one is cut in the middle
WHOLE_BATCHES, CUT_AFTER = 2, BATCH // 2
DELETED, NOTIFIED, POLLED = (PRODUCT, "deleteMessages"), (PRODUCT, "editMessageText"), (PRODUCT, "getUpdates")
#: how far the sandbox's clock is moved to bring the next tick
TICK_S = 60.0
#: seconds until the first program is killed at the latest, and until the second has deleted everything
PATIENCE_S = 600.0
#: seconds between two polls of the rows
POLL_S = 0.1
COLUMNS = {
    "program": 0,
    "due": 0,
    "polling after s": 1,
    "first deleted": 1,
    "last deleted": 1,
    "runs": 0,
    "deleted twice": 0,
    "notified twice": 0,
    "lost": 0,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """The sandbox, the database and the deliveries that were in them before a program came."""

    telegram: Telegram
    rows: AsyncDatabase[dict[str, Any]]
    deliveries: Sequence[Delivery]
    folder: Path

    async def deleted(self, count: int) -> None:
        """Return when the messages of `count` chats are deleted. Raises ChildEnded."""
        chats = self.telegram.calls.by_chat[DELETED]
        if not await self.telegram.world.changed.until(lambda: len(chats) >= count, PATIENCE_S):
            raise ChildEnded(f"{len(chats)} of {count} deleted after {PATIENCE_S:.0f} s")

    async def has_rows(self) -> bool:
        """Whether a delivery is still to be deleted; a count would read them all."""
        return await self.rows[backlog.ROWS].find_one(backlog.STANDING, projection=["_id"]) is not None

    def lost(self) -> int:
        """Subscribers who still see the content."""
        return sum(self.telegram.sees_content(PRODUCT, one.user) for one in self.deliveries)


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    """Kill the product in the middle and start it again; then the same with the naive script."""
    store = find_server()
    if store is None:
        return [not_measured(TITLE, "It needs a server: the in-memory store ends with the killed process.")]
    figure = Figure(f"{TITLE} with {plan.due:,} deliveries due", COLUMNS)
    async with database_of(store) as name, client_of(store) as client:
        product = programs.product(telegram.url, store, name)
        naive = programs.naive(telegram.url, store, name, AT_ONCE)
        with tempfile.TemporaryDirectory() as folder:
            for program in (product, naive):
                telegram.forget_calls()
                count = plan.due + WHOLE_BATCHES * BATCH
                deliveries = await backlog.make(telegram, store, name, count, plan.due_items)
                scene = Scene(telegram, client[name], deliveries, Path(folder))
                figure.rows.append(await _killed_and_started(scene, program))
                telegram.forget([one.user for one in deliveries])
                await client.drop_database(name)
    figure.notes = _notes(plan)
    return [figure]


async def _killed_and_started(scene: Scene, program: Program) -> Row:
    telegram, calls, is_product = scene.telegram, scene.telegram.calls, program.module == "main"
    async with started(program, scene.folder) as process:
        if is_product:
            await _bring_first_tick(telegram)
        await scene.deleted(WHOLE_BATCHES * BATCH + CUT_AFTER)
        process.kill()
        await process.wait()
    due = await scene.rows[backlog.ROWS].count_documents(backlog.STANDING)
    # as if the outage had lasted until after the next tick, so that the start finds a missed one
    telegram.advance(TICK_S)
    calls.first_started.clear()
    started_at = time.monotonic()
    async with started(program, scene.folder) as process, asyncio.timeout(PATIENCE_S):
        runs = await _by_ticks(scene, process) if is_product else 1
        await (stop if is_product else ended)(process)
    moments = [moment for moment in calls.moments[DELETED] if moment >= started_at] or [math.nan]
    return (
        program.name,
        due,
        calls.first_started.get(POLLED, math.nan) - started_at,
        moments[0] - started_at,
        moments[-1] - started_at,
        runs,
        calls.repeated(DELETED),
        calls.repeated(NOTIFIED),
        scene.lost(),
    )


async def _bring_first_tick(telegram: Telegram) -> None:
    """Wait until the product polls, its timers running, and move the clock to its next tick."""
    if not await telegram.world.changed.until(lambda: POLLED in telegram.calls.first_started, START_S):
        raise ChildEnded(f"not polling after {START_S:.0f} s")
    telegram.advance(TICK_S)


async def _by_ticks(scene: Scene, process: Process) -> int:
    """Move the clock to the next tick whenever a run has ended, until nothing is due; return how many runs.

    Raises ChildEnded when the process has ended before.
    """
    runs, counted = scene.rows["job_runs"], 0
    since = datetime.fromtimestamp(scene.telegram.world.clock.now(), UTC)
    ours = {"job": JOB, "started_at": {"$gte": since}}
    while await scene.has_rows():
        if process.returncode is not None:
            raise ChildEnded(f"exit status {process.returncode}")
        await asyncio.sleep(POLL_S)
        seen = await runs.count_documents(ours)
        if seen > counted and await runs.find_one({**ours, "finished_at": None}) is None:
            counted = seen
            scene.telegram.advance(TICK_S)
    return await runs.count_documents(ours)


def _notes(plan: Plan) -> list[str]:
    return [
        "`main.py` with everything in it, killed with -9 in the middle of a batch while it deleted deliveries of "
        f"{plan.due_items} messages, then started again. Beside it bench/recovery/naive.py: one query for all that is "
        "due, then the same two calls for each with the same number at once; it claims nothing, so two of them would "
        f"do everything twice. Telegram is the sandbox, at up to {RATE_PER_S} calls a second for the product.",
        "Seconds are from the second start. The product goes by the sandbox's clock, which is moved to the next tick "
        f"whenever a run has ended; without that there is one run a minute. A run deletes at most {RUN_MAX:,} "
        "deliveries, and the claims of the killed process expire after 2 minutes.",
        "`deleted twice` is what the killed process had deleted and not struck out; subscribers do not notice, for the "
        "messages are gone and the notice keeps its text. `lost`: subscribers who still see the content at the end.",
    ]
