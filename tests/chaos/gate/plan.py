"""What subscribers need for a post, and how they behave at the gate. Everything is derived from the seed."""

import random
from dataclasses import dataclass
from enum import StrEnum

from core.subscriptions import ChannelMode, OnError
from tests.chaos.moments import AtCall, AtCommand, Disturbance, What

#: seeds divisible by this play with the gate on
EVERY = 25
#: percent of subscribers: banned from the start, leaving a channel, and joining and leaving within an instant
BANNED, LEAVERS, HOPPERS = 4, 6, 4
#: half of the leavers join again this many steps later, which takes more than a second
BACK_AFTER = 150
#: subscribers banned during the request phase
BANNED_LATER = 3

#: critical moments for a kill -9 at the gate: command or call, collection, after (True) or before it is executed, and
#: the maximum of n for the n-th occurrence. Each episode has one of them; consecutive episodes rotate through all.
MOMENTS: tuple[tuple[str, str, bool, int], ...] = (
    ("update", "users", True, 60),
    ("update", "tokens", True, 20),
    ("copyMessages", "", False, 60),
    ("findAndModify", "tokens", True, 60),
    ("update", "tokens", False, 20),
    ("copyMessages", "", True, 60),
    ("insert", "tokens", False, 30),
    ("update", "users", False, 60),
    ("getChatMember", "", True, 60),
    ("findAndModify", "tokens", False, 60),
    ("insert", "tokens", True, 30),
    ("sendMessage", "", False, 60),
)


class Deed(StrEnum):
    """What happens to a channel or a subscriber during the request phase. A closed list."""

    JOIN = "join"
    LEAVE = "leave"
    #: join and leave, or leave and join, within an instant
    HOP = "hop"
    BAN = "ban"
    #: the bot loses its rights in the channel
    BLIND = "blind"
    #: the bot regains its rights
    SEE = "see"


@dataclass(frozen=True, slots=True)
class Move:
    """A deed at one step of the request phase; `person` and `channel` are numbers of the plan."""

    step: int
    deed: Deed
    person: int = 0
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """A required channel."""

    mode: ChannelMode
    on_error: OnError


@dataclass(frozen=True, slots=True)
class Habit:
    """The behaviour of one subscriber."""

    #: credits at the start
    credits: int
    #: numbers of the channels joined before the episode
    belongs: frozenset[int]
    is_banned: bool = False
    #: passes the verification page when asked to, and then opens the return link `taps` times at once
    verifies: bool = True
    taps: int = 1
    #: opens the return link once before the page is completed
    is_early: bool = False
    #: another subscriber opens the return link as well
    is_shared: bool = False
    #: joins when asked to, and then may press "I have joined"
    joins: bool = True
    presses: bool = False


@dataclass(frozen=True, slots=True)
class GatePlan:
    """The gate's rules and planned events in one episode."""

    #: deliveries granted per verification
    per_token: int
    #: minutes in which opening the same post again is free
    grace_minutes: int
    #: verification goes through a page; otherwise the link returns to the bot directly
    has_page: bool
    rooms: tuple[Room, ...]
    habits: tuple[Habit, ...]
    moves: tuple[Move, ...]
    #: the kill -9 assigned to this seed
    aimed: Disturbance

    def __str__(self) -> str:
        rooms = ", ".join(f"{room.mode.value}/{room.on_error.value}" for room in self.rooms) or "no channel"
        way = "page" if self.has_page else "link"
        return f"credits ({self.per_token} a {way}, {self.grace_minutes} minutes free), {rooms}; aimed: {self.aimed}"


def make_gate(seed: int, people: int, steps: int) -> GatePlan | None:
    """Return the gate of this seed; None when every post is open to everyone."""
    if seed % EVERY:
        return None
    dice = random.Random(f"gate {seed}")
    rooms = tuple(
        Room(dice.choice((ChannelMode.JOIN, ChannelMode.REQUEST)), dice.choice((OnError.OPEN, OnError.CLOSED)))
        for _ in range(dice.choice((0, 1, 1, 2, 2)))
    )
    return GatePlan(
        per_token=dice.choice((1, 2, 3)),
        grace_minutes=dice.choice((0, 10)),
        has_page=dice.random() < 0.7,
        rooms=rooms,
        habits=tuple(_habit(dice, len(rooms)) for _ in range(people)),
        moves=tuple(sorted(_moves(dice, len(rooms), people, steps), key=lambda move: move.step)),
        aimed=_aimed(dice, seed),
    )


def _aimed(dice: random.Random, seed: int) -> Disturbance:
    name, collection, is_answered, most = MOMENTS[seed // EVERY % len(MOMENTS)]
    nth = dice.randint(1, most)
    when = AtCommand(name, collection, nth, is_answered) if collection else AtCall(name, nth, is_answered)
    return Disturbance(What.KILL, when, seconds=dice.choice((0.0, 0.0, 0.5, 2.0)))


def _habit(dice: random.Random, rooms: int) -> Habit:
    if dice.random() < BANNED / 100:  # only the ban keeps them out
        return Habit(5, frozenset(range(rooms)), is_banned=True)
    return Habit(
        credits=dice.choices((0, 1, 2, 5), (45, 25, 15, 15))[0],
        belongs=frozenset(room for room in range(rooms) if dice.random() < 0.8),
        verifies=dice.random() < 0.85,
        taps=dice.choices((1, 2, 3), (6, 3, 1))[0],
        is_early=dice.random() < 0.1,
        is_shared=dice.random() < 0.1,
        joins=dice.random() < 0.8,
        presses=dice.random() < 0.5,
    )


def _moves(dice: random.Random, rooms: int, people: int, steps: int) -> list[Move]:
    moves = [Move(dice.randrange(steps), Deed.BAN, dice.randrange(people)) for _ in range(BANNED_LATER)]
    for room in range(rooms):
        for person in dice.sample(range(people), people * (LEAVERS + HOPPERS) // 100):
            deed = Deed.LEAVE if dice.random() < LEAVERS / (LEAVERS + HOPPERS) else Deed.HOP
            step = dice.randrange(steps)
            moves.append(Move(step, deed, person, room))
            if deed is Deed.LEAVE and dice.random() < 0.5:
                moves.append(Move(min(step + BACK_AFTER, steps - 1), Deed.JOIN, person, room))
        for person in dice.sample(range(people), people * LEAVERS // 100):
            moves.append(Move(dice.randrange(steps), Deed.JOIN, person, room))
    if rooms and dice.random() < 0.5:
        first, last = sorted(dice.sample(range(steps), 2))
        room = dice.randrange(rooms)
        moves += [Move(first, Deed.BLIND, channel=room), Move(last, Deed.SEE, channel=room)]
    return moves
