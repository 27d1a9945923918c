"""What the web app does when it is offered more requests than it can answer, beside a bare Starlette app."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout

from bench.harness.child import Child, running, running_on, side_by_side
from bench.harness.numbers import percentile, ratio
from bench.harness.report import Figure, Row
from bench.harness.stores import find_server, stores
from bench.harness.telegram import Telegram
from bench.harness.usage import descriptors_of, rss_bytes_of
from bench.plan import Plan
from core.supervisor import Supervisor

#: connections of the client
CONNECTIONS = 200
#: seconds between two looks at the server, and until one of its probes has failed
LOOK_EVERY_S, PROBE_WITHIN_S = 0.5, 5.0
#: pages that are asked for in turn
TOKENS = 500
#: requests a second and seconds before the measurement: what is built at first use is built then
WARM_UP_PER_S, WARM_UP_S = 50.0, 1.0
KNOWN = (200, 404, 429, 503)
REQUESTS = {
    "requests to": 0,
    "offered": 0,
    "sent": 0,
    **{str(status): 0 for status in KNOWN},
    "other": 0,
    "errors": 0,
    "answers/s": 0,
    **dict.fromkeys(("p50 ms", "p95 ms", "p99 ms", "max ms", "p99 sent"), 0),
    "client CPU": 2,
}
SERVER = {
    "requests to": 0,
    **dict.fromkeys(("MB before", "at most", "after"), 1),
    **dict.fromkeys(("open before", "at most ", "after "), 0),
    "probes": 0,
    "failed": 0,
    **dict.fromkeys(("p50 ms", "max ms", "next ms"), 1),
    "next": 0,
}


@dataclass(frozen=True, slots=True)
class Target:
    """A server and what is asked of it."""

    name: str
    child: Child
    urls: Sequence[str]
    #: asked for beside the load
    probe: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Watched:
    """What was seen of the server from outside while the load went on."""

    rss_bytes: list[float] = field(default_factory=list)
    descriptors: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    failed: int = 0


async def measure(_: Telegram, plan: Plan) -> list[Figure]:
    """Offer the load to each target in turn."""
    store = stores()[-1]
    async with side_by_side(
        running("load.generator"),
        running("web.static_page"),
        running_on(store, "web.app"),
        running_on(store, "web.app", "limits"),
    ) as (generator, bare, free, limited):
        targets = [
            *await _of_app("no limits", free),
            *await _of_app("limits", limited),
        ]
        url = (await bare.call("fresh", size=2))["url"]
        targets.append(Target("bare Starlette", bare, [url], url))
        measured = [await _measured(generator, target, plan) for target in targets]
    requests = Figure(f"{plan.offered_per_s:,.0f} requests a second offered", REQUESTS)
    server = Figure("The server beside it", SERVER)
    for target, (load, row) in zip(targets, measured, strict=True):
        requests.rows.append(_row(target.name, load))
        server.rows.append((target.name, *row))
    requests.notes, server.notes = _notes(plan), _notes_of_server()
    return [requests, server]


async def _of_app(name: str, app: Child) -> list[Target]:
    made = await app.call("fresh", tokens=TOKENS)
    parts = urlsplit(made["status"])
    probe = f"{parts.scheme}://{parts.netloc}/healthz"
    return [
        Target(f"/v/…, {name}", app, made["pages"], probe),
        Target(f"/api/…, {name}", app, [made["status"]], probe, made["headers"]),
    ]


async def _measured(generator: Child, target: Target, plan: Plan) -> tuple[dict[str, Any], Row]:
    """Offer the load; return what became of it, and what the server showed. Raises ChildEnded when it ends."""
    await _load(generator, target, plan, WARM_UP_PER_S, WARM_UP_S)
    before, seen = await target.child.call("standing"), Watched()
    tasks = Supervisor()
    async with ClientSession(timeout=ClientTimeout(total=PROBE_WITHIN_S)) as probing:
        tasks.spawn(_look(seen, Path(f"/proc/{before['pid']}")), "looks")
        tasks.spawn(_probe(seen, probing, target.probe), "probes")
        try:
            load = await _load(generator, target, plan, plan.offered_per_s, plan.offered_s)
        finally:
            await tasks.close()
    status, wait_s = await _next(target)
    after = await target.child.call("standing")
    row = (
        *_three(before["rss_bytes"], seen.rss_bytes, after["rss_bytes"], 1e-6),
        *_three(before["descriptors"], seen.descriptors, after["descriptors"], 1),
        len(seen.waits_s) + seen.failed,
        seen.failed,
        percentile(seen.waits_s, 50) * 1000,
        percentile(seen.waits_s, 100) * 1000,
        wait_s * 1000,
        status,
    )
    return load, row


async def _load(generator: Child, target: Target, plan: Plan, per_s: float, seconds: float) -> dict[str, Any]:
    return await generator.call(
        "load",
        urls=target.urls,
        headers=target.headers,
        per_s=per_s,
        seconds=seconds,
        patience_s=plan.patience_s,
        connections=CONNECTIONS,
    )


async def _look(seen: Watched, folder: Path) -> None:
    """Note memory and descriptors of the process with this folder in /proc, until cancelled."""
    while True:
        for found, into in ((rss_bytes_of(folder), seen.rss_bytes), (descriptors_of(folder), seen.descriptors)):
            if found is not None:
                into.append(found)
        await asyncio.sleep(LOOK_EVERY_S)


async def _probe(seen: Watched, probing: ClientSession, url: str) -> None:
    """Ask for `url` each LOOK_EVERY_S over a new connection, as probes do, until cancelled."""
    while True:
        started_at = time.perf_counter()
        try:
            async with probing.get(url, headers={"Connection": "close"}) as answer:
                is_ok = answer.status == 200
        except (ClientError, TimeoutError):
            is_ok = False
        wait_s = time.perf_counter() - started_at
        if is_ok:
            seen.waits_s.append(wait_s)
        else:
            seen.failed += 1
        await asyncio.sleep(max(0.0, LOOK_EVERY_S - wait_s))


async def _next(target: Target) -> tuple[str, float]:
    """Send one more request right after the load; return its status and seconds."""
    async with ClientSession(timeout=ClientTimeout(total=PROBE_WITHIN_S)) as session:
        started_at = time.perf_counter()
        try:
            async with session.get(target.urls[0], headers=target.headers) as answer:
                await answer.read()
        except (ClientError, TimeoutError) as error:
            return type(error).__name__, math.nan
        return str(answer.status), time.perf_counter() - started_at


def _three(before: int | None, during: Sequence[float], after: int | None, unit: float) -> tuple[float, float, float]:
    start, end = (math.nan if one is None else float(one) for one in (before, after))
    return start * unit, max(during, default=math.nan) * unit, end * unit


def _row(name: str, load: Mapping[str, Any]) -> Row:
    statuses = Counter({int(status): count for status, count in load["statuses"].items()})
    return (
        name,
        load["offered"],
        load["sent"],
        *(statuses[status] for status in KNOWN),
        statuses.total() - sum(statuses[status] for status in KNOWN),
        sum(load["errors"].values()),
        ratio(statuses.total(), load["seconds"]),
        *(wait_s * 1000 for wait_s in load["waits_s"]),
        load["p99_from_sending_s"] * 1000,
        ratio(load["cpu_s"], load["seconds"]),
    )


def _notes(plan: Plan) -> list[str]:
    where = "in memory" if find_server() is None else "on the server of MONGO_URI"
    return [
        f"Open loop for {plan.offered_s:.0f} s: the moments of sending are fixed beforehand and waits count from them. "
        f"{CONNECTIONS} connections, kept open, one request under way on each. What finds none free within "
        f"{plan.patience_s:g} s is given up unsent and counts as a wait of that long; `p99 sent` counts from the "
        "sending and leaves out what was given up, as a closed loop would.",
        f"Client and server are processes of their own, both with the store ({where}) on the machine's cores. "
        "`client CPU` is of one core: near 1.00 it is the client that could not send more.",
        f"/v/… are {TOKENS} pages in turn, /api/… is the status of the jobs with a session. `limits`: as they are, per "
        "address and minute, all from one address.",
    ]


def _notes_of_server() -> list[str]:
    return [
        "Memory is RSS in MB, before and after trimmed to what is in use; `open` counts descriptors. Probes ask for "
        f"/healthz (of the bare app: its page) every {LOOK_EVERY_S} s over a new connection and fail after "
        f"{PROBE_WITHIN_S:.0f} s. `next` is one more request right behind the last answer, and its status.",
    ]
