"""What it takes to take back a day's due deliveries in one run."""

from typing import Any

from bench.numbers import grown, ratio
from bench.plan import Plan
from bench.report import Figure, Goal, shown
from bench.subject import Usage, running
from bench.telegram import PRODUCT, TOKENS, Telegram

CALLS_MAX = 2.1
#: people wait 30 minutes by default; one more, so that all are due
LATER_S = 31 * 60.0
#: people at once while the deliveries are made
AT_ONCE = 20
COLUMNS = ("what", "in all", "per delivery")


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """Real deliveries first; then the clock moves and the job runs once."""
    async with running("product", telegram.url, TOKENS[PRODUCT], "keyed") as product:
        (code,) = await product.fresh(telegram.store(plan.promise_items), 1)
        # one each: several to one person would wait for the limit of a message per chat and second
        people = [telegram.new_person() for _ in range(plan.promises)]
        await telegram.deliver_to_all(PRODUCT, people, code, plan.promise_items, AT_ONCE)
        before, called = await product.usage(), telegram.calls_of(PRODUCT)
        await product.ask("shift", offset_s=telegram.advance(LATER_S))
        report = await product.ask("take_back")
        after, called_after = await product.usage(), telegram.calls_of(PRODUCT)
        left = telegram.count_content(PRODUCT, people)
        telegram.forget(people)
        telegram.advance(-LATER_S)
    return _figure(plan, report, grown(called, called_after), before, after, left)


def _figure(
    plan: Plan, report: dict[str, Any], calls: dict[str, int], before: Usage, after: Usage, left: int
) -> Figure:
    taken = sum(report["counts"].values())
    commands = grown(before.commands, after.commands)
    per_call = ratio(sum(calls.values()), taken)
    cpu_s, store_s = after.cpu_s - before.cpu_s, after.store_s - before.store_s
    figure = Figure(f"Taking back {plan.promises:,} due deliveries of {plan.promise_items} messages", COLUMNS)
    figure.rows = [
        ("time", shown(report["seconds"], 1, " s"), shown(report["seconds"] * 1000 / taken, 2, " ms")),
        ("CPU of the product", shown(cpu_s, 1, " s"), shown(cpu_s * 1000 / taken, 2, " ms")),
        ("  of it the in-memory store", shown(store_s, 1, " s"), shown(store_s * 1000 / taken, 2, " ms")),
        *((f"Bot API: {name}", shown(count), shown(count / taken, 3)) for name, count in calls.items()),
        *((f"MongoDB: {name}", shown(count), shown(count / taken, 3)) for name, count in commands.items()),
        ("Bot API calls", shown(sum(calls.values())), shown(per_call, 3)),
        ("MongoDB commands", shown(sum(commands.values())), shown(sum(commands.values()) / taken, 3)),
    ]
    figure.goals = [
        Goal(f"at most {CALLS_MAX} Bot API calls per delivery", shown(per_call, 3), per_call <= CALLS_MAX),
        Goal(
            f"all {plan.promises:,} taken back, no message left",
            f"{report['outcome']} {report['counts']}, {left} messages left",
            taken == plan.promises and left == 0,
        ),
    ]
    figure.notes = [
        f"The product made the deliveries, one to each of {plan.promises:,} people; then the clocks of sandbox and "
        f"product moved by {LATER_S / 60:.0f} minutes and the job ran once by hand. Commands are those of the whole "
        f"run, counted by {before.counted_by}; an in-memory store finds documents by key (bench/keyed.py). The rate of "
        "sending is raised out of the way: with the 29 calls a second of production the same calls take "
        f"{sum(calls.values()) / 29:.0f} s.",
    ]
    figure.numbers = {
        "deliveries": taken,
        "messages_left": left,
        "seconds": report["seconds"],
        "outcome": report["outcome"],
        "error": report["error"],
        "calls_per_delivery": per_call,
        "calls": calls,
        "commands": commands,
        "cpu_s": cpu_s,
        "store_s": store_s,
        "counted_by": before.counted_by,
    }
    return figure
