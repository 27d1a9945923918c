"""The rate of something that is counted up, from samples of the count."""

from collections import deque

#: seconds over which the rate is measured
WINDOW_S = 30.0
#: the shortest span a rate is computed over, in seconds
SHORTEST_S = 1.0


class ProgressRate:
    """The rate of one count."""

    def __init__(self) -> None:
        #: (seconds, count), the oldest first
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, at_s: float, done: int) -> float | None:
        """Add a sample; the increase per second over the window, None while too little time is covered.

        `at_s`: seconds of a monotonic clock. A count that fell starts the measurement again.
        """
        if self._samples and done < self._samples[-1][1]:
            self._samples.clear()
        self._samples.append((at_s, done))
        # one sample before the window is kept, so that the whole window is covered
        while len(self._samples) > 2 and self._samples[1][0] <= at_s - WINDOW_S:
            self._samples.popleft()
        first_at_s, first_done = self._samples[0]
        span_s = at_s - first_at_s
        return (done - first_done) / span_s if span_s >= SHORTEST_S else None

    def reset(self) -> None:
        """Start the measurement again, after a pause for example."""
        self._samples.clear()
