"""Whether refusals (429) mean one chat or the whole bot, and how the bot begins again. Knows nothing of aiogram."""

import math

from sender.limiting.lane_queue import ApiCall
from sender.limiting.limits import ChatKey

#: refusals of two chats within this time, in seconds, mean the bot
TOGETHER_S = 5.0
#: calls that have to succeed one by one before all go on
SUCCESSES = 3
#: a call that is not answered within this time lets the next one go, in seconds; the Bot API server waits out 8 s of
#: flood control by itself before it answers (BOTAPI §6.1)
ANSWER_S = 10.0
#: a longer wait of a single call is believed to mean the bot only when a second chat is refused as well, in seconds
BELIEVED_S = 60.0


class BotFlood:
    """The state of one incident, from the second chat's refusal until three calls in a row have succeeded.

    While it lasts nothing starts before `paused_until`, then one call at a time. A refused one among these begins a new
    wait: as long as it was told, however the first waits were, since a server whose waits grow has the newest right.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.paused_until = -math.inf
        self._began_at = self._ended_at = -math.inf
        #: recent refusals: chat -> (when, until when it asked to wait)
        self._refusals: dict[ChatKey, tuple[float, float]] = {}
        self._trial: ApiCall | None = None
        self._succeeded = 0
        self._is_doubted = False

    def free_at(self) -> float:
        """When the next call may start."""
        if not self.is_on:
            return -math.inf
        return self.paused_until if self._trial is None else max(self.paused_until, self._trial.started_at + ANSWER_S)

    def started(self, call: ApiCall) -> None:
        """Count a call that starts."""
        if self.is_on:
            self._trial = call

    def refused(self, call: ApiCall, chat: ChatKey, now: float, until: float) -> bool:
        """Count a 429 that asks `chat` to wait until `until`; True when an incident begins with it."""
        if self.is_on:
            self._refused_meanwhile(call, now, until)
            return False
        if call.started_at <= self._ended_at:
            # it had left before the end of the last incident
            return False
        refusals = {other: found for other, found in self._refusals.items() if found[0] >= now - TOGETHER_S}
        refusals[chat] = (now, until)
        self._refusals = refusals
        if len(refusals) < 2:
            return False
        self.begin(now, min(found_until for _, found_until in refusals.values()))
        return True

    def begin(self, now: float, until: float) -> None:
        """Let nothing start before `until`, then one call at a time."""
        self.is_on = True
        self.paused_until = until
        self._began_at = now
        self._refusals = {}
        self._trial = None
        self._succeeded = 0
        self._is_doubted = False

    def ended(self, call: ApiCall, now: float, *, is_ok: bool) -> bool:
        """Count that a call was answered or given up; True when the next may start because of it."""
        if call is not self._trial:
            return False
        self._trial = None
        if is_ok:
            self._succeeded += 1
            self._is_doubted = False
            if self._succeeded >= SUCCESSES:
                self.is_on = False
                self._ended_at = now
        return True

    def _refused_meanwhile(self, call: ApiCall, now: float, until: float) -> None:
        if call.started_at <= self._began_at:
            # it had left before: the shortest wait counts, until it is over
            if now < self.paused_until:
                self.paused_until = min(self.paused_until, until)
            return
        self._succeeded = 0
        if until - now > BELIEVED_S and not self._is_doubted:
            # perhaps that chat's alone: the next call is to another one
            self._is_doubted = True
            return
        self._is_doubted = False
        self.paused_until = max(self.paused_until, until)
