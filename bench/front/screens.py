"""Commands and calls of the team's screens, of a year's statistics, and of an erasure; counted in memory."""

import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.harness.report import Figure, Row
from bench.harness.telegram import Telegram
from bench.plan import Plan
from config import MEMORY_STORE
from core.clock import ManualClock
from core.statistics import Count
from core.statistics.periods import Period
from core.users import Visitor
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import statistics_ops, user_ops
from database.operations.erasures import erasing, erasure_ops
from tests.bots.admin_bot.conftest import AdminBot, running
from tests.operations.erasures.filled import ALICE, fill, found_in
from views.navigation import Section, data_of

#: reads kept for five seconds, whichever screen is open
SHARED = frozenset({"admin_config", "admins", "shorteners", "incidents", "channels"})
#: a picker, and a link that works once: messages of their own
_OF_THEIR_OWN = (Section.STORAGE, Section.WEB_PAGE)
_NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
_ZONE = ZoneInfo("Europe/Berlin")
DAYS = 365


async def measure_screens(_: Telegram, plan: Plan) -> list[Figure]:
    """Open each section by its button."""
    figure = Figure("Screens of the admin bot", {"section": 0, "calls": 0, "commands": 0, "shared": 0})
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as admin:
            for number in range(7):
                await admin.say(f"post {number}")
                visitor = Visitor(user_id=500 + number, first_name="Ann")
                await user_ops.upsert_visitor(visitor, admin.clock.now())
            await admin.say("/menu")
            shown = list(admin.world.screens)[-1]
            for section in Section:
                if section not in _OF_THEIR_OWN:
                    figure.rows.append(await _opened(admin, section, shown))
    figure.notes = [
        "Calls: to Telegram, the answer of the press and the edit. Commands: to the database. Shared: those of "
        "settings, team, channels, shorteners and incidents, which a process keeps for five seconds, here all read "
        "anew. tests/bots/admin_bot/test_screen_costs.py holds each section to three commands of its own, and names "
        "those that have more.",
    ]
    return [figure]


async def _opened(admin: AdminBot, section: Section, shown: int) -> Row:
    admin.clock.move(timedelta(minutes=1))
    calls, commands = len(admin.world.calls), Counter[bool]()
    admin.database.before_call = lambda operation, collection: commands.update([collection in SHARED])
    await admin.callback(data_of(section), message_id=shown)
    admin.database.before_call = None
    return (section.name.lower(), float(len(admin.world.calls) - calls), float(commands[False]), float(commands[True]))


async def measure_promises(_: Telegram, plan: Plan) -> list[Figure]:
    """A year of statistics, and an erasure by a clock of its own."""
    clock = ManualClock(_NOW)
    db = await open_database(MEMORY_STORE, "tollgate_bench_front", clock=clock)
    try:
        await ensure_indexes(db)
        return [await _statistics(db), await _erasure(db, clock)]
    finally:
        await close_database()


async def _statistics(db: Database) -> Figure:
    figure = Figure(f"Statistics of {DAYS} days", {"period": 0, "commands": 0, "days": 0, "ms in memory": 1})
    for number in range(DAYS):
        counters = {name.value: number % 50 for name in Count}
        await statistics_ops.add_once(_NOW - timedelta(days=number, hours=12), f"k{number}", counters)
    for period in Period:
        db.calls.clear()
        started = time.perf_counter()
        found = await statistics_ops.overview(period, _NOW, _ZONE)
        took_ms = (time.perf_counter() - started) * 1000
        days = float(DAYS if period.days is None else 2 * period.days)
        figure.rows.append((period.value, float(db.calls.total()), days, took_ms))
        assert found.period is period
    return figure


async def _erasure(db: Database, clock: ManualClock) -> Figure:
    columns = {"after s": 0, "collections with the id": 0, "commands so far": 0}
    figure = Figure("An erasure, by the clock", columns)
    await fill(db, ALICE, clock.now())
    # what is to be counted leaves its row within a second
    await db.collection("deliveries").update_many({}, {"$unset": {"uncounted": ""}})
    begun, commands = clock.now(), 0
    db.calls.clear()
    figure.rows.append((0.0, float(len(await found_in(db, ALICE))), 0.0))
    row = await erasure_ops.begin("a" * 64, ALICE, begun)
    db.calls.clear()
    await erasing.take_step(row, begun)
    while True:
        commands += db.calls.total()
        after = float((clock.now() - begun).total_seconds())
        figure.rows.append((after, float(len(await found_in(db, ALICE))), float(commands)))
        if not await erasure_ops.find_due(clock.now() + timedelta(days=1), 1):
            break
        clock.move(timedelta(seconds=5))
        db.calls.clear()
        for due in await erasure_ops.find_due(clock.now(), 1):
            await erasing.take_step(due, clock.now())
    figure.notes = [
        "A subscriber with something in every collection; what is left at the end is what has to be deleted from the "
        "chat (docs/privacy.md). The job looks every few seconds, here every five.",
    ]
    return figure
