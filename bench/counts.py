"""Bot API calls and MongoDB commands of one delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.numbers import grown
from bench.plan import ITEMS, Plan
from bench.report import Figure, Goal, counted, counted_row, each, shown
from bench.stores import Store, stores
from bench.subject import Subject, bot_on, product_on, side_by_side
from bench.telegram import Telegram

CALLS_MAX, COMMANDS_MAX = 2, 6
#: read at most once in 5 s by a process, however many deliveries there are (settings_ops.py, channel_ops.py)
SHARED_READS = frozenset({"find admin_config", "find channels"})
#: deliveries before the counting begins, so that connections stand and the settings are read
FIRST = 5


@dataclass(frozen=True, slots=True)
class Counted:
    """What the deliveries took on one store."""

    store: Store
    deliveries: int
    calls: dict[str, int]
    commands: dict[str, int]
    counted_by: str

    @property
    def shared(self) -> int:
        """Reads that are not a delivery's own."""
        return sum(count for name, count in self.commands.items() if name in SHARED_READS)

    @property
    def calls_each(self) -> float:
        return sum(self.calls.values()) / self.deliveries

    @property
    def commands_each(self) -> float:
        return (sum(self.commands.values()) - self.shared) / self.deliveries

    def numbers(self) -> dict[str, Any]:
        return {
            "deliveries": self.deliveries,
            "calls_per_delivery": self.calls_each,
            "commands_per_delivery": self.commands_each,
            "shared_reads": self.shared,
            "calls": self.calls,
            "commands": self.commands,
            "counted_by": self.counted_by,
        }


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """One delivery after the other, each to somebody else; one store after the other."""
    message_ids = telegram.store(ITEMS)
    columns = stores()
    async with side_by_side(*(product_on(store, telegram.url) for store in columns)) as products:
        pairs = zip(columns, products, strict=True)
        return _figure([await _count(telegram, plan, *pair, message_ids) for pair in pairs])


async def _count(telegram: Telegram, plan: Plan, store: Store, product: Subject, message_ids: list[int]) -> Counted:
    bot = bot_on(store)
    (code,) = await product.fresh(message_ids, 1)
    await _deliver(telegram, bot, code, FIRST)
    used, called = await product.usage(), telegram.calls_of(bot)
    await _deliver(telegram, bot, code, plan.counted)
    used_after, called_after = await product.usage(), telegram.calls_of(bot)
    commands = grown(used.commands, used_after.commands)
    return Counted(store, plan.counted, grown(called, called_after), commands, used.counted_by)


async def _deliver(telegram: Telegram, bot: int, code: str, times: int) -> None:
    people = [telegram.new_person() for _ in range(times)]
    for user in people:
        await telegram.deliver(telegram.bot(bot), user, code, ITEMS)
    telegram.forget(people)


def _figure(found: Sequence[Counted]) -> Figure:
    deliveries = [one.deliveries for one in found]
    figure = Figure(
        f"Calls and commands of one delivery of {ITEMS} items", ("what", *each([one.store.name for one in found]))
    )
    figure.rows = [
        *counted("Bot API", [one.calls for one in found], deliveries),
        *counted("MongoDB", [one.commands for one in found], deliveries),
        counted_row("Bot API calls", [sum(one.calls.values()) for one in found], deliveries),
        counted_row("MongoDB commands", [sum(one.commands.values()) for one in found], deliveries),
    ]
    for one in found:
        calls, commands = one.calls_each, one.commands_each
        figure.goals += [
            Goal(f"{one.store.name}: {CALLS_MAX} Bot API calls", shown(calls, 3), calls <= CALLS_MAX),
            Goal(
                f"{one.store.name}: at most {COMMANDS_MAX} MongoDB commands",
                shown(commands, 3),
                commands <= COMMANDS_MAX,
            ),
        ]
    counters = " and ".join(f"{one.counted_by} ({one.store.name})" for one in found)
    shared = " and ".join(f"{one.shared} times ({one.store.name})" for one in found)
    figure.notes = [
        f"{deliveries[0]} deliveries, each to a new person. Commands counted by {counters}, under their names on the "
        "wire; `each` is per delivery.",
        "The reads of admin_config and channels are not in the goal's number: a process does each at most once in 5 s "
        f"(here {shared}), so the first delivery after a rest has two commands more.",
    ]
    figure.numbers = {one.store.name: one.numbers() for one in found}
    return figure
