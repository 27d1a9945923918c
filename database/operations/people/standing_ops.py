"""A subscriber's card: how they stand, and what happened to them last."""

from datetime import datetime

from core.people.history import EVENTS_MAX, Done, Event, history
from core.people.standing import Standing
from core.subscriptions import MembershipStatus, required_channels
from core.users import User
from core.verification import TokenStatus
from database.operations import channel_ops, membership_ops, settings_ops
from database.operations.people import gift_ops, history_ops


async def standing(user: User, now: datetime, *, may_ban: bool) -> Standing:
    """Return what a card shows besides the record; two commands, and what is cached of channels and settings."""
    channels = [channel.chat_id for channel in required_channels(await channel_ops.current(now))]
    known = await membership_ops.find_memberships(user.user_id, channels)
    return Standing(
        received=await history_ops.count_received(user.user_id),
        kept_days=(await settings_ops.current(now)).history_days,
        joined=sum(one.status is not MembershipStatus.LEFT for one in known.values()),
        channels=len(channels),
        may_ban=may_ban,
    )


async def last_events(user_id: int) -> list[Event]:
    """Return the last EVENTS_MAX events of a subscriber, the newest first; five commands."""
    tokens = [
        *await history_ops.last_unlocks(user_id, TokenStatus.VERIFIED, EVENTS_MAX),
        *await history_ops.last_unlocks(user_id, TokenStatus.BYPASSED, EVENTS_MAX),
    ]
    done = await history_ops.last_actions(user_id, EVENTS_MAX)
    return history(
        await history_ops.last_deliveries(user_id, EVENTS_MAX),
        tokens,
        [Done(one.at, one.admin_id, one.action, one.before, one.after) for one in done],
        await gift_ops.last_of(user_id, EVENTS_MAX),
    )
