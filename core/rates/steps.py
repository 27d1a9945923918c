"""What a process does with its share of the calls after it has read the ledger: pure, the same in every process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.rates.ledger import Ledger, Member
from core.rates.parts import IDLE, PARTS, divide

#: how much longer than it may be used a row counts, in seconds: answers take time, and clocks do not run alike
MARGIN_S = 0.5
#: what a process may use that has lost the database, and for how long others leave it to one whose row is too old, in
#: seconds: most are gone
RESERVE, FORGOTTEN_S = 3, 60.0
#: a share of one who has work stays as it is while it is too large by no more than this: demand changes all the time
SLACK = 2


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from a ledger."""

    #: the parts this process uses from now on; more only after it could `take` them
    use: int
    #: the parts it tries to have; None: as many as it has
    take: int | None
    #: rows of processes that were lost, and the parts to leave them; and rows to remove
    cut: Mapping[str, int]
    gone: tuple[str, ...]
    #: how many processes there are, this one included
    processes: int
    #: it wants more than there is
    is_hungry: bool


def next_step(
    ledger: Ledger, me: str, use: int, shares: Sequence[float], unchanged_s: Mapping[str, float], *, is_back: bool
) -> Step:
    """Return what `me`, which uses `use` parts, does next. `shares` are those of the lanes.

    `unchanged_s`: for how many seconds by the own clock the row of another has not changed; the clock of the database
    may have been put back. `is_back`: the database has answered again for a short time only. Then old rows are no sign,
    and others may not have noticed; so nobody uses more than an equal share.
    """
    members = {row.process: row for row in ledger.members}
    since_s = {name: max(row.age_s, unchanged_s.get(name, 0.0)) - row.valid_s for name, row in members.items()}
    lost = set() if is_back else {name for name, over_s in since_s.items() if name != me and over_s > MARGIN_S}
    gone = {name for name in lost if since_s[name] > FORGOTTEN_S or members[name].is_last or not members[name].parts}
    alive = {name: row for name, row in members.items() if name not in lost}
    # one that is cut off from the database alone may still call as often
    kept = {name: min(members[name].parts, reserve(len(alive) + 1)) for name in sorted(lost - gone)}
    total = PARTS - sum(kept.values())
    most = PARTS // len(alive) if is_back else PARTS
    wants = {name: _by_lane(row.wants, len(shares)) for name, row in alive.items()}
    mine, have = min(max(1, most), divide(wants, shares, total)[me]), alive[me].parts
    free = total - sum(row.parts for row in alive.values())
    take = min(mine, have + free) if mine > have and free > 0 else None
    slack = SLACK if any(alive[me].wants) else 0
    if mine < have and (have - mine > slack or free < 0 or have > most or _is_someone_short(alive, me)):
        use = mine
    else:
        # one that was to have less, and is to have more again, has not given it away yet
        use = have if use >= have else min(have, max(use, mine))
    cut = {name: parts for name, parts in kept.items() if parts < members[name].parts}
    return Step(use, take, cut, (*sorted(gone), *ledger.unreadable), len(alive), mine > have + max(0, free))


def reserve(processes: int) -> int:
    """Return the parts of a process that has lost the database: others leave them to it when it may be gone."""
    return max(1, min(RESERVE, PARTS // (3 * processes)))


class Unchanged:
    """For how long the rows of others have not changed, by the clock of this process."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def since_s(self, ledger: Ledger, now: float) -> dict[str, float]:
        """Note the rows as they are `now`; return for how many seconds each has been as it is."""
        self._seen = {
            row.process: seen if (seen := self._seen.get(row.process)) and seen[0] == row.number else (row.number, now)
            for row in ledger.members
        }
        return {process: now - since for process, (_, since) in self._seen.items()}


def _by_lane(wants: Sequence[int], lanes: int) -> Sequence[int]:
    """A row of another version may have fewer or more lanes."""
    return [*wants, *([0] * lanes)][:lanes]


def _is_someone_short(alive: Mapping[str, Member], me: str) -> bool:
    """Whether another has less than it needs to begin at all."""
    return any(row.parts < min(IDLE, sum(row.wants) or 1) for name, row in alive.items() if name != me)
