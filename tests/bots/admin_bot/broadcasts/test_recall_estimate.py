"""Whoever confirms a broadcast or its deletion reads when not every copy can be deleted before Telegram's 48 hours."""

from datetime import timedelta

import pytest

from core.jobs import JobOutcome, RunReport
from database.operations import run_ops
from tests.bots.admin_bot.broadcasts.broadcasts import sent
from tests.bots.admin_bot.broadcasts.composing import composed
from tests.bots.admin_bot.conftest import AdminBot

SENTENCE = "Not every copy can be deleted before Telegram's 48 hours."


async def measured(admin: AdminBot, seconds_each: float) -> None:
    """Leave a run of the deleter that needed that long for each of 300 copies."""
    began, took = admin.clock.now(), timedelta(seconds=300 * seconds_each)
    row = await run_ops.start_run("broadcast_deleter", began, "a process", began)
    assert row is not None
    report = RunReport("broadcast_deleter", JobOutcome.SUCCEEDED, began, began, took, {"deleted": 300})
    assert await run_ops.finish_run(row, report)


@pytest.mark.parametrize(("seconds_each", "is_late"), [(1_300.0, True), (1_100.0, False)])
async def test_a_broadcast_whose_copies_get_too_old_says_so_before_it_is_sent(
    admin: AdminBot, seconds_each: float, is_late: bool
) -> None:
    await measured(admin, seconds_each)
    await composed(admin, people=3)
    assert SENTENCE not in admin.last_text, "no copy is to be deleted"
    await admin.press("Auto-delete")
    await admin.press("Another time")
    # an hour is left for three copies
    await admin.say("47h")
    assert (SENTENCE in admin.last_text) is is_late
    await admin.press("Auto-delete")
    assert (SENTENCE in admin.last_text) is is_late
    await admin.press("‹ ")
    await admin.press("Send to")
    assert (SENTENCE in admin.last_text) is is_late
    if is_late:
        assert "some would be 2 days" in admin.last_text


@pytest.mark.parametrize(("hours", "is_late"), [(38, True), (37, False)])
async def test_the_confirmation_of_a_deletion_says_when_it_comes_too_late(
    admin: AdminBot, hours: int, is_late: bool
) -> None:
    # 95 copies take ten hours and a half
    await measured(admin, 400.0)
    await sent(admin)
    await admin.say("/broadcast list")
    await admin.press("Sale")
    admin.clock.move(timedelta(hours=hours))
    await admin.press("Delete for everyone")
    assert (SENTENCE in admin.last_text) is is_late
