"""The plan of an episode. Everything is derived from the seed; no clock is read."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from tests.chaos.gate.plan import GatePlan, make_gate
from tests.chaos.moments import AtCall, AtCommand, AtStep, Disturbance, What, When

SUBSCRIBERS = 200
#: percent of subscribers who open two posts; percent of acts that are tapped twice; percent who block the bot at once
TWO_POSTS, TWO_TAPS, BLOCKERS = 25, 10, 2
#: minutes after its due time by which a delivery must be deleted
LATEST_MINUTES = 10
#: minutes of the deletion phase with disturbances: in most of them a post is due
FIRE_MINUTES = 7


@dataclass(frozen=True, slots=True)
class Content:
    """One post of every episode: `items` messages, deleted after `minutes` (0: never)."""

    items: int
    minutes: int


#: the posts on offer; 2820 minutes is the longest lifetime allowed
POSTS = (
    Content(1, 30),
    Content(10, 31),
    Content(1, 0),
    Content(3, 32),
    Content(2, 2820),
    Content(1, 33),
    Content(4, 35),
)
#: weights of the posts in requests
_DEMAND = (4, 4, 1, 3, 2, 3, 3)


@dataclass(frozen=True, slots=True)
class Act:
    """A subscriber (0 to SUBSCRIBERS - 1) opens the link of a post (an index of POSTS); some then block the bot."""

    person: int
    post: int
    blocks: bool = False


class Shape(StrEnum):
    """Which processes run the bots; the value is said of an episode."""

    ONE = "one process"
    SPLIT = "two processes"
    #: both bots in each; one polls a bot, and the others stand by
    STANDBY = "three processes, two stand by"
    #: both bots in each; Telegram posts to all of them in turn
    POSTED_TO_TWO = "two processes behind a balancer"
    POSTED_TO_THREE = "three processes behind a balancer"

    @property
    def is_posted_to(self) -> bool:
        """Whether a webhook is set instead of polls."""
        return self in (Shape.POSTED_TO_TWO, Shape.POSTED_TO_THREE)

    @property
    def runs_all_in_each(self) -> bool:
        """Whether several processes run the user bot."""
        return self is Shape.STANDBY or self.is_posted_to


@dataclass(frozen=True, slots=True)
class Plan:
    """One episode."""

    seed: int
    #: start of the episode on the sandbox's clock
    begins: datetime
    shape: Shape
    acts: tuple[Act, ...]
    #: disturbances of the request phase
    asking: tuple[Disturbance, ...]
    #: disturbances of the deletion phase
    taking_back: tuple[Disturbance, ...]
    #: the gate's rules; None: every post is open
    gate: GatePlan | None = None

    def __str__(self) -> str:
        asking = "; ".join(map(str, self.asking)) or "nothing"
        taking_back = "; ".join(map(str, self.taking_back)) or "nothing"
        gate = f" Gate: {self.gate}." if self.gate is not None else ""
        return f"{self.shape}, {self.begins:%H:%M:%S}.{gate} Asking: {asking}. Taking back: {taking_back}"


_KILL_COMMANDS_ASKING = (
    ("findAndModify", "users"),
    ("findAndModify", "posts"),
    ("findAndModify", "deliveries"),
    ("findAndModify", "deliveries"),
    ("update", "deliveries"),
    ("update", "deliveries"),
)
#: with the gate on: spending, refunding, pending posts, offers, redeeming and paying out
_KILL_COMMANDS_GATE = (
    ("update", "users"),
    ("update", "tokens"),
    ("findAndModify", "tokens"),
    ("insert", "tokens"),
    ("findAndModify", "token_generator_count"),
    ("update", "memberships"),
)
_KILL_COMMANDS_TAKING_BACK = (
    ("find", "deliveries"),
    ("find", "pending_deletions"),
    ("update", "deliveries"),
    ("insert", "job_runs"),
    ("update", "job_runs"),
)
_CALLS_ASKING = ("copyMessages", "copyMessages", "sendMessage")
_CALLS_GATE = ("getChatMember", "getChatMember")
_CALLS_TAKING_BACK = ("deleteMessages", "deleteMessages", "editMessageText")

#: weights of the disturbances; a kill has the most variants
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
    What.PARTIAL: 4,
    What.RESTART_AFTER: 2,
    What.SERVER_RESTART: 3,
    What.RUSH: 2,
    What.GROWING_FLOOD: 2,
}
#: those that need people who ask
_ASKING_ONLY = frozenset({What.PARTIAL, What.RUSH})
#: how partial sends end. Not by 401: after it the bot stops, as it must, and no episode goes on without it
ENDINGS = ("wrapped", "group", "406", "429", "500", "drop")
#: what calls get while the Bot API server is down; its port stays open, for the control calls of the test
DOWN_ANSWERS = ("500", "429", "502", "reset")
HOUR_S, TWO_DAYS_S = 3600.0, 2 * 86400.0


def make_plan(seed: int) -> Plan:
    """Return the plan of this seed: the same on every call."""
    dice = random.Random(seed)
    begins = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=dice.randrange(86400))
    acts = _acts(dice)
    shape = _shape(dice.random())
    gate = make_gate(seed, SUBSCRIBERS, len(acts))
    asking = tuple(_asking(dice, len(acts), shape, gate is not None) for _ in range(dice.randint(2, 4)))
    taking_back = tuple(_taking_back(dice, shape) for _ in range(dice.randint(1, 3)))
    if gate is not None and shape.is_posted_to:
        gate = replace(gate, has_page=True)  # the page has the address that Telegram posts to
    if gate is not None:
        acts, asking = _in_a_rush(acts), (*asking, gate.aimed)
    return Plan(seed, begins, shape, acts, asking, taking_back, gate)


_SHARES = {Shape.SPLIT: 0.15, Shape.STANDBY: 0.35, Shape.POSTED_TO_TWO: 0.45, Shape.POSTED_TO_THREE: 0.6}


def _shape(share: float) -> Shape:
    for shape, below in _SHARES.items():
        if share < below:
            return shape
    return Shape.ONE


def _in_a_rush(acts: tuple[Act, ...]) -> tuple[Act, ...]:
    """Move all requests of every other subscriber next to each other, so that two posts compete for one credit."""
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


def _what(dice: random.Random, besides: frozenset[What] = frozenset()) -> What:
    weights = {what: weight for what, weight in _WEIGHTS.items() if what not in besides}
    return dice.choices(list(weights), list(weights.values()))[0]


def _asking(dice: random.Random, acts: int, shape: Shape, is_gated: bool) -> Disturbance:
    what = _what(dice)
    step = AtStep(dice.randrange(acts))
    commands = _KILL_COMMANDS_ASKING + (_KILL_COMMANDS_GATE if is_gated else ())
    calls = _CALLS_ASKING + (_CALLS_GATE if is_gated else ())
    if what is What.KILL:
        when = _moment(dice, step, commands, calls, 100 if is_gated else 200, 100 if is_gated else 200)
        return _process_ends(dice, what, when, shape)
    return _disturbance(dice, what, step, calls, (1, 5, 20))


def _taking_back(dice: random.Random, shape: Shape) -> Disturbance:
    what = _what(dice, _ASKING_ONLY)
    step = AtStep(dice.randrange(FIRE_MINUTES))
    if what is What.KILL:
        # job_runs gets one row a minute, and a batch of promises one command: there is no hundredth
        when = _moment(dice, step, _KILL_COMMANDS_TAKING_BACK, _CALLS_TAKING_BACK, 3, 100)
        return _process_ends(dice, what, when, shape)
    # enough to exhaust the retries of one call
    return _disturbance(dice, what, step, _CALLS_TAKING_BACK, (1, 20, 80))


def _moment(
    dice: random.Random,
    step: AtStep,
    commands: tuple[tuple[str, str], ...],
    calls: tuple[str, ...],
    most_commands: int,
    most_calls: int,
) -> When:
    """Return any step; or, in three of four cases, the middle of a command or call, where a crash does most harm."""
    is_answered = dice.random() < 0.5
    kind = dice.randrange(4)
    if kind == 0:
        return step
    if kind == 1:
        return AtCall(dice.choice(calls), dice.randint(1, most_calls), is_answered)
    command, collection = dice.choice(commands)
    return AtCommand(command, collection, dice.randint(1, most_commands), is_answered)


def _process_ends(dice: random.Random, what: What, when: When, shape: Shape) -> Disturbance:
    process = 1 if shape is Shape.SPLIT and dice.random() < 0.2 and isinstance(when, AtStep) else 0
    return Disturbance(what, when, seconds=dice.choice((0.0, 0.0, 0.5, 2.0)), process=process)


def _disturbance(
    dice: random.Random, what: What, step: AtStep, calls: tuple[str, ...], often: tuple[int, ...]
) -> Disturbance:
    some = round(dice.uniform(1.0, 4.0), 1)
    method = dice.choice((*calls, "*"))
    # a start with nothing but failures for half a minute gives up by design
    often = tuple(min(times, 20) for times in often) if method == "*" else often
    if what in _BY_THE_SERVER:
        return _server_fails(dice, what, step, method, often)
    if what in (What.FREEZE, What.RESTART):
        return Disturbance(what, step, seconds=some if what is What.FREEZE else 0.0)
    if what in (What.STORE_AWAY, What.STORE_SILENT):
        return Disturbance(what, step, seconds=dice.choice((1.0, 2.0, 3.0, 5.0, 10.0)))
    if what is What.FLOOD:
        # the refusals come one by one, and each new incident halves the rate: eighty would take minutes
        often = tuple(min(times, 20) for times in often)
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


_BY_THE_SERVER = frozenset({What.PARTIAL, What.RESTART_AFTER, What.SERVER_RESTART, What.RUSH, What.GROWING_FLOOD})


def _server_fails(dice: random.Random, what: What, step: AtStep, method: str, often: tuple[int, ...]) -> Disturbance:
    """Return a disturbance of which the bot cannot know what was executed, or one of very many calls."""
    if what is What.PARTIAL:
        return Disturbance(
            what,
            step,
            seconds=dice.choice((1, 3)),
            times=dice.choice(often),
            method="copyMessages",
            ending=dice.choice(ENDINGS),
            deliver=dice.choice((0, 1, 2, 3, 5, 10)),
        )
    if what is What.RESTART_AFTER:
        return Disturbance(what, step, times=dice.choice(often), method=method)
    if what is What.SERVER_RESTART:
        return Disturbance(
            what,
            step,
            seconds=dice.choice((0.0, 0.5, 1.0, 3.0)),
            times=dice.choice((1, 3, 8)),
            method=method,
            ending=dice.choice(DOWN_ANSWERS),
            is_executed=dice.random() < 0.5,
        )
    if what is What.RUSH:
        return Disturbance(what, step, times=dice.choice((40, 100, 200)))
    return Disturbance(what, step, seconds=dice.choice((3.0, 6.0, 10.0)))
