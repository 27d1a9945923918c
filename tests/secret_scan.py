"""No output of a test may hold a secret that the tests use: one that passed fails for what it printed or logged.

Output that a test takes with capsys or capfd counts, too.
"""

import re
from collections.abc import Generator
from typing import Any

import pytest

#: tokens of bots, passwords, keys and signing secrets of the tests, each spelt in no other meaning
SECRETS = (
    "1001:sandbox-admin",
    "1002:sandbox-user",
    "1001:admin-secret",
    "1002:user-secret",
    "1002:very-secret",
    "999:nobody-knows-it",
    "hunter2",
    "s3cret",
    "stub-key-0123456789",
    "q7Zr2mKx9TfLw4VbNc8Ps3HdJy6GuEaR",
    "f3Kq8Zr1mWx7TpLb2VcN9dHs4GyJ6uEa",
)
#: links to the admin page, and its sessions
SHAPES = (r"/admin#[A-Za-z0-9]{16,}", r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
_ANY = re.compile("|".join((*map(re.escape, SECRETS), *SHAPES)))
#: what the running test has taken
_taken: list[str] = []
_READ = pytest.CaptureFixture.readouterr


def _readouterr(fixture: pytest.CaptureFixture[Any]) -> Any:
    taken = _READ(fixture)
    _taken.extend(text for text in taken if isinstance(text, str))
    return taken


def pytest_configure(config: pytest.Config) -> None:
    """See what fixtures take of the output."""
    patch = pytest.MonkeyPatch()
    patch.setattr(pytest.CaptureFixture, "readouterr", _readouterr)
    config.add_cleanup(patch.undo)


def places_of(text: str) -> list[str]:
    """Return the lines of `text` with a secret in them, with the secret replaced."""
    return [_ANY.sub("<SECRET>", line) for line in text.splitlines() if _ANY.search(line)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a phase that would have passed, and show no secret."""
    report = yield
    taken = [("taken by the test", text) for text in _taken]
    _taken.clear()
    if report.passed:
        ended = [(name, text) for name, text in report.sections if name.endswith(report.when)]
        found = [f"{name}: {line}" for name, text in (*ended, *taken) for line in places_of(text)]
        if found:
            report.outcome = "failed"
            report.sections = [(name, _ANY.sub("<SECRET>", text)) for name, text in report.sections]
            report.longrepr = "\n".join(("a secret of the tests is in their output:", *found[:5]))
    return report
