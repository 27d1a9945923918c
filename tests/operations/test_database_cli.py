"""`python -m database`: exit codes and one JSON document."""

import json
import os
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pymongo import MongoClient
from typer.testing import CliRunner

from database.__main__ import app
from database.connection import open_database

URI = os.environ.get("MONGO_URI", "memory://")
cli = CliRunner()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    name = f"tollgate_test_{secrets.token_hex(6)}"
    values = {
        "USER_BOT_TOKEN": "1:user-secret",
        "ADMIN_BOT_TOKEN": "2:admin-secret",
        "ADMIN_IDS": "5",
        "MONGO_URI": URI,
        "MONGO_DB": name,
        "ALLOW_MEMORY_STORE": "true",
    }
    for key, value in values.items():
        monkeypatch.setenv(key, value)
    # away from a developer's own .env
    monkeypatch.chdir(tmp_path)
    yield
    if URI != "memory://":
        with MongoClient[dict[str, object]](URI) as client:
            client.drop_database(name)


def test_indexes_builds_and_lists_them() -> None:
    result = cli.invoke(app, ["indexes", "--json"])

    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["ok"] is True
    assert "pending_deletions.delete_at_1_claimed_until_1" in answer["indexes"]


def test_doctor_fails_while_indexes_are_missing_and_names_them() -> None:
    result = cli.invoke(app, ["doctor", "--json"])

    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    assert "users.user_id_1" in answer["missing_indexes"]
    assert answer["counts"]["users"] == 0
    assert "missing index users.user_id_1" in cli.invoke(app, ["doctor"]).stdout


@pytest.mark.server  # the in-memory store is gone when the command ends
def test_doctor_is_content_after_indexes_on_a_server() -> None:
    cli.invoke(app, ["indexes"])
    assert cli.invoke(app, ["doctor"]).exit_code == 0


@pytest.mark.parametrize("command", ["indexes", "doctor"])
def test_a_server_that_is_not_there_is_exit_1_without_secrets(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("MONGO_URI", "mongodb://someone:hunter2@127.0.0.1:1")
    monkeypatch.setattr("database.__main__.open_database", partial(open_database, timeout_s=0.05))
    result = cli.invoke(app, [command, "--json"])

    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    assert "ServerSelectionTimeoutError" in answer["error"]
    assert "hunter2" not in result.output


def test_a_wrong_configuration_is_exit_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADMIN_IDS")
    result = cli.invoke(app, ["doctor"])

    assert result.exit_code == 2
    assert "ADMIN_IDS" in result.output


def test_an_unknown_command_is_exit_2() -> None:
    assert cli.invoke(app, ["nonsense"]).exit_code == 2


def test_an_address_that_cannot_be_used_is_a_matter_of_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URI", "mongodb://")
    result = cli.invoke(app, ["doctor"])
    assert result.exit_code == 2
    assert "MONGO_URI" in result.stdout
