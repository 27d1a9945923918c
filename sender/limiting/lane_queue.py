"""A Bot API call that waits for its turn, and the queue of a lane. Knows nothing of aiogram."""

import asyncio
import heapq
import itertools
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator

from sender.lanes import Lane
from sender.limiting.limits import ChatKey, TokenBucket

#: longest pause, in seconds, that a call of each lane waits out; the caller gets an error for a longer one
LONGEST_WAIT_S = {Lane.INTERACTIVE: 60.0, Lane.DELETION: 10.0, Lane.BULK: 10.0}
#: outdated entries of sleeping chats that are kept before they are cleared
OUTDATED_MAX = 64
#: a lane whose buckets allow nothing for longer, in seconds, is held: their own spacing is shorter
HELD_S = 1.0


class ApiCall:
    """One call: its lane and chat, its place in the queue, and the state of its retries."""

    __slots__ = (
        "chat",
        "give_up_at",
        "is_started",
        "is_urgent",
        "items",
        "lane",
        "not_before",
        "queued_as",
        "refused_until",
        "retries",
        "seq",
        "sleep",
        "started_at",
        "wait_left_s",
        "wake",
    )

    def __init__(self, seq: int, lane: Lane, chat: ChatKey | None, items: int, *, is_urgent: bool = False) -> None:
        #: place in the order of arrival; kept when the call is retried
        self.seq = seq
        self.lane = lane
        #: goes before the calls of every lane
        self.is_urgent = is_urgent
        #: None when the call concerns no chat
        self.chat = chat
        #: how many messages it makes in its chat; 0 for a deletion
        self.items = items
        #: longest pause it still waits out, in seconds; what it has waited so far is taken off
        self.wait_left_s = LONGEST_WAIT_S[lane]
        self.give_up_at = math.inf
        self.not_before = -math.inf
        self.is_started = False
        self.started_at = -math.inf
        #: the turn it waits in, while it is in a queue
        self.queued_as: Hashable = None
        #: end of the pause for which it was taken out of its queue
        self.refused_until: float | None = None
        #: retries after failures other than a 429
        self.retries = 0
        #: what its task waits for: another task, or the end of a sleep
        self.wake: asyncio.Future[None] | None = None
        self.sleep: asyncio.Timeout | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether its task was cancelled while it waited, and has not yet left the queue."""
        return self.wake is not None and self.wake.cancelled()


class LaneQueue:
    """The waiting calls of one lane. Chats take turns, one call a turn; within a chat the order of arrival holds.

    Calls without a chat share one turn, except those that back off: they hold up no other. Every method costs
    O(log n) for n waiting chats, however many calls wait; a chat that may not be called sleeps until it may.
    """

    def __init__(self, *buckets: TokenBucket) -> None:
        #: token buckets that all calls of the lane draw from
        self.buckets = buckets
        self._chats: dict[Hashable, OrderedDict[int, ApiCall]] = {}
        #: chats whose first call may be due, in the order of their turns
        self._turns: OrderedDict[Hashable, None] = OrderedDict()
        #: the other chats, and until when nothing of them may start; the heap may hold outdated entries
        self._asleep: dict[Hashable, float] = {}
        self._alarms: list[tuple[float, int, Hashable]] = []
        self._numbers = itertools.count()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ApiCall]:
        return itertools.chain.from_iterable(calls.values() for calls in self._chats.values())

    def of_chat(self, chat: ChatKey) -> list[ApiCall]:
        """Return the waiting calls of a chat, in order."""
        return list(self._chats.get(chat, OrderedDict()).values())

    def add(self, call: ApiCall, now: float) -> None:
        """Add a call at its place in its chat."""
        turn: Hashable = call.chat
        if turn is None:
            turn = ("no chat", call.seq if call.not_before > now else None)
        call.queued_as = turn
        calls = self._chats.setdefault(turn, OrderedDict())
        # only calls that are retried, of which a chat has few, can be before it and yet not the oldest
        earlier = list(itertools.takewhile(lambda seq: seq < call.seq, calls)) if self._is_retry(call, calls) else None
        calls[call.seq] = call
        self._count += 1
        if earlier is not None:
            for seq in (call.seq, *reversed(earlier)):
                calls.move_to_end(seq, last=False)
        if next(iter(calls)) == call.seq:
            self._wake_up(turn)

    def remove(self, call: ApiCall) -> None:
        """Take a call out; its chat keeps its place among the turns. Does nothing when it is not in the queue."""
        turn = call.queued_as
        if turn is None:
            return
        call.queued_as = None
        calls = self._chats[turn]
        was_first = next(iter(calls)) == call.seq
        del calls[call.seq]
        self._count -= 1
        if not calls:
            del self._chats[turn]
            self._turns.pop(turn, None)
            self._asleep.pop(turn, None)
        elif was_first:
            self._wake_up(turn)

    def take(self, call: ApiCall) -> None:
        """Take a call out because it starts: the next turn of its chat comes after those of all others."""
        turn = call.queued_as
        self.remove(call)
        if turn in self._turns:
            self._turns.move_to_end(turn)

    def free_at(self) -> float:
        """When the lane's own buckets allow the next call."""
        return max((bucket.free_at() for bucket in self.buckets), default=-math.inf)

    def ready(self, now: float) -> int:
        """In how many chats a call may be due; 0 while the lane's buckets are held."""
        return 0 if self.free_at() > now + HELD_S else len(self._turns)

    def first_due(self, soon: float, chat_free_at: Callable[[ApiCall], float]) -> tuple[ApiCall | None, float]:
        """Return the call whose turn it is, or None and when one may start as far as its chat is concerned."""
        self._wake_due(soon)
        while self._turns:
            turn = next(iter(self._turns))
            call = next(iter(self._chats[turn].values()))
            if call.is_cancelled:
                self.remove(call)
                continue
            at = max(call.not_before, chat_free_at(call))
            if at <= soon:
                return call, at
            self._put_to_sleep(turn, at)
        return None, self._alarms[0][0] if self._alarms else math.inf

    def wake_all(self) -> None:
        """Look at every chat again: a limit was lifted."""
        for turn in list(self._asleep):
            self._wake_up(turn)

    def _is_retry(self, call: ApiCall, calls: OrderedDict[int, ApiCall]) -> bool:
        return bool(calls) and next(reversed(calls)) > call.seq

    def _put_to_sleep(self, turn: Hashable, at: float) -> None:
        del self._turns[turn]
        self._asleep[turn] = at
        heapq.heappush(self._alarms, (at, next(self._numbers), turn))

    def _wake_up(self, turn: Hashable) -> None:
        self._asleep.pop(turn, None)
        self._turns.setdefault(turn)
        if len(self._alarms) > 2 * len(self._asleep) + OUTDATED_MAX:
            self._alarms = [alarm for alarm in self._alarms if self._asleep.get(alarm[2]) == alarm[0]]
            heapq.heapify(self._alarms)

    def _wake_due(self, soon: float) -> None:
        """Give a turn to every chat whose sleep is over, and forget outdated entries."""
        while self._alarms:
            at, _, turn = self._alarms[0]
            is_outdated = self._asleep.get(turn) != at
            if at > soon and not is_outdated:
                return
            heapq.heappop(self._alarms)
            if not is_outdated:
                self._wake_up(turn)
