"""Settings: cached, changed at once, and never broken by an invalid stored value."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.settings import AccessMode, BotSettings
from core.shorteners.records import Shortener
from database.connection import Database
from database.operations import settings_ops
from database.operations.shorteners import shortener_ops

ALMOST = timedelta(seconds=5) - timedelta(milliseconds=1)
READ = "find_one admin_config"


async def store(db: Database, **values: Any) -> None:
    await db.collection("admin_config").update_one({"_id": "settings"}, {"$set": values}, upsert=True)


async def test_without_a_document_every_setting_has_its_default(db: Database) -> None:
    assert await settings_ops.load_checked() == (BotSettings(), [])


async def test_a_change_is_stored_and_leaves_the_others(db: Database) -> None:
    await settings_ops.change("delete_after_minutes", 5)
    settings = await settings_ops.change("access_mode", AccessMode.PASS)

    assert (settings.delete_after_minutes, settings.access_mode) == (5, AccessMode.PASS)
    assert settings == await settings_ops.load()
    document = await db.collection("admin_config").find_one({"_id": "settings"})
    assert document == {"_id": "settings", "delete_after_minutes": 5, "access_mode": "pass"}


async def test_an_empty_value_is_stored_as_null(db: Database) -> None:
    await settings_ops.change("welcome_text", "Hi")
    settings = await settings_ops.change("welcome_text", None)

    assert settings.welcome_text is None
    document = await db.collection("admin_config").find_one({"_id": "settings"})
    assert document == {"_id": "settings", "welcome_text": None}


@pytest.mark.parametrize(
    ("name", "value"), [("nonsense", 1), ("delete_after_minutes", 2821), ("delete_after_minutes", None), ("_id", "x")]
)
async def test_an_invalid_value_is_not_stored(db: Database, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        await settings_ops.change(name, value)
    assert await db.collection("admin_config").count({}) == 0


async def test_invalid_stored_values_are_replaced_by_defaults_and_named_without_the_value(db: Database) -> None:
    await store(db, delete_after_minutes=99999, post_password=["s3cret"], daily_token_limit=3, unheard_of=1)

    settings, problems = await settings_ops.load_checked()
    assert (settings.delete_after_minutes, settings.post_password, settings.daily_token_limit) == (30, None, 3)
    assert sorted(problem.partition(":")[0] for problem in problems) == ["delete_after_minutes", "post_password"]
    assert "s3cret" not in str(problems)


async def test_invalid_stored_values_are_logged(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    await store(db, pass_hours=0)

    with caplog.at_level(logging.WARNING, logger="tollgate.database"):
        assert (await settings_ops.load()).pass_hours == 24
    assert [record.message for record in caplog.records] == ["settings.value_ignored"]


async def test_current_reads_once_in_five_seconds(db: Database, now: datetime) -> None:
    await settings_ops.current(now)
    await store(db, pass_hours=7)

    assert (await settings_ops.current(now + ALMOST)).pass_hours == 24
    assert db.calls[READ] == 1
    assert (await settings_ops.current(now + timedelta(seconds=5))).pass_hours == 7
    assert db.calls[READ] == 2


async def test_a_clock_that_was_put_back_does_not_freeze_the_settings(db: Database, now: datetime) -> None:
    await settings_ops.current(now)
    await store(db, pass_hours=7)

    assert (await settings_ops.current(now - timedelta(hours=1))).pass_hours == 7


async def test_a_change_is_seen_at_once(db: Database, now: datetime) -> None:
    await settings_ops.current(now)
    await settings_ops.change("pass_hours", 9)

    assert (await settings_ops.current(now)).pass_hours == 9


async def test_a_read_that_started_before_a_change_is_not_cached(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = db.collection("admin_config")
    read = config.find_one

    async def read_and_be_overtaken(*args: Any, **options: Any) -> dict[str, Any] | None:
        document = await read(*args, **options)
        await settings_ops.change("pass_hours", 9)
        return document

    monkeypatch.setattr(config, "find_one", read_and_be_overtaken)
    assert (await settings_ops.current(now)).pass_hours == 24

    monkeypatch.setattr(config, "find_one", read)
    assert (await settings_ops.current(now)).pass_hours == 9


async def test_a_hundred_concurrent_callers_share_one_read(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, all_asked = db.collection("admin_config"), asyncio.Event()
    read = config.find_one

    async def slowly(*args: Any, **options: Any) -> dict[str, Any] | None:
        await all_asked.wait()
        return await read(*args, **options)

    monkeypatch.setattr(config, "find_one", slowly)
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(settings_ops.current(now)) for _ in range(100)]
        for _ in range(10):
            await asyncio.sleep(0)
        all_asked.set()
    assert [task.result() for task in asking] == [BotSettings()] * 100
    assert db.calls[READ] == 1


async def test_both_of_two_concurrent_first_changes_are_stored(
    db: Database, lose_insert: Callable[[str, str], None]
) -> None:
    lose_insert("admin_config", "find_one_and_update")

    assert (await settings_ops.change("pass_hours", 9)).pass_hours == 9
    assert (await settings_ops.load()).pass_hours == 9


async def test_fifty_concurrent_first_changes_insert_one_document(db: Database) -> None:
    await asyncio.gather(*(settings_ops.change("pass_hours", hours) for hours in range(1, 51)))

    assert await db.collection("admin_config").count({}) == 1


SHORT = Shortener(code="a", name="short", sealed_key="sealed")


async def test_with_a_shortener_access_costs_credits_unless_the_mode_was_chosen(db: Database, now: datetime) -> None:
    assert (await settings_ops.current(now)).access_mode is AccessMode.OPEN
    await shortener_ops.add(SHORT)

    assert (await settings_ops.current(now)).access_mode is AccessMode.CREDITS
    assert (await settings_ops.load()).access_mode is AccessMode.CREDITS
    assert (await settings_ops.change("pass_hours", 9)).access_mode is AccessMode.CREDITS
    assert (await settings_ops.change("access_mode", "open")).access_mode is AccessMode.OPEN
    assert (await settings_ops.current(now)).access_mode is AccessMode.OPEN
    assert (await settings_ops.load()).access_mode is AccessMode.OPEN
    document = await db.collection("admin_config").find_one({"_id": "settings"})
    assert document == {"_id": "settings", "pass_hours": 9, "access_mode": "open"}


async def test_the_default_follows_the_pause_of_the_last_shortener(db: Database, now: datetime) -> None:
    await shortener_ops.add(SHORT)
    await shortener_ops.set_paused(SHORT, True, 1, "Olive")
    assert (await settings_ops.current(now)).access_mode is AccessMode.OPEN

    await shortener_ops.set_paused(SHORT, False, 1, "Olive")
    assert (await settings_ops.current(now)).access_mode is AccessMode.CREDITS

    await shortener_ops.remove(SHORT.code, now)
    assert (await settings_ops.current(now)).access_mode is AccessMode.OPEN


async def test_a_shortener_added_by_another_process_counts_within_five_seconds(db: Database, now: datetime) -> None:
    assert (await settings_ops.current(now)).access_mode is AccessMode.OPEN
    await db.collection("shorteners").insert_one({**SHORT.model_dump(), "name_key": "short"})

    later = now + timedelta(seconds=5)
    assert (await settings_ops.current(later)).access_mode is AccessMode.CREDITS


async def test_with_a_chosen_mode_no_shortener_is_read(db: Database, now: datetime) -> None:
    await settings_ops.change("access_mode", "pass")
    db.calls.clear()

    await settings_ops.current(now)
    await settings_ops.load()
    assert db.calls["find shorteners"] == 0


async def test_an_invalid_stored_mode_counts_as_not_chosen(db: Database) -> None:
    await shortener_ops.add(SHORT)
    await store(db, access_mode="sometimes", pass_hours=9)

    settings, problems = await settings_ops.load_checked()
    assert (settings.access_mode, settings.pass_hours, len(problems)) == (AccessMode.CREDITS, 9, 1)
