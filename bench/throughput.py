"""Deliveries per second and how long one takes, beside a bare aiogram bot that makes the same two calls."""

import gc
import time
from dataclasses import dataclass, field
from itertools import product as combinations

from bench.numbers import known, median, percentile, ratio
from bench.plan import ITEMS, Plan
from bench.report import Figure, Goal, shown
from bench.stores import IN_MEMORY, Store, stores
from bench.subject import Subject, running, side_by_side
from bench.telegram import BARE, KEYED, PRODUCT, SERVED, TOKENS, Telegram

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
    "store CPU ms",
    "CPU of bare",
    "Telegram CPU ms",
)
PRODUCT_NAME, KEYED_NAME, SERVED_NAME, BARE_NAME = "in memory", "  found by key", "server", "bare aiogram"


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the bots: `kind` is what is started, `more` with what."""

    name: str
    bot: int
    kind: str
    #: None: it has none
    store: Store | None = None
    more: tuple[str, ...] = ()


@dataclass(slots=True)
class Side:
    """What one bot showed in one situation: a value per repetition in each list, but every wait in `waits_s`."""

    rates: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    #: per delivery: the bot's, the store's (in memory a part of the bot's), the bot's without it, sandbox and people
    cpu_s: list[float] = field(default_factory=list)
    store_s: list[float] = field(default_factory=list)
    own_s: list[float] = field(default_factory=list)
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
            "store_ms": known(median(self.store_s) * 1000),
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

    entry: Entry
    subject: Subject
    sides: dict[Situation, Side] = field(default_factory=dict)


def entries() -> list[Entry]:
    """The product on each store, in memory twice; the bare bot comes last."""
    found = [
        Entry(PRODUCT_NAME, PRODUCT, "product", IN_MEMORY),
        Entry(KEYED_NAME, KEYED, "product", IN_MEMORY, ("keyed",)),
    ]
    found += [Entry(SERVED_NAME, SERVED, "product", store) for store in stores() if not store.is_memory]
    return [*found, Entry(BARE_NAME, BARE, "bare")]


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """All situations, the bots in turn, the order reversed from repetition to repetition."""
    situations = [Situation(*pair) for pair in combinations(plan.users, plan.latencies_ms)]
    message_ids = telegram.store(ITEMS)
    found = entries()
    async with side_by_side(
        *(
            running(entry.kind, telegram.url, TOKENS[entry.bot], *entry.more, store=entry.store or IN_MEMORY)
            for entry in found
        )
    ) as subjects:
        bots = [
            Contestant(entry, subject, {situation: Side() for situation in situations})
            for entry, subject in zip(found, subjects, strict=True)
        ]
        for bot in bots:
            await _meet(telegram, bot, message_ids)
        for repeat in range(plan.repeats):
            for situation in situations:
                for bot in bots if repeat % 2 == 0 else bots[::-1]:
                    await _turn(telegram, plan, situation, bot, message_ids)
    return _figure(plan, situations, bots)


async def _meet(telegram: Telegram, bot: Contestant, message_ids: list[int]) -> None:
    """The first deliveries: pydantic builds what it needs of a type when it is first met."""
    codes = await bot.subject.fresh(message_ids, POSTS)
    await telegram.closed_loop(bot.entry.bot, codes, ITEMS, users=1, warm_up=0, counted=FIRST)


async def _turn(telegram: Telegram, plan: Plan, situation: Situation, bot: Contestant, message_ids: list[int]) -> None:
    codes = await bot.subject.fresh(message_ids, POSTS)
    telegram.world.config.latency_ms = situation.latency_ms
    gc.collect()
    before, server_s, cpu_s = await bot.subject.usage(), _server_s(bot), time.process_time()
    users = situation.users
    load = await telegram.closed_loop(
        bot.entry.bot, codes, ITEMS, users=users, warm_up=max(WARM_UP_MIN, users), counted=plan.measured_with(users)
    )
    cpu_s, server_s = time.process_time() - cpu_s, _server_s(bot) - server_s
    after = await bot.subject.usage()
    telegram.world.config.latency_ms = 0
    side = bot.sides[situation]
    side.rates.append(load.per_second)
    side.waits_s += load.waits
    inside_s = after.store_s - before.store_s
    side.cpu_s.append((after.cpu_s - before.cpu_s) / load.done)
    side.own_s.append((after.cpu_s - before.cpu_s - inside_s) / load.done)
    side.store_s.append((inside_s + server_s) / load.done)
    side.telegram_cpu_s.append(cpu_s / load.done)


def _server_s(bot: Contestant) -> float:
    """CPU seconds of the bot's server; 0 when it has none, NaN when nobody can tell."""
    store = bot.entry.store
    return 0.0 if store is None or store.is_memory else store.cpu_s()


def _figure(plan: Plan, situations: list[Situation], bots: list[Contestant]) -> Figure:
    figure = Figure(f"Deliveries of {ITEMS} items through the sandbox", COLUMNS)
    for situation in situations:
        bare = bots[-1].sides[situation]
        shares = {bot.entry.name: ratio(bot.sides[situation].rate, bare.rate) for bot in bots}
        for bot in bots:
            named = situation.name if bot is bots[0] else ""
            figure.rows.append((named, bot.entry.name, *_cells(bot.sides[situation], bare)))
        figure.goals += [_goal(situation, shares, name) for name in (PRODUCT_NAME, SERVED_NAME) if name in shares]
        numbers = {bot.entry.name.strip(): bot.sides[situation].numbers() for bot in bots}
        figure.numbers[situation.name] = {**numbers, "shares": shares}
    figure.notes = _notes(plan, has_server=any(bot.entry.name == SERVED_NAME for bot in bots))
    return figure


def _cells(side: Side, bare: Side) -> tuple[str, ...]:
    return (
        shown(side.rate, 1),
        f"{ratio(side.rate, bare.rate):.0%}",
        shown(side.wait_ms(50), 1),
        shown(side.wait_ms(99), 1),
        shown(median(side.cpu_s) * 1000, 2),
        shown(median(side.store_s) * 1000, 2),
        shown(ratio(median(side.own_s), median(bare.own_s)), 2),
        shown(median(side.telegram_cpu_s) * 1000, 2),
    )


def _goal(situation: Situation, shares: dict[str, float], name: str) -> Goal:
    got = f"{shares[name]:.0%}"
    if name == PRODUCT_NAME and KEYED_NAME in shares:
        got += f" (found by key: {shares[KEYED_NAME]:.0%})"
    wanted = f"{situation.name}, {name}: at least {SHARE_MIN:.0%} of the bare bot's throughput"
    return Goal(wanted, got, shares[name] >= SHARE_MIN)


def _notes(plan: Plan, *, has_server: bool) -> list[str]:
    notes = [
        f"Closed loop: a person opens a link when the last warning has arrived, {POSTS} posts each, then somebody new "
        "takes the place, so neither the guard against double taps nor the limit per chat is what is measured. "
        f"{plan.repeats} repetitions of {plan.rounds} deliveries for each of the people at once (at least "
        f"{plan.fewest}) after a warm-up, the bots in turn. Rates are medians of the repetitions, `of bare` is the "
        "ratio of the medians; p50 and p99 are over all deliveries (below 100 of them the p99 is the worst).",
        "Each bot is a process of its own (aiogram's polling, 1000 connections, logs at WARNING, no timers), the "
        "sandbox and the people are one more. The product's send rate is raised out of the way; its store is "
        "emptied before each repetition.",
        "CPU is per delivery. `CPU of bare` is a bot's CPU without its store as a multiple of the bare bot's, which "
        "has no store; a driver's CPU counts as the bot's.",
        "`in memory` is mongomock, which goes through a whole collection for every operation, so it slows down with "
        "each delivery made; `found by key` is the same product with documents found by _id and unique index "
        "(bench/keyed.py), as a server does. The CPU of both stores is a part of the bot's.",
    ]
    if has_server:
        notes.append(
            "`server` is that of MONGO_URI, its CPU beside the bot's (known of a server that `.ci/server` started and "
            "MONGO_DIR names): where it makes most of a delivery's time, the rate is the server's, not the product's."
        )
    return notes
