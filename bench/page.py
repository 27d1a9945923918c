"""How fast the verification page answers at a given number of requests a second, beside a static page."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.numbers import grown, known, percentile, ratio
from bench.plan import Plan
from bench.report import Figure, Goal, shown
from bench.stores import Store, database_of, stores
from bench.subject import Subject, Usage, child, named, side_by_side
from bench.telegram import Telegram

METHODS = ("GET", "POST")
STATIC_NAME = "static page"
#: requests of each method, with tokens of their own, before the counting begins
WARM_UP = 20
#: nobody waits longer than this where the page keeps up with what is offered, in milliseconds
LONGEST_MS = 1000
COLUMNS = (
    "request",
    "p50 ms",
    "p99 ms",
    "longest ms",
    "p50 of static",
    "p99 of static",
    "commands",
    "CPU ms",
    "store CPU ms",
    "visitor's CPU ms",
    "left late p99 ms",
)


@dataclass(slots=True)
class Answered:
    """All loads of one method. Seconds; CPU is that of all requests together."""

    waits_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    #: bytes of one answer
    size: int = 0
    cpu_s: float = 0.0
    #: in memory a part of `cpu_s`, a server's beside it; NaN when nobody can tell
    store_s: float = 0.0
    visitors_s: float = 0.0
    commands: Counter[str] = field(default_factory=Counter)

    def add(self, seen: dict[str, Any], before: Usage, after: Usage, server_s: float) -> None:
        """One load more: what the visitors saw and what the page used."""
        self.waits_s += seen["waits_s"]
        self.late_s += seen["late_s"]
        self.statuses.update(seen["statuses"])
        self.size = seen["size"]
        self.visitors_s += seen["cpu_s"]
        self.cpu_s += after.cpu_s - before.cpu_s
        self.store_s += after.store_s - before.store_s + server_s
        self.commands.update(grown(before.commands, after.commands))

    @property
    def requests(self) -> int:
        return len(self.waits_s)

    @property
    def is_all_well(self) -> bool:
        """Every request was answered as it should be, and soon."""
        return self.statuses == {"200": self.requests} and self.wait_ms(100) <= LONGEST_MS

    def wait_ms(self, percent: float) -> float:
        return percentile(self.waits_s, percent) * 1000

    def each_ms(self, seconds: float) -> float:
        """`seconds` of all requests as milliseconds of one."""
        return ratio(seconds * 1000, self.requests)

    def numbers(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "p50_ms": self.wait_ms(50),
            "p99_ms": self.wait_ms(99),
            "longest_ms": self.wait_ms(100),
            "statuses": self.statuses,
            "bytes": self.size,
            "cpu_ms": self.each_ms(self.cpu_s),
            "store_cpu_ms": known(self.each_ms(self.store_s)),
            "visitors_cpu_ms": self.each_ms(self.visitors_s),
            "late_p99_ms": percentile(self.late_s, 99) * 1000,
            "commands": self.commands,
        }


@dataclass(slots=True)
class Side:
    """What answers: the web app on a store, or the static page."""

    name: str
    subject: Subject
    #: None: it has none
    store: Store | None = None
    url: str = ""
    #: nobody has used them yet, in this method
    tokens: list[str] = field(default_factory=list)
    by_method: dict[str, Answered] = field(default_factory=lambda: {method: Answered() for method in METHODS})
    #: tokens that were verified by all GETs, and by all POSTs
    verified: list[int] = field(default_factory=list)

    async def arrange(self, tokens: int, **more: Any) -> None:
        """Make so many tokens."""
        answer = await self.subject.ask("fresh", tokens=tokens, **more)
        self.url, self.tokens = answer["url"], answer["tokens"]

    def server_s(self) -> float:
        """CPU seconds of its server so far."""
        return 0.0 if self.store is None or self.store.is_memory else self.store.cpu_s()


async def measure(_: Telegram, plan: Plan) -> Figure:
    """All GETs, then all POSTs of the same tokens; the sides in turn, the order reversed from time to time."""
    columns = stores()
    async with side_by_side(child("visitors"), child("static_page"), *map(_web_on, columns)) as started:
        visitors, static, *webs = started
        sides = [Side(store.name, web, store) for store, web in zip(columns, webs, strict=True)]
        for side in sides:
            await side.arrange(_made(plan))
            sizes = {method: await _warm_up(plan, visitors, side, method) for method in METHODS}
        sides.append(Side(STATIC_NAME, static))
        await sides[-1].arrange(_made(plan), sizes=sizes)
        await _warm_up(plan, visitors, sides[-1], METHODS[0])
        for method in METHODS:
            for repeat in range(plan.repeats):
                for side in sides if repeat % 2 == 0 else sides[::-1]:
                    await _turn(plan, visitors, side, method, repeat)
            for side in sides[:-1]:
                side.verified.append((await side.subject.ask("verified"))["count"] - WARM_UP)
    return _figure(plan, sides)


def _web_on(store: Store) -> AbstractAsyncContextManager[Subject]:
    @asynccontextmanager
    async def start() -> AsyncIterator[Subject]:
        more = ("keyed",) if store.is_memory else ()
        async with database_of(store) as name, child("web", *more, environment=named(store, name)) as subject:
            yield subject

    return start()


def _each_turn(plan: Plan) -> int:
    return round(plan.page_rate * plan.page_s)


def _made(plan: Plan) -> int:
    return WARM_UP + plan.repeats * _each_turn(plan)


async def _warm_up(plan: Plan, visitors: Subject, side: Side, method: str) -> int:
    """The first requests; the bytes of an answer."""
    return int((await _visit(plan, visitors, side, method, side.tokens[:WARM_UP]))["size"])


async def _visit(plan: Plan, visitors: Subject, side: Side, method: str, tokens: list[str]) -> dict[str, Any]:
    return await visitors.ask("visits", url=side.url, method=method, tokens=tokens, per_second=plan.page_rate)


async def _turn(plan: Plan, visitors: Subject, side: Side, method: str, repeat: int) -> None:
    first = WARM_UP + repeat * _each_turn(plan)
    before, server_s = await side.subject.usage(), side.server_s()
    seen = await _visit(plan, visitors, side, method, side.tokens[first : first + _each_turn(plan)])
    server_s = side.server_s() - server_s
    side.by_method[method].add(seen, before, await side.subject.usage(), server_s)


def _figure(plan: Plan, sides: Sequence[Side]) -> Figure:
    figure = Figure(f"The verification page at {plan.page_rate} requests a second", COLUMNS)
    for method in METHODS:
        bare = sides[-1].by_method[method]
        figure.rows += [(f"{method} {side.name}", *_cells(side.by_method[method], bare)) for side in sides]
    figure.goals = [goal for side in sides[:-1] for goal in _goals(plan, side)]
    figure.notes = _notes(plan, sides)
    figure.numbers = {
        side.name: {method: answered.numbers() for method, answered in side.by_method.items()} for side in sides
    }
    return figure


def _cells(one: Answered, bare: Answered) -> tuple[str, ...]:
    return (
        *(shown(one.wait_ms(percent), 1) for percent in (50, 99, 100)),
        *(shown(ratio(one.wait_ms(percent), bare.wait_ms(percent)), 2) for percent in (50, 99)),
        shown(ratio(one.commands.total(), one.requests), 3),
        shown(one.each_ms(one.cpu_s), 2),
        shown(one.each_ms(one.store_s), 2),
        shown(one.each_ms(one.visitors_s), 2),
        shown(percentile(one.late_s, 99) * 1000, 1),
    )


def _goals(plan: Plan, side: Side) -> list[Goal]:
    goals = [
        Goal(
            f"{side.name}: all {one.requests:,} {method} answered with 200 within {LONGEST_MS:,} ms",
            f"{_by_status(one.statuses)}, the longest took {shown(one.wait_ms(100), 1)} ms",
            one.is_all_well,
        )
        for method, one in side.by_method.items()
    ]
    wanted = [0, plan.repeats * _each_turn(plan)]
    got = " and ".join(f"{count:,}" for count in side.verified)
    return [*goals, Goal(f"{side.name}: GETs verify no token, POSTs all {wanted[1]:,}", got, side.verified == wanted)]


def _by_status(statuses: Counter[str]) -> str:
    return ", ".join(
        f"{count:,} times {'no answer' if status == '0' else status}" for status, count in statuses.items()
    )


def _notes(plan: Plan, sides: Sequence[Side]) -> list[str]:
    sizes = " and ".join(f"{sides[0].by_method[method].size:,} bytes ({method})" for method in METHODS)
    notes = [
        f"Open loop: a request each {1000 / plan.page_rate:.0f} ms, evenly spaced, whether or not the ones before it "
        f"were answered; {plan.page_s:.0f} s for each side, the sides in turn, {plan.repeats} times over. Each "
        "request has a token of its own, POST those of GET. An answer's time runs from the moment its request was due "
        "until its last byte: what the visitors are late is within it. They are a process of their own (aiohttp, "
        "connections kept open); their CPU and how late their requests left stand in the last columns. Everything is "
        "per request.",
        f"`{STATIC_NAME}` is the same uvicorn with one Starlette handler that answers as many bytes ({sizes}) and asks "
        "nobody. GET is one find; POST one find and one conditional update; the settings are read once in 5 s. Tokens "
        "lead through a shortener, which is not asked.",
        "`in memory` is mongomock with look-ups by key (bench/keyed.py); its CPU is a part of the page's, a server's "
        "stands beside it.",
    ]
    if len(sides) > 2:
        notes.append(
            "`server` is that of MONGO_URI. SecantusDB, where that is the server, syncs each update before it answers "
            "(docs/decisions/0004) and shares the machine's cores with the page and the visitors."
        )
    return notes
