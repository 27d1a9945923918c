"""What happens in an episode. Everything follows from the seed; nothing here looks at a clock."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

SUBSCRIBERS = 200
#: of a hundred subscribers, how many open two posts, tap twice, and block the bot right after asking
TWO_POSTS, TWO_TAPS, BLOCKERS = 25, 10, 2
#: minutes after a delivery's time until it must be gone
LATEST_MINUTES = 10
#: minutes of taking back under fire: in most of them a post's time comes
FIRE_MINUTES = 7


@dataclass(frozen=True, slots=True)
class Content:
    """One post of every episode: `items` messages, `minutes` to live (0: for ever)."""

    items: int
    minutes: int


#: what the house has to give; 2820 minutes is the longest that is allowed
POSTS = (
    Content(1, 30),
    Content(10, 31),
    Content(1, 0),
    Content(3, 32),
    Content(2, 2820),
    Content(1, 33),
    Content(4, 35),
)
#: how often each is asked for
_DEMAND = (4, 4, 1, 3, 2, 3, 3)


class What(StrEnum):
    """A disturbance."""

    KILL = "kill -9"
    FREEZE = "stop and continue"
    RESTART = "restart"
    STORE_AWAY = "store away"
    STORE_SILENT = "store silent"
    STORE_KILLED = "store killed -9"
    CUT = "store connections cut"
    FLOOD = "429"
    BAD_GATEWAY = "502"
    HANG = "hang"
    LOST_BEFORE = "connection reset before"
    LOST_AFTER = "executed, answer lost"
    TWICE = "updates twice"
    CLOCK = "clock jump"


@dataclass(frozen=True, slots=True)
class AtStep:
    """After so many acts of subscribers, or minutes of taking back."""

    step: int

    def __str__(self) -> str:
        return f"at step {self.step}"


@dataclass(frozen=True, slots=True)
class AtCommand:
    """In the middle of the n-th such command on the wire: before the server has it, or before its answer is back."""

    command: str
    collection: str
    nth: int
    is_answered: bool

    def __str__(self) -> str:
        return f"{'after' if self.is_answered else 'before'} {self.command} {self.collection} #{self.nth}"


@dataclass(frozen=True, slots=True)
class AtCall:
    """In the middle of the n-th such call to Telegram: before it is executed, or before its answer is back."""

    method: str
    nth: int
    is_answered: bool

    def __str__(self) -> str:
        return f"{'after' if self.is_answered else 'before'} {self.method} #{self.nth}"


When = AtStep | AtCommand | AtCall


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One thing that goes wrong. `seconds` is real time, but for the clock, which jumps by them."""

    what: What
    when: When
    #: how long; for a 429 what it asks for
    seconds: float = 0.0
    #: calls or batches hit
    times: int = 1
    #: of Telegram's methods, the one that is hit
    method: str = "*"
    #: the first process is the one with the user bot
    process: int = 0

    def __str__(self) -> str:
        parts = [self.what.value]
        if self.method != "*":
            parts.append(self.method)
        if self.times > 1:
            parts.append(f"x{self.times}")
        if self.seconds:
            parts.append(f"{self.seconds:g} s")
        if self.process:
            parts.append("(admin bot)")
        return f"{' '.join(parts)} {self.when}"


@dataclass(frozen=True, slots=True)
class Act:
    """A subscriber (0 to SUBSCRIBERS - 1) opens the link of a post (an index of POSTS); some block the bot then."""

    person: int
    post: int
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One episode."""

    seed: int
    #: when it begins, on the sandbox's clock
    begins: datetime
    #: the bots in a process each instead of one for both
    is_split: bool
    acts: tuple[Act, ...]
    #: while subscribers ask
    asking: tuple[Disturbance, ...]
    #: while deliveries are taken back
    taking_back: tuple[Disturbance, ...]

    def __str__(self) -> str:
        shape = "two processes" if self.is_split else "one process"
        asking = "; ".join(map(str, self.asking)) or "nothing"
        taking_back = "; ".join(map(str, self.taking_back)) or "nothing"
        return f"{shape}, {self.begins:%H:%M:%S}. Asking: {asking}. Taking back: {taking_back}"


_KILL_COMMANDS_ASKING = (
    ("findAndModify", "users"),
    ("findAndModify", "posts"),
    ("findAndModify", "deliveries"),
    ("insert", "pending_deletions"),
    ("update", "pending_deletions"),
)
_KILL_COMMANDS_TAKING_BACK = (
    ("find", "pending_deletions"),
    ("update", "pending_deletions"),
    ("delete", "pending_deletions"),
    ("insert", "job_runs"),
    ("update", "job_runs"),
)
_CALLS_ASKING = ("copyMessages", "copyMessages", "sendMessage")
_CALLS_TAKING_BACK = ("deleteMessages", "deleteMessages", "editMessageText")

#: how likely each is; a kill has most faces
_WEIGHTS = {
    What.KILL: 10,
    What.FREEZE: 3,
    What.RESTART: 3,
    What.STORE_AWAY: 3,
    What.STORE_SILENT: 2,
    What.STORE_KILLED: 1,
    What.CUT: 3,
    What.FLOOD: 3,
    What.BAD_GATEWAY: 3,
    What.HANG: 2,
    What.LOST_BEFORE: 2,
    What.LOST_AFTER: 3,
    What.TWICE: 2,
    What.CLOCK: 2,
}
HOUR_S, TWO_DAYS_S = 3600.0, 2 * 86400.0


def make_plan(seed: int) -> Plan:
    """The episode of this number: the same every time."""
    dice = random.Random(seed)
    begins = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=dice.randrange(86400))
    acts = _acts(dice)
    is_split = dice.random() < 0.25
    asking = tuple(_asking(dice, len(acts), is_split) for _ in range(dice.randint(2, 4)))
    taking_back = tuple(_taking_back(dice, is_split) for _ in range(dice.randint(1, 3)))
    return Plan(seed, begins, is_split, acts, asking, taking_back)


def _acts(dice: random.Random) -> tuple[Act, ...]:
    acts: list[Act] = []
    for person in range(SUBSCRIBERS):
        first, second = dice.choices(range(len(POSTS)), _DEMAND, k=2)
        acts.append(Act(person, first, blocks=dice.random() < BLOCKERS / 100))
        if dice.random() < TWO_POSTS / 100 and second != first:
            acts.append(Act(person, second))
    dice.shuffle(acts)
    twice: list[Act] = []
    for act in acts:
        twice += [act, act] if dice.random() < TWO_TAPS / 100 and not act.blocks else [act]
    return tuple(twice)


def _what(dice: random.Random) -> What:
    return dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]


def _asking(dice: random.Random, acts: int, is_split: bool) -> Disturbance:
    what = _what(dice)
    step = AtStep(dice.randrange(acts))
    if what is What.KILL:
        when = _moment(dice, step, _KILL_COMMANDS_ASKING, _CALLS_ASKING, 200)
        return _process_ends(dice, what, when, is_split)
    return _disturbance(dice, what, step, _CALLS_ASKING, (1, 5, 20))


def _taking_back(dice: random.Random, is_split: bool) -> Disturbance:
    what = _what(dice)
    step = AtStep(dice.randrange(FIRE_MINUTES))
    if what is What.KILL:
        when = _moment(dice, step, _KILL_COMMANDS_TAKING_BACK, _CALLS_TAKING_BACK, 100)
        return _process_ends(dice, what, when, is_split)
    # so many that the repeats of one call are used up
    return _disturbance(dice, what, step, _CALLS_TAKING_BACK, (1, 20, 80))


def _moment(
    dice: random.Random, step: AtStep, commands: tuple[tuple[str, str], ...], calls: tuple[str, ...], most: int
) -> When:
    """Any step; or, three times of four, the middle of a command or call, where a crash hurts."""
    is_answered = dice.random() < 0.5
    kind = dice.randrange(4)
    if kind == 0:
        return step
    if kind == 1:
        return AtCall(dice.choice(calls), dice.randint(1, most), is_answered)
    command, collection = dice.choice(commands)
    # job_runs has a row a minute, a batch of promises one command: there is no hundredth
    seldom = collection == "job_runs" or command in ("find", "delete")
    return AtCommand(command, collection, dice.randint(1, 3 if seldom else most), is_answered)


def _process_ends(dice: random.Random, what: What, when: When, is_split: bool) -> Disturbance:
    process = 1 if is_split and dice.random() < 0.2 and isinstance(when, AtStep) else 0
    return Disturbance(what, when, seconds=dice.choice((0.0, 0.0, 0.5, 2.0)), process=process)


def _disturbance(
    dice: random.Random, what: What, step: AtStep, calls: tuple[str, ...], often: tuple[int, ...]
) -> Disturbance:
    some = round(dice.uniform(1.0, 4.0), 1)
    method = dice.choice((*calls, "*"))
    # a start that meets nothing else for half a minute gives up, as it should
    often = tuple(min(times, 20) for times in often) if method == "*" else often
    if what in (What.FREEZE, What.RESTART):
        return Disturbance(what, step, seconds=some if what is What.FREEZE else 0.0)
    if what in (What.STORE_AWAY, What.STORE_SILENT):
        return Disturbance(what, step, seconds=dice.choice((1.0, 2.0, 3.0, 5.0, 10.0)))
    if what is What.FLOOD:
        return Disturbance(what, step, seconds=dice.choice((2, 5, 10)), times=dice.choice(often), method=method)
    if what in (What.BAD_GATEWAY, What.LOST_BEFORE, What.LOST_AFTER):
        return Disturbance(what, step, times=dice.choice(often), method=method)
    if what is What.HANG:
        return Disturbance(what, step, seconds=some, times=dice.choice((1, 5)), method=method)
    if what is What.TWICE:
        return Disturbance(what, step, times=dice.choice((1, 3)))
    if what is What.CLOCK:
        return Disturbance(what, step, seconds=dice.choice((HOUR_S, HOUR_S, TWO_DAYS_S)))
    return Disturbance(what, step)
