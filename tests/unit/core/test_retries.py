"""Keeping at a write while the database is away."""

import pytest

from core.errors import StoreRefused, StoreSlow, StoreUnavailable
from core.retries import LONG_S, SHORT_S, SLOW_FIRST_S, retry_while_unavailable
from tests.clocks import SteeredClock


class Store:
    """Away for so many calls."""

    def __init__(self, away_for: int, error: type[StoreUnavailable] = StoreUnavailable) -> None:
        self.away_for = away_for
        self.error = error
        self.calls = 0
        self.pauses_s: list[float] = []

    async def write(self) -> str:
        self.calls += 1
        if self.calls <= self.away_for:
            raise self.error("gone")
        return "written"

    async def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)

    @property
    def clock(self) -> SteeredClock:
        return SteeredClock(self.sleep)


async def test_a_store_that_is_there_is_asked_once() -> None:
    store = Store(0)
    assert await retry_while_unavailable(store.write, store.clock) == "written"
    assert (store.calls, store.pauses_s) == (1, [])


async def test_a_store_that_comes_back_is_written_to() -> None:
    store = Store(4)
    assert await retry_while_unavailable(store.write, store.clock) == "written"
    assert store.pauses_s == [0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize(("pauses_s", "least", "most"), [(SHORT_S, 10, 11), (LONG_S, 600, 610), ((), 0, 0)])
async def test_a_store_that_stays_away_is_given_up(pauses_s: tuple[float, ...], least: float, most: float) -> None:
    store = Store(1000)
    with pytest.raises(StoreUnavailable):
        await retry_while_unavailable(store.write, store.clock, pauses_s)
    assert least <= sum(store.pauses_s) <= most


async def test_a_refusal_is_not_repeated() -> None:
    store = Store(0)

    async def refused() -> None:
        store.calls += 1
        raise StoreRefused("no")

    with pytest.raises(StoreRefused):
        await retry_while_unavailable(refused, store.clock)
    assert store.calls == 1


@pytest.mark.parametrize(
    ("pauses_s", "attempts"), [(SHORT_S, 3), (LONG_S, 8), ((), 1)], ids=["short", "long", "at once"]
)
async def test_a_slow_command_is_repeated_far_less_often_than_one_that_met_an_outage(
    pauses_s: tuple[float, ...], attempts: int
) -> None:
    store = Store(1000, StoreSlow)
    with pytest.raises(StoreSlow):
        await retry_while_unavailable(store.write, store.clock, pauses_s)
    assert store.calls == attempts
    assert sum(store.pauses_s) == sum(pauses_s)
    assert all(pause_s >= SLOW_FIRST_S for pause_s in store.pauses_s[:-1])
