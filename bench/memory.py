"""Memory of the product's process while people come."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.numbers import ratio
from bench.plan import ITEMS, Plan
from bench.report import Figure, shown
from bench.stores import Store, stores
from bench.subject import Subject, bot_on, product_on, running, side_by_side
from bench.telegram import BARE, TOKENS, Telegram

AT_ONCE = 20
#: a step with a line of its own, and how many come before the clock is looked at
STEP, HANDFUL = 2000, 100
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Live:
    """Bytes of the Python objects alive: at the start, at the end, and with an in-memory store emptied then."""

    start: int
    full: int
    emptied: int


@dataclass(slots=True)
class Growth:
    """One process: its memory in bytes after so many people."""

    store: Store
    points: dict[int, int] = field(default_factory=dict)
    live: Live = field(default_factory=lambda: Live(0, 0, 0))

    @property
    def start(self) -> int:
        return self.points[0]

    @property
    def people(self) -> int:
        return max(self.points)

    @property
    def last(self) -> int:
        return self.points[self.people]

    @property
    def per_person(self) -> float:
        """Bytes, between the first handful and the last person."""
        warm = min(people for people in self.points if people)
        return ratio(self.last - self.points[warm], self.people - warm)

    def numbers(self) -> dict[str, Any]:
        return {
            "people": self.people,
            "start_bytes": self.start,
            "rss_bytes": self.last,
            "live_start_bytes": self.live.start,
            "live_bytes": self.live.full,
            "live_store_emptied_bytes": self.live.emptied,
            "bytes_per_person": self.per_person,
            "points": [list(point) for point in self.points.items()],
        }


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """Everybody gets one post of each product, step by step, until all have it or the time is up."""
    message_ids = telegram.store(ITEMS)
    columns = stores()
    async with side_by_side(
        running("bare", telegram.url, TOKENS[BARE]),
        *(product_on(store, telegram.url, "keyed") for store in columns),
    ) as (bare, *products):
        beside = await _trimmed(bare)
        # at the same time: nothing here is timed
        found = await asyncio.gather(
            *(_grow(telegram, plan, *pair, message_ids) for pair in zip(columns, products, strict=True))
        )
    return _figure(plan, found, beside)


async def _grow(telegram: Telegram, plan: Plan, store: Store, product: Subject, message_ids: list[int]) -> Growth:
    (code,) = await product.fresh(message_ids, 1)
    growth = Growth(store, {0: await _trimmed(product)})
    live_at_start = await _live(product)
    give_up_at = time.monotonic() + plan.people_limit_s
    for people in _handfuls(plan.people):
        newcomers = [telegram.new_person() for _ in range(people - growth.people)]
        await telegram.deliver_to_all(bot_on(store), newcomers, code, ITEMS, AT_ONCE)
        telegram.forget(newcomers)
        growth.points[people] = await _trimmed(product)
        if time.monotonic() > give_up_at:
            break
    full = await _live(product)
    growth.live = Live(live_at_start, full, await _emptied(product) if store.is_memory else full)
    return growth


async def _emptied(product: Subject) -> int:
    await product.ask("empty_store")
    return await _live(product)


async def _trimmed(product: Subject) -> int:
    """The memory after garbage collection, with what is free given back to the system."""
    return int((await product.ask("trim"))["rss_bytes"])


async def _live(product: Subject) -> int:
    return int((await product.ask("live"))["bytes"])


def _handfuls(people: int) -> Iterator[int]:
    yield from range(HANDFUL, people, HANDFUL)
    yield people


def _figure(plan: Plan, found: Sequence[Growth], beside: int) -> Figure:
    columns = [column for one in found for column in (f"{one.store.name}, MB", f"{one.store.name}, above the start")]
    figure = Figure(f"Memory of the product's process (RSS) after {plan.people:,} people", ("people", *columns))
    shown_at = {0, HANDFUL, *range(0, plan.people, STEP), *(one.people for one in found)}
    reached = set[int]().union(*(one.points for one in found))
    for people in sorted(shown_at & reached):
        cells = (_cells(one, one.points.get(people)) for one in found)
        figure.rows.append((f"{people:,}", *itertools.chain.from_iterable(cells)))
    figure.rows.append(("bare aiogram, start", *(shown(beside / MB, 1), "") * len(found)))
    figure.notes = [
        *(f"{one.store.name}: {_reached(plan, one)} {_whose(one)}" for one in found),
        f"Each person is new and has one delivery of {ITEMS} items. Measured after garbage collection and malloc_trim; "
        "the start is with all bots known to the sandbox and the post made. `in memory` is mongomock with look-ups by "
        "key (bench/keyed.py), because it goes through everybody for each operation otherwise. It keeps the same "
        "documents, and one dictionary of the people more.",
    ]
    if any(not one.store.is_memory for one in found):
        figure.notes.append(
            "SecantusDB, where that is the server, goes through a whole collection for a findAndModify whose condition "
            "has an $or beside the _id, as the claim of a delivery has: each delivery takes it longer than the one "
            "before, so fewer people come in the time."
        )
    figure.numbers = {
        "wanted": plan.people,
        "bare_start_bytes": beside,
        **{one.store.name: one.numbers() for one in found},
    }
    return figure


def _cells(one: Growth, rss: int | None) -> tuple[str, str]:
    return ("-", "-") if rss is None else (shown(rss / MB, 1), shown((rss - one.start) / MB, 1))


def _reached(plan: Plan, one: Growth) -> str:
    each = f"{one.per_person:,.0f} bytes a person after the first {HANDFUL}."
    if one.people >= plan.people:
        return f"all {one.people:,} people came; {each}"
    expected = (one.last + one.per_person * (plan.people - one.people)) / MB
    return (
        f"stopped after {plan.people_limit_s:.0f} s at {one.people:,} of {plan.people:,} people; {each} At the same "
        f"growth it would be {expected:,.0f} MB (not measured)."
    )


def _whose(one: Growth) -> str:
    live = one.live
    grown = f"Python objects alive grew by {(live.full - live.start) / MB:,.1f} MB"
    if not one.store.is_memory:
        return f"{grown}; the database is a process of its own, so all of it is the product's."
    stored, own = (live.full - live.emptied) / MB, (live.emptied - live.start) / MB
    return f"{grown}: {stored:,.1f} MB went when the store was emptied, {own:,.1f} MB stayed and are the product's own."
