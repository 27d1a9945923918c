"""Settings of the garbage collector for tests, and the last line of a run's output."""

import gc
import time
from collections.abc import Iterator

import pytest

pytest_plugins = ["tests.secret_scan"]

STARTED_AT = time.monotonic()


def pytest_collection_finish() -> None:
    """Exclude libraries and test modules, which live as long as the process, from garbage collection."""
    gc.collect()
    gc.freeze()
    # a test creates some 10,000 objects that live until its end; the default is a collection every 700 new objects
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Print the number of claims checked as the last line: each test with each of its parameters is one."""
    yield
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or session.config.option.collectonly:  # None in a worker of a parallel run
        return
    failed = sum(len(terminal.stats.get(outcome, ())) for outcome in ("failed", "error"))
    claims = len(terminal.stats.get("passed", ())) + failed
    wrong = f", {failed:,} of them do not hold" if failed else ""
    terminal.write_line(f"{claims:,} claims checked in {time.monotonic() - STARTED_AT:.0f} s{wrong}")
