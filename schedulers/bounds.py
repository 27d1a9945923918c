"""How much a bulk delete may do in one run."""

from dataclasses import dataclass
from typing import TypedDict


class BoundArguments(TypedDict):
    """The keyword arguments of the bounded deletes in `token_ops`."""

    batch_size: int
    timeout_s: float
    pause_ms: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """CLEANUP_BATCH_SIZE, CLEANUP_TIMEOUT_SECONDS, CLEANUP_PAUSE_MS of the config."""

    batch_size: int = 1000
    timeout_s: float = 300.0
    pause_ms: int = 50

    def as_arguments(self) -> BoundArguments:
        return {"batch_size": self.batch_size, "timeout_s": self.timeout_s, "pause_ms": self.pause_ms}
