"""Both bots notice that another program polls with their token; revoked tokens are told by the other bot."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramConflictError

from core.jobs import JobOutcome
from database.operations import health_ops, incident_ops
from sandbox.client import Json
from schedulers.admission import by_hand
from schedulers.factory import create_schedulers
from schedulers.job_scheduler import JobScheduler
from tests.house import ADMIN_BOT, USER_BOT, House

CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


async def run_health_check(house: House) -> None:
    scheduler: JobScheduler = create_schedulers(house.user_bot.jobs)["health_check"]
    report = await scheduler.runner.run(by_hand())
    assert report.outcome is JobOutcome.SUCCEEDED


async def last_text(house: House, bot: str) -> str:
    seen: Json = await house.olive.transcript(bot)
    return str(seen["messages"][-1].get("text"))


async def collide(house: House, bot: Bot, name: str, times: int = 2) -> None:
    """Let polls of the bot's own session end as they do while another program polls."""
    for _ in range(times):
        fault = await house.world.fault(
            "error", method="getUpdates", bot=name, times=1, status=409, description=CONFLICT
        )
        with pytest.raises(TelegramConflictError):
            await bot.get_updates(timeout=0)
        await house.world.clear_faults(fault)


@pytest.mark.parametrize("name", [USER_BOT, ADMIN_BOT])
async def test_another_program_with_the_token_is_told_and_shown_by_the_health_check(house: House, name: str) -> None:
    bot, role = (house.base.user_bot, "user_bot") if name == USER_BOT else (house.base.admin_bot, "admin_bot")
    await collide(house, bot, name)
    await house.olive.wait(ADMIN_BOT, contains="A second program is using")
    assert await incident_ops.find_open() == [f"health:second_poller:{role}"]
    for _ in range(3):
        await run_health_check(house)
    health = await health_ops.find()
    assert health is not None
    assert [finding.key for finding in health.findings] == [f"second_poller:{role}"]
    assert health.watched == ()
    seen = await house.olive.transcript(ADMIN_BOT)
    assert sum("A second program" in message.get("text", "") for message in seen["messages"]) == 1


async def test_what_the_admin_bot_cannot_tell_the_user_bot_tells(house: House) -> None:
    await house.olive.text(USER_BOT, "/start")
    await house.settle()
    await house.world.fault("error", bot=ADMIN_BOT, times=None, status=401, description="Unauthorized")
    assert await house.base.alerts.raise_once("x", lambda: "Telegram does not know the admin bot's token any more.")
    assert "does not know the admin bot's token" in await last_text(house, USER_BOT)
