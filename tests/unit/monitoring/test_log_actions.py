"""Every log call names its action by a literal that stays: words between dots, never a sentence with data in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_architecture import PACKAGES

ROOT = Path(__file__).resolve().parents[3]
SINGLE = ("config", "main")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
ACTION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
#: pass on the action of an admin they were called with, and those who call them name it
PASSED_ON = {"admin_bot/audit.py", "web_app/audit.py"}


def sources() -> Iterator[Path]:
    for package in sorted(PACKAGES):
        yield from sorted((ROOT / package).rglob("*.py"))
    yield from (ROOT / f"{name}.py" for name in SINGLE)


def log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """`log.info(…)`, and calls of a name that stands for one: `level = log.debug; level(…)`."""
    stands_for_one = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(_is_level(part) for part in ast.walk(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (
            _is_level(node.func) or (isinstance(node.func, ast.Name) and node.func.id in stands_for_one)
        ):
            yield node


def _is_level(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in LEVELS
        and isinstance(node.value, ast.Name)
        and node.value.id in {"log", "logger", "logging"}
    )


def nameless(source: str, *, may_pass_on: bool = False) -> list[int]:
    """The lines of log calls without an action."""
    found = []
    for call in log_calls(ast.parse(source)):
        action = call.args[0] if call.args else None
        if isinstance(action, ast.Constant) and isinstance(action.value, str) and ACTION.fullmatch(action.value):
            # whatever else there is has a name
            if len(call.args) == 1:
                continue
        elif may_pass_on and isinstance(action, ast.Name) and action.id == "action":
            continue
        found.append(call.lineno)
    return found


def test_every_log_call_names_its_action() -> None:
    found = {}
    for path in sources():
        relative = path.relative_to(ROOT).as_posix()
        lines = nameless(path.read_text(encoding="utf-8"), may_pass_on=relative in PASSED_ON)
        if lines:
            found[relative] = lines
    assert found == {}


def test_there_is_something_to_look_at() -> None:
    calls = sum(len(list(log_calls(ast.parse(path.read_text(encoding="utf-8"))))) for path in sources())
    assert calls > 100


@pytest.mark.parametrize(
    "source",
    [
        'log.info("something happened")',
        'log.info("Update.Held")',
        'log.info("held")',
        'log.info(f"update.{kind}")',
        "log.info(action)",
        "log.info()",
        'log.error("task.failed %s", name)',
        'logging.warning("no")',
        'level = log.debug if quiet else log.info\nlevel("a sentence")',
    ],
)
def test_a_call_without_one_is_seen(source: str) -> None:
    assert nameless(source)


def test_one_with_an_action_is_fine() -> None:
    assert nameless('log.warning("update.held", update_id=1)\nlevel = log.info\nlevel("job.ended")') == []
