"""`python -m database unreadable`: shows every row that cannot be read, and deletes one on demand."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.clock import ManualClock
from database.__main__ import app
from database.connection import Database, current_database, open_database
from database.indexes import ensure_indexes
from database.operations import broadcast_ops
from tests.operations.unreadable.test_set_aside import NOW, broadcast, token

cli = CliRunner()


@pytest.fixture(autouse=True)
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every command finds two broadcasts, one of which cannot be read and was met, and two tokens, of which one is."""

    async def opened(uri: str, name: str) -> Database:
        db = await open_database("memory://", name, clock=ManualClock(NOW))
        await ensure_indexes(db)
        await db.collection("broadcasts").insert_many([broadcast(0, _id="bad", title=5), broadcast(1, _id="good")])
        await db.collection("tokens").insert_many([token(0, _id="bad", created_at="yesterday"), token(1)])
        await broadcast_ops.last(5)
        return db

    values = {"USER_BOT_TOKEN": "1:u", "ADMIN_BOT_TOKEN": "2:a", "ADMIN_IDS": "5", "MONGO_URI": "mongodb://127.0.0.1:1"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    # away from a developer's own .env
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("database.__main__.open_database", opened)


def test_every_row_that_cannot_be_read_is_shown_with_what_is_wrong_with_it() -> None:
    result = cli.invoke(app, ["unreadable", "--json"])
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert [row["row"] for row in answer["unreadable"]] == ["tokens:bad", "broadcasts:bad"]
    assert answer["unreadable"][0]["problem"].startswith("created_at: Input should be a valid datetime")
    assert answer["documents"] == 4
    words = cli.invoke(app, ["unreadable"]).stdout
    assert "broadcasts:bad: title: Input should be a valid string" in words
    assert "2 of 4 documents cannot be read" in words and "yesterday" not in words


def test_a_row_that_is_shown_is_not_logged_as_well(caplog: pytest.LogCaptureFixture) -> None:
    cli.invoke(app, ["unreadable"])
    logged = [vars(record)["collection"] for record in caplog.records if record.message == "row.unreadable"]
    assert logged == ["broadcasts"], "which was met before the command read anything"


def test_doctor_names_what_was_met() -> None:
    result = cli.invoke(app, ["doctor", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["unreadable"] == ["broadcasts:bad (title: Input should be a valid string)"]
    assert "cannot be read: broadcasts:bad" in cli.invoke(app, ["doctor"]).stdout


def test_a_removed_row_is_printed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []

    async def closing() -> None:
        left.append(await current_database().collection("broadcasts").count({}))

    monkeypatch.setattr("database.__main__.close_database", closing)
    result = cli.invoke(app, ["unreadable", "--remove", "broadcasts:bad", "--json"])
    assert result.exit_code == 0
    removed = json.loads(result.stdout)["removed"]
    assert (removed["_id"], removed["title"], removed["created_at"]["$date"]) == ("bad", 5, "2026-02-28T12:00:00.250Z")
    assert left == [1]


@pytest.mark.parametrize("row", ["broadcasts:good", "tokens:bad", "nothing", "users:1"])
def test_a_row_that_can_be_read_or_was_not_met_is_not_removed(row: str) -> None:
    result = cli.invoke(app, ["unreadable", "--remove", row])
    assert result.exit_code == 1
    assert "is no row that was found unreadable" in result.stdout
