"""Whatever way Telegram counts, a rush is not refused; and after a storm of refusals the bot comes back."""

import asyncio
from collections.abc import Callable

import pytest

from sender.lanes import Lane
from tests.unit.sender.flooding import TRANSIT_S, Bucket, Counting, FloodedTelegram, Growing, Window

MODELS: dict[str, Callable[[], Counting]] = {
    "a window of thirty": Window,
    "a bucket of ten": Bucket,
    "a window whose waits grow": lambda: Growing(Window()),
    "a bucket whose waits grow": lambda: Growing(Bucket()),
}


async def rush_after_a_rest(telegram: FloodedTelegram) -> None:
    """Three hundred people at once with deletions and bulk; a rest; the same again; single calls between."""
    for round_ in range(3):
        first = 1_000 * (round_ + 1)
        people = [asyncio.ensure_future(telegram.call(first + n, Lane.INTERACTIVE)) for n in range(300)]
        others = [
            asyncio.ensure_future(telegram.call(100_000 * lane + first + n, lane))
            for lane in (Lane.DELETION, Lane.BULK)
            for n in range(120)
        ]
        await telegram.time.advance(25.0)
        assert all(task.done() for task in (*people, *others))
        for n in range(40):
            await telegram.time.advance(telegram.rng.uniform(0.0, 0.2))
            telegram.tasks.append(asyncio.ensure_future(telegram.call(50_000 + first + n, Lane.INTERACTIVE)))
        await telegram.time.advance(telegram.rng.uniform(0.5, 3.0))


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_rush_of_three_hundred_people_with_bulk_and_deletions_is_never_refused(
    model: Callable[[], Counting], seed: int
) -> None:
    telegram = FloodedTelegram(model(), seed=seed)
    await rush_after_a_rest(telegram)
    await telegram.close()
    assert telegram.refused == []
    assert len(telegram.done) == 3 * (300 + 240 + 40)


@pytest.mark.parametrize("model", list(MODELS.values())[:2], ids=list(MODELS)[:2])
async def test_calls_that_catch_up_with_late_ones_are_not_refused(model: Callable[[], Counting]) -> None:
    """The worst transit: the first calls of a burst take all of it, those behind them nothing."""
    for late in range(1, 36):
        telegram = FloodedTelegram(model())
        delays = iter([TRANSIT_S] * late)
        telegram.transit = lambda delays=delays: next(delays, 0.0)  # type: ignore[misc]
        telegram.tasks = [asyncio.ensure_future(telegram.call(n, Lane.INTERACTIVE)) for n in range(1, 71)]
        await telegram.time.advance(4.0)
        await telegram.close()
        assert (late, telegram.refused, len(telegram.done)) == (late, [], 70)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
async def test_a_long_rush_uses_ninety_five_hundredths_of_the_ceiling_and_is_never_refused(
    model: Callable[[], Counting],
) -> None:
    telegram = FloodedTelegram(model())
    telegram.keep_pressing(people=60, presses=4)
    telegram.keep_calling(Lane.DELETION, 40, 1_000_000)
    telegram.keep_calling(Lane.BULK, 40, 2_000_000)
    await telegram.time.advance(60.0)
    await telegram.close()
    assert telegram.refused == []
    assert telegram.count(0.0, 60.0) >= 0.95 * 30 * 60


async def assert_back(telegram: FloodedTelegram, by_s: float, refusals: int) -> None:
    """Check that the bot sends on from `by_s` on, at a third of 30 a second or more, and was refused seldom."""
    telegram.keep_pressing(people=60, presses=2)
    telegram.keep_calling(Lane.DELETION, 20, 1_000_000)
    telegram.keep_calling(Lane.BULK, 20, 2_000_000)
    await telegram.time.advance(by_s + 120.0)
    await telegram.close()
    assert 0 < len(telegram.refused) <= refusals, telegram.refused
    assert telegram.count(by_s, by_s + 120.0) >= 120.0 * 10.0


GROWING: dict[str, Callable[[], Counting]] = {
    "window": lambda: Growing(Window()),
    # a burst of 19 that leaves at once cannot be called back by the first refusal
    "bucket": lambda: Growing(Bucket(), grace_s=0.5),
}


@pytest.mark.parametrize("model", GROWING.values(), ids=GROWING)
async def test_with_a_ceiling_twice_too_high_the_bot_comes_back_after_few_refusals(
    model: Callable[[], Counting],
) -> None:
    await assert_back(FloodedTelegram(model(), rate=60.0, bulk=58.0), by_s=300.0, refusals=30)


@pytest.mark.parametrize("model", GROWING.values(), ids=GROWING)
async def test_when_another_program_used_the_token_the_bot_comes_back_after_few_refusals(
    model: Callable[[], Counting],
) -> None:
    telegram = FloodedTelegram(model())
    telegram.use_elsewhere(rate=15.0, seconds=20.0)
    await assert_back(telegram, by_s=200.0, refusals=15)


async def test_waits_that_grow_when_ignored_are_waited_out_however_short_the_first_ones_were() -> None:
    """The shortest wait of the first refusals ends inside a wait that grew: one call finds out, and is believed."""
    growing = Growing(Window(calls=1))
    telegram = FloodedTelegram(growing)
    telegram.keep_pressing(people=4, presses=1)
    await telegram.time.advance(0.5)
    growing.counting = Window()
    await telegram.time.advance(300.0)
    await telegram.close()
    assert len(telegram.refused) <= 6, telegram.refused
    assert telegram.count(240.0, 300.0) >= 60
