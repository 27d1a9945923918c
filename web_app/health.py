"""Probes for machines: /healthz (is the process alive), /readyz (are database, bots and jobs fine) and /metrics.

/healthz answers everybody, the others whom `web_app.ops` lets in (docs/monitoring.md).
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse

from core.clock import Clock
from core.errors import TollgateError
from core.health.findings import Health, Trouble
from core.processes.polling_lease import UNPOLLED
from database.connection import current_database
from database.operations import health_ops
from monitoring import metrics
from monitoring.health import set_health_metrics, time_ping
from web_app.cached_result import CachedResult
from web_app.hosts import ALIVE
from web_app.ops import OpsAccess, Reach

log = structlog.get_logger("tollgate.web_app")

#: seconds the database may take to answer
STORE_WITHIN_S = 1.0
#: seconds a result is cached: the interval at which the database is queried, however many probes there are
READY_FOR_S = 1.0
METRICS_FOR_S = 5.0

#: the checks of /readyz
CHECKS = ("database", "bots", "jobs")

_NO_STORE = {"Cache-Control": "no-store"}
_OF_BOTS = (
    Trouble.BOT_AWAY,
    Trouble.BOT_UNKNOWN,
    Trouble.WEBHOOK_SET,
    Trouble.WEBHOOK_LOST,
    Trouble.SECOND_POLLER,
    Trouble.NOBODY_POLLS,
)

Check = dict[str, Any]


def health_router(clock: Clock, access: OpsAccess, update_states: Mapping[str, str] | None = None) -> APIRouter:
    """The routes of /healthz, and of /readyz and /metrics unless `access` lets nobody in. They use the open database.

    `update_states`: how this process takes the updates of each bot, as it is now.
    """
    router = APIRouter()

    @router.api_route(ALIVE, methods=["GET", "HEAD"])
    async def healthz() -> Response:
        # that the event loop runs this line is all there is to check
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    if access.reach is not Reach.NOWHERE:
        router.include_router(_ops_router(clock, access, update_states))
    return router


def _ops_router(clock: Clock, access: OpsAccess, update_states: Mapping[str, str] | None) -> APIRouter:
    metrics.add_process_metrics()
    router = APIRouter(dependencies=[Depends(access)])

    async def check() -> dict[str, Check]:
        return await _check_all(clock.now())

    readiness = CachedResult(check, READY_FOR_S, clock)
    updated_metrics = CachedResult(_update_metrics, METRICS_FOR_S, clock)

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    async def readyz(exclude: Annotated[list[str], Query(default_factory=list)]) -> Response:
        # the bots and the jobs are those of all processes: a probe that decides about one of them excludes both
        unknown = sorted(set(exclude) - set(CHECKS))
        if unknown:
            return PlainTextResponse(f"exclude: {', '.join(CHECKS)} are expected\n", 400, headers=_NO_STORE)
        checks = {name: check for name, check in (await readiness.get()).items() if name not in exclude}
        if update_states:
            # a process that stands by is ready: it takes over
            checks["updates"] = {"ok": UNPOLLED not in update_states.values(), **update_states}
        is_ready = all(check["ok"] for check in checks.values())
        return JSONResponse({"ready": is_ready, "checks": checks}, 200 if is_ready else 503, headers=_NO_STORE)

    @router.api_route("/metrics", methods=["GET", "HEAD"])
    async def metrics_page() -> Response:
        await updated_metrics.get()
        text = generate_latest(metrics.REGISTRY)
        return Response(text, headers={**_NO_STORE, "Content-Type": CONTENT_TYPE_LATEST})

    return router


async def _check_all(now: datetime) -> dict[str, Check]:
    """Make each check of CHECKS, by its name."""
    health, database = await asyncio.gather(_last_health_check(), _check_database())
    return {"database": database, "bots": _check_bots(health, now), "jobs": _check_jobs(health, now)}


async def _check_database() -> Check:
    took_s = await time_ping(_ping, STORE_WITHIN_S)
    if took_s is None:
        return {"ok": False, "problem": f"no answer within {STORE_WITHIN_S:.0f} s"}
    try:
        async with asyncio.timeout(STORE_WITHIN_S):
            refused = await current_database().writes.known()
    except (TollgateError, TimeoutError) as error:
        refused = type(error).__name__
    if refused is not None:
        return {"ok": False, "problem": f"takes no writes: {refused}"}
    return {"ok": True, "took_ms": round(took_s * 1000)}


async def _ping() -> None:
    await current_database().ping()


async def _last_health_check() -> Health | None:
    """The stored result of the job `health_check`; None when there is none, or the database does not answer in time."""
    try:
        async with asyncio.timeout(STORE_WITHIN_S):
            return await health_ops.find()
    except (TollgateError, TimeoutError) as error:
        log.debug("health.not_read", error=type(error).__name__)
        return None


async def _update_metrics() -> None:
    """Copy the last health check into this process's metrics; they stay unchanged when it cannot be read."""
    health = await _last_health_check()
    if health is not None:
        set_health_metrics(health)


def _check_bots(health: Health | None, now: datetime) -> Check:
    problem = _staleness(health, now)
    if health is None or problem is not None:
        return {"ok": False, "problem": problem}
    bots = {bot.name: bot.is_ok for bot in health.bots}
    troubles = [finding.key for finding in health.findings if finding.trouble in _OF_BOTS]
    if not all(bots.values()) or troubles:
        return {"ok": False, "problem": ", ".join(troubles) or "a bot does not answer", **bots}
    return {"ok": True, **bots}


def _check_jobs(health: Health | None, now: datetime) -> Check:
    problem = _staleness(health, now)
    if health is None or problem is not None:
        return {"ok": False, "problem": problem}
    late = [finding.subject for finding in health.findings if finding.trouble is Trouble.JOB_OVERDUE]
    return {"ok": False, "problem": "overdue", "overdue": late} if late else {"ok": True}


def _staleness(health: Health | None, now: datetime) -> str | None:
    """Why the health check says nothing about now; None when it does."""
    if health is None:
        return "no health check has been made, or it cannot be read"
    if not health.is_fresh(now):
        return f"the last health check is {int((now - health.at).total_seconds())} s old"
    return None
