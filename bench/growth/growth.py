"""What 10,000, a million and ten million subscribers ask of Telegram and of the database.

Measured at a small size: calls and commands of a delivery, of its deletion and of a broadcast, and the bytes of the
documents these leave. The rest is computed from them (`model.py`).
"""

import asyncio
from dataclasses import dataclass

from bench.growth.model import Costs, House, forecast, most_subscribers
from bench.harness.child import Child, running_on
from bench.harness.report import Figure
from bench.harness.stores import IN_MEMORY, find_server
from bench.harness.telegram import TOKENS, UNLIMITED_PER_S, Telegram, bot_on
from bench.plan import ITEMS, Plan

GB = 1e9
#: deliveries under way: the polls of a process beside them count too, and are few in so short a time
AT_ONCE = 20
COMPUTED = {
    "subscribers": 0,
    "openings/s at peak": 1,
    "of the ceiling": 2,
    "commands/s": 0,
    "hours a broadcast": 1,
    "its commands/s": 0,
    "documents": 0,
    "data GB": 2,
    "indexes GB": 2,
}
MEASURED = {"of": 0, "calls": 2, "commands": 2, "document bytes": 0, "index bytes": 0}


@dataclass(frozen=True, slots=True)
class Step:
    """What was counted while something was done so often."""

    calls: float
    commands: float


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    """Measure on the server of MONGO_URI, in memory without one; then compute."""
    store = find_server() or IN_MEMORY
    bot_id, rates = bot_on(store), [str(UNLIMITED_PER_S)] * 2
    async with running_on(store, "user_bot", telegram.url, TOKENS[bot_id], *rates) as child:
        recipient = await _broadcast(telegram, child, bot_id, plan.recipients)
        kept = await child.call("stored")
        delivery, deletion = await _deliveries(telegram, child, bot_id, plan.deliveries)
        await child.call("verify", users=plan.deliveries)
        kept = {name: {**kept.get(name, {}), **found} for name, found in (await child.call("stored")).items()} | {
            "broadcast_recipients": kept["broadcast_recipients"]
        }
    costs = Costs(
        calls_per_delivery=delivery.calls + deletion.calls,
        commands_per_delivery=delivery.commands + deletion.commands,
        commands_per_recipient=recipient.commands,
        document_bytes={name: found["document_bytes"] for name, found in kept.items()},
        index_bytes={name: found["index_bytes"] for name, found in kept.items() if "index_bytes" in found},
    )
    steps = {"a delivery": delivery, "its deletion": deletion, "a recipient": recipient}
    return [_measured(store.name, plan, steps, costs), _computed(plan, costs)]


async def _broadcast(telegram: Telegram, child: Child, bot_id: int, count: int) -> Step:
    users = telegram.started_subscribers(bot_id, count)
    (message_id,) = telegram.store(1)
    before = await _counted(telegram, child, bot_id)
    await child.call("broadcast", first=users[0].id, count=count, message_id=message_id)
    after = await _counted(telegram, child, bot_id)
    telegram.forget(users)
    return _per(before, after, count)


async def _deliveries(telegram: Telegram, child: Child, bot_id: int, count: int) -> tuple[Step, Step]:
    """Deliver a post to so many subscribers, AT_ONCE at a time, then delete the copies as the deleter does."""
    codes = (await child.call("fresh", message_ids=telegram.store(ITEMS), posts=1))["codes"]
    first = await _counted(telegram, child, bot_id)
    users, bot = telegram.started_subscribers(bot_id, count), telegram.bot(bot_id)
    for start in range(0, count, AT_ONCE):
        at_once = users[start : start + AT_ONCE]
        await asyncio.gather(*(telegram.deliver(bot, user, codes[0], ITEMS) for user in at_once))
    delivered = await _counted(telegram, child, bot_id)
    await child.call("delete_now")
    deleted = await _counted(telegram, child, bot_id)
    return _per(first, delivered, count), _per(delivered, deleted, count)


async def _counted(telegram: Telegram, child: Child, bot_id: int) -> Step:
    """Calls and commands so far; polling is none of a delivery's calls."""
    commands = (await child.call("commands"))["commands"]
    started = telegram.calls.started
    calls = sum(count for (bot, method), count in started.items() if bot == bot_id and method != "getUpdates")
    return Step(calls, commands)


def _per(before: Step, after: Step, count: int) -> Step:
    return Step((after.calls - before.calls) / count, (after.commands - before.commands) / count)


def _measured(store: str, plan: Plan, steps: dict[str, Step], costs: Costs) -> Figure:
    nothing = float("nan")
    figure = Figure("Growth: what was measured", MEASURED)
    figure.rows = [(name, step.calls, step.commands, nothing, nothing) for name, step in steps.items()]
    for name in House().documents(0):
        index = costs.index_bytes.get(name, nothing)
        figure.rows.append((f"a document of {name}", nothing, nothing, costs.document_bytes[name], index))
    figure.notes = [
        f"On the store “{store}”: {plan.deliveries:,} deliveries of {ITEMS} items, their deletion "
        f"by one run of the job, and a broadcast to {plan.recipients:,}. Documents as the operations leave them, "
        "uncompressed BSON. Indexes as the server reports them (keys, uncompressed; without a server not measured): "
        "MongoDB compresses common beginnings of keys and takes less. A free delivery without channels to join: a "
        "credit costs one command more.",
    ]
    return figure


def _computed(plan: Plan, costs: Costs) -> Figure:
    house = House()
    figure = Figure("Growth: what follows", COMPUTED)
    for subscribers in plan.subscribers:
        of = forecast(subscribers, house, costs)
        figure.rows.append(
            (
                f"{subscribers:,}",
                of.openings_per_s,
                of.share_of_ceiling,
                of.commands_per_s,
                of.broadcast_hours,
                of.broadcast_commands_per_s,
                of.documents,
                of.data_bytes / GB,
                of.index_bytes / GB,
            )
        )
    figure.notes = [
        f"Computed, for one bot: {house.active_a_day:.0%} of the subscribers come on a day and open "
        f"{house.openings:.0f} posts each; the busiest hour has {house.peak:.0f} times the mean; {house.channels} "
        f"channels to join; {house.broadcasts} broadcasts to everybody in the {house.history_days} days for which "
        f"history is kept; {house.ceiling_per_s:.0f} calls a second, {house.bulk_per_s} of a broadcast. Above 1.00 of "
        "the ceiling people wait, and commands no longer grow: that is at "
        f"{most_subscribers(house, costs):,.0f} subscribers.",
    ]
    return figure
