"""Deliveries per second and how long one takes, beside a bare aiogram bot that makes the same two calls."""

import gc
import time
from dataclasses import dataclass, field
from itertools import product as combinations

from bench.numbers import median, percentile, ratio
from bench.plan import ITEMS, Plan
from bench.report import Figure, Goal, shown
from bench.subject import Subject, running
from bench.telegram import BARE, PRODUCT, Telegram

SHARE_MIN = 0.70
#: posts a person opens before they make room: four calls, within a chat's burst of five
POSTS = 2


@dataclass(slots=True)
class Side:
    """What one bot showed in one situation; a value of each list per repetition, `waits` of all together."""

    rates: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    #: per delivery
    cpu_s: list[float] = field(default_factory=list)
    store_s: list[float] = field(default_factory=list)
    telegram_cpu_s: list[float] = field(default_factory=list)
    deliveries: int = 0

    @property
    def rate(self) -> float:
        return median(self.rates)

    def wait_ms(self, percent: float) -> float:
        return percentile(self.waits_s, percent) * 1000


@dataclass(frozen=True, slots=True)
class Situation:
    users: int
    latency_ms: int

    @property
    def name(self) -> str:
        return f"{self.users} at {self.latency_ms} ms"


@dataclass(slots=True)
class Pair:
    """Both bots in one situation."""

    product: Side = field(default_factory=Side)
    bare: Side = field(default_factory=Side)

    @property
    def share(self) -> float:
        """The product's throughput as a part of the bare bot's: the ratio of the medians."""
        return ratio(self.product.rate, self.bare.rate)

    @property
    def cpu_beside_bare(self) -> float:
        """CPU of the product without its in-memory store, as a multiple of the bare bot's."""
        return ratio(median(self.product.cpu_s) - median(self.product.store_s), median(self.bare.cpu_s))


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """All situations, both bots in turn; the one that does not have the turn waits in its long poll."""
    situations = [Situation(*pair) for pair in combinations(plan.users, plan.latencies_ms)]
    pairs = {situation: Pair() for situation in situations}
    message_ids = telegram.store(ITEMS)
    async with running("product", telegram.url) as product, running("bare", telegram.url) as bare:
        for repeat in range(plan.repeats):
            for situation in situations:
                pair = pairs[situation]
                turns = [(PRODUCT, product, pair.product), (BARE, bare, pair.bare)]
                for bot_id, subject, side in turns if repeat % 2 == 0 else reversed(turns):
                    codes = await subject.fresh(message_ids, POSTS)
                    await _turn(telegram, plan, situation, bot_id, subject, codes, side)
        counted_by = (await product.usage()).counted_by
    return _figure(plan, pairs, counted_by)


async def _turn(
    telegram: Telegram, plan: Plan, situation: Situation, bot_id: int, subject: Subject, codes: list[str], side: Side
) -> None:
    telegram.world.config.latency_ms = situation.latency_ms
    gc.collect()
    before, cpu = await subject.usage(), time.process_time()
    load = await telegram.closed_loop(
        bot_id, codes, ITEMS, users=situation.users, warm_up_s=plan.warm_up_s, measured_s=plan.measured_s
    )
    cpu = time.process_time() - cpu
    after = await subject.usage()
    telegram.world.config.latency_ms = 0
    side.rates.append(load.per_second)
    side.waits_s += load.waits
    side.cpu_s.append((after.cpu_s - before.cpu_s) / load.done)
    side.store_s.append((after.store_s - before.store_s) / load.done)
    side.telegram_cpu_s.append(cpu / load.done)
    side.deliveries += load.done


def _figure(plan: Plan, pairs: dict[Situation, Pair], counted_by: str) -> Figure:
    columns = (
        "people at once",
        "product/s",
        "bare/s",
        "share",
        "p50 ms",
        "p99 ms",
        "bare p50",
        "bare p99",
        "CPU ms",
        "store",
        "bare",
        "Telegram",
        "CPU/bare",
    )
    figure = Figure(f"Deliveries of {ITEMS} items through the sandbox", columns)
    for situation, pair in pairs.items():
        figure.rows.append(_row(situation, pair))
        share = pair.share
        wanted = f"{situation.name}: at least {SHARE_MIN:.0%} of the bare bot's throughput"
        figure.goals.append(Goal(wanted, f"{share:.0%}", share >= SHARE_MIN))
        figure.numbers[situation.name] = _numbers(pair)
    figure.numbers["counted_by"] = counted_by
    figure.notes = _notes(plan, counted_by)
    return figure


def _row(situation: Situation, pair: Pair) -> tuple[str, ...]:
    product, bare = pair.product, pair.bare
    waits = [shown(side.wait_ms(percent), 1) for side in (product, bare) for percent in (50, 99)]
    cpu = (median(values) * 1000 for values in (product.cpu_s, product.store_s, bare.cpu_s, product.telegram_cpu_s))
    return (
        situation.name,
        shown(product.rate, 1),
        shown(bare.rate, 1),
        f"{pair.share:.0%}",
        *waits,
        *(shown(value, 2) for value in cpu),
        shown(pair.cpu_beside_bare, 2),
    )


def _numbers(pair: Pair) -> dict[str, object]:
    sides = {
        name: {
            "per_second": side.rate,
            "per_second_each": side.rates,
            "p50_ms": side.wait_ms(50),
            "p99_ms": side.wait_ms(99),
            "timed_deliveries": len(side.waits_s),
            "deliveries": side.deliveries,
            "cpu_ms": median(side.cpu_s) * 1000,
            "store_ms": median(side.store_s) * 1000,
            "telegram_cpu_ms": median(side.telegram_cpu_s) * 1000,
        }
        for name, side in (("product", pair.product), ("bare", pair.bare))
    }
    return {**sides, "share": pair.share, "cpu_beside_bare_without_store": pair.cpu_beside_bare}


def _notes(plan: Plan, counted_by: str) -> list[str]:
    return [
        f"Closed loop: each person opens a link when the last warning has arrived, {POSTS} posts each, then somebody "
        "new comes, so neither the guard against double taps nor the limit per chat is what is measured. "
        f"{plan.repeats} repetitions of {plan.measured_s} s in each situation, the two bots in turn; rates are medians, "
        "share is the ratio of the medians, p50 and p99 are over all deliveries (with fewer than 100 the p99 is the "
        "worst).",
        "Each bot is a process of its own (aiogram's polling, 1000 connections, logs at WARNING, no timers); the "
        "sandbox and the people are a third. The product's send rate is raised to 1000 a second; its store is emptied "
        "before each repetition.",
        f"CPU is per delivery: the product's, its in-memory store's part of it, the bare bot's, that of sandbox and "
        f"people. CPU/bare is the product without the store over the bare bot. Store: {counted_by}. The in-memory "
        "store is mongomock, which looks at every document of a collection for every operation: its part grows with "
        "the deliveries already made. Set MONGO_URI for a real one.",
    ]
