"""What the tables of the terminal show of rows in the database."""

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.console import Console

from core.jobs import JobOutcome, JobRun
from schedulers import cli_words as words

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_an_error_in_a_row_neither_colours_nor_steers_the_terminal() -> None:
    run = JobRun(
        id="1",
        job="backup",
        scheduled_at=NOW,
        started_at=NOW,
        finished_at=NOW,
        owner="x",
        outcome=JobOutcome.FAILED,
        error="[red]\x1b]0;owned\x07\u202e",
    )
    shown = Console(width=200, file=io.StringIO())
    shown.print(words.runs_table([run], NOW, ZoneInfo("UTC")))
    assert isinstance(shown.file, io.StringIO)
    assert r"[red]\x1b]0;owned\x07\u202e" in shown.file.getvalue()
