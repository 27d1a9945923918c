"""/jobs: the list, a job's screen, requested runs and pauses."""

import asyncio
from datetime import datetime, timedelta

import pytest

from admin_bot.run_follower import POLL_EVERY_S
from core.jobs import JobOutcome
from database.operations import lease_ops, run_ops
from schedulers import registry
from tests.bots.admin_bot.conftest import OWNER, STRANGER, AdminBot
from tests.bots.admin_bot.system.runs import audited, end, ended, is_paused, requested_runs, take
from views.screen_limits import fits
from views.system import jobs_texts as texts
from views.system.job_titles import job_title

# --- the list


async def test_the_list_shows_each_job_with_its_state_and_names_those_in_trouble(admin: AdminBot) -> None:
    await ended(admin, registry.MESSAGE_DELETER.name, ago=timedelta(minutes=5))
    await ended(admin, registry.BROADCAST_DELETER.name, JobOutcome.FAILED, ago=timedelta(hours=3), error="OSError")
    await admin.say("/jobs")
    assert "⚠ Delete broadcasts: <b>failed</b> 3 hours ago" in admin.last_text
    assert "(Europe/Berlin)" in admin.last_text
    assert admin.buttons()[0] == "Auto-delete · 5 min ago"
    assert "Delete broadcasts · ⚠ failed 3 h ago" in admin.buttons()
    assert "Send broadcasts · not run yet" in admin.buttons()
    assert admin.buttons()[-3:] == ["Refresh", "Next ›", "‹ System"] or admin.buttons()[-1] == "Menu"


async def test_the_pages_of_the_list_hold_every_job(admin: AdminBot) -> None:
    await admin.say("/jobs")
    listed = admin.buttons()[:6]
    while "Next ›" in admin.buttons():
        await admin.press("Next ›")
        listed += [text for text in admin.buttons() if " · " in text]
    assert [text.partition(" · ")[0] for text in listed] == [job_title(name) for name in registry.JOB_NAMES]


async def test_the_list_marks_what_waits_runs_and_is_paused(admin: AdminBot) -> None:
    now = admin.clock.now()
    await run_ops.request_run(registry.MESSAGE_DELETER.name, now, OWNER.id)
    await run_ops.request_run(registry.BROADCAST_SENDER.name, now, OWNER.id)
    await take(admin, registry.BROADCAST_SENDER.name)
    await lease_ops.pause(registry.BROADCAST_DELETER.name, now, OWNER.id)
    await admin.say("/jobs")
    assert {"Auto-delete · waits", "Send broadcasts · running", "Delete broadcasts · paused"} <= set(admin.buttons())


async def test_the_list_fits_into_one_message_whatever_the_errors_are(admin: AdminBot) -> None:
    for name in registry.JOB_NAMES:
        await ended(admin, name, JobOutcome.FAILED, error='<"&\U0001f600' * 2000)
    await admin.say("/jobs")
    assert fits(admin.last_text)


async def test_a_job_is_opened_by_its_name_and_an_unknown_one_lists_those_there_are(admin: AdminBot) -> None:
    await admin.say("/jobs Token_Cleanup ")
    assert admin.last_text.startswith("<b>Clean up unlocks</b> removes expired unlocks")
    assert admin.buttons() == ["Run now", "Pause", "Refresh", "‹ Jobs", "Menu"]
    for typed in ("../etc/passwd", "<b>x</b>" * 400, "token_cleanup backup", "all"):
        await admin.say(f"/jobs {typed}")
        assert admin.last_text == texts.unknown(typed, registry.JOB_NAMES)
        assert "<b>x" not in admin.last_text
        assert len(admin.last_text) < 1000


async def test_the_command_wins_over_a_waiting_question(admin: AdminBot) -> None:
    await admin.say("/user")
    await admin.say("/jobs")
    await admin.say("a post")
    assert (await admin.only_post()).title == "a post"


async def test_strangers_learn_nothing_and_start_nothing(admin: AdminBot) -> None:
    await admin.say("/jobs", STRANGER)
    await admin.callback(f"jo:run:{registry.TOKEN_CLEANUP.name}", who=STRANGER)
    await admin.callback(f"jo:pauseyes:{registry.TOKEN_CLEANUP.name}", who=STRANGER)
    assert await requested_runs() == 0
    assert not await is_paused()
    assert await audited() == []
    assert not any("token_cleanup" in text for text in admin.texts)


# --- run now


async def test_run_now_writes_a_request_that_the_schedulers_take(admin: AdminBot) -> None:
    await admin.say(f"/jobs {registry.TOKEN_CLEANUP.name}")
    await admin.press("Run now")
    assert admin.toasts == [texts.asked_for()]
    assert "waits for a process to take it" in admin.last_text
    (run,) = await run_ops.find_requests()
    assert (run.job, run.requested_by, run.owner) == (registry.TOKEN_CLEANUP.name, OWNER.id, None)
    assert await audited() == [("job.run", registry.TOKEN_CLEANUP.name)]
    await take(admin, registry.TOKEN_CLEANUP.name)
    admin.clock.move(timedelta(seconds=2))
    await admin.press("Refresh")
    assert "<b>running</b> for 2 seconds" in admin.last_text
    await end(admin, run)
    await admin.press("Refresh")
    assert "succeeded" in admin.last_text
    assert f"items 3 · asked for by <code>{OWNER.id}</code>" in admin.last_text
    assert len(admin.world.screens) == 1


async def test_two_concurrent_presses_make_one_run(admin: AdminBot) -> None:
    data = f"jo:run:{registry.TOKEN_CLEANUP.name}"
    await asyncio.gather(*(admin.callback(data) for _ in range(5)))
    assert await requested_runs() == 1
    assert sorted(map(str, admin.toasts)) == sorted([texts.asked_for(), *[texts.asked_for_before()] * 4])


async def test_two_concurrent_admins_make_one_run_also_with_a_slow_database(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run_ops.request_run

    async def ask(job: str, now: datetime, requested_by: int) -> str:
        """Reads and writes in two steps, as on a server."""
        waiting = await run_ops.find_requests()
        await asyncio.sleep(0)
        began = now + timedelta(milliseconds=requested_by)
        return waiting[0].id if waiting else await real(job, began, requested_by)

    monkeypatch.setattr(run_ops, "request_run", ask)
    jobs = admin.data["jobs"]
    said = await asyncio.gather(*(jobs.run(who, registry.TOKEN_CLEANUP.name) for who in (1, 2, 3)))
    assert await requested_runs() == 1
    assert sorted(said) == sorted([texts.asked_for(), *[texts.asked_for_before()] * 2])


async def test_a_press_during_a_run_requests_the_next_run(admin: AdminBot) -> None:
    await run_ops.request_run(registry.TOKEN_CLEANUP.name, admin.clock.now(), OWNER.id)
    await take(admin, registry.TOKEN_CLEANUP.name)
    admin.clock.move(timedelta(seconds=1))
    await admin.callback(f"jo:run:{registry.TOKEN_CLEANUP.name}")
    assert admin.toasts == [texts.follows()]
    assert "<b>running</b>; another run asked for" in admin.last_text
    assert await requested_runs() == 1


async def test_a_paused_job_can_be_run_on_request(admin: AdminBot) -> None:
    await lease_ops.pause(registry.TOKEN_CLEANUP.name, admin.clock.now(), OWNER.id)
    await admin.callback(f"jo:run:{registry.TOKEN_CLEANUP.name}")
    assert await requested_runs() == 1
    assert await is_paused()


# --- pause and resume


async def test_pause_asks_first_and_names_the_job_and_what_stops(admin: AdminBot) -> None:
    await admin.say(f"/jobs {registry.MESSAGE_DELETER.name}")
    await admin.press("Pause")
    assert "Pause <b>Auto-delete</b>?" in admin.last_text
    assert "Deliveries stay longer than subscribers were told" in admin.last_text
    assert not await is_paused(registry.MESSAGE_DELETER.name)
    assert admin.buttons() == ["Pause Auto-delete", "‹ Auto-delete", "Menu"]
    await admin.press("‹ Auto-delete")
    assert not await is_paused(registry.MESSAGE_DELETER.name)
    await admin.press("Pause")
    await admin.press("Pause Auto-delete")
    assert await is_paused(registry.MESSAGE_DELETER.name)
    assert f"<b>Paused</b> by <code>{OWNER.id}</code> since" in admin.last_text
    assert "next <tg-time" not in admin.last_text
    assert admin.buttons() == ["Run now", "Resume", "Refresh", "‹ Jobs", "Menu"]
    await admin.press("Resume")
    assert not await is_paused(registry.MESSAGE_DELETER.name)
    assert "next <tg-time" in admin.last_text
    assert await audited() == [
        ("job.paused", registry.MESSAGE_DELETER.name),
        ("job.resumed", registry.MESSAGE_DELETER.name),
    ]


@pytest.mark.parametrize("act", ["show", "run", "pause", "pauseyes", "resume"])
@pytest.mark.parametrize("name", ["nothing", "", "token_cleanup\n", "tok\u0435n_cleanup", "x" * 60])
async def test_a_button_with_an_unknown_job_does_nothing_and_says_so(admin: AdminBot, act: str, name: str) -> None:
    await admin.callback(f"jo:{act}:{name}")
    assert admin.toasts == [texts.gone()]
    assert await run_ops.find_requests() == []
    assert await lease_ops.find_many([name]) == {}


async def test_every_job_says_what_stops_without_it() -> None:
    assert all(row.when_paused.endswith(".") for row in registry.JOBS)


async def test_a_second_pause_keeps_the_first_on_record(admin: AdminBot) -> None:
    await lease_ops.pause(registry.TOKEN_CLEANUP.name, admin.clock.now(), "cron")
    admin.clock.move(timedelta(seconds=5))
    for act in ("pause", "pauseyes"):
        await admin.callback(f"jo:{act}:{registry.TOKEN_CLEANUP.name}")
        assert admin.toasts[-1] == texts.paused_before()
        assert "by <code>cron</code>" in admin.last_text
    assert await audited() == []


async def test_a_resume_after_another_admins_resume_says_so(admin: AdminBot) -> None:
    await admin.callback(f"jo:pauseyes:{registry.TOKEN_CLEANUP.name}")
    await lease_ops.resume(registry.TOKEN_CLEANUP.name)
    await admin.press("Resume")
    assert admin.toasts[-1] == texts.resumed_before()
    assert admin.buttons() == ["Run now", "Pause", "Refresh", "‹ Jobs", "Menu"]
    assert await audited() == [("job.paused", registry.TOKEN_CLEANUP.name)]


async def test_a_run_under_way_is_not_stopped_by_a_pause(admin: AdminBot) -> None:
    await admin.callback(f"jo:run:{registry.TOKEN_CLEANUP.name}")
    run = await take(admin, registry.TOKEN_CLEANUP.name)
    await admin.callback(f"jo:pauseyes:{registry.TOKEN_CLEANUP.name}")
    assert "<b>running</b>" in admin.last_text
    await end(admin, run)
    await admin.time.move(POLL_EVERY_S)
    assert "succeeded" in admin.last_text
