"""/backup: asks for one, says where it goes and how it ended."""

import asyncio
from datetime import timedelta

import pytest
from aiogram.methods import EditMessageText

from admin_bot.run_follower import EVERY_S
from core.jobs import JobOutcome
from core.timetable import BACKUP
from database.operations import audit_ops, lease_ops, run_ops
from tests.bots.admin_bot.conftest import STRANGER, AdminBot
from tests.bots.admin_bot.system.runs import OWNER_OF_LEASE, away_at, end, ended, finish, take
from tests.bots.admin_bot.telegram import bad_request
from views.system import backup_texts as texts
from views.system.jobs_words import size


async def wishes() -> int:
    return len([run for run in await run_ops.find_requests() if run.job == BACKUP])


async def test_it_asks_for_one_and_follows_it_to_its_end(admin: AdminBot) -> None:
    await admin.say("/backup")
    assert "It waits for a process to take it." in admin.last_text
    assert "The last 7 are kept in <code>data/backups</code>" in admin.last_text
    assert admin.buttons() == ["Refresh", "Last runs"]
    assert [(entry.action, entry.target) for entry in await audit_ops.last(5)] == [("job.run", BACKUP)]
    run = await take(admin, BACKUP)
    admin.clock.move(timedelta(seconds=5))
    await admin.time.move(EVERY_S)
    assert "One is being written, for 5 seconds so far." in admin.last_text
    await finish(run.id, BACKUP, admin.clock.now(), counts={"bytes": 3_400_000, "documents": 12})
    await lease_ops.release(BACKUP, OWNER_OF_LEASE, admin.clock.now())
    await admin.time.move(EVERY_S)
    assert "The last one was written" in admin.last_text
    assert ", 3.4 MB." in admin.last_text
    assert admin.buttons() == ["Write another one", "Refresh", "Last runs"]
    assert admin.supervisor.running == 0
    assert len(admin.world.screens) == 1


async def test_a_failure_says_why_and_which_backup_is_the_newest(admin: AdminBot) -> None:
    await ended(admin, BACKUP, ago=timedelta(hours=20), counts={"bytes": 512})
    await admin.say("/backup")
    await end(admin, await take(admin, BACKUP), JobOutcome.FAILED, "OSError: [Errno 28] <No space> left\non device")
    await admin.time.move(EVERY_S)
    assert "The last try <b>failed</b>" in admin.last_text
    assert "It left no backup.\nOSError: [Errno 28] &lt;No space&gt; left on device" in admin.last_text
    assert ", 512 bytes." in admin.last_text
    assert "old.</b>" not in admin.last_text


async def test_an_old_newest_backup_is_called_old(admin: AdminBot) -> None:
    await ended(admin, BACKUP, ago=timedelta(days=3))
    await ended(admin, BACKUP, JobOutcome.FAILED, error="x")
    await admin.callback("bk:show")
    assert "of a size nobody noted" in admin.last_text
    assert "<b>It is 3 days old.</b>" in admin.last_text


async def test_none_at_all_is_said(admin: AdminBot) -> None:
    await admin.callback("bk:show")
    assert "No backup has been tried yet, or its history was removed." in admin.last_text
    await ended(admin, BACKUP, JobOutcome.FAILED)
    await admin.callback("bk:show")
    assert "No written backup is known: the last run wrote none." in admin.last_text
    await ended(admin, BACKUP, JobOutcome.FAILED, ago=timedelta(seconds=9))
    await admin.callback("bk:show")
    assert "No written backup is known: the last 2 runs wrote none." in admin.last_text


async def test_one_that_was_stopped_is_no_backup(admin: AdminBot) -> None:
    await ended(admin, BACKUP, ago=timedelta(hours=1), counts={"bytes": 777})
    await ended(admin, BACKUP, counts={"bytes": 0}, more=True)
    await admin.callback("bk:show")
    assert "The last try was stopped 0 seconds ago, before anything was written." in admin.last_text
    assert ", 777 bytes." in admin.last_text


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"sent": 1}, "It was sent to the owners, too."),
        ({"not_sent": 1}, "It could not be sent to the owners."),
        ({"not_sent": 1, "too_large": 1}, "It was too large to be sent to the owners."),
        ({}, "in 2 seconds.\n"),
    ],
)
async def test_what_became_of_the_copy_for_the_owners_is_said(
    admin: AdminBot, counts: dict[str, int], words: str
) -> None:
    await ended(admin, BACKUP, counts={"bytes": 5} | counts)
    await admin.callback("bk:show")
    assert words in admin.last_text


async def test_nobody_there_to_run_it_is_said_when_the_wish_is_given_up(admin: AdminBot) -> None:
    await admin.say("/backup")
    admin.clock.move(timedelta(minutes=1))
    assert await run_ops.expire_requests(admin.clock.now(), timedelta(seconds=30)) == 1
    await admin.time.move(EVERY_S)
    assert "The last try <b>was missed</b>" in admin.last_text
    assert str((await run_ops.last_runs(1, BACKUP))[0].error) in admin.last_text
    assert admin.supervisor.running == 0


async def test_two_commands_at_once_are_one_backup(admin: AdminBot) -> None:
    await asyncio.gather(admin.say("/backup"), admin.say("/backup"), admin.callback("bk:run"))
    assert await wishes() == 1


async def test_the_buttons_ask_again_and_lead_to_the_job(admin: AdminBot) -> None:
    await ended(admin, BACKUP, ago=timedelta(hours=1))
    await admin.callback("bk:show")
    await admin.press("Write another one")
    assert admin.toasts[-1] == texts.ASKED_FOR
    assert await wishes() == 1
    await admin.callback("bk:run")
    assert admin.toasts[-1] == texts.ASKED_FOR_BEFORE
    await admin.press("Last runs")
    assert admin.last_text.startswith("<b>backup</b>")
    await admin.press("Back")
    assert admin.last_text.startswith("<b>Jobs</b>")


@pytest.mark.parametrize("data", ["bk:drop", "bk:", "bk", "bk:show:1", "bk:RUN"])
async def test_forged_buttons_ask_for_nothing(admin: AdminBot, data: str) -> None:
    await admin.callback(data)
    assert len(admin.toasts) == 1
    assert admin.toasts[0]
    assert await wishes() == 0


async def test_strangers_get_no_backup(admin: AdminBot) -> None:
    await admin.say("/backup", STRANGER)
    await admin.callback("bk:run", who=STRANGER)
    assert await wishes() == 0


async def test_a_message_that_was_deleted_meanwhile_stays_deleted(admin: AdminBot) -> None:
    await admin.say("/backup")
    await end(admin, await take(admin, BACKUP))
    admin.world.fail(EditMessageText, bad_request("message to edit not found"))
    await admin.time.move(60)
    assert len(admin.texts) == 2
    assert admin.supervisor.running == 0


async def test_the_database_away_at_any_call_asks_once(admin: AdminBot) -> None:
    number = 0
    while True:
        refuse, calls = away_at(number)
        admin.database.before_call = refuse
        saying = asyncio.create_task(admin.say("/backup"))
        await admin.time.move(1)
        await saying
        admin.database.before_call = None
        assert "data/backups" in admin.last_text
        assert await wishes() == 1
        if len(calls) <= number:
            break
        number += 1
        await admin.database.collection("job_runs").delete_many({})
    assert number > 3


async def test_long_errors_fit(admin: AdminBot) -> None:
    await ended(admin, BACKUP, JobOutcome.FAILED, error="<&\U0001f600" * 3000)
    await admin.say("/backup")
    await admin.callback("bk:show")
    assert size(admin.last_text) <= 4096
