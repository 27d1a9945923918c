"""The arguments that the user bot's handlers may declare, and how they are built."""

from collections.abc import Callable
from typing import TypedDict
from zoneinfo import ZoneInfo

from aiogram import Bot

from core.clock import Clock
from database.erasing.tombstones import Tombstones
from database.owners import has_ended
from database.team import Team
from monitoring.alerts import Alerts
from user_bot.delivery.claims import Claims
from user_bot.delivery.counting import EventCounts
from user_bot.delivery.deliverer import Deliverer
from user_bot.delivery.explanations import Explanations
from user_bot.delivery.interruptions import Interruptions
from user_bot.delivery.lapses import Lapses
from user_bot.delivery.ownership import Ownership
from user_bot.delivery.pending_requests import PendingRequests
from user_bot.delivery.recovery import Recovery
from user_bot.delivery.sending import Sending
from user_bot.delivery.standing_copies import StandingCopies
from user_bot.delivery.verifier import Verifier
from user_bot.gate.access_prompt import AccessPrompt
from user_bot.gate.gate_messages import GateMessages
from user_bot.gate.subscriptions import Subscriptions
from user_bot.gate.unlock_links import UnlockConfig, UnlockLinks
from user_bot.gifts import Gifts
from user_bot.old_links import OldLinks
from user_bot.privacy.service import PrivacyService


class UserBotData(TypedDict):
    """Passed to every handler by name through `Dispatcher(**data)`."""

    clock: Clock
    zone: ZoneInfo
    deliverer: Deliverer
    access_prompt: AccessPrompt
    subscriptions: Subscriptions
    verifier: Verifier
    pending_requests: PendingRequests
    ownership: Ownership
    event_counts: EventCounts
    recovery: Recovery
    gifts: Gifts
    old_links: OldLinks
    privacy: PrivacyService


def build_data(
    bot: Bot,
    clock: Clock,
    zone: ZoneInfo,
    alerts: Alerts,
    *,
    team: Team,
    unlock_config: UnlockConfig,
    is_ended: Callable[[str], bool] = has_ended,
    tombstones: Tombstones,
) -> UserBotData:
    """Build the objects of one bot and process; touches neither network nor database.

    `is_ended`: whether the process that owned a delivery has certainly ended.
    """
    subscriptions = Subscriptions(bot, clock, alerts)
    unlock_links = UnlockLinks(bot, clock, zone, alerts, unlock_config)
    gate_messages = GateMessages(bot, clock, alerts)
    access_prompt = AccessPrompt(bot, clock, zone, team, subscriptions, unlock_links, gate_messages)
    ownership = Ownership(clock)
    lapses = Lapses(bot.id, clock, ownership, is_ended)
    interruptions = Interruptions(bot, clock, ownership)
    explanations = Explanations(bot, clock, alerts)
    event_counts = EventCounts(clock, zone)
    deliverer = Deliverer(
        bot.id,
        clock,
        zone,
        ownership,
        access_prompt,
        Claims(bot, ownership, lapses, interruptions),
        Sending(bot, clock, zone, explanations),
        explanations,
        StandingCopies(bot, clock, zone),
    )
    return UserBotData(
        clock=clock,
        zone=zone,
        deliverer=deliverer,
        access_prompt=access_prompt,
        subscriptions=subscriptions,
        verifier=Verifier(bot, clock, zone, access_prompt, deliverer),
        pending_requests=PendingRequests(clock, team, access_prompt, deliverer),
        ownership=ownership,
        recovery=Recovery(bot, clock, zone, lapses, interruptions),
        gifts=Gifts(bot, team, clock, zone),
        old_links=OldLinks(bot, clock, alerts, deliverer),
        privacy=PrivacyService(bot, clock, tombstones),
        event_counts=event_counts,
    )
