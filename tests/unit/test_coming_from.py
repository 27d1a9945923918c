"""docs/coming-from.md: its words, settings, log lines, metrics and alerts exist. Commands and addresses are tried in
tests/jobs/cli and tests/web/api.
"""

import ast
import re
from pathlib import Path

import pytest

from config import Settings
from core.settings import BotSettings
from monitoring.metrics import REGISTRY
from tests.coming_from import PAGE, ROOT, SECTIONS, codes_of, rows_of

PRODUCT = ("core", "database", "monitoring", "runtime", "schedulers", "web_app")


def logged() -> dict[str, set[str]]:
    """Return the names of the fields beside each event, of every call whose first argument is a text with a dot."""
    found: dict[str, set[str]] = {}
    for path in (path for package in PRODUCT for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            for text in texts:
                found.setdefault(text, set()).update(one.arg for one in node.keywords if one.arg)
    return found


def test_the_page_has_its_tables_and_no_other() -> None:
    assert tuple(re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == SECTIONS
    assert all(len(rows_of(section)) >= 5 for section in SECTIONS)


@pytest.mark.parametrize("row", rows_of("Words"), ids=lambda row: row[1])
def test_a_word_of_the_page_is_used_on_the_page_it_leads_to(row: list[str]) -> None:
    _, word, link = row
    target = Path(re.findall(r"\((.+)\)", link)[0])
    assert re.search(rf"\b{word[:-1]}", (PAGE.parent / target).read_text(encoding="utf-8"), re.IGNORECASE)


def test_every_setting_of_the_page_exists_where_it_says() -> None:
    places = {".env": Settings.model_fields, "/settings": BotSettings.model_fields}
    assert [row for row in rows_of("Settings") if codes_of(row[1])[0] not in places[codes_of(row[2])[0]]] == []


def test_every_log_line_of_the_page_is_written_with_its_fields() -> None:
    events = logged()
    for row in rows_of("Log lines"):
        (event,) = codes_of(row[1])
        assert event in events, event
        assert set(codes_of(row[2])) <= events[event], event


def test_every_metric_of_the_page_exists_with_its_labels_and_every_alert_has_a_rule() -> None:
    rules = (ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8")
    for row in rows_of("Metrics and alerts"):
        (name,) = codes_of(row[1])
        if name.startswith("Tollgate"):
            assert f"alert: {name}\n" in rules
            continue
        metric = REGISTRY._names_to_collectors[name]
        assert set(codes_of(row[2])) <= set(metric._labelnames), name  # type: ignore[attr-defined]
