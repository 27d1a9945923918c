"""What happens in an episode. Everything follows from the seed; nothing here looks at a clock."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.chaos.gate.plan import SendLimiter, make_gate
from tests.chaos.moments import AtCall, AtCommand, AtStep, Disturbance, What, When

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
    #: what people need for a post; None: nothing
    gate: SendLimiter | None = None

    def __str__(self) -> str:
        shape = "two processes" if self.is_split else "one process"
        asking = "; ".join(map(str, self.asking)) or "nothing"
        taking_back = "; ".join(map(str, self.taking_back)) or "nothing"
        gate = f" Gate: {self.gate}." if self.gate is not None else ""
        return f"{shape}, {self.begins:%H:%M:%S}.{gate} Asking: {asking}. Taking back: {taking_back}"


_KILL_COMMANDS_ASKING = (
    ("findAndModify", "users"),
    ("findAndModify", "posts"),
    ("findAndModify", "deliveries"),
    ("insert", "pending_deletions"),
    ("update", "pending_deletions"),
)
#: with the gate on: what is spent, given back, wanted, offered, redeemed and paid out
_KILL_COMMANDS_GATE = (
    ("update", "users"),
    ("update", "tokens"),
    ("findAndModify", "tokens"),
    ("insert", "tokens"),
    ("findAndModify", "token_generator_count"),
    ("update", "memberships"),
)
_KILL_COMMANDS_TAKING_BACK = (
    ("find", "pending_deletions"),
    ("update", "pending_deletions"),
    ("delete", "pending_deletions"),
    ("insert", "job_runs"),
    ("update", "job_runs"),
)
_CALLS_ASKING = ("copyMessages", "copyMessages", "sendMessage")
_CALLS_GATE = ("getChatMember", "getChatMember")
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
    gate = make_gate(seed, SUBSCRIBERS, len(acts))
    asking = tuple(_asking(dice, len(acts), is_split, gate is not None) for _ in range(dice.randint(2, 4)))
    taking_back = tuple(_taking_back(dice, is_split) for _ in range(dice.randint(1, 3)))
    if gate is not None:
        acts, asking = _in_a_rush(acts), (*asking, gate.aimed)
    return Plan(seed, begins, is_split, acts, asking, taking_back, gate)


def _in_a_rush(acts: tuple[Act, ...]) -> tuple[Act, ...]:
    """Every other person opens all they want at once: one credit, two posts."""
    at_once = {person: [act for act in acts if act.person == person] for person in range(0, SUBSCRIBERS, 2)}
    rushed: list[Act] = []
    for act in acts:
        rushed += at_once.pop(act.person, []) if act.person % 2 == 0 else [act]
    return tuple(rushed)


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


def _asking(dice: random.Random, acts: int, is_split: bool, is_gated: bool) -> Disturbance:
    what = _what(dice)
    step = AtStep(dice.randrange(acts))
    commands = _KILL_COMMANDS_ASKING + (_KILL_COMMANDS_GATE if is_gated else ())
    calls = _CALLS_ASKING + (_CALLS_GATE if is_gated else ())
    if what is What.KILL:
        when = _moment(dice, step, commands, calls, 100 if is_gated else 200)
        return _process_ends(dice, what, when, is_split)
    return _disturbance(dice, what, step, calls, (1, 5, 20))


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
