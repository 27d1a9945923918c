"""`python -m schedulers` as a process of its own: what it imports, what it prints, what a stop leaves."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from core.clock import SystemClock
from schedulers.cli_progress import progress_of
from schedulers.runner import Run

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {
    "USER_BOT_TOKEN": "1:user-secret",
    "ADMIN_BOT_TOKEN": "2:admin-secret",
    "ADMIN_IDS": "5",
    "MONGO_URI": "memory://",
    "ALLOW_MEMORY_STORE": "true",
    "PYTHONPATH": str(ROOT),
}
#: runs the command line, then tells which libraries it took
TAKEN = """
import json, sys
from schedulers.cli import app
try:
    app(sys.argv[1:])
except SystemExit:
    print(json.dumps([name for name in ("aiogram", "apscheduler", "aiohttp") if name in sys.modules]), file=sys.stderr)
"""


def python(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", *words]
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)


def test_a_list_is_one_document_on_standard_output(tmp_path: Path) -> None:
    ended = python("-m", "schedulers", "list", "--json", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(json.loads(ended.stdout)["jobs"]) == 9


def test_without_a_command_it_says_how_to_use_it(tmp_path: Path) -> None:
    ended = python("-m", "schedulers", cwd=tmp_path)
    assert ended.returncode == 2
    for command in ("list", "run", "history", "leases", "pause", "resume"):
        assert command in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("words", "taken"),
    [(("list",), []), (("leases",), []), (("run", "token_cleanup"), ["apscheduler"])],
)
def test_only_what_a_command_needs_is_imported(tmp_path: Path, words: tuple[str, ...], taken: list[str]) -> None:
    ended = python("-c", TAKEN, *words, cwd=tmp_path)
    assert json.loads(ended.stderr.splitlines()[-1]) == taken


async def test_whoever_looks_sees_how_far_a_run_is() -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=100)
    async with progress_of("token_cleanup", screen) as begun:
        run = Run(SystemClock(), "me")
        begun(run)
        run.done["deleted"] = 12_345
    assert isinstance(screen.file, io.StringIO)
    shown = screen.file.getvalue()
    assert "token_cleanup" in shown
    assert "deleted 12,345" in shown


async def test_where_no_terminal_is_nothing_is_drawn() -> None:
    screen = Console(file=io.StringIO(), force_terminal=False)
    async with progress_of("token_cleanup", screen) as begun:
        begun(Run(SystemClock(), "me"))
    assert isinstance(screen.file, io.StringIO)
    assert screen.file.getvalue() == ""
