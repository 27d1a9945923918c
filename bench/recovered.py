"""What was seen of one recovery, and the table of several."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.commands import DUE
from bench.numbers import known, ratio, with_ticks
from bench.plan import Plan
from bench.programs import RATE_PER_S
from bench.report import Figure, Goal, shown
from bench.taking_back import RATE_PER_S as REAL_RATE_PER_S

#: of schedulers/jobs/message_deleter.py, which this process does not import: aiogram takes it seconds
JOB, BATCH, AT_ONCE, RUN_MAX, CLAIM_MINUTES = "message_deleter", 100, 10, 3000, 2
#: what claims promises, by the names of `bench.watched`
PROMISES = "pending_deletions"
SEARCH = (f"find {PROMISES}{DUE}", f"getMore {PROMISES}")
CLAIM = (*SEARCH, f"update {PROMISES}", f"find {PROMISES}")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the job, or of the script: promises that came to an end in it."""

    #: real seconds that it took; and from the start to it, the skipped ticks counted as if they had been waited for
    seconds: float
    begun_s: float
    done: int
    outcome: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Recovered:
    """A program that was killed and started again. Times are real seconds from the second start, NaN when unknown."""

    name: str
    #: promises that stood at the second start, and how many of them the killed process had claimed
    due: int
    held: int
    polling_s: float
    first_s: float
    last_s: float
    runs: list[Run]
    #: of the second process: Bot API calls by method, commands by name with count and seconds
    calls: dict[str, int]
    commands: dict[str, dict[str, float]]
    cpu_s: float
    #: of the server
    server_s: float
    #: calls of both processes that did once more what was done
    deleted_again: int
    told_again: int
    #: people who still see their messages, and promises that stand, at the end
    lost: int
    left: int

    @property
    def work_s(self) -> float:
        return sum(run.seconds for run in self.runs)

    def waited_s(self, names: Sequence[str]) -> float:
        """Seconds until commands of these names were answered."""
        return sum(self.commands[name]["seconds"] for name in names if name in self.commands)

    @property
    def longest_search_s(self) -> float:
        return max((self.commands[name]["longest_s"] for name in SEARCH if name in self.commands), default=math.nan)

    @property
    def ticking_s(self) -> float:
        """With the pauses between ticks that were skipped."""
        return self.runs[0].begun_s + with_ticks([run.seconds for run in self.runs])

    @property
    def limited_s(self) -> float:
        """The same with Telegram's ceiling."""
        calls_each = ratio(sum(self.calls.values()), sum(run.done for run in self.runs))
        slow = [max(run.seconds, run.done * calls_each / REAL_RATE_PER_S) for run in self.runs]
        return self.runs[0].begun_s + with_ticks(slow)

    def numbers(self) -> dict[str, Any]:
        found = asdict(self)
        times = {name: known(found[name]) for name in ("polling_s", "first_s", "last_s", "server_s")}
        return {**found, **times, "ticking_s": known(self.ticking_s), "limited_s": known(self.limited_s)}


def figure(plan: Plan, *found: Recovered) -> Figure:
    """The table; the product comes first."""
    made = Figure(
        f"Recovery after kill -9 with {plan.due:,} promises due",
        ("real seconds unless said", *(one.name for one in found)),
    )
    items = plan.promise_items
    rows: list[tuple[str, list[str]]] = [
        ("promises due at the second start", [shown(one.due) for one in found]),
        ("  held by the killed process", [shown(one.held) for one in found]),
        ("start to polling", [_s(one.polling_s) for one in found]),
        ("start to the first promise kept", [_s(one.first_s) for one in found]),
        ("start to the last promise kept", [_s(one.last_s) for one in found]),
        ("  of it in runs of the job", [_s(one.work_s) for one in found]),
        ("    of it claiming (all of claim_due)", [_s(one.waited_s(CLAIM)) for one in found]),
        ("      of it the server looking for what is due", [_s(one.waited_s(SEARCH)) for one in found]),
        ("        the longest look", [_s(one.longest_search_s, 2) for one in found]),
        ("  CPU of the program, of the server", [f"{_s(one.cpu_s)}, {_s(one.server_s)}" for one in found]),
        ("runs, so many ticks", [shown(len(one.runs)) for one in found]),
        ("last promise kept with a tick a minute (computed)", [_s(one.ticking_s) for one in found]),
        (f"  and {REAL_RATE_PER_S} calls a second (computed)", [_s(one.limited_s) for one in found]),
        ("Bot API calls", [shown(sum(one.calls.values())) for one in found]),
        ("MongoDB commands", [shown(sum(each["count"] for each in one.commands.values())) for one in found]),
        ("deliveries deleted twice", [shown(one.deleted_again) for one in found]),
        ("  messages in them", [shown(one.deleted_again * items) for one in found]),
        ("notices written twice, the same text", [shown(one.told_again) for one in found]),
        ("promises lost", [shown(one.lost) for one in found]),
    ]
    made.rows = [(name, *cells) for name, cells in rows]
    made.goals = [_goal(found[0])]
    made.notes = _notes(plan, found)
    made.numbers = {one.name: one.numbers() for one in found}
    return made


def _s(seconds: float, digits: int = 1) -> str:
    return shown(seconds, digits, " s")


def _goal(product: Recovered) -> Goal:
    got = f"{product.lost} lost, {product.left} left open, {len(product.runs)} runs"
    bad = [f"{run.outcome} ({run.error})" for run in product.runs if run.outcome != "succeeded"]
    return Goal("no promise lost, all kept", "; ".join([got, *bad]), product.lost == product.left == 0 and not bad)


def _notes(plan: Plan, found: Sequence[Recovered]) -> list[str]:
    product = found[0]
    without_s = product.last_s - product.waited_s(SEARCH)
    return [
        "`main.py` with everything in it, killed with -9 in the middle of a batch while it took back deliveries of "
        f"{plan.promise_items} messages, then started again; Telegram is the sandbox, at up to {RATE_PER_S} calls a "
        "second, the most the configuration takes. Beside it bench/naive.py: one query for all that is due, then the "
        "same two calls for each with the same number at once, a delete of each row, no claims, no limits.",
        "Three clocks. Real: everything that is not marked. The product's (it follows the sandbox's), moved by a "
        "minute before the second start and whenever the product rests, so that the next tick comes at once: a run "
        f"takes at most {RUN_MAX:,} promises, a tick comes each minute, claims of the killed process hold "
        f"{CLAIM_MINUTES} minutes. Computed from the runs: what it takes when ticks are waited for, and when Telegram "
        f"lets {REAL_RATE_PER_S} calls a second through (the script has no such limit, it would meet 429s). After an "
        "outage shorter than a minute the first tick comes up to a minute later.",
        f"`Looking for what is due` is one command, the server's alone, sorted by an index and limited to {BATCH}; "
        "SecantusDB reads all that is due before it cuts (docs/decisions/0004). Without these looks the product's last "
        f"promise would have been kept after {_s(without_s)}.",
        "Deleted twice: what the killed process had done and not struck out. Readers do not notice: the messages are "
        "gone, the notice has its text. Two such scripts at once would do everything twice; of two processes of the "
        "product each promise belongs to one.",
    ]
