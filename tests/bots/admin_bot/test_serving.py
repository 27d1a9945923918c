"""The admin bot takes updates at once, whatever its menu has to wait for."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from aiogram import Dispatcher
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.methods import GetUpdates, SetMyCommands

from admin_bot.main import serve
from admin_bot.system.admin_page import AdminPage
from admin_bot.team.menus import TeamMenus
from admin_bot.team.notices import TeamNotices
from core.clock import ManualClock
from database import bot_profiles
from database.connection import close_database, open_database
from database.team import Team
from sender.profiles import BotProfile
from tests.recording import HangingSession, RecordingBot
from tests.served import long_polling

AT = datetime(2026, 1, 1, tzinfo=UTC)


async def test_polling_begins_while_the_menu_hangs() -> None:
    await open_database("memory://", "test")
    session = HangingSession({SetMyCommands, GetUpdates})
    bot, dispatcher = RecordingBot("1001:sandbox-admin", session=session), Dispatcher(disable_fsm=True)
    team = Team((), lambda: None, ManualClock(AT))
    menus = TeamMenus(BotProfile(bot, bot_profiles), team, "house_bot")
    page = AdminPage(bot, team, ManualClock(AT), ZoneInfo("UTC"), public_base_url="", web_address="")
    notices = TeamNotices(cast(Any, None), ManualClock(AT))
    data = cast(
        Any, {"team": team, "team_menus": menus, "admin_page": page, "team_notices": notices, "clock": ManualClock(AT)}
    )
    serving = asyncio.ensure_future(serve(long_polling(bot, dispatcher), MemoryStorage(), data))
    async with asyncio.timeout(20):
        await session.all_came.wait()
        await dispatcher.stop_polling()
        await serving
    await close_database()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "menu"]
