"""Memory of the product's process while people come."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from bench.numbers import ratio
from bench.plan import ITEMS, Plan
from bench.report import Figure, shown
from bench.subject import Subject, Usage, running
from bench.telegram import PRODUCT, Telegram

AT_ONCE = 20
#: a step with a line of its own, and how many come before the clock is looked at
STEP, HANDFUL = 1000, 50
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Point:
    """Memory in bytes after so many people."""

    people: int
    rss: int


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """Everybody gets one post, step by step, until all have it or the time is up."""
    async with running("product", telegram.url) as product:
        (code,) = await product.fresh(telegram.store(ITEMS), 1)
        points = [Point(0, await _trimmed(product))]
        give_up_at = time.monotonic() + plan.people_limit_s
        for people in _handfuls(plan.people):
            newcomers = [telegram.new_person() for _ in range(people - points[-1].people)]
            await telegram.deliver_to_all(PRODUCT, newcomers, code, ITEMS, AT_ONCE)
            telegram.forget(newcomers)
            points.append(Point(people, await _trimmed(product)))
            if time.monotonic() > give_up_at:
                break
        used = await product.usage()
        emptied = int((await product.ask("empty_store"))["rss_bytes"])
    return _figure(plan, points, emptied, used)


async def _trimmed(product: Subject) -> int:
    """The memory after garbage collection, with what is free given back to the system."""
    return int((await product.ask("trim"))["rss_bytes"])


def _handfuls(people: int) -> Iterator[int]:
    yield from range(HANDFUL, people, HANDFUL)
    yield people


def _figure(plan: Plan, points: list[Point], emptied: int, used: Usage) -> Figure:
    figure = Figure("", ())
    print(points, emptied)
    return figure
