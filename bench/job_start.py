"""How late a job's work begins: after its tick, with a lease and a row before it, beside a timer that has neither."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bench.numbers import percentile, ratio
from bench.plan import Plan
from bench.report import Figure, shown
from bench.stores import Store, database_of, stores
from bench.telegram import Telegram
from core.clock import SystemClock
from core.jobs import Counts
from core.schedules import Every
from database.connection import close_database, open_database
from database.indexes import ensure_indexes
from database.operations import run_ops
from schedulers.registry import JobContext
from schedulers.requests import Requests
from schedulers.runner import Run
from schedulers.scheduler import ScheduledJob

JOB = "bench"
SECOND = Every(timedelta(seconds=1), ZoneInfo("UTC"))
#: a tick that is never met while this measures
SELDOM = Every(timedelta(days=7), ZoneInfo("UTC"))
COLUMNS = ("store", "what", "times", "p50 ms", "p99 ms", "longest ms")
TICK, ASKED, BARE = "a tick", "run now, from another process", "APScheduler alone"


class Noting:
    """A job that says when it was begun."""

    name = JOB

    def __init__(self) -> None:
        self.begun: asyncio.Queue[float] = asyncio.Queue()

    async def __call__(self, run: Run) -> Counts:
        self.begun.put_nowait(run.now().timestamp())
        return Counts()


async def measure(_: Telegram, plan: Plan) -> Figure:
    """Each store by ticks and by wishes, then the timer alone."""
    figure = Figure("How long after its time a job's work begins", COLUMNS)
    for store in stores():
        for what, late in ((TICK, _ticks), (ASKED, _asked)):
            _note(figure, store.name, what, await _on(store, plan.ticks, late))
    _note(figure, "none", BARE, await _bare(plan.ticks))
    figure.notes = [
        f"`{TICK}`: lease, row, then the work, each second; jitter off. The timer alone has one process, remembers "
        f"nothing and repeats nothing. `{ASKED}`: a row that waits, looked for every two seconds."
    ]
    bare = figure.numbers["none"][BARE]["p50_s"]
    ticked = figure.numbers[stores()[0].name][TICK]["p50_s"]
    figure.notes.append(f"Median of a tick in memory to the timer alone: {ratio(ticked, bare):.1f}.")
    return figure


def _note(figure: Figure, store: str, what: str, late_s: list[float]) -> None:
    p50, p99, longest = percentile(late_s, 50), percentile(late_s, 99), max(late_s)
    cells = (shown(1000 * p50, 1), shown(1000 * p99, 1), shown(1000 * longest, 1))
    figure.rows.append((store, what, str(len(late_s)), *cells))
    figure.numbers.setdefault(store, {})[what] = {"p50_s": p50, "p99_s": p99, "longest_s": longest}


async def _on(store: Store, times: int, late: Callable[[JobContext, int], Awaitable[list[float]]]) -> list[float]:
    async with database_of(store) as name:
        await ensure_indexes(await open_database(store.uri, name))
        try:
            return await late(JobContext(), times)
        finally:
            await close_database()


async def _ticks(context: JobContext, times: int) -> list[float]:
    job = Noting()
    scheduled = context.scheduled(job, SECOND)
    scheduled.start()
    try:
        return [(await job.begun.get()) % 1 for _ in range(times)]
    finally:
        await _end(scheduled)


async def _asked(context: JobContext, times: int) -> list[float]:
    job = Noting()
    scheduled = context.scheduled(job, SELDOM)
    requests = Requests({JOB: scheduled}, context.clock)
    requests.start()
    late_s = []
    try:
        for number in range(times):
            await asyncio.sleep(0.1 + number % 10 / 10)  # at any moment between two looks
            asked_at = context.clock.now()
            await run_ops.request_run(JOB, asked_at, 1)
            late_s.append(await job.begun.get() - asked_at.timestamp())
    finally:
        requests.stop()
        await requests.ended()
    return late_s


async def _end(scheduled: ScheduledJob) -> None:
    scheduled.stop()
    await scheduled.ended()


async def _bare(times: int) -> list[float]:
    begun: asyncio.Queue[float] = asyncio.Queue()
    clock = SystemClock()

    async def work() -> None:
        begun.put_nowait(clock.now().timestamp())

    timer = AsyncIOScheduler(timezone="UTC")
    timer.add_job(work, "cron", second="*")
    timer.start()
    try:
        return [(await begun.get()) % 1 for _ in range(times)]
    finally:
        timer.shutdown(wait=False)
