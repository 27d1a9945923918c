"""What the user bot's handlers may name as arguments."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypedDict
from zoneinfo import ZoneInfo

from aiogram import Bot

from core.clock import Clock
from core.users import User
from monitoring.alerts import Alerts
from user_bot.delivery import Deliverer
from user_bot.doorkeeper import Doorkeeper
from user_bot.offers import Offers, Ways
from user_bot.subscriptions import Subscriptions
from user_bot.verifier import Verifier
from user_bot.waiting import Waiting


class UserBotData(TypedDict):
    """Handed to every handler through `Dispatcher(**data)`."""

    clock: Clock
    zone: ZoneInfo
    deliverer: Deliverer
    subscriptions: Subscriptions
    verifier: Verifier
    waiting: Waiting


def build_data(
    bot: Bot,
    clock: Clock,
    zone: ZoneInfo,
    alerts: Alerts,
    *,
    admin_ids: frozenset[int],
    ways: Ways,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> UserBotData:
    """Put the parts together; touches neither network nor database."""
    subscriptions = Subscriptions(bot, clock, alerts)
    offers = Offers(bot, clock, zone, alerts, ways, sleep=sleep)
    doorkeeper = Doorkeeper(bot, clock, zone, admin_ids, subscriptions, offers)
    deliverer = Deliverer(bot, clock, zone, alerts, doorkeeper, sleep=sleep)
    return UserBotData(
        clock=clock,
        zone=zone,
        deliverer=deliverer,
        subscriptions=subscriptions,
        verifier=Verifier(bot, clock, zone, doorkeeper, offers, deliverer),
        waiting=Waiting(clock, doorkeeper, deliverer),
    )


class Met(TypedDict):
    """Added per update by the `Meet` middleware."""

    user: User
