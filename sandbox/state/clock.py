"""The sandbox's clock: real time plus an offset that can be moved."""

import time

from sandbox.state.signals import Signal


class Clock:
    """Unix seconds. `version` grows with every move, so that followers notice each one."""

    def __init__(self) -> None:
        self.offset_s = 0.0
        self.version = 0
        self.moved = Signal()

    def now(self) -> float:
        """Sandbox time in unix seconds."""
        return time.time() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Move the time by `seconds` (negative: back)."""
        self.offset_s += seconds
        self._notify()

    def set(self, unix: float) -> None:
        """Set the time to `unix`; it keeps running from there."""
        self.offset_s = unix - time.time()
        self._notify()

    def reset(self) -> None:
        """Return to real time."""
        self.offset_s = 0.0
        self._notify()

    def _notify(self) -> None:
        self.version += 1
        self.moved.fire()
