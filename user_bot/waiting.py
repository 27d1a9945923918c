"""Somebody was sent to join channels first: as soon as they have, the post they asked for comes by itself."""

from datetime import timedelta

from core.access import Banned, NotSubscribed
from core.clock import Clock
from core.users import User
from database.operations import settings_ops, user_ops
from user_bot.delivery import Deliverer
from user_bot.doorkeeper import Doorkeeper

#: a wish older than this is forgotten: who joins a week later has other things in mind
WANTED_FOR = timedelta(days=1)


class Waiting:
    """One per bot and process."""

    def __init__(self, clock: Clock, doorkeeper: Doorkeeper, deliverer: Deliverer) -> None:
        self._clock = clock
        self._doorkeeper = doorkeeper
        self._deliverer = deliverer

    async def has_joined(self, user_id: int, mark: str) -> None:
        """Hand over what this person waits for, if they wait for anything; nothing is said while more is to be joined.

        `mark` names the update. Whoever asked to join may be written to for five minutes, started or not (BOTAPI §4.1).
        """
        user = await user_ops.find(user_id)
        code = None if user is None else _wanted_by(user, mark)
        if user is None or code is None:
            return
        now = self._clock.now()
        settings = await settings_ops.current(now)
        verdict = await self._doorkeeper.verdict(user, code, settings, now)
        if isinstance(verdict, Banned | NotSubscribed):
            return
        # of two channels joined at once only one brings it; an update that was cut off gets it again
        if await user_ops.take_wanted(user_id, code, now - WANTED_FOR, mark):
            await self._deliverer.deliver(user, code, mark, again=True)


def _wanted_by(user: User, mark: str) -> str | None:
    if user.wanted_code is None and user.wanted_taken is not None and user.wanted_taken.mark == mark:
        return user.wanted_taken.code
    return user.wanted_code
