"""What the gate costs a delivery in Bot API calls and MongoDB commands: none, remembered, cold, a credit spent."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bench.counts import SHARED_READS, Counted
from bench.numbers import grown
from bench.plan import ITEMS, Plan
from bench.report import Figure, Goal, shown
from bench.stores import Store, stores
from bench.subject import Subject, bot_on, product_on, side_by_side
from bench.telegram import CHANNELS, Telegram
from sandbox.state.world import User

#: what a gate that remembers everything may cost more than none
CALLS_MORE_MAX, COMMANDS_MORE_MAX = 0, 1
UNGATED, CACHED, COLD, CREDIT = (
    "no channel",
    "three channels, remembered",
    "three channels, nothing remembered",
    "three channels, remembered; a credit spent",
)
COLUMNS = ("delivery", "Bot API calls", "more", "MongoDB commands", "more of them", "which")


@dataclass(frozen=True, slots=True)
class Gated:
    """What deliveries took on one store, by the gate they passed."""

    store: Store
    by_gate: dict[str, Counted]

    def more_calls(self, gate: str) -> float:
        """Bot API calls per delivery beyond those without a gate."""
        return self.by_gate[gate].calls_each - self.by_gate[UNGATED].calls_each

    def more_commands(self, gate: str) -> float:
        """MongoDB commands per delivery beyond those without a gate."""
        return self.by_gate[gate].commands_each - self.by_gate[UNGATED].commands_each

    def more(self, gate: str) -> str:
        """Each of them by name, per delivery."""
        with_it, without = self.by_gate[gate], self.by_gate[UNGATED]
        found = [*_more(with_it.calls, without.calls, with_it, without)]
        found += _more(with_it.commands, without.commands, with_it, without)
        return ", ".join(found)


def _more(counts: dict[str, int], others: dict[str, int], one: Counted, other: Counted) -> list[str]:
    each = {
        name: counts.get(name, 0) / one.deliveries - others.get(name, 0) / other.deliveries
        for name in sorted({*counts, *others} - SHARED_READS)
    }
    return [f"{shown(count, 3).rstrip('0').rstrip('.')} {name}" for name, count in each.items() if count]


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """One delivery after the other on each store; the stores at the same time, for nothing here is timed."""
    message_ids = telegram.store(ITEMS)
    columns = stores()
    async with side_by_side(*(product_on(store, telegram.url, "keyed") for store in columns)) as products:
        pairs = zip(columns, products, strict=True)
        found = await asyncio.gather(*(_Scene(telegram, plan, *pair).count(message_ids) for pair in pairs))
    return _figure(plan, found)


class _Scene:
    """One product. Three groups of people open two posts each: within a chat's burst nobody waits for the limit."""

    def __init__(self, telegram: Telegram, plan: Plan, store: Store, product: Subject) -> None:
        self._telegram = telegram
        self._plan = plan
        self._store = store
        self._product = product
        self._bot = telegram.bot(bot_on(store))

    async def count(self, message_ids: list[int]) -> Gated:
        first, second = await self._product.fresh(message_ids, 2)
        strangers, members, payers = (self._people() for _ in range(3))
        await self._deliver(strangers, first)
        ungated = await self._counted(strangers, second)
        await self._product.ask("ask_for_channels", chat_ids=CHANNELS)
        self._telegram.put_into_channels([*members, *payers])
        cold = await self._counted(members, first)
        cached = await self._counted(members, second)
        await self._deliver(payers, first)
        await self._product.ask("charge", credits=1)
        credit = await self._counted(payers, second)
        self._telegram.forget([*strangers, *members, *payers])
        return Gated(self._store, {UNGATED: ungated, CACHED: cached, COLD: cold, CREDIT: credit})

    def _people(self) -> list[User]:
        return [self._telegram.new_person() for _ in range(self._plan.gated)]

    async def _deliver(self, people: Sequence[User], code: str) -> None:
        for user in people:
            await self._telegram.deliver(self._bot, user, code, ITEMS)

    async def _counted(self, people: Sequence[User], code: str) -> Counted:
        used, called = await self._product.usage(), self._telegram.calls_of(self._bot.id)
        await self._deliver(people, code)
        used_after, called_after = await self._product.usage(), self._telegram.calls_of(self._bot.id)
        commands = grown(used.commands, used_after.commands)
        return Counted(self._store, len(people), grown(called, called_after), commands, used.counted_by)


def _figure(plan: Plan, found: Sequence[Gated]) -> Figure:
    figure = Figure(f"The gate: calls and commands of one delivery of {ITEMS} items", COLUMNS)
    for one in found:
        for gate in one.by_gate:
            name = f"{one.store.name}: {gate}" if gate == UNGATED else f"  {gate}"
            figure.rows.append((name, *_cells(one, gate)))
        figure.goals += _goals(one)
    figure.notes = _notes(plan, found)
    figure.numbers = {
        one.store.name: {gate: counted.numbers() for gate, counted in one.by_gate.items()} for one in found
    }
    return figure


def _cells(one: Gated, gate: str) -> tuple[str, ...]:
    counted = one.by_gate[gate]
    calls, commands = shown(counted.calls_each, 3), shown(counted.commands_each, 3)
    if gate == UNGATED:
        return (calls, "", commands, "", "")
    return (calls, shown(one.more_calls(gate), 3), commands, shown(one.more_commands(gate), 3), one.more(gate))


def _goals(one: Gated) -> list[Goal]:
    calls, commands = one.more_calls(CACHED), one.more_commands(CACHED)
    asked = one.by_gate[COLD].calls.get("getChatMember", 0) / one.by_gate[COLD].deliveries
    return [
        Goal(
            f"{one.store.name}: remembered, no Bot API call and at most {COMMANDS_MORE_MAX} command more",
            f"{shown(calls, 3)} and {shown(commands, 3)}",
            calls <= CALLS_MORE_MAX and commands <= COMMANDS_MORE_MAX,
        ),
        Goal(
            f"{one.store.name}: nothing remembered, one getChatMember for each of {len(CHANNELS)} channels",
            shown(asked, 3),
            asked == len(CHANNELS),
        ),
    ]


def _notes(plan: Plan, found: Sequence[Gated]) -> list[str]:
    counters = " and ".join(f"{one.by_gate[UNGATED].counted_by} ({one.store.name})" for one in found)
    return [
        f"{plan.gated} deliveries a line, one after the other. Everybody has had a post before, except where nothing "
        "is remembered: those people are members of all channels that the bot has never seen, as after a restore. "
        f"Commands counted by {counters}, calls by the sandbox; `more` is what comes on top of the line `{UNGATED}`.",
        "Settings and channels are read at most once in 5 s by a process, however many deliveries there are; these "
        "reads of admin_config and channels are counted apart and in no number here: "
        + "; ".join(f"{one.store.name} {sum(each.shared for each in one.by_gate.values())}" for one in found)
        + f" in {plan.gated * len(found[0].by_gate)} deliveries.",
    ]
