"""A database that is away, for a house in one event loop."""

import asyncio

from pymongo.errors import AutoReconnect

from database.connection import current_database
from tests.house import House


def lose_database(house: House) -> asyncio.Event:
    """Let every command fail and every wait last for ever; returns what is set when an update waits for the database.

    `current_database().before_call = None` brings it back.
    """
    is_waiting = asyncio.Event()

    async def never_back(seconds: float) -> None:
        is_waiting.set()
        await asyncio.Event().wait()

    def away(operation: str, collection: str) -> None:
        raise AutoReconnect("away")

    house.clock.on_sleep = never_back
    current_database().before_call = away
    return is_waiting
