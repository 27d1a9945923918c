"""Settings: cached, changed at once, and never broken by an invalid stored value."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.settings import AccessMode, BotSettings
from core.settings.changes import Editor, SettingChange
from core.shorteners.records import Shortener
from database.connection import Database
from database.operations import settings_ops
from database.operations.shorteners import shortener_ops

ALMOST = timedelta(seconds=5) - timedelta(milliseconds=1)
READ = "find_one admin_config"
ALICE, BOB = Editor(7001, "Alice"), Editor(7002, "Bob")


async def store(db: Database, **values: Any) -> None:
    await db.collection("admin_config").update_one({"_id": "settings"}, {"$set": values}, upsert=True)


async def stored(db: Database) -> dict[str, Any]:
    """The stored values, without who changed them."""
    document = await db.collection("admin_config").find_one({"_id": "settings"}) or {}
    return {name: value for name, value in document.items() if name not in ("_id", "changed")}


async def test_without_a_document_every_setting_has_its_default(db: Database) -> None:
    assert await settings_ops.load() == BotSettings()


async def test_a_change_is_stored_and_leaves_the_others(db: Database) -> None:
    await settings_ops.change("delete_after_minutes", 5)
    settings = await settings_ops.change("access_mode", AccessMode.PASS)

    assert (settings.delete_after_minutes, settings.access_mode) == (5, AccessMode.PASS)
    assert settings == await settings_ops.load()
    document = await stored(db)
    assert document == {"delete_after_minutes": 5, "access_mode": "pass"}


async def test_an_empty_value_is_stored_as_null(db: Database) -> None:
    await settings_ops.change("welcome_text", "Hi")
    settings = await settings_ops.change("welcome_text", None)

    assert settings.welcome_text is None
    assert await stored(db) == {"welcome_text": None}


@pytest.mark.parametrize(
    ("name", "value"), [("nonsense", 1), ("delete_after_minutes", 2821), ("delete_after_minutes", None), ("_id", "x")]
)
async def test_an_invalid_value_is_not_stored(db: Database, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        await settings_ops.change(name, value)
    assert await db.collection("admin_config").count({}) == 0


async def test_invalid_stored_values_are_replaced_by_defaults_and_logged_without_the_value(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await store(db, delete_after_minutes=99999, post_password=["s3cret"], daily_token_limit=3, unheard_of=1)

    with caplog.at_level(logging.WARNING, logger="tollgate.database"):
        settings = await settings_ops.load()
    assert (settings.delete_after_minutes, settings.post_password, settings.daily_token_limit) == (30, None, 3)
    assert [record.message for record in caplog.records] == ["settings.value_ignored"] * 2
    problems: list[str] = [vars(record)["problem"] for record in caplog.records]
    assert sorted(problem.partition(":")[0] for problem in problems) == ["delete_after_minutes", "post_password"]
    assert "s3cret" not in str(problems)


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
    assert await stored(db) == {"pass_hours": 9, "access_mode": "open"}


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

    settings = await settings_ops.load()
    assert (settings.access_mode, settings.pass_hours) == (AccessMode.CREDITS, 9)


# --- one admin's change among others'


async def change_from(name: str, value: Any, expected: Any, at: datetime, by: Editor = ALICE) -> SettingChange:
    return await settings_ops.change_from(name, value, expected=expected, by=by, at=at)


async def test_the_first_change_is_stored_with_who_made_it_and_when(db: Database, now: datetime) -> None:
    change = await change_from("delete_after_minutes", 60, 30, now)

    assert (change.is_stored, change.is_conflict) == (True, False)
    seen = await settings_ops.load_now(now)
    assert seen == change.now
    last = seen.changes["delete_after_minutes"]
    assert (seen.value("delete_after_minutes"), last.by, last.name, last.at) == (60, 7001, "Alice", now)
    assert (seen.usual.delete_after_minutes, set(seen.changes)) == (30, {"delete_after_minutes"})


async def test_a_change_is_one_command_once_there_is_a_document(db: Database, now: datetime) -> None:
    await settings_ops.change("pass_hours", 5)
    # whether there is a shortener is known for five seconds, as every delivery needs it
    await settings_ops.current(now)
    db.calls.clear()
    assert (await change_from("pass_hours", 6, 5, now)).is_stored
    assert (await change_from("delete_after_minutes", 60, 30, now)).is_stored
    assert db.calls == {"find_one_and_update admin_config": 2}


async def test_of_two_admins_the_second_learns_who_was_first(db: Database, now: datetime) -> None:
    await change_from("delete_after_minutes", 60, 30, now, BOB)
    change = await change_from("delete_after_minutes", 40, 30, now + timedelta(seconds=9))

    assert (change.is_stored, change.is_conflict) == (False, True)
    last = change.now.changes["delete_after_minutes"]
    assert (change.now.value("delete_after_minutes"), last.name) == (60, "Bob")
    # with what stands now, mine is saved
    assert (await change_from("delete_after_minutes", 40, 60, now)).is_stored
    assert (await settings_ops.load()).delete_after_minutes == 40


@pytest.mark.parametrize("expected", [30, 60])
async def test_a_second_press_with_the_same_value_is_no_conflict_and_changes_nothing(
    db: Database, now: datetime, expected: int
) -> None:
    await change_from("delete_after_minutes", 60, 30, now, BOB)
    change = await change_from("delete_after_minutes", 60, expected, now + timedelta(seconds=9))

    assert (change.is_stored, change.is_conflict) == (False, False)
    assert (await settings_ops.load_now(now)).changes["delete_after_minutes"].name == "Bob"


async def test_pressing_the_old_value_after_somebody_elses_change_is_a_conflict(db: Database, now: datetime) -> None:
    await change_from("delete_after_minutes", 60, 30, now, BOB)
    assert (await change_from("delete_after_minutes", 30, 30, now)).is_conflict


async def test_other_settings_are_no_conflict(db: Database, now: datetime) -> None:
    await change_from("delete_after_minutes", 60, 30, now, BOB)
    assert (await change_from("pass_hours", 48, 24, now)).is_stored
    assert (await settings_ops.load()).delete_after_minutes == 60


async def test_the_first_change_of_two_processes_is_stored_once(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = db.collection("admin_config")
    insert = config.insert_one

    async def insert_second(document: dict[str, Any]) -> Any:
        monkeypatch.setattr(config, "insert_one", insert)
        await change_from("pass_hours", 7, 24, now, BOB)
        return await insert(document)

    monkeypatch.setattr(config, "insert_one", insert_second)
    change = await change_from("pass_hours", 9, 24, now)
    assert (change.is_conflict, change.now.value("pass_hours")) == (True, 7)

    monkeypatch.setattr(config, "insert_one", insert)
    await config.delete_one({"_id": "settings"})
    monkeypatch.setattr(config, "insert_one", insert_second)
    assert (await change_from("daily_token_limit", 9, 15, now)).is_stored
    assert (await stored(db)) == {"pass_hours": 7, "daily_token_limit": 9}


async def test_a_value_that_cannot_be_used_can_be_changed(db: Database, now: datetime) -> None:
    await store(db, delete_after_minutes=99999, changed={"no_such_setting": {"by": 1}})
    assert (await change_from("delete_after_minutes", 60, 30, now)).is_stored
    assert (await settings_ops.load()).delete_after_minutes == 60


@pytest.mark.parametrize("stored_as", [None, "absent"])
async def test_an_empty_value_is_expected_as_null_and_as_missing(db: Database, now: datetime, stored_as: Any) -> None:
    await store(db, pass_hours=5)
    if stored_as is None:
        await store(db, contact=None)
    assert (await change_from("contact", "@olive", None, now)).is_stored
    assert (await change_from("contact", None, "@olive", now)).is_stored
    assert await stored(db) == {"pass_hours": 5, "contact": None}


async def test_the_mode_a_shortener_brings_is_expected_while_none_was_chosen(db: Database, now: datetime) -> None:
    await shortener_ops.add(SHORT)
    assert (await change_from("access_mode", "pass", "open", now)).is_conflict
    assert (await change_from("access_mode", "pass", "credits", now)).is_stored
    assert (await settings_ops.load_now(now)).usual.access_mode is AccessMode.CREDITS


@pytest.mark.parametrize(("name", "value"), [("nonsense", 1), ("delete_after_minutes", 2821), ("welcome_text", "<b>")])
async def test_an_invalid_change_is_not_stored(db: Database, now: datetime, name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        await change_from(name, value, None, now)
    assert await db.collection("admin_config").count({}) == 0


async def test_a_plain_text_of_an_earlier_version_reads_the_same_and_can_be_changed(
    db: Database, now: datetime
) -> None:
    await store(db, welcome_text="<b>Hi</b> {name}", deleted_text="Gone & done")
    settings = await settings_ops.load()
    assert settings.welcome_text == "&lt;b&gt;Hi&lt;/b&gt; &#123;name&#125;"
    assert settings.deleted_text == "Gone &amp; done"

    change = await change_from("welcome_text", "<b>Hi</b> {name}", settings.welcome_text, now)
    assert change.is_stored
    assert (await settings_ops.load()).welcome_text == "<b>Hi</b> {name}"
    assert await stored(db) == {"welcome_text": {"html": "<b>Hi</b> {name}"}, "deleted_text": "Gone & done"}


async def test_a_change_by_no_admin_forgets_who_was_last(db: Database, now: datetime) -> None:
    await change_from("pass_hours", 48, 24, now)
    await settings_ops.change("pass_hours", 5)
    assert (await settings_ops.load_now(now)).changes == {}


async def test_a_conflict_is_seen_by_the_next_reader_at_once(db: Database, now: datetime) -> None:
    await settings_ops.current(now)
    await store(db, pass_hours=7)
    assert (await change_from("pass_hours", 9, 24, now)).is_conflict
    assert (await settings_ops.current(now)).pass_hours == 7
