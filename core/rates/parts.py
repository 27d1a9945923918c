"""How the calls of a bot are divided among its processes: pure arithmetic, the same in every process.

A bot's calls are `PARTS` parts. Each process says what it wants in each lane; the lanes get their shares over all
processes together, and each process its part of every lane. So a broadcast in one does not slow people in another.
"""

import math
from collections.abc import Mapping, Sequence

#: what a bot may call in a second is divided into so many parts: at Telegram's limit a part is one call in any second,
#: so that a whole number of parts is a whole number of calls
PARTS = 30
#: what a process holds that has nothing to do: a press is two calls, and more can be had within a moment
IDLE = 2
#: the same while another has work
IDLE_BESIDE_WORK = 1
#: the same when it is alone: what is left lets a process that starts begin at once
IDLE_ALONE = 20

#: calls wanted in a second, in parts, by lane
Wants = Sequence[int]


def divide(wants: Mapping[str, Wants], shares: Sequence[float], total: int = PARTS) -> dict[str, int]:
    """Return the parts of each process; together at most `total`. `shares` are those of the lanes.

    Who has work has at least one, and all that others leave. With more processes than parts some have none.
    """
    names = sorted(wants)
    busy = [name for name in names if sum(wants[name])]
    if not busy:
        idle = min(total, IDLE_ALONE) if len(names) == 1 else min(IDLE, max(1, total // len(names)))
        return {name: idle if (n + 1) * idle <= total else 0 for n, name in enumerate(names)}
    at_rest = [name for name in names if name not in busy]
    parts = {name: IDLE_BESIDE_WORK if n < total // 2 else 0 for n, name in enumerate(at_rest)}
    rest = total - sum(parts.values())
    return parts | _whole(_ideal({name: wants[name] for name in busy}, shares, rest), rest)


def burst(parts: int, processes: int, whole: float) -> float:
    """Return how many calls a process with `parts` may make at once, when one alone may make `whole`.

    Each may make one; what remains is divided by parts. So all together may make `whole`, as long as it is more than
    there are processes.
    """
    if processes >= PARTS:
        return 1.0
    return 1.0 + max(0, parts - 1) * max(0.0, whole - processes) / (PARTS - processes)


def _ideal(wants: Mapping[str, Wants], shares: Sequence[float], rest: int) -> dict[str, float]:
    """Divide `rest` among the lanes, and each lane among the processes in the proportion of what they want."""
    totals = {lane: sum(want[lane] for want in wants.values()) for lane in range(len(shares))}
    lanes = _fill({lane: total for lane, total in totals.items() if total}, shares, rest)
    return {name: math.fsum(lanes[lane] * want[lane] / totals[lane] for lane in lanes) for name, want in wants.items()}


def _fill(totals: Mapping[int, int], shares: Sequence[float], rest: float) -> dict[int, float]:
    """Give each lane its share, and what it does not want to the others; when none wants more, all of it anyway."""
    given: dict[int, float] = {}
    hungry = set(totals)
    left = rest
    while hungry:
        all_of_them = sum(shares[lane] for lane in hungry)
        content = {lane for lane in hungry if totals[lane] <= left * shares[lane] / all_of_them}
        if not content:
            given |= {lane: left * shares[lane] / all_of_them for lane in hungry}
            return given
        given |= {lane: float(totals[lane]) for lane in content}
        left = rest - sum(given.values())
        hungry -= content
    wanted = sum(totals.values())
    return {lane: rest * total / wanted for lane, total in totals.items()}


def _whole(ideal: Mapping[str, float], rest: int) -> dict[str, int]:
    """Round to whole numbers that make `rest` together; nobody has none while there are enough."""
    least = {name: 1 if n < rest else 0 for n, name in enumerate(ideal)}
    over = {name: max(0.0, share - 1.0) for name, share in ideal.items()}
    left = rest - sum(least.values())
    scale = left / total if (total := math.fsum(over.values())) else 0.0
    exact = {name: part * scale for name, part in over.items()}
    parts = {name: least[name] + math.floor(exact[name]) for name in ideal}
    by_remainder = sorted(ideal, key=lambda name: (math.floor(exact[name]) - exact[name], name))
    for name in by_remainder[: rest - sum(parts.values())]:
        parts[name] += 1
    return parts
