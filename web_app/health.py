"""What machines ask: is the process alive, is the house ready, and the metrics. For this machine and its network alone.

Nobody is asked who they are: a server in front that publishes the pages must leave these three out
(docs/monitoring.md).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse

from core.clock import Clock
from core.errors import TollgateError
from core.health import Health, Trouble
from database.connection import current_database
from database.operations import health_ops
from monitoring import metrics
from monitoring.health import show, time_ping

log = structlog.get_logger("tollgate.web_app")

#: seconds the database may take to answer
STORE_WITHIN_S = 1.0
#: seconds an answer serves everybody who asks: however many ask, the database is asked this often
READY_FOR_S = 1.0
METRICS_FOR_S = 5.0

_NO_STORE = {"Cache-Control": "no-store"}
_OF_BOTS = (Trouble.BOT_AWAY, Trouble.BOT_UNKNOWN, Trouble.WEBHOOK_SET)

Monotonic = Callable[[], float]
Check = dict[str, Any]


@dataclass(slots=True)
class _Kept:
    """The last answer to one question; those who ask while it is being found wait for the same one."""

    ask: Callable[[], Awaitable[Any]]
    keep_for_s: float
    monotonic: Monotonic
    lock: asyncio.Lock
    answer: Any = None
    asked_at: float | None = None

    async def get(self) -> Any:
        async with self.lock:
            if self.asked_at is None or self.monotonic() - self.asked_at >= self.keep_for_s:
                self.answer = await self.ask()
                self.asked_at = self.monotonic()
            return self.answer


def health_router(clock: Clock, monotonic: Monotonic = time.monotonic) -> APIRouter:
    """/healthz, /readyz and /metrics; the database is the process's open one."""
    metrics.add_process_metrics()
    router = APIRouter()

    async def look() -> tuple[bool, dict[str, Check]]:
        return await _look(clock.now())

    ready = _Kept(look, READY_FOR_S, monotonic, asyncio.Lock())
    shown = _Kept(_show_last_look, METRICS_FOR_S, monotonic, asyncio.Lock())

    @router.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> Response:
        # the loop came round to this line: nothing else is asked
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    async def readyz() -> Response:
        is_ready, checks = await ready.get()
        return JSONResponse({"ready": is_ready, "checks": checks}, 200 if is_ready else 503, headers=_NO_STORE)

    @router.api_route("/metrics", methods=["GET", "HEAD"])
    async def metrics_page() -> Response:
        await shown.get()
        text = generate_latest(metrics.REGISTRY)
        return Response(text, headers={**_NO_STORE, "Content-Type": CONTENT_TYPE_LATEST})

    return router


async def _look(now: datetime) -> tuple[bool, dict[str, Check]]:
    """Whether everything is ready, and each check by its name."""
    health, database = await asyncio.gather(_last_look(), _database())
    checks = {"database": database, "bots": _bots(health, now), "jobs": _jobs(health, now)}
    return all(check["ok"] for check in checks.values()), checks


async def _database() -> Check:
    took_s = await time_ping(_ping, STORE_WITHIN_S)
    if took_s is None:
        return {"ok": False, "problem": f"no answer within {STORE_WITHIN_S:.0f} s"}
    return {"ok": True, "took_ms": round(took_s * 1000)}


async def _ping() -> None:
    await current_database().ping()


async def _last_look() -> Health | None:
    try:
        async with asyncio.timeout(STORE_WITHIN_S):
            return await health_ops.find()
    except (TollgateError, TimeoutError) as error:
        log.debug("health.not_read", error=type(error).__name__)
        return None


async def _show_last_look() -> None:
    """Take what the last health check found into this process's metrics; without an answer they stay as they are."""
    health = await _last_look()
    if health is not None:
        show(health)


def _bots(health: Health | None, now: datetime) -> Check:
    problem = _unknown(health, now)
    if health is None or problem is not None:
        return {"ok": False, "problem": problem}
    bots = {bot.name: bot.is_ok for bot in health.bots}
    troubles = [finding.key for finding in health.findings if finding.trouble in _OF_BOTS]
    if not all(bots.values()) or troubles:
        return {"ok": False, "problem": ", ".join(troubles) or "a bot does not answer", **bots}
    return {"ok": True, **bots}


def _jobs(health: Health | None, now: datetime) -> Check:
    problem = _unknown(health, now)
    if health is None or problem is not None:
        return {"ok": False, "problem": problem}
    late = [finding.subject for finding in health.findings if finding.trouble is Trouble.JOB_OVERDUE]
    return {"ok": False, "problem": "overdue", "overdue": late} if late else {"ok": True}


def _unknown(health: Health | None, now: datetime) -> str | None:
    """Why nothing is known; None when something is."""
    if health is None:
        return "no health check has been made, or it cannot be read"
    if not health.is_fresh(now):
        return f"the last health check is {int((now - health.at).total_seconds())} s old"
    return None
