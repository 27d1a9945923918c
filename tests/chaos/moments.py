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
    #: some messages of a copyMessages are sent, then it fails
    PARTIAL = "partial send"
    RESTART_AFTER = "executed, 500 restart"
    #: the Bot API server restarts with calls in flight, and takes none for a time
    SERVER_RESTART = "Bot API restart"
    #: many subscribers at once
    RUSH = "rush"
    #: a limit whose waits grow when they are ignored
    GROWING_FLOOD = "growing flood"


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
    #: number of calls, update batches or (in a rush) requests affected
    times: int = 1
    #: the affected Telegram method
    method: str = "*"
    #: index of the process; 0 runs the user bot, or is the one of several that polls for it
    process: int = 0
    #: how a partial send ends; what calls get while the Bot API server is down
    ending: str = ""
    #: messages of a partial send
    deliver: int = 0
    #: whether the calls in flight at a restart of the Bot API server were executed
    is_executed: bool = False

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
        if self.what is What.PARTIAL:
            parts.append(f"{self.deliver} sent")
        if self.what is What.SERVER_RESTART:
            parts.append("executed" if self.is_executed else "not executed")
        if self.ending:
            parts.append(f"then {self.ending}")
        return f"{' '.join(parts)} {self.when}"
