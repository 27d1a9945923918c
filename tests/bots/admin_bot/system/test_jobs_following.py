"""A job's screen is updated until a run has ended: late edits, failures of Telegram, outages of the database."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiogram.methods import EditMessageText, SendMessage

from admin_bot.run_follower import FOLLOWED_FOR_S, FOLLOWED_MAX, POLL_EVERY_S
from database.operations import lease_ops, run_ops
from schedulers import registry
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.faults import away_at, blocked, flood, lost
from tests.bots.admin_bot.system.runs import OWNER_OF_LEASE, TTL, edits, end, take
from tests.bots.admin_bot.telegram import MakeError, bad_request


async def test_the_screen_is_updated_until_the_run_has_ended(admin: AdminBot) -> None:
    await admin.say(f"/jobs {registry.TOKEN_CLEANUP.name}")
    await admin.press("Run now")
    run = await take(admin, registry.TOKEN_CLEANUP.name)
    await admin.time.move(POLL_EVERY_S)
    assert "<b>running</b>" in edits(admin)[-1]
    await end(admin, run)
    await admin.time.move(POLL_EVERY_S)
    assert "succeeded" in edits(admin)[-1]
    assert "items 3" in edits(admin)[-1]
    done = len(edits(admin))
    assert admin.supervisor.running == 0
    admin.clock.move(timedelta(minutes=3))
    await admin.time.move(300)
    assert len(edits(admin)) == done


async def test_a_russian_member_presses_and_follows_a_run_in_russian(admin: AdminBot) -> None:
    await admin.data["team"].choose_language(OWNER.id, "ru")
    await admin.say(f"/jobs {registry.TOKEN_CLEANUP.name}")
    await admin.press("Запустить")
    assert admin.toasts == ["Запрошено. Ждёт процесса, это займёт несколько секунд."]
    run = await take(admin, registry.TOKEN_CLEANUP.name)
    await end(admin, run)
    await admin.time.move(POLL_EVERY_S)
    assert "убирает истёкшие разблокировки" in edits(admin)[-1] and "успешно" in edits(admin)[-1]


async def test_a_screen_is_edited_at_most_every_three_seconds_and_for_two_minutes(admin: AdminBot) -> None:
    await admin.callback(f"jo:run:{registry.TOKEN_CLEANUP.name}")
    await take(admin, registry.TOKEN_CLEANUP.name)
    for _ in range(1300):
        admin.clock.move(timedelta(milliseconds=100))
        await lease_ops.renew(registry.TOKEN_CLEANUP.name, OWNER_OF_LEASE, admin.clock.now(), TTL)
        before = len(edits(admin))
        await admin.time.move(0.1)
        assert len(edits(admin)) - before <= 1
    assert len(edits(admin)) == FOLLOWED_FOR_S / POLL_EVERY_S
    assert admin.supervisor.running == 0


async def test_a_poll_without_changes_edits_nothing(admin: AdminBot) -> None:
    await admin.callback(f"jo:run:{registry.TOKEN_CLEANUP.name}")
    await admin.time.move(30)
    assert edits(admin) == []


async def test_back_ends_the_updates(admin: AdminBot) -> None:
    await admin.say(f"/jobs {registry.TOKEN_CLEANUP.name}")
    await admin.press("Run now")
    await admin.press("‹ Jobs")
    run = await take(admin, registry.TOKEN_CLEANUP.name)
    await end(admin, run)
    await admin.time.move(30)
    assert admin.last_text.startswith("<b>Jobs</b>")
    assert admin.supervisor.running == 0


async def test_an_edit_under_way_does_not_overwrite_the_next_screen(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await admin.say(f"/jobs {registry.TOKEN_CLEANUP.name}")
    await admin.press("Run now")
    (screen,) = admin.world.screens
    await take(admin, registry.TOKEN_CLEANUP.name)
    edit, release = admin.bot.edit_message_text, asyncio.Event()

    async def slow(*arguments: Any, **options: Any) -> Any:
        monkeypatch.undo()
        await release.wait()
        return await edit(*arguments, **options)

    monkeypatch.setattr(type(admin.bot), "edit_message_text", lambda self, *a, **o: slow(*a, **o))
    await admin.time.move(POLL_EVERY_S)
    going_back = asyncio.create_task(admin.callback("jl:0", message_id=screen))
    await asyncio.sleep(0)
    release.set()
    await going_back
    await admin.time.move(30)
    assert admin.last_text.startswith("<b>Jobs</b>")


async def test_a_screen_opened_during_a_run_is_updated_too(admin: AdminBot) -> None:
    await run_ops.request_run(registry.TOKEN_CLEANUP.name, admin.clock.now(), OWNER.id)
    run = await take(admin, registry.TOKEN_CLEANUP.name)
    await admin.say(f"/jobs {registry.TOKEN_CLEANUP.name}")
    await end(admin, run)
    await admin.time.move(POLL_EVERY_S)
    assert "succeeded" in edits(admin)[-1]


@pytest.mark.parametrize(
    ("trouble", "tries"), [(bad_request("message to edit not found"), 1), (blocked, 1), (flood, 2), (lost, 2)]
)
async def test_a_refused_edit_ends_the_updates_or_is_repeated(admin: AdminBot, trouble: MakeError, tries: int) -> None:
    await admin.callback(f"jo:run:{registry.TOKEN_CLEANUP.name}")
    await end(admin, await take(admin, registry.TOKEN_CLEANUP.name))
    sent = len(admin.world.of(SendMessage))
    admin.world.fail(EditMessageText, trouble)
    await admin.time.move(60)
    assert len(edits(admin)) == tries
    assert len(admin.world.of(SendMessage)) == sent, "a deleted message is not sent again"
    assert admin.supervisor.running == 0


async def test_after_a_flood_it_waits_as_long_as_telegram_asks(admin: AdminBot) -> None:
    await admin.callback(f"jo:run:{registry.TOKEN_CLEANUP.name}")
    await end(admin, await take(admin, registry.TOKEN_CLEANUP.name))
    admin.world.fail(EditMessageText, flood)
    await admin.time.move(POLL_EVERY_S + 9)
    assert len(edits(admin)) == 1
    await admin.time.move(POLL_EVERY_S)
    assert len(edits(admin)) == 2


async def test_updates_go_on_after_an_outage(admin: AdminBot) -> None:
    await admin.callback(f"jo:run:{registry.TOKEN_CLEANUP.name}")
    await end(admin, await take(admin, registry.TOKEN_CLEANUP.name))
    refuse, _ = away_at(0)
    admin.database.before_call = refuse
    await admin.time.move(POLL_EVERY_S)
    assert edits(admin) == []
    await admin.time.move(POLL_EVERY_S)
    assert "succeeded" in edits(admin)[-1]


async def test_above_the_limit_the_oldest_message_is_no_longer_updated(admin: AdminBot) -> None:
    for _ in range(FOLLOWED_MAX + 2):
        await admin.callback(f"jo:run:{registry.TOKEN_CLEANUP.name}")
    await end(admin, await take(admin, registry.TOKEN_CLEANUP.name))
    await admin.time.move(POLL_EVERY_S)
    assert len(edits(admin)) == FOLLOWED_MAX
    assert admin.supervisor.running == 0


async def test_a_run_that_ends_between_two_reads_does_not_look_abandoned(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_ops.request_run(registry.TOKEN_CLEANUP.name, admin.clock.now(), OWNER.id)
    run = await take(admin, registry.TOKEN_CLEANUP.name)
    last_runs = run_ops.last_runs

    async def ends_meanwhile(*arguments: Any) -> Any:
        found = await last_runs(*arguments)
        monkeypatch.undo()
        await end(admin, run)
        return found

    monkeypatch.setattr(run_ops, "last_runs", ends_meanwhile)
    await lease_ops.release(registry.TOKEN_CLEANUP.name, OWNER_OF_LEASE, admin.clock.now())
    await lease_ops.take(registry.TOKEN_CLEANUP.name, OWNER_OF_LEASE, admin.clock.now() - 2 * TTL, TTL)
    await admin.say(f"/jobs {registry.TOKEN_CLEANUP.name}")
    assert "seems to be gone" not in admin.last_text
    assert "succeeded" in admin.last_text


async def test_a_run_whose_process_vanished_is_shown_as_such(admin: AdminBot) -> None:
    await run_ops.request_run(registry.TOKEN_CLEANUP.name, admin.clock.now(), OWNER.id)
    await take(admin, registry.TOKEN_CLEANUP.name)
    admin.clock.move(2 * TTL)
    for text in ("/jobs", f"/jobs {registry.TOKEN_CLEANUP.name}"):
        await admin.say(text)
        assert "began 2 minutes ago and never ended: its process seems to be gone" in admin.last_text
    assert admin.supervisor.running == 0
