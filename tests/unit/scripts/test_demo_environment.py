"""The configuration `make demo` gives the product: its own world, and of the caller's environment LOG_LEVEL alone."""

import pytest

from scripts.demo import environment


@pytest.mark.parametrize(("given", "used"), [(None, "WARNING"), ("INFO", "INFO")])
def test_the_callers_log_level_is_used(monkeypatch: pytest.MonkeyPatch, given: str | None, used: str) -> None:
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    if given is not None:
        monkeypatch.setenv("LOG_LEVEL", given)
    assert environment("http://127.0.0.1:1", 2)["LOG_LEVEL"] == used


def test_other_settings_of_the_caller_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URI", "mongodb://db.example")
    monkeypatch.setenv("ADMIN_IDS", "1")
    monkeypatch.setenv("TIMEZONE", "Asia/Tokyo")
    found = environment("http://127.0.0.1:1", 2)
    assert (found["MONGO_URI"], found["ADMIN_IDS"] == "1", "TIMEZONE" in found) == ("memory://", False, False)
