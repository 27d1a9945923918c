"""Somebody was sent to join channels first: as soon as they have, the post they asked for comes by itself."""

from datetime import timedelta

from core.access import Banned, NotSubscribed
from core.clock import Clock
from core.users import User
from database.operations import settings_ops, user_ops
from user_bot.delivery.deliverer import Deliverer
from user_bot.gate.access_prompt import AccessPrompt

#: a wish older than this is forgotten: who joins a week later has other things in mind
WANTED_FOR = timedelta(days=1)


class PendingRequests:
    """One per bot and process."""

    def __init__(self, clock: Clock, access_prompt: AccessPrompt, deliverer: Deliverer) -> None:
        self._clock = clock
        self._access_prompt = access_prompt
        self._deliverer = deliverer

    async def has_joined(self, user_id: int, update_key: str) -> None:
        """Hand over what this person waits for, if they wait for anything; nothing is said while more is to be joined.

        `update_key` names the update. A person who asked to join may be written to for five minutes, started or not
        (BOTAPI §4.1).
        """
        user = await user_ops.find(user_id)
        code = None if user is None else _wanted_by(user, update_key)
        if user is None or code is None:
            return
        now = self._clock.now()
        settings = await settings_ops.current(now)
        verdict = await self._access_prompt.verdict(user, code, settings, now)
        if isinstance(verdict, Banned | NotSubscribed):
            return
        # of two channels joined at once only one brings it; an update that was cut off gets it again
        if await user_ops.pop_pending_post(user_id, code, now - WANTED_FOR, update_key):
            await self._deliverer.deliver(user, code, update_key, again=True)


def _wanted_by(user: User, update_key: str) -> str | None:
    if user.pending_code is None and user.popped_post is not None and user.popped_post.update_key == update_key:
        return user.popped_post.code
    return user.pending_code
