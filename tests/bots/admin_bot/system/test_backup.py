"""/backup: requests a backup, says where it is written and how it ended."""

import asyncio
from datetime import timedelta

import pytest
from aiogram.methods import EditMessageText

from admin_bot.run_follower import POLL_EVERY_S
from core.jobs import JobOutcome
from database.operations import audit_ops, lease_ops, run_ops
from schedulers import registry
from tests.bots.admin_bot.conftest import STRANGER, AdminBot
from tests.bots.admin_bot.faults import away_at
from tests.bots.admin_bot.system.runs import OWNER_OF_LEASE, end, ended, finish, take
from tests.bots.admin_bot.telegram import bad_request
from views.screen_limits import fits
from views.system import backup_texts as texts


async def requested_runs() -> int:
    return len([run for run in await run_ops.find_requests() if run.job == registry.BACKUP.name])


async def test_backup_requests_a_run_and_updates_the_message_until_it_ends(admin: AdminBot) -> None:
    await admin.say("/backup")
    assert "It waits for a process to take it." in admin.last_text
    assert "The last 7 are kept in <code>data/backups</code>" in admin.last_text
    assert admin.buttons() == ["Refresh", "Last runs", "‹ System", "Menu"]
    assert [(entry.action, entry.target) for entry in await audit_ops.last(5)] == [("job.run", registry.BACKUP.name)]
    run = await take(admin, registry.BACKUP.name)
    admin.clock.move(timedelta(seconds=5))
    await admin.time.move(POLL_EVERY_S)
    assert "One is being written, for 5 seconds so far." in admin.last_text
    await finish(run.id, registry.BACKUP.name, admin.clock.now(), counts={"bytes": 3_400_000, "documents": 12})
    await lease_ops.release(registry.BACKUP.name, OWNER_OF_LEASE, admin.clock.now())
    await admin.time.move(POLL_EVERY_S)
    assert "The last one was written" in admin.last_text
    assert ", 3.4 MB." in admin.last_text
    assert admin.buttons() == ["Back up now", "Refresh", "Last runs", "‹ System", "Menu"]
    assert admin.supervisor.running == 0
    assert len(admin.world.screens) == 1


async def test_a_failure_says_why_and_which_backup_is_the_newest(admin: AdminBot) -> None:
    await ended(admin, registry.BACKUP.name, ago=timedelta(hours=20), counts={"bytes": 512})
    await admin.say("/backup")
    await end(
        admin,
        await take(admin, registry.BACKUP.name),
        JobOutcome.FAILED,
        "OSError: [Errno 28] <No space> left\non device",
    )
    await admin.time.move(POLL_EVERY_S)
    assert "The last try <b>failed</b>" in admin.last_text
    assert "It left no backup.\nOSError: [Errno 28] &lt;No space&gt; left on device" in admin.last_text
    assert ", 512 bytes." in admin.last_text
    assert "old.</b>" not in admin.last_text


async def test_a_newest_backup_older_than_two_days_is_marked_as_old(admin: AdminBot) -> None:
    await ended(admin, registry.BACKUP.name, ago=timedelta(days=3))
    await ended(admin, registry.BACKUP.name, JobOutcome.FAILED, error="x")
    await admin.callback("bk:show")
    assert "of a size nobody noted" in admin.last_text
    assert "<b>It is 3 days old.</b>" in admin.last_text


async def test_the_screen_says_when_no_backup_is_known(admin: AdminBot) -> None:
    await admin.callback("bk:show")
    assert "No backup has been tried yet, or its history was removed." in admin.last_text
    await ended(admin, registry.BACKUP.name, JobOutcome.FAILED)
    await admin.callback("bk:show")
    assert "No written backup is known: the last run wrote none." in admin.last_text
    await ended(admin, registry.BACKUP.name, JobOutcome.FAILED, ago=timedelta(seconds=9))
    await admin.callback("bk:show")
    assert "No written backup is known: the last 2 runs wrote none." in admin.last_text


async def test_a_stopped_run_counts_as_no_backup(admin: AdminBot) -> None:
    await ended(admin, registry.BACKUP.name, ago=timedelta(hours=1), counts={"bytes": 777})
    await ended(admin, registry.BACKUP.name, counts={"bytes": 0}, more=True)
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
async def test_the_screen_says_whether_the_owners_got_their_copy(
    admin: AdminBot, counts: dict[str, int], words: str
) -> None:
    await ended(admin, registry.BACKUP.name, counts={"bytes": 5} | counts)
    await admin.callback("bk:show")
    assert words in admin.last_text


async def test_a_request_no_process_takes_is_shown_as_missed(admin: AdminBot) -> None:
    await admin.say("/backup")
    admin.clock.move(timedelta(minutes=1))
    assert await run_ops.expire_requests(admin.clock.now(), timedelta(seconds=30)) == 1
    await admin.time.move(POLL_EVERY_S)
    assert "The last try <b>was missed</b>" in admin.last_text
    assert str((await run_ops.last_runs(1, registry.BACKUP.name))[0].error) in admin.last_text
    assert admin.supervisor.running == 0


async def test_two_concurrent_commands_request_one_backup(admin: AdminBot) -> None:
    await asyncio.gather(admin.say("/backup"), admin.say("/backup"), admin.callback("bk:run"))
    assert await requested_runs() == 1


async def test_the_buttons_request_another_backup_and_lead_to_the_job(admin: AdminBot) -> None:
    await ended(admin, registry.BACKUP.name, ago=timedelta(hours=1))
    await admin.callback("bk:show")
    await admin.press("Back up now")
    assert admin.toasts[-1] == texts.asked_for()
    assert await requested_runs() == 1
    await admin.callback("bk:run")
    assert admin.toasts[-1] == texts.asked_for_before()
    await admin.press("Last runs")
    assert admin.last_text.startswith("<b>Backup</b> writes")
    await admin.press("‹ Jobs")
    assert admin.last_text.startswith("<b>Jobs</b>")


@pytest.mark.parametrize("data", ["bk:drop", "bk:", "bk", "bk:show:1", "bk:RUN"])
async def test_forged_buttons_request_nothing(admin: AdminBot, data: str) -> None:
    await admin.callback(data)
    assert len(admin.toasts) == 1
    assert admin.toasts[0]
    assert await requested_runs() == 0


async def test_strangers_get_no_backup(admin: AdminBot) -> None:
    await admin.say("/backup", STRANGER)
    await admin.callback("bk:run", who=STRANGER)
    assert await requested_runs() == 0


async def test_a_deleted_message_is_not_sent_again(admin: AdminBot) -> None:
    await admin.say("/backup")
    await end(admin, await take(admin, registry.BACKUP.name))
    admin.world.fail(EditMessageText, bad_request("message to edit not found"))
    await admin.time.move(60)
    assert len(admin.texts) == 2
    assert admin.supervisor.running == 0


async def test_an_outage_at_any_call_requests_one_backup(admin: AdminBot) -> None:
    number = 0
    while True:
        refuse, calls = away_at(number)
        admin.database.before_call = refuse
        saying = asyncio.create_task(admin.say("/backup"))
        await admin.time.move(1)
        await saying
        admin.database.before_call = None
        assert "data/backups" in admin.last_text
        assert await requested_runs() == 1
        if len(calls) <= number:
            break
        number += 1
        await admin.database.collection("job_runs").delete_many({})
    assert number > 3


async def test_long_errors_fit(admin: AdminBot) -> None:
    await ended(admin, registry.BACKUP.name, JobOutcome.FAILED, error="<&\U0001f600" * 3000)
    await admin.say("/backup")
    await admin.callback("bk:show")
    assert fits(admin.last_text)
