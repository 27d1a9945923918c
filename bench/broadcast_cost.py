"""MongoDB commands per recipient of a broadcast."""

import asyncio
import itertools
from collections.abc import Sequence

from bench.broadcast_arrivals import COPY
from bench.broadcast_rates import CEILING_PER_S, LATENCY_MS, default_rate
from bench.broadcast_scene import BLOCKED_PERCENT, GONE_PERCENT, Scene
from bench.counts import SHARED_READS, Counted
from bench.numbers import grown
from bench.plan import Plan
from bench.report import Figure, Goal, counted, counted_row, each, shown
from bench.stores import Store, stores
from bench.subject import Subject, bot_on, running, side_by_side
from bench.telegram import TOKENS

COMMANDS_MAX = 2.2


async def measure(scene: Scene, plan: Plan) -> Figure:
    """At the rate of the defaults, for what is written each second is a part; the stores at the same time."""
    scene.limit(CEILING_PER_S, LATENCY_MS)
    columns, rates = stores(), (str(CEILING_PER_S), str(default_rate()))
    async with side_by_side(
        *(
            running(
                "broadcast_product",
                scene.telegram.url,
                TOKENS[bot_on(store)],
                *rates,
                *(("keyed",) if store.is_memory else ()),
                store=store,
            )
            for store in columns
        )
    ) as products:
        pairs = list(zip(columns, products, strict=True))
        people = [
            await scene.ready(product, bot_on(store), plan.costed, some_are_gone=True) for store, product in pairs
        ]
        found = await asyncio.gather(*(_count(scene, plan, *pair) for pair in pairs))
    scene.telegram.forget([*itertools.chain.from_iterable(people)])
    scene.limit(0, 0)
    return _figure(found)


async def _count(scene: Scene, plan: Plan, store: Store, product: Subject) -> Counted:
    used = await product.usage()
    await product.ask("begin", message_id=scene.message_id)
    await product.ask("ended", rows=False)
    used_after = await product.usage()
    calls = {COPY: scene.arrivals.tried[bot_on(store)]}
    return Counted(store, plan.costed, calls, grown(used.commands, used_after.commands), used.counted_by)


def _figure(found: Sequence[Counted]) -> Figure:
    people = [one.deliveries for one in found]
    figure = Figure("Broadcast: commands of one recipient", ("what", *each([one.store.name for one in found])))
    figure.rows = [
        *counted("MongoDB", [one.commands for one in found], people),
        counted_row("MongoDB commands", [sum(one.commands.values()) for one in found], people),
        counted_row("Bot API calls", [sum(one.calls.values()) for one in found], people),
    ]
    figure.goals = [
        Goal(
            f"{one.store.name}: at most {COMMANDS_MAX} MongoDB commands a recipient",
            shown(one.commands_each, 3),
            one.commands_each <= COMMANDS_MAX,
        )
        for one in found
    ]
    counters = " and ".join(f"{one.counted_by} ({one.store.name})" for one in found)
    figure.notes = [
        f"{people[0]} recipients at {default_rate():g}/s, {BLOCKED_PERCENT} % have blocked the bot, {GONE_PERCENT} % "
        f"of the accounts are gone: these are marked on `users`, one command more. Everything from the first look for "
        f"something due to the end of the run, rows, lease and the counts of each second included. Commands counted by "
        f"{counters}. Reads of {' and '.join(sorted(SHARED_READS))} are a process's own and in no goal."
    ]
    figure.numbers = {one.store.name: one.numbers() for one in found}
    return figure
