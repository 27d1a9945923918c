"""Memberships: stored, kept up to date by updates, and asked of Telegram when nothing is stored."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramMigrateToChat
from aiogram.types import ChatMemberAdministrator, ChatMemberOwner, ChatMemberRestricted, ResultChatMemberUnion
from cachetools import FIFOCache

from core.clock import Clock
from core.subscriptions import (
    CHANNELS_MAX,
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
from sender.failures import TELEGRAM_ERRORS, classify
from sender.updates.acknowledgement import acknowledge_after
from user_bot.gate.channel_state import ChannelState

log = structlog.get_logger("tollgate.subscriptions")

#: seconds Telegram has to answer whether a subscriber has joined, and after which polling no longer waits for it
ANSWER_S, QUICK_S = 5.0, 1.0
#: "not joined" is not asked again sooner, however often the subscriber taps
NOT_JOINED_KEPT_FOR = timedelta(seconds=3)
#: interval between probes of a broken channel: the update that reports restored rights may have been lost
PROBE_EVERY = timedelta(minutes=1)


class Subscriptions:
    """Knows which channels a subscriber has joined. One per bot and process; public methods may run concurrently."""

    def __init__(self, bot: Bot, clock: Clock, alerts: Alerts) -> None:
        self._bot = bot
        self._clock = clock
        self._state = ChannelState(clock, alerts)
        #: by chat; at most as many as there are channels
        self._probed_at: FIFOCache[int, datetime] = FIFOCache(CHANNELS_MAX)
        #: users whose "I have joined" is being answered: another tap does not ask Telegram again
        self._asking_again: set[int] = set()

    async def check(self, user_id: int, *, ask_again: bool = False) -> Subscription:
        """Return which channels the subscriber still has to join. Reads stored memberships with one command.

        Telegram is asked about channels of which nothing is stored, and with `ask_again` also about those stored as
        not joined.
        """
        now = self._clock.now()
        channels = required_channels(await channel_ops.current(now))
        if not channels:
            return Subscription()
        if not ask_again or user_id in self._asking_again:
            return await self._check_channels(user_id, channels, now, ask_again=False)
        self._asking_again.add(user_id)
        try:
            return await self._check_channels(user_id, channels, now, ask_again=True)
        finally:
            self._asking_again.discard(user_id)

    async def _check_channels(
        self, user_id: int, channels: Sequence[Channel], now: datetime, *, ask_again: bool
    ) -> Subscription:
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
            is_fresh = known is not None and timedelta() <= now - known.seen_at < NOT_JOINED_KEPT_FOR
            return standing if is_fresh else await self._ask(channel, user_id)
        if standing is JoinStatus.UNKNOWN:
            is_due = self._is_probe_due(channel, now)
            return await (self._probe(channel, user_id) if is_due else self._state.broken(channel))
        return standing

    def _is_probe_due(self, channel: Channel, now: datetime) -> bool:
        last = self._probed_at.get(channel.chat_id, channel.broken_since)
        if last is not None and timedelta() <= now - last < PROBE_EVERY:
            return False
        self._probed_at[channel.chat_id] = now
        return True

    async def _probe(self, channel: Channel, user_id: int) -> JoinStatus:
        """Ask about the bot's own rights first, since they decide whether the channel works, then about the user."""
        try:
            async with asyncio.timeout(ANSWER_S):
                own = await self._bot.get_chat_member(channel.chat_id, self._bot.id)
        except TELEGRAM_ERRORS as error:
            log.info("channel.still_broken", chat_id=channel.chat_id, failure=classify(error).value)
            return await self._state.broken(channel)
        await self.own_rights_changed(channel, own)
        return await (self._ask(channel, user_id) if _sees_members(channel, own) else self._state.broken(channel))

    async def _ask(self, channel: Channel, user_id: int) -> JoinStatus:
        asked_at = self._clock.now()
        try:
            # the subscriber waits, and so does polling: without a prompt answer the membership is unknown
            with acknowledge_after(QUICK_S):
                async with asyncio.timeout(ANSWER_S):
                    member = await self._bot.get_chat_member(channel.chat_id, user_id)
        except TelegramMigrateToChat as moved:
            return await self._moved(channel, moved.migrate_to_chat_id, user_id)
        except TELEGRAM_ERRORS as error:
            return await self._state.after_failure(channel, error)
        await self._note_members_visible(channel)
        status = _status(member)
        # Telegram reports "left" also for a user whose request is pending
        may_be_pending = member.status == "left"
        is_stored = await membership_ops.record(channel.chat_id, user_id, status, asked_at, keep_request=may_be_pending)
        if not is_stored:  # a newer update about this user was stored while Telegram was asked
            return await self._stored_standing(channel, user_id, status)
        return JoinStatus.JOINED if status is MembershipStatus.MEMBER else JoinStatus.MISSING

    async def _stored_standing(self, channel: Channel, user_id: int, answered: MembershipStatus) -> JoinStatus:
        """Return the standing by what is stored; by Telegram's answer when nothing is."""
        known = (await membership_ops.find_memberships(user_id, [channel.chat_id])).get(channel.chat_id)
        standing = join_status(channel, known, self._clock.now())
        if standing is not None:
            return standing
        return JoinStatus.JOINED if answered is MembershipStatus.MEMBER else JoinStatus.MISSING

    async def _moved(self, channel: Channel, chat_id: int, user_id: int) -> JoinStatus:
        """Store the new id of a group that became a supergroup, and ask there."""
        log.warning("channel.moved", chat_id=channel.chat_id, to=chat_id)
        if not await channel_ops.move_to(channel.chat_id, chat_id):
            return JoinStatus.UNKNOWN
        return await self._ask(channel.model_copy(update={"chat_id": chat_id}), user_id)

    async def _note_members_visible(self, channel: Channel) -> None:
        """Mark the channel as working if seeing a member proves it; mode REQUEST needs a further right."""
        if channel.mode is ChannelMode.JOIN:
            await self._mark_working(channel)

    async def _mark_working(self, channel: Channel) -> None:
        if channel.broken_since is not None:
            self._probed_at.pop(channel.chat_id, None)
            await self._state.mark_working(channel)

    def _latest_moment(self, at: datetime) -> datetime:
        """Return the latest moment that Telegram's date, in whole seconds, can mean; not in the future.

        The date and not the time of handling orders updates: after an outage a leave may be handled after a later join.
        """
        return min(at + timedelta(milliseconds=999), self._clock.now())

    async def find(self, chat_id: int) -> Channel | None:
        """Return the channel by its id, required at the moment or not; None when it never was one to join."""
        channels = await channel_ops.current(self._clock.now())
        return next((one for one in channels if one.chat_id == chat_id and one.is_watched), None)

    async def own_rights_changed(self, channel: Channel, own: ResultChatMemberUnion) -> None:
        """Handle an update about the bot's own rights in the channel."""
        if _sees_members(channel, own):
            await self._mark_working(channel)
        else:
            await self._state.mark_broken(channel)

    async def member_changed(
        self, channel: Channel, user_id: int, member: ResultChatMemberUnion, at: datetime
    ) -> MembershipStatus:
        """Store that a user joined, left or was admitted at `at`, Telegram's date; return the new status."""
        status = _status(member)
        await membership_ops.record(channel.chat_id, user_id, status, self._latest_moment(at))
        await self._note_members_visible(channel)
        return status

    async def join_requested(self, channel: Channel, user_id: int) -> None:
        """Store that a user asked to join.

        As of now and not by Telegram's date: a "left" stored since then does not contradict a pending request.
        """
        chat_id, requested = channel.chat_id, MembershipStatus.REQUESTED
        if not await membership_ops.record(chat_id, user_id, requested, self._clock.now()):
            # such a "left" may have been stored at the same instant, and Telegram reports a request once
            known = (await membership_ops.find_memberships(user_id, [chat_id])).get(chat_id)
            if known is not None and known.status is MembershipStatus.LEFT:
                await membership_ops.record(chat_id, user_id, requested, max(known.seen_at, self._clock.now()))
        await self._mark_working(channel)


def _status(member: ResultChatMemberUnion) -> MembershipStatus:
    return status_of(member.status, isinstance(member, ChatMemberRestricted) and member.is_member)


def _sees_members(channel: Channel, own: ResultChatMemberUnion) -> bool:
    """Whether the bot, by its own rights, sees members and, in mode REQUEST, requests to join (BOTAPI §4.1)."""
    if isinstance(own, ChatMemberOwner):
        return True
    if not isinstance(own, ChatMemberAdministrator):
        return False
    return channel.mode is ChannelMode.JOIN or own.can_invite_users
