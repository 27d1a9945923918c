"""Bot API calls and MongoDB commands of one delivery."""

from bench.numbers import grown
from bench.plan import ITEMS, Plan
from bench.report import Figure, Goal, shown
from bench.subject import Usage, running
from bench.telegram import PRODUCT, TOKENS, Telegram

CALLS_MAX, COMMANDS_MAX = 2, 6
#: read at most once in 5 s by a process, however many deliveries there are (database/operations/settings_ops.py)
SHARED_READ = "admin_config"
#: deliveries before the counting begins, so that connections stand and the settings are read
FIRST = 5


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """One delivery after the other, each to somebody else."""
    async with running("product", telegram.url, TOKENS[PRODUCT]) as product:
        (code,) = await product.fresh(telegram.store(ITEMS), 1)
        await _deliver(telegram, code, FIRST)
        used, called = await product.usage(), telegram.calls_of(PRODUCT)
        await _deliver(telegram, code, plan.counted)
        used_after, called_after = await product.usage(), telegram.calls_of(PRODUCT)
    calls = grown(called, called_after)
    return _figure(plan, calls, grown(used.commands, used_after.commands), used)


async def _deliver(telegram: Telegram, code: str, times: int) -> None:
    people = [telegram.new_person() for _ in range(times)]
    for user in people:
        await telegram.deliver(telegram.bot(PRODUCT), user, code, ITEMS)
    telegram.forget(people)


def _figure(plan: Plan, calls: dict[str, int], commands: dict[str, int], used: Usage) -> Figure:
    shared = sum(count for name, count in commands.items() if name.endswith(SHARED_READ))
    per_call = sum(calls.values()) / plan.counted
    per_command = (sum(commands.values()) - shared) / plan.counted
    figure = Figure(f"Calls and commands of one delivery of {ITEMS} items", ("what", "in all", "per delivery"))
    for kind, counts in (("Bot API", calls), ("MongoDB", commands)):
        for name, count in counts.items():
            figure.rows.append((f"{kind}: {name}", shown(count), shown(count / plan.counted, 3)))
    figure.goals = [
        Goal(f"{CALLS_MAX} Bot API calls", shown(per_call, 3), per_call <= CALLS_MAX),
        Goal(f"at most {COMMANDS_MAX} MongoDB commands", shown(per_command, 3), per_command <= COMMANDS_MAX),
    ]
    figure.notes = [
        f"{plan.counted} deliveries, each to a new person. Commands counted by {used.counted_by}.",
        f"The read of {SHARED_READ} is not in the goal's number: a process does it at most once in 5 s "
        f"(here {shared} times), so the first delivery after a rest has one command more.",
    ]
    figure.numbers = {
        "deliveries": plan.counted,
        "calls_per_delivery": per_call,
        "commands_per_delivery": per_command,
        "shared_reads": shared,
        "calls": calls,
        "commands": commands,
        "counted_by": used.counted_by,
    }
    return figure
