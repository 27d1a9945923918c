"""Deliver the post a subscriber asked for before joining, as soon as they have joined all channels."""

from datetime import timedelta

from core.access import Banned, NotSubscribed
from core.clock import Clock
from core.users import User
from database.operations import settings_ops, user_ops
from database.team import Team
from database.tolerated import tolerated
from user_bot.delivery.deliverer import Deliverer
from user_bot.gate.access_prompt import AccessPrompt
from views.catalogues import speaking_to

#: a pending request expires after this time: joining a week later has other reasons
EXPIRES_AFTER = timedelta(days=1)
#: further posts whose gate messages follow a join, the newest first
OTHERS_MAX = 4


class PendingRequests:
    """One per bot and process."""

    def __init__(self, clock: Clock, team: Team, access_prompt: AccessPrompt, deliverer: Deliverer) -> None:
        self._clock = clock
        self._team = team
        self._access_prompt = access_prompt
        self._deliverer = deliverer

    async def has_joined(self, user_id: int, update_key: str) -> None:
        """Deliver the subscriber's pending post, if any, once no channel is missing.

        Until then its gate message shows which are joined, and those of up to OTHERS_MAX further posts do.

        `update_key` identifies the update. Telegram allows messages to a user who asked to join for five minutes, even
        if they never started the bot (BOTAPI §4.1).
        """
        user = await user_ops.find(user_id)
        if user is None:
            return
        code = _pending_post(user, update_key)
        others = sorted(user.gates.keys() - {code}, key=lambda one: user.gates[one].sent_at, reverse=True)[:OTHERS_MAX]
        # a join is no message of theirs: no language is spoken yet
        with speaking_to(user.chosen_language, user.language, *await self._team.owner_languages()):
            if code is not None:
                await self._go_on(user, code, update_key)
            if others:
                await tolerated("gate.others_not_shown", self._access_prompt.show_progress_of(user, others))

    async def _go_on(self, user: User, code: str, update_key: str) -> None:
        now = self._clock.now()
        settings = await settings_ops.current(now)
        verdict = await self._access_prompt.verdict(user, code, settings, now)
        if isinstance(verdict, NotSubscribed) and code in user.gates:
            await self._access_prompt.show_progress(user, code, verdict.subscription)
        if isinstance(verdict, Banned | NotSubscribed):
            return
        # of two joins at once only one pops the post; the same update after a crash pops it again
        if await user_ops.pop_pending_post(user.user_id, code, now - EXPIRES_AFTER, update_key):
            await self._deliverer.deliver(user, code, update_key, after_refusal=True)


def _pending_post(user: User, update_key: str) -> str | None:
    """Return the code of the pending post, also when this very update popped it before a crash."""
    if user.pending_code is None and user.popped_post is not None and user.popped_post.update_key == update_key:
        return user.popped_post.code
    return user.pending_code
