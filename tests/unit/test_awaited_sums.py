"""Nothing is added to a shared count across an `await`: `counts[x] += await f()` reads the count before it waits.

What other tasks have added meanwhile would be overwritten. In memory nothing waits, so no other test sees it.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "core",
    "database",
    "views",
    "monitoring",
    "sender",
    "shorteners",
    "runtime",
    "schedulers",
    "user_bot",
    "admin_bot",
    "web_app",
    "sandbox",
)


def sums_across_await(source: str) -> list[int]:
    """Return the lines on which something other than a local variable is changed by an awaited value."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.AugAssign)
        and not isinstance(node.target, ast.Name)
        and any(isinstance(part, ast.Await) for part in ast.walk(node))
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_shared_count_is_changed_across_an_await(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    found = [
        f"{path.relative_to(ROOT)}:{line}" for path in files for line in sums_across_await(path.read_text("utf-8"))
    ]
    assert found == [], "await first, then add"


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("counts['x'] += await f()", True),
        ("self.count -= 1 + await f()", True),
        ("counts[await f()] += 1", True),
        ("count += await f()", False),
        ("counts['x'] += found", False),
    ],
)
def test_such_a_sum_is_found(line: str, is_found: bool) -> None:
    assert sums_across_await(f"async def add():\n    {line}\n") == [2] * is_found
