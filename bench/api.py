"""How fast the API tells the status of the jobs beside a static page, and what schemathesis finds."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.numbers import grown, known, percentile, ratio
from bench.plan import Plan
from bench.report import Figure, Goal, shown
from bench.stores import Store, database_of, stores
from bench.subject import Subject, Usage, child, named, side_by_side
from bench.telegram import Telegram

STATIC_NAME = "static page"
#: requests before the counting begins
WARM_UP = 20
#: requests under way at any moment: a handful of operators with a page each
AT_ONCE = 8
COLUMNS = ("GET", "requests/s", "beside static", "p50 ms", "p99 ms", "commands", "CPU ms", "store CPU ms", "bytes")


@dataclass(slots=True)
class Side:
    """What answers: the API on a store, or the static page."""

    name: str
    subject: Subject
    store: Store | None = None
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_s: float = 0.0
    #: in memory a part of `cpu_s`, a server's beside it
    store_s: float = 0.0
    size: int = 0
    waits_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)

    def server_s(self) -> float:
        """CPU seconds of its server so far."""
        return 0.0 if self.store is None or self.store.is_memory else self.store.cpu_s()

    def add(self, seen: dict[str, Any], before: Usage, after: Usage, server_s: float) -> None:
        self.seconds += seen["seconds"]
        self.size = seen["size"]
        self.waits_s += seen["waits_s"]
        self.statuses.update(seen["statuses"])
        self.cpu_s += after.cpu_s - before.cpu_s
        self.store_s += after.store_s - before.store_s + server_s
        self.commands.update(grown(before.commands, after.commands))

    @property
    def requests(self) -> int:
        return len(self.waits_s)

    @property
    def per_s(self) -> float:
        return ratio(self.requests, self.seconds)

    def each_ms(self, seconds: float) -> float:
        return ratio(seconds * 1000, self.requests)


async def measure(_: Telegram, plan: Plan) -> Figure:
    """The sides in turn, the order reversed from time to time; then the fuzzing."""
    columns = stores()
    async with side_by_side(child("api_callers"), child("static_page"), *map(_desk_on, columns)) as started:
        callers, static, *desks = started
        sides = [Side(store.name, desk, store) for store, desk in zip(columns, desks, strict=True)]
        for side in sides:
            answer = await side.subject.ask("fresh")
            side.url, side.headers = answer["url"], answer["headers"]
            size = (await _call(callers, side, WARM_UP))["size"]
        page = await static.ask("fresh", tokens=1, sizes={"GET": size})
        sides.append(Side(STATIC_NAME, static, url=page["url"] + page["tokens"][0]))
        await _call(callers, sides[-1], WARM_UP)
        for repeat in range(plan.repeats):
            for side in sides if repeat % 2 == 0 else sides[::-1]:
                await _turn(callers, side, plan.api_requests)
    async with child("api_fuzz") as subject:
        fuzzed = await subject.ask("fuzz", examples=plan.fuzz_examples)
    return _figure(sides, fuzzed)


def _desk_on(store: Store) -> AbstractAsyncContextManager[Subject]:
    @asynccontextmanager
    async def start() -> AsyncIterator[Subject]:
        async with database_of(store) as name, child("api_desk", environment=named(store, name)) as subject:
            yield subject

    return start()


async def _call(callers: Subject, side: Side, requests: int) -> dict[str, Any]:
    return await callers.ask("calls", url=side.url, headers=side.headers, requests=requests, at_once=AT_ONCE)


async def _turn(callers: Subject, side: Side, requests: int) -> None:
    before, server_s = await side.subject.usage(), side.server_s()
    seen = await _call(callers, side, requests)
    server_s = side.server_s() - server_s
    side.add(seen, before, await side.subject.usage(), server_s)


def _figure(sides: list[Side], fuzzed: dict[str, Any]) -> Figure:
    figure = Figure("The API: the status of the jobs, and schemathesis", COLUMNS)
    figure.rows = [_row(side, sides[-1]) for side in sides]
    requests = sum(count for *_, count in fuzzed["statuses"])
    figure.goals = [
        *(
            Goal(
                f"{side.name}: all {side.requests:,} answered with 200",
                ", ".join(f"{count:,} times {status}" for status, count in side.statuses.items()),
                side.statuses == {"200": side.requests},
            )
            for side in sides[:-1]
        ),
        Goal(
            f"schemathesis: 0 server errors in {requests:,} requests",
            f"{fuzzed['server_errors']:,}",
            fuzzed["server_errors"] == 0,
        ),
        Goal("and nothing it complains of", f"{len(fuzzed['complaints'])}", not fuzzed["complaints"]),
    ]
    figure.notes = [*_notes(), *fuzzed["complaints"]]
    figure.numbers = {side.name: _numbers(side) for side in sides} | {"schemathesis": fuzzed}
    return figure


def _row(side: Side, bare: Side) -> tuple[str, ...]:
    return (
        side.name,
        shown(side.per_s),
        shown(ratio(side.per_s, bare.per_s), 2),
        *(shown(percentile(side.waits_s, percent) * 1000, 1) for percent in (50, 99)),
        shown(ratio(side.commands.total(), side.requests), 2),
        shown(side.each_ms(side.cpu_s), 2),
        shown(side.each_ms(side.store_s), 2),
        shown(side.size),
    )


def _numbers(side: Side) -> dict[str, Any]:
    return {
        "requests": side.requests,
        "per_s": known(side.per_s),
        "p50_ms": percentile(side.waits_s, 50) * 1000,
        "p99_ms": percentile(side.waits_s, 99) * 1000,
        "cpu_ms": side.each_ms(side.cpu_s),
        "store_cpu_ms": known(side.each_ms(side.store_s)),
        "commands": side.commands,
        "statuses": side.statuses,
    }


def _notes() -> list[str]:
    return [
        f"Closed loop: {AT_ONCE} callers in a process of their own (aiohttp, connections kept open), each asking again "
        "when it was answered. Each request has a session: its token is checked, that it was not signed out is asked "
        "of the database, then the last run of every job and all leases. Everything is per request.",
        f"`{STATIC_NAME}` is the same uvicorn with one Starlette handler that answers as many bytes and asks nobody.",
        "schemathesis makes requests from the API's own description, good and bad ones, with a session, in memory; it "
        "also checks statuses, shapes and headers, and that nothing is answered without the session.",
    ]
