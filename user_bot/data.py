"""The arguments that the user bot's handlers may declare, and how they are built."""

from typing import TypedDict
from zoneinfo import ZoneInfo

from aiogram import Bot

from core.clock import Clock
from database.team import Team
from monitoring.alerts import Alerts
from user_bot.delivery.claims import Claims
from user_bot.delivery.counting import DeliveredCounts
from user_bot.delivery.deliverer import Deliverer
from user_bot.delivery.explanations import Explanations
from user_bot.delivery.interruptions import Interruptions
from user_bot.delivery.ownership import Ownership
from user_bot.delivery.pending_requests import PendingRequests
from user_bot.delivery.recovery import Recovery
from user_bot.delivery.sending import Sending
from user_bot.delivery.verifier import Verifier
from user_bot.gate.access_prompt import AccessPrompt
from user_bot.gate.subscriptions import Subscriptions
from user_bot.gate.unlock_links import UnlockConfig, UnlockLinks


class UserBotData(TypedDict):
    """Passed to every handler by name through `Dispatcher(**data)`."""

    clock: Clock
    zone: ZoneInfo
    deliverer: Deliverer
    subscriptions: Subscriptions
    verifier: Verifier
    pending_requests: PendingRequests
    ownership: Ownership
    delivered_counts: DeliveredCounts
    recovery: Recovery


def build_data(
    bot: Bot,
    clock: Clock,
    zone: ZoneInfo,
    alerts: Alerts,
    *,
    team: Team,
    unlock_config: UnlockConfig,
) -> UserBotData:
    """Build the objects of one bot and process; touches neither network nor database."""
    subscriptions = Subscriptions(bot, clock, alerts)
    unlock_links = UnlockLinks(bot, clock, zone, alerts, unlock_config)
    access_prompt = AccessPrompt(bot, clock, zone, team, subscriptions, unlock_links)
    ownership = Ownership(clock)
    interruptions = Interruptions(bot, clock, ownership)
    explanations = Explanations(bot, clock, alerts)
    delivered_counts = DeliveredCounts(clock)
    deliverer = Deliverer(
        bot.id,
        clock,
        ownership,
        access_prompt,
        Claims(bot, clock, ownership, interruptions),
        Sending(bot, clock, zone, explanations, delivered_counts),
        explanations,
    )
    return UserBotData(
        clock=clock,
        zone=zone,
        deliverer=deliverer,
        subscriptions=subscriptions,
        verifier=Verifier(bot, clock, zone, access_prompt, unlock_links, deliverer),
        pending_requests=PendingRequests(clock, access_prompt, deliverer),
        ownership=ownership,
        delivered_counts=delivered_counts,
        recovery=Recovery(bot, clock, zone, ownership, interruptions),
    )
