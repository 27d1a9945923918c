"""Forged and old buttons of jobs, outages at any call, screens that grow too long."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiogram.methods import AnswerCallbackQuery, SendMessage

from core.errors import StoreUnavailable
from core.jobs import JobOutcome
from database.operations import lease_ops, run_ops
from schedulers import registry
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.faults import away_at, fail_at
from tests.bots.admin_bot.system.runs import audited, end, ended, finish, is_paused, requested_runs, take
from views.screen_limits import fits
from views.system import jobs_texts as texts

pytestmark = pytest.mark.sweep

TOKEN_CLEANUP = registry.TOKEN_CLEANUP.name

# --- forged and old buttons


@pytest.mark.parametrize(
    "data",
    [
        "jo:run:nothing",
        "jo:run:../backup",
        "jo:run:Token_Cleanup",
        "jo:run:token_cleanup ",
        "jo:run:",
        "jo:run:all",
        "jo:pauseyes:constructor",
        "jo:drop:token_cleanup",
        "jo:run:token_cleanup:1",
        "jo",
        "jo:",
        "jl:-1",
    ],
)
async def test_forged_buttons_do_nothing_and_are_answered(admin: AdminBot, data: str) -> None:
    await admin.callback(data)
    assert len(admin.toasts) == 1
    assert admin.toasts[0]
    assert await run_ops.find_requests() == []
    assert await lease_ops.find_many(registry.JOB_NAMES) == {}
    assert await audited() == []
    assert all(text.startswith(("<b>Tollgate</b>", "<b>Jobs</b>")) for text in admin.texts), "the Menu or the list"


@pytest.mark.parametrize("act", ["show", "run", "pause", "pauseyes", "resume"])
async def test_a_button_under_a_message_telegram_no_longer_shows_answers_in_a_new_one(
    admin: AdminBot, act: str
) -> None:
    await admin.callback(f"jo:{act}:{TOKEN_CLEANUP}")
    assert len(admin.toasts) == 1
    assert len(admin.world.of(SendMessage)) == 1


# --- outages of the database


@pytest.mark.parametrize("act", ["show", "run", "pause", "pauseyes", "resume"])
async def test_an_outage_at_any_call_of_a_button_changes_things_once_and_answers(admin: AdminBot, act: str) -> None:
    if act == "resume":
        await lease_ops.pause(TOKEN_CLEANUP, admin.clock.now(), OWNER.id)
    number = 0
    while True:
        admin.world.calls.clear()
        refuse, calls = away_at(number)
        admin.database.before_call = refuse
        pressing = asyncio.create_task(admin.callback(f"jo:{act}:{TOKEN_CLEANUP}"))
        await admin.time.move(1)
        await pressing
        admin.database.before_call = None
        assert admin.toasts, f"call {number}: {calls[: number + 1]}"
        assert any("Clean up unlocks" in text for text in admin.texts)
        assert await requested_runs() == (act == "run")
        assert await is_paused() == (act == "pauseyes")
        if len(calls) <= number:
            break
        number += 1
        await admin.database.collection("job_runs").delete_many({})
        await admin.database.collection("job_leases").delete_many({})
        if act == "resume":
            await lease_ops.pause(TOKEN_CLEANUP, admin.clock.now(), OWNER.id)
    assert number >= 1


async def test_a_pause_whose_answer_was_lost_is_audited(admin: AdminBot, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_next = True
    real = admin.database.collection("job_leases").insert_one

    async def lose(document: Any) -> Any:
        nonlocal refuse_next
        answer = await real(document)
        if refuse_next:
            refuse_next = False
            raise StoreUnavailable("the answer was lost")
        return answer

    monkeypatch.setattr(admin.database.collection("job_leases"), "insert_one", lose)
    pressing = asyncio.create_task(admin.callback(f"jo:pauseyes:{TOKEN_CLEANUP}"))
    await admin.time.move(1)
    await pressing
    assert await is_paused()
    assert await audited() == [("job.paused", TOKEN_CLEANUP)]


async def test_after_an_outage_the_list_is_sent(admin: AdminBot) -> None:
    for number in range(3):
        refuse, _ = away_at(number)
        admin.database.before_call = refuse
        saying = asyncio.create_task(admin.say("/jobs"))
        await admin.time.move(1)
        await saying
        assert admin.last_text.startswith("<b>Jobs</b>")


# --- one job's screen


async def test_a_screen_with_many_long_errors_fits_and_quotes_the_last_one(admin: AdminBot) -> None:
    for minutes in range(1, 9):
        counts = {f"thing_{number}_{'x' * 100}": 10**12 for number in range(30)}
        await ended(
            admin,
            TOKEN_CLEANUP,
            JobOutcome.FAILED,
            ago=timedelta(minutes=minutes),
            counts=counts,
            more=True,
            error="<&>" * 3000,
        )
    await admin.say(f"/jobs {TOKEN_CLEANUP}")
    assert fits(admin.last_text)
    assert "more is left for the next run" in admin.last_text
    assert "Last error: &lt;&amp;&gt;" in admin.last_text


async def test_a_run_that_ends_during_a_refresh_is_only_shown(admin: AdminBot) -> None:
    await admin.callback(f"jo:run:{TOKEN_CLEANUP}")
    run = await take(admin, TOKEN_CLEANUP)
    await asyncio.gather(admin.callback(f"jo:show:{TOKEN_CLEANUP}"), finish(run.id, run.job, admin.clock.now()))
    assert len(await run_ops.last_runs(5, TOKEN_CLEANUP)) == 1
    assert all(call.text is None or call.text == texts.asked_for() for call in admin.world.of(AnswerCallbackQuery))


# --- failures of Telegram


async def press_or(admin: AdminBot, text: str, otherwise: str) -> None:
    try:
        await admin.press(text)
    except AssertionError:
        # there is no such button: its screen was not sent
        await admin.say(otherwise)


@pytest.mark.parametrize("fault", ["no answer", "flood", "trouble"])
@pytest.mark.parametrize("number", range(8))
async def test_a_failure_at_any_call_to_telegram_leaves_one_run_and_one_pause(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch, number: int, fault: str
) -> None:
    calls = fail_at(admin, number, fault, monkeypatch)
    for _ in range(3):
        await admin.say("/jobs")
        await press_or(admin, "Clean up unlocks", f"/jobs {TOKEN_CLEANUP}")
        await press_or(admin, "Run now", f"/jobs {TOKEN_CLEANUP}")
        if not await is_paused():
            await press_or(admin, "Pause", f"/jobs {TOKEN_CLEANUP}")
            await press_or(admin, "Pause Clean up unlocks", f"/jobs {TOKEN_CLEANUP}")
    assert len(calls) > 8
    assert await requested_runs() == 1
    assert await is_paused()
    assert (await audited()).count(("job.paused", TOKEN_CLEANUP)) == 1
    await end(admin, await take(admin, TOKEN_CLEANUP))
    await admin.time.move(130)
    assert admin.supervisor.running == 0
    await admin.say(f"/jobs {TOKEN_CLEANUP}")
    assert "succeeded" in admin.last_text
