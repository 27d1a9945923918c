"""Deliveries per second and how long one takes, beside a bare aiogram bot that makes the same two calls."""

import gc
import time
from dataclasses import dataclass, field
from itertools import product as combinations

from bench.numbers import median, percentile, ratio
from bench.plan import ITEMS, Plan
from bench.report import Figure, Goal, shown
from bench.subject import Subject, is_memory_store, running, side_by_side
from bench.telegram import BARE, KEYED, PRODUCT, TOKENS, Telegram

SHARE_MIN = 0.70
#: posts a person opens before they make room: four calls, within a chat's burst of five
POSTS = 2
#: deliveries after a bot's start, and before each repetition, that are not counted
FIRST, WARM_UP_MIN = 30, 5

COLUMNS = (
    "people at once",
    "bot",
    "per second",
    "of bare",
    "p50 ms",
    "p99 ms",
    "CPU ms",
    "of it store",
    "CPU of bare",
    "Telegram CPU ms",
)
PRODUCT_NAME, KEYED_NAME, BARE_NAME = "product", "  store by key", "bare aiogram"
#: name, bot, what is started and with what; the bare bot comes last
ENTRIES: tuple[tuple[str, int, str, tuple[str, ...]], ...] = (
    (PRODUCT_NAME, PRODUCT, "product", ()),
    (KEYED_NAME, KEYED, "product", ("keyed",)),
    (BARE_NAME, BARE, "bare", ()),
)


@dataclass(slots=True)
class Side:
    """What one bot showed in one situation: a value per repetition in each list, but every wait in `waits_s`."""

    rates: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    #: per delivery: the bot's, of it in the in-memory store, and that of sandbox and people
    cpu_s: list[float] = field(default_factory=list)
    store_s: list[float] = field(default_factory=list)
    telegram_cpu_s: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(self.rates)

    def wait_ms(self, percent: float) -> float:
        return percentile(self.waits_s, percent) * 1000

    def numbers(self) -> dict[str, object]:
        return {
            "per_second": self.rate,
            "per_second_each": self.rates,
            "p50_ms": self.wait_ms(50),
            "p99_ms": self.wait_ms(99),
            "deliveries": len(self.waits_s),
            "cpu_ms": median(self.cpu_s) * 1000,
            "store_ms": median(self.store_s) * 1000,
            "telegram_cpu_ms": median(self.telegram_cpu_s) * 1000,
        }


@dataclass(frozen=True, slots=True)
class Situation:
    users: int
    latency_ms: int

    @property
    def name(self) -> str:
        return f"{self.users} at {self.latency_ms} ms"


@dataclass(slots=True)
class Contestant:
    """One of the bots; all of them run all the time, those that do not have the turn wait in their long poll."""

    name: str
    bot_id: int
    subject: Subject
    sides: dict[Situation, Side] = field(default_factory=dict)


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """All situations, the bots in turn, the order reversed from repetition to repetition."""
    situations = [Situation(*pair) for pair in combinations(plan.users, plan.latencies_ms)]
    message_ids = telegram.store(ITEMS)
    entries = [entry for entry in ENTRIES if entry[0] != KEYED_NAME or is_memory_store()]
    async with side_by_side(
        *(running(kind, telegram.url, TOKENS[bot], *more) for _, bot, kind, more in entries)
    ) as subjects:
        bots = [
            Contestant(name, bot, subject, {situation: Side() for situation in situations})
            for (name, bot, *_), subject in zip(entries, subjects, strict=True)
        ]
        for bot in bots:
            await _meet(telegram, bot, message_ids)
        for repeat in range(plan.repeats):
            for situation in situations:
                for bot in bots if repeat % 2 == 0 else bots[::-1]:
                    await _turn(telegram, plan, situation, bot, message_ids)
        counted_by = (await bots[0].subject.usage()).counted_by
    return _figure(plan, situations, bots, counted_by)


async def _meet(telegram: Telegram, bot: Contestant, message_ids: list[int]) -> None:
    """The first deliveries: pydantic builds what it needs of a type when it is first met."""
    codes = await bot.subject.fresh(message_ids, POSTS)
    await telegram.closed_loop(bot.bot_id, codes, ITEMS, users=1, warm_up=0, counted=FIRST)


async def _turn(telegram: Telegram, plan: Plan, situation: Situation, bot: Contestant, message_ids: list[int]) -> None:
    codes = await bot.subject.fresh(message_ids, POSTS)
    telegram.world.config.latency_ms = situation.latency_ms
    gc.collect()
    before, cpu_s = await bot.subject.usage(), time.process_time()
    users = situation.users
    load = await telegram.closed_loop(
        bot.bot_id, codes, ITEMS, users=users, warm_up=max(WARM_UP_MIN, users), counted=plan.measured_with(users)
    )
    cpu_s = time.process_time() - cpu_s
    after = await bot.subject.usage()
    telegram.world.config.latency_ms = 0
    side = bot.sides[situation]
    side.rates.append(load.per_second)
    side.waits_s += load.waits
    side.cpu_s.append((after.cpu_s - before.cpu_s) / load.done)
    side.store_s.append((after.store_s - before.store_s) / load.done)
    side.telegram_cpu_s.append(cpu_s / load.done)


def _figure(plan: Plan, situations: list[Situation], bots: list[Contestant], counted_by: str) -> Figure:
    figure = Figure(f"Deliveries of {ITEMS} items through the sandbox", COLUMNS)
    for situation in situations:
        bare = bots[-1].sides[situation]
        shares = {bot.name: ratio(bot.sides[situation].rate, bare.rate) for bot in bots}
        for bot in bots:
            named = situation.name if bot is bots[0] else ""
            figure.rows.append((named, bot.name, *_cells(bot.sides[situation], bare)))
        figure.goals.append(_goal(situation, shares))
        numbers = {bot.name.strip(): bot.sides[situation].numbers() for bot in bots}
        figure.numbers[situation.name] = {**numbers, "shares": shares}
    figure.numbers["counted_by"] = counted_by
    figure.notes = _notes(plan)
    return figure


def _cells(side: Side, bare: Side) -> tuple[str, ...]:
    cpu_s, store_s = median(side.cpu_s), median(side.store_s)
    return (
        shown(side.rate, 1),
        f"{ratio(side.rate, bare.rate):.0%}",
        shown(side.wait_ms(50), 1),
        shown(side.wait_ms(99), 1),
        shown(cpu_s * 1000, 2),
        shown(store_s * 1000, 2),
        shown(ratio(cpu_s - store_s, median(bare.cpu_s)), 2),
        shown(median(side.telegram_cpu_s) * 1000, 2),
    )


def _goal(situation: Situation, shares: dict[str, float]) -> Goal:
    got = f"{shares[PRODUCT_NAME]:.0%}"
    if KEYED_NAME in shares:
        got += f" (store by key: {shares[KEYED_NAME]:.0%})"
    wanted = f"{situation.name}: at least {SHARE_MIN:.0%} of the bare bot's throughput"
    return Goal(wanted, got, shares[PRODUCT_NAME] >= SHARE_MIN)


def _notes(plan: Plan) -> list[str]:
    notes = [
        f"Closed loop: a person opens a link when the last warning has arrived, {POSTS} posts each, then somebody new "
        "takes the place, so neither the guard against double taps nor the limit per chat is what is measured. "
        f"{plan.repeats} repetitions of {plan.rounds} deliveries for each of the people at once (at least "
        f"{plan.fewest}) after a warm-up, the bots in turn. Rates are medians of the repetitions, `of bare` is the "
        "ratio of the medians; p50 and p99 are over all deliveries (below 100 of them the p99 is the worst).",
        "Each bot is a process of its own (aiogram's polling, 1000 connections, logs at WARNING, no timers), the "
        "sandbox and the people are one more. The product's send rate is raised out of the way; its store is "
        "emptied before each repetition.",
        "CPU is per delivery. `CPU of bare` is a bot's CPU without its store as a multiple of the bare bot's.",
    ]
    if not is_memory_store():
        return [*notes, "The store is the server of MONGO_URI; the driver's CPU counts as the product's."]
    return [
        *notes,
        "The store is mongomock, which goes through a whole collection for every operation, so it slows down with "
        "each delivery made. `store by key` is the same product with documents found by _id and unique index "
        "(bench/keyed.py), as a server does. With MONGO_URI set it is measured on that server.",
    ]
