"""The admin bot takes updates at once, whatever its menu has to wait for."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

from aiogram import Dispatcher
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.methods import GetUpdates, SetMyCommands

from admin_bot.main import serve
from core.clock import ManualClock
from database.team import Team
from tests.recording import HangingSession, RecordingBot


async def test_polling_begins_while_the_menu_hangs() -> None:
    session = HangingSession({SetMyCommands, GetUpdates})
    bot, dispatcher = RecordingBot("1001:sandbox-admin", session=session), Dispatcher(disable_fsm=True)
    data = cast(Any, {"team": Team((), lambda: None, ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))})
    serving = asyncio.ensure_future(serve(bot, dispatcher, MemoryStorage(), data))
    async with asyncio.timeout(20):
        await session.all_came.wait()
        await dispatcher.stop_polling()
        await serving
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "menu"]
