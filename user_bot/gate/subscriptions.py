"""Who has joined which channel: remembered, kept up to date by updates, asked of Telegram when nothing is known."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramMigrateToChat
from aiogram.types import ChatMemberAdministrator, ChatMemberOwner, ChatMemberRestricted, ResultChatMemberUnion

from core.clock import Clock
from core.subscriptions import (
    Channel,
    ChannelMode,
    JoinStatus,
    Membership,
    MembershipStatus,
    Subscription,
    join_status,
    required_channels,
    status_of,
    subscription,
)
from database.operations import channel_ops, membership_ops
from monitoring.alerts import Alerts
from sender.acknowledgement import safe_after
from sender.failures import TELEGRAM_ERRORS, Failure, classify
from views import owner_alerts

log = structlog.get_logger("tollgate.subscriptions")

#: the bot cannot see the members any more: an owner has to act
_BROKEN = frozenset({Failure.KICKED, Failure.UNREACHABLE})
#: Telegram's codes for a person it does not know in that channel (BOTAPI §2.8): they have not joined
_NOBODY = ("participant_id_invalid", "member not found", "user not found")
#: seconds Telegram gets to say whether somebody has joined, and after which nobody else waits for it
ANSWER_S, QUICK_S = 5.0, 1.0
#: a no that is younger is not asked again, however often somebody presses
NO_IS_FRESH = timedelta(seconds=3)
#: a broken channel is tried again this often, for the case that the news of its healing was lost
PROBE_EVERY = timedelta(minutes=1)


class Subscriptions:
    """Answers how people stand towards the channels. One per bot and process; safe to call at the same time."""

    def __init__(self, bot: Bot, clock: Clock, alerts: Alerts) -> None:
        self._bot = bot
        self._clock = clock
        self._alerts = alerts
        self._probed_at: dict[int, datetime] = {}
        #: people whose "I have joined" is being answered: another press does not ask once more
        self._asking_again: set[int] = set()

    async def of(self, user_id: int, *, ask_again: bool = False) -> Subscription:
        """What keeps this person out. One look at what is remembered; calls only for channels nothing is known of.

        `ask_again`: Telegram is asked again about the channels the person is remembered not to have joined.
        """
        now = self._clock.now()
        channels = required_channels(await channel_ops.current(now))
        if not channels:
            return Subscription()
        if not ask_again or user_id in self._asking_again:
            return await self._look(user_id, channels, now, ask_again=False)
        self._asking_again.add(user_id)
        try:
            return await self._look(user_id, channels, now, ask_again=True)
        finally:
            self._asking_again.discard(user_id)

    async def _look(self, user_id: int, channels: Sequence[Channel], now: datetime, *, ask_again: bool) -> Subscription:
        known = await membership_ops.find_memberships(user_id, [channel.chat_id for channel in channels])
        standings = await asyncio.gather(
            *(self._standing(channel, user_id, known.get(channel.chat_id), now, ask_again) for channel in channels)
        )
        return subscription(zip(channels, standings, strict=True))

    async def _standing(
        self, channel: Channel, user_id: int, known: Membership | None, now: datetime, ask_again: bool
    ) -> JoinStatus:
        standing = join_status(channel, known, now)
        if standing is None:
            return await self._ask(channel, user_id)
        if standing is JoinStatus.MISSING and ask_again:
            is_fresh = known is not None and timedelta() <= now - known.seen_at < NO_IS_FRESH
            return standing if is_fresh else await self._ask(channel, user_id)
        if standing is JoinStatus.UNKNOWN and self._is_probe_due(channel, now):
            return await self._probe(channel, user_id)
        return standing

    def _is_probe_due(self, channel: Channel, now: datetime) -> bool:
        last = self._probed_at.get(channel.chat_id, channel.broken_since)
        if last is not None and timedelta() <= now - last < PROBE_EVERY:
            return False
        self._probed_at[channel.chat_id] = now
        return True

    async def _probe(self, channel: Channel, user_id: int) -> JoinStatus:
        """Ask about the bot itself first: that heals a channel, whatever it has to see there."""
        try:
            async with asyncio.timeout(ANSWER_S):
                own = await self._bot.get_chat_member(channel.chat_id, self._bot.id)
        except TELEGRAM_ERRORS as error:
            log.info("channel.still_broken", chat_id=channel.chat_id, failure=classify(error).value)
            return JoinStatus.UNKNOWN
        await self.own_rights_changed(channel, own)
        return await self._ask(channel, user_id) if _sees_members(channel, own) else JoinStatus.UNKNOWN

    async def _ask(self, channel: Channel, user_id: int) -> JoinStatus:
        asked_at = self._clock.now()
        try:
            # a person waits, and everybody behind them: who does not answer soon cannot tell
            with safe_after(QUICK_S):
                async with asyncio.timeout(ANSWER_S):
                    member = await self._bot.get_chat_member(channel.chat_id, user_id)
        except TelegramMigrateToChat as moved:
            return await self._moved(channel, moved.migrate_to_chat_id, user_id)
        except TELEGRAM_ERRORS as error:
            return await self._not_told(channel, user_id, asked_at, error)
        await self._shows_members(channel)
        status = _status(member)
        # somebody whose request is pending is "left" for Telegram, too
        may_wait = member.status == "left"
        kept = await membership_ops.record(channel.chat_id, user_id, status, asked_at, keep_request=may_wait)
        if not kept:  # news of this person came while Telegram was asked
            return await self._by_memory(channel, user_id, status)
        return JoinStatus.JOINED if status is MembershipStatus.MEMBER else JoinStatus.MISSING

    async def _by_memory(self, channel: Channel, user_id: int, told: MembershipStatus) -> JoinStatus:
        known = (await membership_ops.find_memberships(user_id, [channel.chat_id])).get(channel.chat_id)
        standing = join_status(channel, known, self._clock.now())
        if standing is not None:
            return standing
        return JoinStatus.JOINED if told is MembershipStatus.MEMBER else JoinStatus.MISSING

    async def _moved(self, channel: Channel, chat_id: int, user_id: int) -> JoinStatus:
        """A group became a supergroup: the same channel under a new id."""
        log.warning("channel.moved", chat_id=channel.chat_id, to=chat_id)
        if not await channel_ops.move_to(channel.chat_id, chat_id):
            return JoinStatus.UNKNOWN
        return await self._ask(channel.model_copy(update={"chat_id": chat_id}), user_id)

    async def _not_told(self, channel: Channel, user_id: int, asked_at: datetime, error: BaseException) -> JoinStatus:
        if any(code in str(error).lower() for code in _NOBODY):
            await membership_ops.record(channel.chat_id, user_id, MembershipStatus.LEFT, asked_at, keep_request=True)
            return JoinStatus.MISSING
        failure = classify(error)
        log.info("channel.not_told", chat_id=channel.chat_id, failure=failure.value)
        if failure in _BROKEN:
            await self.broken(channel)
        return JoinStatus.UNKNOWN

    async def broken(self, channel: Channel) -> None:
        """The bot cannot see this channel's members: marked, and told to the owners once."""
        if await channel_ops.mark_broken(channel.chat_id, self._clock.now()):
            await self._alerts.tell(owner_alerts.channel_broken(channel))

    async def works(self, channel: Channel) -> None:
        """The bot sees this channel's members; what was broken is healed, and the owners are told."""
        if channel.broken_since is not None and await channel_ops.mark_working(channel.chat_id):
            self._probed_at.pop(channel.chat_id, None)
            await self._alerts.tell(owner_alerts.channel_works(channel))

    async def _shows_members(self, channel: Channel) -> None:
        """Telegram told of a member. Requests are told only to those who may invite: of them that says nothing."""
        if channel.mode is ChannelMode.JOIN:
            await self.works(channel)

    def _in_order(self, at: datetime) -> datetime:
        """Telegram's whole second as the latest moment it can mean.

        By its date and not by when it is handled: after an outage a leave may be handled behind the joining after it.
        """
        return min(at + timedelta(milliseconds=999), self._clock.now())

    async def find(self, chat_id: int) -> Channel | None:
        """The channel by its id, paused or not; None when it is none of ours."""
        channels = await channel_ops.current(self._clock.now())
        return next((channel for channel in channels if channel.chat_id == chat_id), None)

    async def own_rights_changed(self, channel: Channel, own: ResultChatMemberUnion) -> None:
        """Telegram says what the bot may do in the channel from now on."""
        if _sees_members(channel, own):
            await self.works(channel)
        else:
            await self.broken(channel)

    async def changed(
        self, channel: Channel, user_id: int, member: ResultChatMemberUnion, at: datetime
    ) -> MembershipStatus:
        """Somebody joined, left or was let in, as Telegram dates it; returns how they stand now."""
        status = _status(member)
        await membership_ops.record(channel.chat_id, user_id, status, self._in_order(at))
        await self._shows_members(channel)
        return status

    async def requested(self, channel: Channel, user_id: int) -> None:
        """Somebody asked to join.

        Not by Telegram's date: a "left" it answered meanwhile says nothing of a request that is pending.
        """
        chat_id, asked = channel.chat_id, MembershipStatus.REQUESTED
        if not await membership_ops.record(chat_id, user_id, asked, self._clock.now()):
            # such a "left" may have been written at the same instant, and Telegram tells of a request once
            known = (await membership_ops.find_memberships(user_id, [chat_id])).get(chat_id)
            if known is not None and known.status is MembershipStatus.LEFT:
                await membership_ops.record(chat_id, user_id, asked, max(known.seen_at, self._clock.now()))
        await self.works(channel)


def _status(member: ResultChatMemberUnion) -> MembershipStatus:
    return status_of(member.status, isinstance(member, ChatMemberRestricted) and member.is_member)


def _sees_members(channel: Channel, own: ResultChatMemberUnion) -> bool:
    """Administrators see the members; requests to join are shown to those who may invite (BOTAPI §4.1)."""
    if isinstance(own, ChatMemberOwner):
        return True
    if not isinstance(own, ChatMemberAdministrator):
        return False
    return channel.mode is ChannelMode.JOIN or own.can_invite_users
