"""How fast something goes, told from looks at how far it is."""

from collections import deque

#: seconds over which the rate is taken
WINDOW_S = 30.0
#: looks closer together than this tell nothing, in seconds
SHORTEST_S = 1.0


class ProgressRate:
    """Of one thing that counts up."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, at_s: float, done: int) -> float | None:
        """Note how far it is; how many a second over the last looks, None while that cannot be told.

        `at_s`: seconds of a clock that never jumps. A count that fell begins anew.
        """
        if self._looks and done < self._looks[-1][1]:
            self._looks.clear()
        self._looks.append((at_s, done))
        # the one before the window stays, so that the whole window is covered
        while len(self._looks) > 2 and self._looks[1][0] <= at_s - WINDOW_S:
            self._looks.popleft()
        began_s, began = self._looks[0]
        span_s = at_s - began_s
        return (done - began) / span_s if span_s >= SHORTEST_S else None

    def rest(self) -> None:
        """It stands still on purpose: what was is no measure of what comes."""
        self._looks.clear()
