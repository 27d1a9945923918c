"""Updates from the channels subscribers must join: joins, leaves, requests to join, and the bot's own rights."""

from datetime import datetime

from aiogram import Bot, F, Router
from aiogram.types import ChatInviteLink, ChatJoinRequest, ChatMemberUpdated, Update

from core.clock import Clock
from core.subscriptions import Channel, MembershipStatus
from database.operations import channel_ops, user_ops
from user_bot.delivery.pending_requests import PendingRequests
from user_bot.gate.subscriptions import Subscriptions
from user_bot.middlewares.upsert_visitor import visitor_of


async def own_rights_changed(event: ChatMemberUpdated, subscriptions: Subscriptions) -> None:
    channel = await subscriptions.find(event.chat.id)
    if channel is not None:
        await subscriptions.own_rights_changed(channel, event.new_chat_member)


async def member_changed(
    event: ChatMemberUpdated,
    event_update: Update,
    subscriptions: Subscriptions,
    pending_requests: PendingRequests,
    bot: Bot,
) -> None:
    channel = await subscriptions.find(event.chat.id)
    # the member, who may have been admitted by someone else
    member = event.new_chat_member.user
    if channel is None or member.id == bot.id:
        return
    status = await subscriptions.member_changed(channel, member.id, event.new_chat_member, event.date)
    if status is not MembershipStatus.MEMBER:
        return
    update_key = _update_key(event_update, event.date)
    await pending_requests.has_joined(member.id, update_key)
    if not event.via_join_request:  # those were counted when they asked
        await _count(channel, event.invite_link, update_key)


async def asked_to_join(
    event: ChatJoinRequest,
    event_update: Update,
    subscriptions: Subscriptions,
    pending_requests: PendingRequests,
    clock: Clock,
) -> None:
    channel = await subscriptions.find(event.chat.id)
    if channel is None:
        return
    await user_ops.upsert_visitor(visitor_of(event.from_user), clock.now(), is_writing=False)
    await subscriptions.join_requested(channel, event.from_user.id)
    update_key = _update_key(event_update, event.date)
    await pending_requests.has_joined(event.from_user.id, update_key)
    await _count(channel, event.invite_link, update_key)


async def _count(channel: Channel, link: ChatInviteLink | None, update_key: str) -> None:
    if link is not None and link.invite_link == channel.invite_link:
        await channel_ops.count_join(channel.chat_id, update_key)


def _update_key(update: Update, at: datetime) -> str:
    """Return the key of an update that happened `at`.

    The time alone would not do: a user may join, leave and join within its one second. Neither would the id: Telegram
    numbers anew after a week without updates.
    """
    return f"join {update.update_id} {at.timestamp():.0f}"


def build() -> Router:
    router = Router(name="channels")
    not_private = F.chat.type != "private"
    router.my_chat_member.register(own_rights_changed, not_private)
    router.chat_member.register(member_changed)
    router.chat_join_request.register(asked_to_join)
    return router
