"""The updates that were posted by Telegram and whose posts wait for the answer."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Posted:
    """An update that a handler has."""

    #: True: acknowledged; False: its handler was cancelled
    settled: "asyncio.Future[bool]"
    #: when it was received, in seconds of the account's clock
    since_s: float


class PostedUpdates:
    """What the posts under way wait for, by update. An update that is posted again meanwhile shares the wait."""

    def __init__(self) -> None:
        self._waiting: dict[int, Posted] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def find(self, update_id: int) -> Posted | None:
        """Return what the posts of this update wait for; None when it is settled or unknown."""
        return self._waiting.get(update_id)

    def expect(self, update_id: int, now_s: float) -> Posted:
        """Begin to wait for an update."""
        posted = Posted(asyncio.get_running_loop().create_future(), now_s)
        self._waiting[update_id] = posted
        return posted

    def settle(self, update_id: int, *, is_acknowledged: bool) -> None:
        """End the wait; does nothing for an update that was not posted, or is settled."""
        posted = self._waiting.pop(update_id, None)
        if posted is not None and not posted.settled.done():
            posted.settled.set_result(is_acknowledged)
