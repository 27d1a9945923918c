"""What `bench load` plans and counts; its open loop is run by `bench --quick`."""

from datetime import UTC, datetime

import pytest

from bench.load import load as load_figure
from bench.load.open_loop import Answers, Schedule
from bench.web import app
from core.clock import ManualClock

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def test_requests_are_due_at_their_moments_and_given_up_beyond_patience() -> None:
    schedule = Schedule(per_s=10, seconds=1, patience_s=0.3)
    assert [schedule.take(0.1) for _ in range(3)] == [0.0, 0.1, None]
    # a stall of half a second: those of 0.2 and 0.3 have waited too long, that of 0.4 exactly as long as allowed
    assert [schedule.take(0.7) for _ in range(5)] == [0.4, 0.5, 0.6, 0.7, None]
    assert (schedule.offered, schedule.sent, schedule.given_up, schedule.is_over) == (10, 6, 2, False)
    assert schedule.take(9.0) is None
    assert (schedule.sent, schedule.given_up, schedule.is_over) == (6, 4, True)


def test_answers_are_split_wherever_the_bytes_are_cut() -> None:
    other = b"HTTP/1.1 429 Too Many\r\nContent-Length: 3\r\nx: y\r\n\r\nabc"
    for cut in range(1, len(other)):
        answers = Answers()
        assert answers.feed(OK) == 200
        assert (answers.feed(other[:cut]), answers.feed(other[cut:])) == (None, 429)


def test_an_answer_without_a_length_is_refused() -> None:
    with pytest.raises(ValueError, match="no length"):
        Answers().feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")


def test_a_load_is_shown_by_status() -> None:
    load = {
        "offered": 100,
        "sent": 60,
        "given_up": 40,
        "seconds": 2.0,
        "cpu_s": 1.0,
        "statuses": {"200": 40, "429": 10, "500": 5},
        "errors": {"connection cut": 5},
        "waits_s": [0.1, 0.2, 0.3, 0.4],
        "p99_from_sending_s": 0.05,
    }
    row = load_figure._row("page", load)
    assert row == ("page", 100, 60, 40, 0, 10, 0, 5, 5, 27.5, 100, 200, 300, 400, 50, 0.5)
    assert len(row) == len(load_figure.REQUESTS)


@pytest.mark.parametrize("has_limits", [True, False])
def test_the_app_under_load_has_its_limits_or_none(has_limits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URI", "memory://")
    monkeypatch.setenv("MONGO_DB", "tollgate_bench_test")
    found = app.services(ManualClock(datetime(2026, 12, 1, tzinfo=UTC)), has_limits=has_limits)
    assert found.admin is not None
    assert [found.visits_max, found.admin.limits.signed_in] == ([600, 120] if has_limits else [10**9, 10**9])
