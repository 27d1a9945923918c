"""What the processes of a bot tell each other about its calls."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Beat:
    """What a process says of itself."""

    #: grows with each beat of the process
    number: int
    #: the parts it may use at most
    parts: int
    #: parts wanted, by lane
    wants: tuple[int, ...]
    #: how long it may use them after this beat, in seconds
    valid_s: float
    #: the part of its calls refusals slowed the bot to, and for how many seconds it has been growing; None: no news
    slowed: tuple[float, float] | None = None
    #: it ends, and calls no more
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One process as its last beat left it."""

    process: str
    number: int
    parts: int
    wants: tuple[int, ...]
    valid_s: float
    #: seconds since its last beat, by the clock of the database
    age_s: float
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Slowed:
    """The part of its calls refusals slowed the bot to, and for how many seconds it has been growing again."""

    #: differs each time
    mark: str
    part: float
    growing_s: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """All processes of a bot, at the moment of one's own beat."""

    version: int
    members: tuple[Member, ...]
    slowed: Slowed | None = None
    #: names of rows that cannot be read
    unreadable: tuple[str, ...] = ()
