"""When a bot under measurement is at rest. Apart from `bench.usage`: aiogram takes seconds to import."""

import asyncio

from aiogram import Dispatcher


async def settle(dispatcher: Dispatcher) -> None:
    """Return when no handler is at work: the warning has arrived before its id is written down."""
    while tasks := set(dispatcher._handle_update_tasks):
        await asyncio.wait(tasks)
