"""Which lane's turn it is: stride scheduling (Waldspurger and Weihl, 1995) over the lanes that have work.

Of the lanes' next turns the one that ends first is taken, as in weighted fair queuing: so of two lanes that begin
together the one with the larger share goes first.
"""

from collections.abc import Callable, Iterator

from sender.lanes import SHARES, Lane
from sender.limiting.lane_queue import ApiCall, LaneQueue
from sender.limiting.limits import ChatKey, TokenBucket


class _Share:
    """A lane's queue, and how far the lane has come in the count of turns."""

    __slots__ = ("position", "queue", "stride")

    def __init__(self, queue: LaneQueue, share: float) -> None:
        self.queue = queue
        #: how far one call takes it; the lane that this leaves the least far is next
        self.stride = 1.0 / share
        self.position = 0.0


class LaneShares:
    """The queues of all lanes, and the order between them.

    A lane without work saves up no turn, and one whose calls have to wait for their own limits no more than one.
    """

    def __init__(self, rate_per_s: float) -> None:
        #: what deletions and bulk may take together, and what bulk may, which a 429 slows
        self.background = TokenBucket(rate_per_s)
        self.bulk = TokenBucket(rate_per_s)
        self._urgent = LaneQueue()
        self._shares = {
            Lane.INTERACTIVE: _Share(LaneQueue(), SHARES[Lane.INTERACTIVE]),
            Lane.DELETION: _Share(LaneQueue(self.background), SHARES[Lane.DELETION]),
            Lane.BULK: _Share(LaneQueue(self.background, self.bulk), SHARES[Lane.BULK]),
        }
        self._position = 0.0
        #: calls that started, by lane
        self.started = [0] * len(Lane)

    def __len__(self) -> int:
        return sum(map(len, self._queues()))

    def __iter__(self) -> Iterator[ApiCall]:
        for queue in self._queues():
            yield from queue

    def waiting(self, lane: Lane) -> int:
        """Return how many calls of `lane` wait."""
        urgent = len(self._urgent) if lane is Lane.DELETION else 0
        return len(self._shares[lane].queue) + urgent

    def ready(self, lane: Lane, now: float) -> int:
        """Return in how many chats a call of `lane` waits for nothing but its turn, as far as it is known."""
        urgent = self._urgent.ready(now) if lane is Lane.DELETION else 0
        return self._shares[lane].queue.ready(now) + urgent

    def queue_of(self, call: ApiCall) -> LaneQueue:
        """Return the queue a call belongs to."""
        return self._urgent if call.is_urgent else self._shares[call.lane].queue

    def add(self, call: ApiCall, now: float) -> None:
        """Add a call that waits."""
        self.arrive(call)
        self.queue_of(call).add(call, now)

    def arrive(self, call: ApiCall) -> None:
        """Let the call's lane begin where the others are, when it had no work."""
        share = self._shares[call.lane]
        if not len(share.queue):
            share.position = max(share.position, self._position)

    def of_chat(self, chat: ChatKey) -> Iterator[ApiCall]:
        """Yield the waiting calls of a chat."""
        for queue in self._queues():
            yield from queue.of_chat(chat)

    def of_bulk(self) -> Iterator[ApiCall]:
        """Yield the waiting calls of the bulk lane."""
        return iter(self._shares[Lane.BULK].queue)

    def next_due(self, soon: float, chat_free_at: Callable[[ApiCall], float]) -> tuple[ApiCall | None, float]:
        """Return the call to start now, or None and when one may start."""
        call, earliest = self._urgent.first_due(soon, chat_free_at)
        if call is not None:
            return call, earliest
        for share in sorted(self._shares.values(), key=self._end_of_turn):
            if not len(share.queue):
                continue
            at = share.queue.free_at()
            if at <= soon:
                call, at = share.queue.first_due(soon, chat_free_at)
                if call is not None:
                    return call, at
            earliest = min(earliest, at)
        return None, earliest

    def charge(self, call: ApiCall, now: float) -> None:
        """Count a call that starts. An urgent one takes nothing of its lane's share."""
        self.started[call.lane] += 1
        if call.is_urgent:
            return
        share = self._shares[call.lane]
        start = self._position_of(share)
        self._position = max(self._position, start)
        share.position = start + share.stride
        for bucket in share.queue.buckets:
            bucket.charge(now)
        if call.lane is Lane.INTERACTIVE and not self._has_background():
            # after a burst of people, deletions and bulk begin evenly: otherwise the ceiling's window would be full
            self.background.give_way(now)

    def wake_all(self) -> None:
        """Look at every chat again: a limit was lifted."""
        for queue in self._queues():
            queue.wake_all()

    def _position_of(self, share: _Share) -> float:
        return max(share.position, self._position - share.stride)

    def _end_of_turn(self, share: _Share) -> float:
        return self._position_of(share) + share.stride

    def _has_background(self) -> bool:
        return any(len(self._shares[lane].queue) for lane in (Lane.DELETION, Lane.BULK))

    def _queues(self) -> Iterator[LaneQueue]:
        yield self._urgent
        for share in self._shares.values():
            yield share.queue
