"""`python -m schedulers` in a process of its own: what it imports and what it prints; the progress bar."""

import io
import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from core.clock import SystemClock
from schedulers.cli_progress import progress_of
from schedulers.registry import JOB_NAMES
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
#: runs commands, separated by commas, one after the other; prints after each which of three libraries are imported
RUN_AND_PRINT_IMPORTS = """
import json, sys
from schedulers.cli import app
for words in sys.argv[1].split(","):
    try:
        app(words.split())
    except SystemExit:
        imported = [name for name in ("aiogram", "apscheduler", "aiohttp") if name in sys.modules]
        print(json.dumps(imported), file=sys.stderr)
"""


def python(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", *words]
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)


def test_list_with_json_prints_one_document(tmp_path: Path) -> None:
    ended = python("-m", "schedulers", "list", "--json", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(json.loads(ended.stdout)["jobs"]) == len(JOB_NAMES)


def test_a_command_imports_only_what_it_needs(tmp_path: Path) -> None:
    commands = ("--help", "list", "leases", "history", "run token_cleanup")
    ended = python("-c", RUN_AND_PRINT_IMPORTS, ",".join(commands), cwd=tmp_path)
    imported = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("[")]
    assert imported == [[], [], [], [], ["apscheduler"]]


async def test_on_a_terminal_progress_shows_the_counts_of_the_run() -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=100)
    async with progress_of("token_cleanup", screen) as on_start:
        run = Run(SystemClock(), "me")
        on_start(run)
        run.done["deleted"] = 12_345
    assert isinstance(screen.file, io.StringIO)
    shown = screen.file.getvalue()
    assert "token_cleanup" in shown
    assert "deleted 12,345" in shown


async def test_without_a_terminal_no_progress_is_drawn() -> None:
    screen = Console(file=io.StringIO(), force_terminal=False)
    async with progress_of("token_cleanup", screen) as on_start:
        on_start(Run(SystemClock(), "me"))
    assert isinstance(screen.file, io.StringIO)
    assert screen.file.getvalue() == ""
