"""How long a process has seen another's lease unchanged: a clock that jumps lets no lease run out before its time.

Whoever holds a lease renews it every few seconds. A watcher counts, by its own monotonic seconds, from after it first
read the lease as it is now; so it needs no other machine's clock, and its own may be set.
"""

import math
from collections.abc import Hashable, Mapping

#: seconds without a change after which its owner counts as dead; it stops counting on the lease some seconds before
DEAD_AFTER_S = 30.0
#: longest pause between two looks, in seconds. After a longer one (this process was suspended, or the database away,
#: where nobody can renew) the watch begins anew
LOOK_AGAIN_WITHIN_S = 12.0


class LeaseWatch:
    """What was seen of the leases that were held at the last look. Bounded by what is looked at."""

    def __init__(self) -> None:
        #: name -> the lease as it was read, and since when
        self._seen: dict[str, tuple[Hashable, float]] = {}
        self._looked_s = -math.inf

    def look(self, leases: Mapping[str, Hashable], at_s: float) -> None:
        """Note all leases that are held, as they were read; `at_s`: monotonic seconds, from after the answer."""
        before = self._seen if at_s - self._looked_s <= LOOK_AGAIN_WITHIN_S else {}
        unchanged = {name: before[name] for name in leases if name in before and before[name][0] == leases[name]}
        self._seen = {name: unchanged.get(name, (lease, at_s)) for name, lease in leases.items()}
        self._looked_s = at_s

    def is_dead(self, name: str, lease: Hashable, now_s: float) -> bool:
        """Whether the lease, as it was just read, was seen unchanged for DEAD_AFTER_S up to now."""
        if now_s - self._looked_s > LOOK_AGAIN_WITHIN_S or name not in self._seen:
            return False
        seen, since_s = self._seen[name]
        return seen == lease and now_s - since_s >= DEAD_AFTER_S
