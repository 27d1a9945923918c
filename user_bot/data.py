"""What the user bot's handlers may name as arguments."""

from typing import TypedDict
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.users import User
from user_bot.delivery import Deliverer


class UserBotData(TypedDict):
    """Handed to every handler through `Dispatcher(**data)`."""

    clock: Clock
    zone: ZoneInfo
    deliverer: Deliverer


class Met(TypedDict):
    """Added per update by the `Meet` middleware."""

    user: User
