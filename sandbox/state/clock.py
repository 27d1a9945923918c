"""The sandbox's time: real time plus an offset that tests move."""

import time

from sandbox.state.signals import Signal


class Clock:
    """Unix seconds. `version` grows with every move, so that a follower sees each one."""

    def __init__(self) -> None:
        self.offset_s = 0.0
        self.version = 0
        self.moved = Signal()

    def now(self) -> float:
        """Sandbox time in unix seconds."""
        return time.time() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Move time by `seconds` (negative: back)."""
        self.offset_s += seconds
        self._tell()

    def set(self, unix: float) -> None:
        """Make it `unix` now; time keeps running from there."""
        self.offset_s = unix - time.time()
        self._tell()

    def reset(self) -> None:
        """Back to real time."""
        self.offset_s = 0.0
        self._tell()

    def _tell(self) -> None:
        self.version += 1
        self.moved.fire()
