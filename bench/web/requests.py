"""How fast the verification page and the admin API answer, beside a static page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.harness.child import Child, running, running_on, side_by_side
from bench.harness.numbers import percentile, ratio
from bench.harness.report import Figure, Row
from bench.harness.stores import stores
from bench.harness.telegram import Telegram
from bench.plan import Plan

STATIC_NAME = "static page"
#: requests before each kind that are not counted
WARM_UP = 20
#: requests under way at any moment
AT_ONCE = 8
COLUMNS = {
    "request": 0,
    "answered by": 0,
    "requests/s": 0,
    "of static": 2,
    "p50 ms": 1,
    "p99 ms": 1,
    "CPU ms": 2,
    "bytes": 0,
    "not 200": 0,
}


@dataclass(slots=True)
class Side:
    """What answers one kind of request; its urls are used once each, in order."""

    name: str
    child: Child
    method: str
    urls: list[str]
    headers: Mapping[str, str] = field(default_factory=dict)
    used: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    size: int = 0
    waits_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    async def visited(self, visitors: Child, requests: int) -> dict[str, Any]:
        """Have `visitors` send so many requests."""
        urls = self.urls[self.used : self.used + requests]
        self.used += requests
        return await visitors.call("visit", method=self.method, urls=urls, headers=self.headers, at_once=AT_ONCE)

    async def measure(self, visitors: Child, requests: int) -> None:
        """The same, counted."""
        cpu_s = await self.child.cpu_s()
        seen = await self.visited(visitors, requests)
        self.cpu_s += await self.child.cpu_s() - cpu_s
        self.seconds += seen["seconds"]
        self.waits_s += seen["waits_s"]
        self.statuses.update(seen["statuses"])

    @property
    def per_s(self) -> float:
        return ratio(len(self.waits_s), self.seconds)


async def measure_page(_: Telegram, plan: Plan) -> list[Figure]:
    """Measure GET, then POST of the same pages."""
    figure = Figure("The verification page", COLUMNS, await _measured(plan, {"GET page": "GET", "POST page": "POST"}))
    figure.notes = [
        "Each request has a token of its own, POST those of GET. GET is one find, POST one find and one update.",
        *_notes(plan),
    ]
    return [figure]


async def measure_api(_: Telegram, plan: Plan) -> list[Figure]:
    """Measure the status of the jobs."""
    figure = Figure("The admin API", COLUMNS, await _measured(plan, {"GET status": "GET"}))
    figure.notes = [
        "The status of the jobs, with a session: that it was not signed out, the last run of every job and all leases "
        "are read from the database for each request.",
        *_notes(plan),
    ]
    return [figure]


async def _measured(plan: Plan, methods: Mapping[str, str]) -> list[Row]:
    """Measure the sides in turn, the order reversed from repetition to repetition."""
    columns, count = stores(), WARM_UP + plan.repeats * plan.requests
    async with side_by_side(
        running("web.visitors"),
        running("web.static_page"),
        *(running_on(store, "web.app") for store in columns),
    ) as (visitors, static, *apps):
        fresh = [await app.call("fresh", tokens=count) for app in apps]
        rows: list[Row] = []
        for request, method in methods.items():
            sides = []
            for store, app, made in zip(columns, apps, fresh, strict=True):
                urls = made["pages"] if request.endswith("page") else [made["status"]] * count
                sides.append(Side(store.name, app, method, urls, made["headers"]))
            for side in sides:
                side.size = (await side.visited(visitors, WARM_UP))["size"]
            url = (await static.call("fresh", size=sides[0].size))["url"]
            sides.append(Side(STATIC_NAME, static, method, [url] * count, size=sides[0].size))
            await sides[-1].visited(visitors, WARM_UP)
            for repeat in range(plan.repeats):
                for side in sides if repeat % 2 == 0 else sides[::-1]:
                    await side.measure(visitors, plan.requests)
            rows += _rows(request, sides)
    return rows


def _rows(request: str, sides: Sequence[Side]) -> list[Row]:
    return [
        (
            request,
            side.name,
            side.per_s,
            ratio(side.per_s, sides[-1].per_s),
            *(percentile(side.waits_s, percent) * 1000 for percent in (50, 99)),
            ratio(side.cpu_s * 1000, len(side.waits_s)),
            side.size,
            side.statuses.total() - side.statuses["200"],
        )
        for side in sides
    ]


def _notes(plan: Plan) -> list[str]:
    return [
        f"Closed loop: {AT_ONCE} requests under way, from a process of their own with connections kept open; "
        f"{plan.repeats} repetitions of {plan.requests:,} requests, the sides in turn. CPU is that of the answering "
        f"process for each request; in memory its store is a part of it. `{STATIC_NAME}` is the same uvicorn with one "
        "Starlette handler that answers as many bytes.",
    ]
