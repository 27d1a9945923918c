"""What can go wrong in an episode, and when."""

from dataclasses import dataclass
from enum import StrEnum


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
