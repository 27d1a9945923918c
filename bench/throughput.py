"""Deliveries per second and how long one takes, beside a bare aiogram bot that makes the same two calls."""

import gc
import itertools
from dataclasses import dataclass, field

from bench.harness.child import Child, running, running_on, side_by_side
from bench.harness.numbers import median, percentile, ratio
from bench.harness.report import Figure, Row
from bench.harness.stores import stores
from bench.harness.telegram import BARE, TOKENS, UNLIMITED_PER_S, Telegram, bot_on
from bench.plan import ITEMS, Plan

#: posts a subscriber opens: four calls, within a chat's burst of five
POSTS = 2
#: deliveries after a bot's start, and before each repetition, that are not counted
FIRST, WARM_UP_MIN = 30, 5
BARE_NAME = "bare aiogram"
COLUMNS = {
    "subscribers at once": 0,
    "bot": 0,
    "per second": 1,
    "of bare": 2,
    "p50 ms": 1,
    "p99 ms": 1,
    "CPU ms": 2,
    "CPU of bare": 2,
}


@dataclass(slots=True)
class Side:
    """What one bot showed in one situation: a value per repetition, but every wait in `waits_s`."""

    rates: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    #: of the bot's process per delivery
    cpu_s: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Situation:
    users: int
    latency_ms: int

    def __str__(self) -> str:
        return f"{self.users} at {self.latency_ms} ms"


@dataclass(slots=True)
class Contestant:
    """One of the bots. All run all the time; those that are not measured wait in their long poll."""

    name: str
    bot_id: int
    child: Child
    sides: dict[Situation, Side]


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    """Measure all situations, the bots in turn, the order reversed from repetition to repetition."""
    situations = list(itertools.starmap(Situation, itertools.product(plan.users, plan.latencies_ms)))
    message_ids, columns, rates = telegram.store(ITEMS), stores(), [str(UNLIMITED_PER_S)] * 2
    async with side_by_side(
        *(running_on(store, "user_bot", telegram.url, TOKENS[bot_on(store)], *rates) for store in columns),
        running("bare_bot", telegram.url, TOKENS[BARE]),
    ) as (*products, bare):
        named = [*((store.name, bot_on(store)) for store in columns), (BARE_NAME, BARE)]
        bots = [
            Contestant(name, bot_id, child, {situation: Side() for situation in situations})
            for (name, bot_id), child in zip(named, [*products, bare], strict=True)
        ]
        for bot in bots:
            # pydantic builds what it needs of a type when the type is first used
            codes = (await bot.child.call("fresh", message_ids=message_ids, posts=POSTS))["codes"]
            await telegram.closed_loop(bot.bot_id, codes, ITEMS, users=1, warm_up=0, counted=FIRST)
        for repeat in range(plan.repeats):
            for situation in situations:
                for bot in bots if repeat % 2 == 0 else bots[::-1]:
                    await _repetition(telegram, plan, situation, bot, message_ids)
    return [_figure(plan, situations, bots)]


async def _repetition(
    telegram: Telegram, plan: Plan, situation: Situation, bot: Contestant, message_ids: list[int]
) -> None:
    codes = (await bot.child.call("fresh", message_ids=message_ids, posts=POSTS))["codes"]
    telegram.limit(0, situation.latency_ms)
    gc.collect()
    before, users = await bot.child.cpu_s(), situation.users
    load = await telegram.closed_loop(
        bot.bot_id, codes, ITEMS, users=users, warm_up=max(WARM_UP_MIN, users), counted=plan.counted(users)
    )
    telegram.limit(0, 0)
    side = bot.sides[situation]
    side.cpu_s.append((await bot.child.cpu_s() - before) / load.done)
    side.rates.append(load.per_second)
    side.waits_s += load.waits_s


def _figure(plan: Plan, situations: list[Situation], bots: list[Contestant]) -> Figure:
    figure = Figure(f"Deliveries of {ITEMS} items through the sandbox", COLUMNS)
    for situation in situations:
        bare = bots[-1].sides[situation]
        figure.rows += [(str(situation), bot.name, *_cells(bot.sides[situation], bare)) for bot in bots]
    figure.notes = [
        f"Closed loop: a subscriber opens a link when the last notice has arrived, {POSTS} posts each, then a new one "
        "takes the place, so neither the guard against double taps nor the limit per chat is what is measured. "
        f"{plan.repeats} repetitions of {plan.rounds} deliveries for each of the subscribers at once (at least "
        f"{plan.fewest}) after a warm-up, the bots in turn. Rates and CPU are medians of the repetitions, p50 and p99 "
        "are over all deliveries.",
        "Each bot is a process of its own, the sandbox and the subscribers are one more, and so is the server: they "
        "share the machine's cores. The product's send rate is raised out of the way, its store is emptied before each "
        "repetition. `CPU ms` is the bot's per delivery; in memory its store is a part of it (mongomock that finds "
        "documents by key). The bare bot has no store.",
    ]
    return figure


def _cells(side: Side, bare: Side) -> Row:
    rate, cpu_s = median(side.rates), median(side.cpu_s)
    return (
        rate,
        ratio(rate, median(bare.rates)),
        *(percentile(side.waits_s, percent) * 1000 for percent in (50, 99)),
        cpu_s * 1000,
        ratio(cpu_s, median(bare.cpu_s)),
    )
