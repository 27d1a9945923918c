"""Whether the user bot sees the members of a channel: stored, and the owners alerted once per incident."""

from datetime import datetime, timedelta
from functools import partial

import structlog
from cachetools import TTLCache

from core.clock import Clock
from core.health.incidents import channel_incident, channel_refusal_incident
from core.subscriptions import CHANNELS_MAX, Channel, JoinStatus
from database.operations import channel_ops
from monitoring.alerts import Alerts
from sender.failures import classify
from sender.refusals import Failure
from views import owner_alerts

log = structlog.get_logger("tollgate.subscriptions")

#: the bot can no longer see the members: an owner has to act
_BROKEN = frozenset({Failure.KICKED, Failure.UNREACHABLE})
#: no answer, which passes by itself; what an unknown token means is the health check's part
_PASSING = frozenset({Failure.TRANSIENT, Failure.AMBIGUOUS, Failure.FLOOD, Failure.UNAUTHORIZED})
#: how getChatMember's texts about the user begin. None says that the user has not joined: for that Telegram answers
#: "left" (TDLib DialogParticipantManager.cpp: "Member not found" is a user it cannot name to Telegram)
_ABOUT_USER = (
    "participant_id_invalid",
    "member not found",
    "user not found",
    "invalid user_id specified",
    "user_id_invalid",
    "peer_id_invalid",
)
#: how long it is remembered that the owners know of a broken channel
TOLD_FOR = timedelta(minutes=1)
_PREFIX = "bad request: "


class ChannelState:
    """One per bot and process; public methods may run concurrently."""

    def __init__(self, clock: Clock, alerts: Alerts) -> None:
        self._clock = clock
        self._alerts = alerts
        #: broken channels whose owners were notified, or are being notified: asked again when that has surely ended
        self._told: TTLCache[int, None, datetime] = TTLCache(CHANNELS_MAX, ttl=TOLD_FOR, timer=clock.now)

    async def after_failure(self, channel: Channel, error: BaseException) -> JoinStatus:
        """Return what a failed question about a member means: by whom the answer is about, then by the failure."""
        if _is_about_user(error):
            log.info("channel.member_hidden", chat_id=channel.chat_id, error=str(error))
            return JoinStatus.HIDDEN
        failure = classify(error)
        log.info("channel.membership_unknown", chat_id=channel.chat_id, failure=failure.value)
        if failure in _BROKEN:
            return await self.mark_broken(channel)
        if failure in _PASSING:
            return JoinStatus.UNKNOWN
        words = partial(owner_alerts.members_refused, channel, str(getattr(error, "message", error)))
        is_told = await self._alerts.tell(channel_refusal_incident(channel.chat_id), words)
        return JoinStatus.REPORTED if is_told else JoinStatus.UNKNOWN

    async def mark_broken(self, channel: Channel) -> JoinStatus:
        """Store that the bot cannot see the members, and do as `broken`."""
        await channel_ops.mark_broken(channel.chat_id, self._clock.now())
        return await self.broken(channel)

    async def broken(self, channel: Channel) -> JoinStatus:
        """Alert the owners of a broken channel unless they know; UNKNOWN when the alert reached nobody.

        It is then sent again by the next call.
        """
        if channel.chat_id not in self._told:
            incident = channel_incident(channel.chat_id)
            if not await self._alerts.tell(incident, partial(owner_alerts.channel_broken, channel)):
                return JoinStatus.UNKNOWN
            self._told[channel.chat_id] = None
        return JoinStatus.REPORTED

    async def mark_working(self, channel: Channel) -> None:
        """Mark a broken channel as working again and notify the owners; does nothing for a working one."""
        if channel.broken_since is not None and await channel_ops.mark_working(channel.chat_id):
            self._told.pop(channel.chat_id, None)
            await self._alerts.clear(channel_incident(channel.chat_id), partial(owner_alerts.channel_works, channel))


def _is_about_user(error: BaseException) -> bool:
    return str(getattr(error, "message", "")).lower().removeprefix(_PREFIX).startswith(_ABOUT_USER)
