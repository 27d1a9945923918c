"""Memory of the product's process while people come."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from bench.numbers import ratio
from bench.plan import ITEMS, Plan
from bench.report import Figure, shown
from bench.subject import Subject, Usage, is_memory_store, running, side_by_side
from bench.telegram import BARE, PRODUCT, TOKENS, Telegram

AT_ONCE = 20
#: a step with a line of its own, and how many come before the clock is looked at
STEP, HANDFUL = 2000, 100
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Point:
    """Memory in bytes after so many people."""

    people: int
    rss: int


@dataclass(frozen=True, slots=True)
class Live:
    """Bytes of the Python objects alive: at the start, at the end, and with the store emptied then."""

    start: int
    full: int
    emptied: int


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """Everybody gets one post, step by step, until all have it or the time is up."""
    async with side_by_side(
        running("product", telegram.url, TOKENS[PRODUCT], "keyed"), running("bare", telegram.url, TOKENS[BARE])
    ) as (product, bare):
        beside = await _trimmed(bare)
        (code,) = await product.fresh(telegram.store(ITEMS), 1)
        points = [Point(0, await _trimmed(product))]
        live_at_start = int((await product.ask("live"))["bytes"])
        give_up_at = time.monotonic() + plan.people_limit_s
        for people in _handfuls(plan.people):
            newcomers = [telegram.new_person() for _ in range(people - points[-1].people)]
            await telegram.deliver_to_all(PRODUCT, newcomers, code, ITEMS, AT_ONCE)
            telegram.forget(newcomers)
            points.append(Point(people, await _trimmed(product)))
            if time.monotonic() > give_up_at:
                break
        used = await product.usage()
        emptied = await product.ask("empty_store")
    live = Live(live_at_start, int(emptied["live_before"]), int(emptied["live_after"]))
    return _figure(plan, points, live, beside, used)


async def _trimmed(product: Subject) -> int:
    """The memory after garbage collection, with what is free given back to the system."""
    return int((await product.ask("trim"))["rss_bytes"])


def _handfuls(people: int) -> Iterator[int]:
    yield from range(HANDFUL, people, HANDFUL)
    yield people


def _figure(plan: Plan, points: list[Point], live: Live, beside: int, used: Usage) -> Figure:
    start, warm, last = points[0], points[1], points[-1]
    per_person = ratio(last.rss - warm.rss, last.people - warm.people)
    figure = Figure(
        f"Memory of the product's process (RSS) after {plan.people:,} people", ("people", "MB", "above the start")
    )
    shown_at = {start.people, warm.people, last.people, *range(0, last.people, STEP)}
    figure.rows = [_row(f"{point.people:,}", point.rss, start) for point in points if point.people in shown_at]
    figure.rows.append(("bare aiogram, start", shown(beside / MB, 1), ""))
    reached = (
        f"All {last.people:,} people came." if last.people >= plan.people else _not_reached(plan, last, per_person)
    )
    figure.notes = [
        f"{reached} Each is new and has one delivery of {ITEMS} items: {per_person:,.0f} bytes a person between "
        f"{warm.people} and {last.people:,} people. {_whose(live)}",
        "Measured after garbage collection and malloc_trim; the start is with both bots known to the sandbox and the "
        f"post made. {_store_used()}",
    ]
    figure.numbers = {
        "people": last.people,
        "wanted": plan.people,
        "start_bytes": start.rss,
        "rss_bytes": last.rss,
        "bare_start_bytes": beside,
        "live_start_bytes": live.start,
        "live_bytes": live.full,
        "live_store_emptied_bytes": live.emptied,
        "bytes_per_person": per_person,
        "points": [[point.people, point.rss] for point in points],
        "counted_by": used.counted_by,
    }
    return figure


def _row(name: str, rss: int, start: Point) -> tuple[str, ...]:
    return (name, shown(rss / MB, 1), shown((rss - start.rss) / MB, 1))


def _not_reached(plan: Plan, last: Point, per_person: float) -> str:
    expected = (last.rss + per_person * (plan.people - last.people)) / MB
    return (
        f"Stopped after {plan.people_limit_s:.0f} s at {last.people:,} of {plan.people:,} people; at the same growth "
        f"it would be {expected:,.0f} MB (not measured)."
    )


def _whose(live: Live) -> str:
    grown = f"Python objects alive grew by {(live.full - live.start) / MB:,.1f} MB"
    own = f"{(live.emptied - live.start) / MB:,.1f} MB"
    if not is_memory_store():
        return f"{grown}; the database is a process of its own, so all of it is the product's."
    stored = f"{(live.full - live.emptied) / MB:,.1f} MB"
    return f"{grown}: {stored} went when the in-memory store was emptied, {own} stayed and are the product's own."


def _store_used() -> str:
    if not is_memory_store():
        return "Store: the server of MONGO_URI."
    return (
        "Store: mongomock with look-ups by key (bench/keyed.py), because it goes through everybody for each operation "
        "otherwise. It keeps the same documents, and one dictionary of the people more."
    )
