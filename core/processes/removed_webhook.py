"""When a webhook that somebody has removed is set again by a process that runs. Pure."""

#: seconds between two looks
LOOK_EVERY_S = 60.0
#: seconds for which it must be gone, without a sign of a process that polls
SET_AGAIN_AFTER_S = 300.0
#: looks in a row at which updates must wait: with a program that polls, ours or another, hardly any does
WAITING_LOOKS = 2


class RemovedWebhook:
    """What one process has seen of a bot whose updates are to be posted, in monotonic seconds."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._beat: int | None = None
        self._waiting_looks = 0

    def saw(self, at_s: float, *, is_removed: bool, beat: int | None, waiting: int) -> bool:
        """Note a look; True: set it again.

        `is_removed`: no webhook is set; `beat`: of the lease of polling, None when nobody has ever polled; `waiting`:
        updates that wait at Telegram. A process that polls has the beat go up between two looks.
        """
        if not is_removed:
            self.forget()
            return False
        if self._since_s is None or beat != self._beat:
            self._since_s, self._beat, self._waiting_looks = at_s, beat, 0
        self._waiting_looks = self._waiting_looks + 1 if waiting else 0
        return at_s - self._since_s >= SET_AGAIN_AFTER_S and self._waiting_looks >= WAITING_LOOKS

    def forget(self) -> None:
        """Begin anew: it is set, or the database or Telegram did not answer."""
        self._since_s, self._beat, self._waiting_looks = None, None, 0
