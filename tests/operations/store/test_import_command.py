"""`python -m database import`: a look, an import, what is refused."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.exchange.imports.runs import ImportCounts
from database.__main__ import app
from database.connection import Database
from database.importing.command import NoErasureKey, import_file
from database.operations import audit_ops, user_ops
from database.operations.erasures import erasure_ops
from tests.operations.exchange.importing import NOW, TOMBSTONES, ZONE
from tests.operations.store.test_database_cli import environment, filled

cli = CliRunner()
__all__ = ["environment", "filled"]


def no_bar(doing: str, done: int, total: int) -> None: ...


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("id,first_name\n901,Ann\n902,Bob\nx,Bad\n")
    return path


def test_a_dry_run_and_an_import_say_the_same(filled: None, people: Path) -> None:
    for options in (["--dry-run"], ["--this-bot"]):
        result = cli.invoke(app, ["import", str(people), "--json", *options])
        assert result.exit_code == 0, result.output
        answer = json.loads(result.stdout)
        assert (answer["ok"], answer["dry_run"]) == (True, options == ["--dry-run"])
        assert (answer["new"], answer["unreadable"], answer["lines"]) == (2, 1, [4])
    assert "new: 2\nknown: 0\nunreadable: 1" in cli.invoke(app, ["import", str(people)]).stdout


def test_a_file_that_cannot_be_used_is_exit_1_and_memory_exit_2(
    filled: None, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.write_bytes(b"id,name\n5,Jos\xe9\n")
    result = cli.invoke(app, ["import", str(people)])
    assert result.exit_code == 1
    assert "people.csv has letters that cannot be read; save it as UTF-8 (line 2)" in result.stdout
    monkeypatch.setenv("MONGO_URI", "memory://")
    assert cli.invoke(app, ["import", str(people)]).exit_code == 2


async def test_the_same_command_again_stores_the_rest_and_is_in_the_activity_log(db: Database, people: Path) -> None:
    def stop(doing: str, done: int, total: int) -> None:
        if doing == "importing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_file(people, ZONE, TOMBSTONES, NOW, stop)
    done = await import_file(people, ZONE, TOMBSTONES, NOW, no_bar)
    assert done == ImportCounts(known=2, unreadable=1, lines=(4,))
    assert await user_ops.find(902) is not None
    assert [(one.action, one.admin_id) for one in await audit_ops.last(5)] == [("person.imported", 0)]


async def test_without_the_key_nobody_who_asked_to_be_deleted_is_brought_back(db: Database, people: Path) -> None:
    await erasure_ops.begin(TOMBSTONES.of(901), 901, NOW)
    await erasure_ops.finish(TOMBSTONES.of(901), NOW)
    with pytest.raises(NoErasureKey):
        await import_file(people, ZONE, None, NOW, no_bar)
    assert (await import_file(people, ZONE, TOMBSTONES, NOW, no_bar)).erased == 1
    assert await user_ops.find(901) is None
