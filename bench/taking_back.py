"""What it takes to take back a day's due deliveries in one run."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.numbers import grown, known, ratio
from bench.plan import Plan
from bench.report import Figure, Goal, counted, counted_row, each, shown
from bench.stores import Store, stores
from bench.subject import Subject, Usage, bot_on, product_on, side_by_side
from bench.telegram import Telegram
from sandbox.state.world import User

CALLS_MAX = 2.1
#: calls a second that the ceiling of production leaves to deletions
RATE_PER_S = 29
#: people wait 30 minutes by default; one more, so that all are due
LATER_S = 31 * 60.0
#: people at once while the deliveries are made
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Taken:
    """One run of the job on one store."""

    store: Store
    #: what the job reported: seconds, outcome, counts, error
    report: dict[str, Any]
    calls: dict[str, int]
    before: Usage
    after: Usage
    #: messages people still see
    left: int
    #: CPU of the server's process; NaN when it cannot be told
    server_s: float

    @property
    def deliveries(self) -> int:
        return sum(self.report["counts"].values())

    @property
    def commands(self) -> dict[str, int]:
        return grown(self.before.commands, self.after.commands)

    @property
    def seconds(self) -> float:
        return float(self.report["seconds"])

    @property
    def cpu_s(self) -> float:
        return self.after.cpu_s - self.before.cpu_s

    @property
    def store_s(self) -> float:
        """CPU of the store: within the product's, or the server's beside it."""
        return self.after.store_s - self.before.store_s if self.store.is_memory else self.server_s

    @property
    def calls_each(self) -> float:
        return ratio(sum(self.calls.values()), self.deliveries)

    def numbers(self) -> dict[str, Any]:
        return {
            "deliveries": self.deliveries,
            "messages_left": self.left,
            "seconds": self.seconds,
            "outcome": self.report["outcome"],
            "error": self.report["error"],
            "calls_per_delivery": self.calls_each,
            "calls": self.calls,
            "commands": self.commands,
            "cpu_s": self.cpu_s,
            "store_s": known(self.store_s),
            "counted_by": self.before.counted_by,
        }


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """Real deliveries first; then the clock moves and the job runs once, on one store after the other."""
    message_ids = telegram.store(plan.promise_items)
    columns = stores()
    async with side_by_side(*(product_on(store, telegram.url, "keyed") for store in columns)) as products:
        pairs = list(zip(columns, products, strict=True))
        people = await asyncio.gather(*(_deliver(telegram, plan, *pair, message_ids) for pair in pairs))
        offset_s = telegram.advance(LATER_S)
        found = [
            await _take_back(telegram, *pair, theirs, offset_s) for pair, theirs in zip(pairs, people, strict=True)
        ]
        telegram.advance(-LATER_S)
    return _figure(plan, found)


async def _deliver(
    telegram: Telegram, plan: Plan, store: Store, product: Subject, message_ids: list[int]
) -> list[User]:
    (code,) = await product.fresh(message_ids, 1)
    # one each: several to one person would wait for the limit of a message per chat and second
    people = [telegram.new_person() for _ in range(plan.promises)]
    await telegram.deliver_to_all(bot_on(store), people, code, plan.promise_items, AT_ONCE)
    return people


async def _take_back(telegram: Telegram, store: Store, product: Subject, people: list[User], offset_s: float) -> Taken:
    bot = bot_on(store)
    before, called, server_s = await product.usage(), telegram.calls_of(bot), store.cpu_s()
    await product.ask("shift", offset_s=offset_s)
    report = await product.ask("take_back")
    server_s = store.cpu_s() - server_s
    after, called_after = await product.usage(), telegram.calls_of(bot)
    left = telegram.count_content(bot, people)
    telegram.forget(people)
    return Taken(store, report, grown(called, called_after), before, after, left, server_s)


def _figure(plan: Plan, found: Sequence[Taken]) -> Figure:
    deliveries = [one.deliveries for one in found]
    figure = Figure(
        f"Taking back {plan.promises:,} due deliveries of {plan.promise_items} messages",
        ("what", *each([one.store.name for one in found])),
    )
    figure.rows = [
        _timed("time", [one.seconds for one in found], deliveries),
        _timed("CPU of the product", [one.cpu_s for one in found], deliveries),
        _timed("CPU of the store", [one.store_s for one in found], deliveries),
        *counted("Bot API", [one.calls for one in found], deliveries),
        *counted("MongoDB", [one.commands for one in found], deliveries),
        counted_row("Bot API calls", [sum(one.calls.values()) for one in found], deliveries),
        counted_row("MongoDB commands", [sum(one.commands.values()) for one in found], deliveries),
    ]
    figure.goals = [goal for one in found for goal in _goals(plan, one)]
    figure.notes = _notes(plan, found)
    figure.numbers = {one.store.name: one.numbers() for one in found}
    return figure


def _timed(what: str, seconds: Sequence[float], deliveries: Sequence[int]) -> tuple[str, ...]:
    cells: list[str] = []
    for one, whole in zip(seconds, deliveries, strict=True):
        cells += [shown(one, 1, " s"), shown(ratio(one * 1000, whole), 2, " ms")]
    return (what, *cells)


def _goals(plan: Plan, one: Taken) -> list[Goal]:
    return [
        Goal(
            f"{one.store.name}: at most {CALLS_MAX} Bot API calls per delivery",
            shown(one.calls_each, 3),
            one.calls_each <= CALLS_MAX,
        ),
        Goal(
            f"{one.store.name}: all {plan.promises:,} taken back, no message left",
            f"{one.report['outcome']} {one.report['counts']}, {one.left} messages left",
            one.deliveries == plan.promises and one.left == 0,
        ),
    ]


def _notes(plan: Plan, found: Sequence[Taken]) -> list[str]:
    counters = " and ".join(f"{one.before.counted_by} ({one.store.name})" for one in found)
    calls = sum(found[0].calls.values())
    return [
        f"The product made the deliveries, one to each of {plan.promises:,} people; then the clocks of sandbox and "
        f"product moved by {LATER_S / 60:.0f} minutes and the job ran once by hand. Commands are those of the whole "
        f"run, counted by {counters}; an in-memory store finds documents by key (bench/keyed.py). Its CPU is a part "
        "of the product's, a server's is beside it. The rate of sending is raised out of the way: with the "
        f"{RATE_PER_S} calls a second of production the same calls take {calls / RATE_PER_S:.0f} s.",
    ]
