"""Every command of docs/coming-from.md runs what the page says."""

import pytest

from schedulers import registry
from tests.coming_from import codes_of, rows_of
from tests.jobs.cli.test_cli import SAFE, Store, call, document, store

__all__ = ["store"]

ROWS = [(codes_of(row[1])[0], codes_of(row[2])) for row in rows_of("Commands")]


@pytest.mark.parametrize(("command", "jobs"), ROWS, ids=[command for command, _ in ROWS])
def test_a_command_of_the_page_runs_what_it_says(
    store: Store, monkeypatch: pytest.MonkeyPatch, command: str, jobs: list[str]
) -> None:
    if " all" in command:
        # the others call Telegram
        monkeypatch.setattr(registry, "JOB_NAMES", SAFE)
        jobs = [*SAFE]
    words = command.removeprefix("python -m schedulers ").split()
    status, found = document(*words)
    assert status == 0
    assert [run["job"] for run in found.get("runs", [])] == jobs


@pytest.mark.parametrize("words", [("--dry-run",), ("--days", "30")])
def test_options_the_page_says_do_not_exist_are_wrong_usage(store: Store, words: tuple[str, ...]) -> None:
    assert call("run", "housekeeping", *words)[0] == 2
