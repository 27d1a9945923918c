"""What reached whom and when, written down where it arrives."""

import itertools
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bench.numbers import percentile, ratio
from sandbox.state.calls import CallLog

#: what a broadcast of one message is sent with; nothing else in these figures uses it
COPY = "copyMessage"


class Arrivals(CallLog):
    """Takes the place of `World.calls`. Moments are those of `time.monotonic`."""

    def __init__(self) -> None:
        super().__init__()
        #: of copies that arrived, by bot, ascending
        self.moments: defaultdict[int, list[float]] = defaultdict(list)
        #: copies by bot and chat
        self.copies: Counter[tuple[int, str]] = Counter()
        #: copies asked for, by bot: what blocked people refuse is among them
        self.tried: Counter[int] = Counter()

    def finish(
        self, bot_id: int, method: str, chat_id: str, error: str | None, pause: tuple[float, float] | None, size: int
    ) -> None:
        super().finish(bot_id, method, chat_id, error, pause, size)
        if method != COPY:
            return
        self.tried[bot_id] += 1
        if error is None:
            self.moments[bot_id].append(time.monotonic())
            self.copies[bot_id, chat_id] += 1


@dataclass(frozen=True, slots=True)
class Sent:
    """What one sender did; seconds are real."""

    asked: int
    arrived: int
    #: from its start to the first copy, and from the first to the last
    first_s: float
    spread_s: float
    #: refused by flood control
    refused: int
    #: copies beyond the first of a person
    twice: int
    #: how far the intervals between copies lie from even ones, in seconds, 99 of 100
    jitter_s: float

    @property
    def per_second(self) -> float:
        """From the first copy to the last."""
        return ratio(self.arrived - 1, self.spread_s)

    @property
    def per_second_in_all(self) -> float:
        """From the start, rows and everything, to the last copy."""
        return ratio(self.arrived, self.first_s + self.spread_s)

    def numbers(self) -> dict[str, object]:
        return {
            "asked": self.asked,
            "arrived": self.arrived,
            "per_second": self.per_second,
            "per_second_in_all": self.per_second_in_all,
            "first_s": self.first_s,
            "refused_429": self.refused,
            "twice": self.twice,
            "jitter_p99_s": self.jitter_s,
        }


def sent(asked: int, begun_at: float, moments: Sequence[float], refused: int, twice: int) -> Sent:
    """`moments` of the copies that arrived, ascending."""
    if not moments:
        return Sent(asked, 0, 0.0, 0.0, refused, 0, 0.0)
    spread_s = moments[-1] - moments[0]
    even_s = ratio(spread_s, len(moments) - 1)
    off = [abs(later - earlier - even_s) for earlier, later in itertools.pairwise(moments)]
    return Sent(asked, len(moments), moments[0] - begun_at, spread_s, refused, twice, percentile(off, 99))
