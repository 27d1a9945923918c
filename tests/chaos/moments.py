"""The disturbances of an episode and their moments."""

from dataclasses import dataclass
from enum import StrEnum


class What(StrEnum):
    """A kind of disturbance."""

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
    """After so many acts of subscribers, or minutes of the deletion phase."""

    step: int

    def __str__(self) -> str:
        return f"at step {self.step}"


@dataclass(frozen=True, slots=True)
class AtCommand:
    """During the n-th such store command: before the server receives it, or before its answer is returned."""

    command: str
    collection: str
    nth: int
    is_answered: bool

    def __str__(self) -> str:
        return f"{'after' if self.is_answered else 'before'} {self.command} {self.collection} #{self.nth}"


@dataclass(frozen=True, slots=True)
class AtCall:
    """During the n-th such call to Telegram: before it is executed, or before its answer is returned."""

    method: str
    nth: int
    is_answered: bool

    def __str__(self) -> str:
        return f"{'after' if self.is_answered else 'before'} {self.method} #{self.nth}"


When = AtStep | AtCommand | AtCall


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One disturbance. `seconds` is a real duration, except for the clock, which jumps by it."""

    what: What
    when: When
    #: duration; for a 429 its retry_after
    seconds: float = 0.0
    #: number of calls or update batches affected
    times: int = 1
    #: the affected Telegram method
    method: str = "*"
    #: index of the process; 0 runs the user bot
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
