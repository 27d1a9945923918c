"""Every kind of button has a prefix of its own: with the same one the first handler would take the other's presses."""

import ast
from collections import Counter
from pathlib import Path

VIEWS = Path(__file__).resolve().parents[3] / "views"


def test_no_two_kinds_of_buttons_have_one_prefix() -> None:
    prefixes = Counter(
        keyword.value.value
        for path in VIEWS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for keyword in node.keywords
        if keyword.arg == "prefix" and isinstance(keyword.value, ast.Constant)
    )
    assert len(prefixes) > 50
    assert [prefix for prefix, count in prefixes.items() if count > 1] == []
