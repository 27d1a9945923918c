"""What a start says while the database is away, slow, strange, or busy for a long time."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import StoreNotFound, StoreReadOnly, StoreRefused, StoreSlow, StoreUnavailable, TollgateError
from database.clock_difference import ClockDifference
from database.connection import close_database, open_database
from runtime import lifecycle
from runtime.lifecycle import START_PATIENCE_S, CannotStart, as_soon_as_it_answers
from tests.clocks import SteeredClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def passing_clock() -> SteeredClock:
    async def sleep(seconds: float) -> None:
        clock.move(timedelta(seconds=seconds))

    clock = SteeredClock(sleep, start=NOW)
    return clock


async def started(clock: SteeredClock, attempts: list[tuple[float, TollgateError | None]]) -> int:
    """Start with work whose attempts take so many seconds and end so; return how many there were."""
    made = 0

    async def work() -> None:
        nonlocal made
        took_s, error = attempts[min(made, len(attempts) - 1)]
        made += 1
        clock.move(timedelta(seconds=took_s))
        if error is not None:
            raise error

    await as_soon_as_it_answers(work, clock)
    return made


async def test_work_that_takes_ten_minutes_is_not_cut_off() -> None:
    assert await started(passing_clock(), [(600, None)]) == 1


async def test_an_outage_after_long_work_has_the_whole_patience_again() -> None:
    away = StoreUnavailable("create_index posts: AutoReconnect")
    assert await started(passing_clock(), [(5, away), (600, away), (20, away), (0, None)]) == 4


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StoreUnavailable("x"), "MONGO_URI: no MongoDB answered within 30 s. Is it running?"),
        (
            StoreNotFound("x"),
            "MONGO_URI: within 30 s DNS knew no server of that name. Is the name after mongodb+srv://",
        ),
        (
            StoreSlow("count users"),
            "MONGO_URI: the database answers, but for 30 s it has been too slow for: count users",
        ),
    ],
)
@pytest.mark.parametrize("attempt_s", [0.1, 3, 12])
async def test_a_start_waits_thirty_seconds_and_ends_with_one_line_that_says_why(
    error: StoreUnavailable, line: str, attempt_s: float
) -> None:
    clock = passing_clock()
    with pytest.raises(CannotStart) as caught:
        await started(clock, [(attempt_s, error)])
    assert str(caught.value).startswith(line)
    assert START_PATIENCE_S - 1 <= (clock.now() - NOW).total_seconds() <= START_PATIENCE_S + attempt_s


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            StoreReadOnly("update_one health: OperationFailure 13 Unauthorized"),
            "can be read but refuses writes: update_one",
        ),
        (StoreRefused("create_index users: OperationFailure 85"), "the database refuses: create_index"),
    ],
)
async def test_a_refusal_ends_the_start_at_once(error: TollgateError, says: str) -> None:
    clock = passing_clock()
    with pytest.raises(CannotStart, match=says):
        await started(clock, [(0, error)])
    assert clock.now() == NOW


@pytest.mark.parametrize(("apart_s", "lines"), [(5, 0), (30, 1), (-120, 1)])
async def test_a_start_says_in_one_line_that_the_clocks_are_apart(
    capsys: pytest.CaptureFixture[str], apart_s: int, lines: int
) -> None:
    clock = SteeredClock(start=NOW)
    database = await open_database("memory://", "x")

    async def server_now() -> datetime:
        return NOW + timedelta(seconds=apart_s)

    database.clocks = ClockDifference(server_now, clock)
    await lifecycle._announce_clocks(database)
    await close_database()
    said = capsys.readouterr().out.splitlines()
    assert len(said) == lines
    assert all("no job begins" in line and f"{abs(apart_s)} s" in line for line in said)
