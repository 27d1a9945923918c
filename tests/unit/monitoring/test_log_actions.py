"""Every log call has a constant action as its first argument: words joined by dots, no sentence, no data."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_architecture import PACKAGES, tree_of

ROOT = Path(__file__).resolve().parents[3]
SINGLE = ("config", "main")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
ACTION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
#: files that log the action they are called with; their callers pass a constant
PASSED_ON = {"admin_bot/audit.py", "database/tolerated.py", "web_app/audit.py"}


def sources() -> Iterator[Path]:
    for package in sorted(PACKAGES):
        yield from sorted((ROOT / package).rglob("*.py"))
    yield from (ROOT / f"{name}.py" for name in SINGLE)


def log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls like `log.info(…)`, also through a variable: `level = log.debug; level(…)`."""
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


def nameless(tree: ast.AST, *, may_pass_on: bool = False) -> list[int]:
    """The lines of log calls without a constant action."""
    found = []
    for call in log_calls(tree):
        action = call.args[0] if call.args else None
        if isinstance(action, ast.Constant) and isinstance(action.value, str) and ACTION.fullmatch(action.value):
            # all other arguments have to be keywords
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
        lines = nameless(tree_of(path), may_pass_on=relative in PASSED_ON)
        if lines:
            found[relative] = lines
    assert found == {}


def test_the_check_finds_the_log_calls() -> None:
    calls = sum(len(list(log_calls(tree_of(path)))) for path in sources())
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
def test_a_call_without_an_action_is_found(source: str) -> None:
    assert nameless(ast.parse(source))


def test_a_call_with_an_action_is_accepted() -> None:
    good = 'log.warning("update.held", update_id=1)\nlevel = log.info\nlevel("job.ended")'
    assert nameless(ast.parse(good)) == []
