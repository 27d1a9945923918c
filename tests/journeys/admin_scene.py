"""Two months of a channel owner's data in the in-memory store, served by the real web app on a local port."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from core.clock import ManualClock
from core.jobs import JobOutcome, RunReport
from core.statistics import Count, TopPost
from core.supervisor import Supervisor
from core.team.admins import Role
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import login_ops, run_ops, statistics_ops
from database.operations.counting import post_days
from database.team import Team
from schedulers import registry
from tests.web.auth.signing import ADMIN_TOKEN, MANAGER, OWNER, SECRET, add_admin, init_data
from web_app.app import build_app
from web_app.auth.mini_app import mini_app_key
from web_app.services import AdminServices, Keys, Services
from web_app.serving import WebServer

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 13, 41, 7, tzinfo=UTC)
DAYS, USERS = 60, 1_284
#: titles with markup, Cyrillic, backslashes and excess length: the page must show each as plain text
TITLES = (
    "Autumn wallpapers, 4K",
    'Presets <img src=x onerror="document.title=1">',
    "Полный архив уроков",
    "$\\frac{1}{2}$ price list",
    "A title nobody can read to the end, for it goes on and on, past every edge a phone has, and then some",
)
_COUNTS = {
    "message_deleter": {"deleted": 14, "gone": 1},
    "broadcast_sender": {"sent": 1_240, "blocked": 9},
    "broadcast_deleter": {"recalled": 0},
    "token_cleanup": {"tokens": 318},
    "token_count_reset": {"counts": 96},
    "statistics": {"days": 1},
    "housekeeping": {"runs": 2_880, "deliveries": 410},
    "health_check": {"probes": 5},
}


@dataclass
class Scene:
    """The running web app, its database and its clock, with shortcuts for tests of the admin page."""

    address: str
    db: Database
    clock: ManualClock

    async def link(self, user_id: int = OWNER) -> str:
        """Return a new sign-in link, as the admin bot's answer to /admin contains it."""
        return f"{self.address}/admin#{await login_ops.create(user_id, self.clock.now())}"

    def mini_app(self, user_id: int = OWNER) -> str:
        """Return the Mini App address that Telegram opens for the button under the admin bot's answer."""
        opened = {"tgWebAppData": init_data(user_id, self.clock.now()), "tgWebAppVersion": "8.0"}
        return f"{self.address}/admin#{urlencode(opened)}"

    async def run_what_is_asked_for(self, outcome: JobOutcome = JobOutcome.SUCCEEDED, error: str | None = None) -> int:
        """Start and finish every requested run, as the job process does within two seconds; return their number."""
        requested = await run_ops.find_requests()
        for run in requested:
            assert await run_ops.start_requested(run.id, "runner", self.clock.now(), 99)
            await self._end(run.id, run.job, outcome, error)
        return len(requested)

    async def ran(self, job: str, ago: timedelta, outcome: JobOutcome, error: str | None = None) -> None:
        """Store a finished run of `job` whose tick was `ago` before now."""
        at = self.clock.now() - ago
        run_id = await run_ops.start_run(job, at, "runner", at)
        assert run_id is not None
        await self._end(run_id, job, outcome, error, at)

    async def _end(
        self, run_id: str, job: str, outcome: JobOutcome, error: str | None, at: datetime | None = None
    ) -> None:
        counts = _COUNTS.get(job, {}) if outcome is JobOutcome.SUCCEEDED else {}
        report = RunReport(
            job, outcome, None, at or self.clock.now(), timedelta(seconds=0.42), counts, more=False, error=error
        )
        assert await run_ops.finish_run(run_id, report)


@asynccontextmanager
async def admin_scene() -> AsyncIterator[Scene]:
    """Serve the admin page with its data until the block ends."""
    clock = ManualClock(NOW)
    db = await open_database("memory://", "tollgate_test_admin_page", clock=clock)
    await ensure_indexes(db)
    server, tasks = WebServer(build_app(_services(clock))), Supervisor()
    port = server.listen("127.0.0.1", 0)
    task = tasks.spawn(server.serve(), "web app")
    scene = Scene(f"http://127.0.0.1:{port}", db, clock)
    try:
        await _live_a_month(scene)
        yield scene
    finally:
        db.before_call = None
        await server.stop()
        await asyncio.wait_for(task, 10)
        await db.drop()
        await close_database()


def _services(clock: ManualClock) -> Services:
    keys = Keys(SECRET, mini_app_key(ADMIN_TOKEN))
    admin = AdminServices(keys, Team({OWNER}, lambda: None, clock), registry.plans(ZONE), ZONE)
    return Services(clock, "https://t.me", b"the page's key", bot_username="gate_bot", admin=admin)


async def _live_a_month(scene: Scene) -> None:
    chance = random.Random(7)
    await _meet_people(scene)
    today = NOW.astimezone(ZONE).date()
    total = USERS - DAYS * 9
    for past in range(DAYS - 1, -1, -1):
        midnight = datetime.combine(today - timedelta(days=past), time(), tzinfo=ZONE).astimezone(UTC)
        total += 9
        counts, top = _a_day(chance, past), _top(chance)
        await statistics_ops.write_day(midnight, 1, NOW, counts, totals={Count.USERS: total}, posts=top)
        delivered = {(post.code, midnight): {"delivered": post.deliveries} for post in top}
        await post_days.add(past + 1, delivered)
    for job, ago in (
        ("message_deleter", 7),
        ("broadcast_sender", 3 * 3600 + 500),
        ("broadcast_deleter", 41 * 60 + 7),
        ("token_cleanup", 2 * 3600 + 41 * 60 + 7),
        ("token_count_reset", 14 * 3600 + 41 * 60 + 7),
        ("statistics", 2 * 3600 + 41 * 60 + 7),
        ("housekeeping", 12 * 3600 + 41 * 60 + 7),
        ("health_check", 7),
    ):
        await scene.ran(job, timedelta(seconds=ago), JobOutcome.SUCCEEDED)
    away = "OSError: [Errno 28] No space left on device: '/app/data/backups/2026-11-23.part'"
    await scene.ran("backup", timedelta(hours=11, minutes=41, seconds=7), JobOutcome.FAILED, away)


async def _meet_people(scene: Scene) -> None:
    seen = NOW - timedelta(hours=1)
    people = [
        {
            "user_id": 10_000 + number,
            "joined_at": NOW - timedelta(days=90),
            "last_seen_at": seen if number < 143 else NOW - timedelta(days=3),
            "blocked_at": NOW - timedelta(days=1) if number % 31 == 30 else None,
        }
        for number in range(USERS)
    ]
    await scene.db.collection("users").insert_many(people)
    promises = [{"chat_id": number, "delete_at": NOW + timedelta(minutes=number - 2)} for number in range(38)]
    await scene.db.collection("pending_deletions").insert_many(promises)
    posts = [
        {"code": f"code{at}", "number": at + 1, "title": title, "status": "live"} for at, title in enumerate(TITLES)
    ]
    await scene.db.collection("posts").insert_many(posts)
    await add_admin(scene.db, MANAGER, Role.MANAGER)


def _a_day(chance: random.Random, past: int) -> dict[Count, int]:
    weekend = 1.4 if past % 7 in (1, 2) else 1.0
    deliveries = int(chance.randint(120, 260) * weekend)
    verified = int(deliveries * chance.uniform(0.25, 0.4))
    is_sent = past % 9 == 4
    return {
        Count.NEW_USERS: chance.randint(4, 24),
        Count.ACTIVE_USERS: int(chance.randint(90, 190) * weekend),
        Count.TRIES: deliveries + 40,
        Count.DELIVERED: deliveries,
        Count.UNLOCKS: verified,
        Count.TOO_FAST: chance.randint(2, 14),
        Count.BROADCASTS: int(is_sent),
        Count.BROADCAST_COPIES: (1_150 + 9 * (DAYS - past) // 9) if is_sent else 0,
    }


def _top(chance: random.Random) -> list[TopPost]:
    wanted = sorted((chance.randint(5, 90) for _ in TITLES), reverse=True)
    return [TopPost(code=f"code{at}", title=title, deliveries=wanted[at]) for at, title in enumerate(TITLES)]
