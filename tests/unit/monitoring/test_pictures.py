"""The charts: a PNG file for any days, in both themes, drawn one at a time."""

import asyncio
import struct
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.statistics import Count, DayStats, TopPost
from monitoring import pictures
from monitoring.picture_days import DAYS_MAX, days_of
from monitoring.pictures import DENSITY, HEIGHT, PALETTES, WIDTH, Picture, Theme, draw, in_short
from tests.web.pages.test_colours import contrast
from views.catalogues import speaking_to

BERLIN, SANTIAGO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Santiago")
LAST = date(2026, 3, 31)
#: the largest a 64-bit integer of MongoDB can be
HUGE = 2**63 - 1

pytestmark = pytest.mark.timeout(120)


def day(at: date, zone: ZoneInfo = BERLIN, **counters: int) -> DayStats:
    midnight = datetime(at.year, at.month, at.day, tzinfo=zone).astimezone(UTC)
    return DayStats(date=midnight, counters=counters)


def some_days(count: int, value: int = 3) -> list[DayStats]:
    """The last `count` days up to LAST with every counter the same."""
    every = {str(name): value for name in Count}
    days = [day(LAST - timedelta(days=past)) for past in range(count)]
    return [row.model_copy(update={"counters": every}) for row in days]


def size(png: bytes) -> tuple[int, int]:
    """Width and height as the file's header says; asserts that it is a PNG file."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    assert png.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


async def picture(days: list[DayStats], kind: Picture = Picture.DELIVERIES, theme: Theme = Theme.LIGHT) -> bytes:
    png = await draw(kind, days, theme, BERLIN)
    assert size(png) == (WIDTH * DENSITY, HEIGHT * DENSITY)
    return png


@pytest.mark.sweep
@pytest.mark.parametrize("kind", Picture)
@pytest.mark.parametrize("count", [0, 1, 30, 366])
async def test_any_number_of_days_is_a_picture_in_both_themes(kind: Picture, count: int) -> None:
    light, dark = [await picture(some_days(count), kind, theme) for theme in Theme]
    assert light != dark
    assert len(light) < 300_000  # small enough for Telegram and a phone


@pytest.mark.sweep
@pytest.mark.parametrize("kind", Picture)
async def test_huge_numbers_are_drawn(kind: Picture) -> None:
    assert await picture(some_days(30, HUGE), kind) != await picture(some_days(30), kind)


async def test_the_same_days_are_the_same_picture_in_any_order() -> None:
    days = some_days(7)
    assert await picture(days) == await picture(days[::-1])


async def test_no_days_and_days_with_zero_counts_are_different_pictures() -> None:
    nothing_yet, nothing_then = await picture([]), await picture(some_days(5, 0))
    assert nothing_yet != nothing_then
    assert await picture([day(LAST), *some_days(5, 0)]) == nothing_then


async def test_a_total_is_drawn_without_new_users() -> None:
    assert await picture([day(LAST, users=7)], Picture.USERS) != await picture([day(LAST)], Picture.USERS)


async def test_titles_are_not_parsed_as_formulas() -> None:
    posts = tuple(TopPost(code="c", title=title, deliveries=1) for title in ("$\\frac{", "$x^$", "\\", "_{}"))
    titled = [row.model_copy(update={"top_posts": posts}) for row in some_days(3)]
    assert await picture(titled) == await picture(some_days(3))


async def test_unknown_counters_are_ignored() -> None:
    odd = [row.model_copy(update={"counters": row.counters | {"$set": 9}}) for row in some_days(3)]
    assert await picture(odd) == await picture(some_days(3))


async def test_a_picture_is_in_the_language_of_the_task_that_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    write = pictures._write

    def noting(figure: Any, place: tuple[float, float], text: str, *how: Any, **more: Any) -> None:
        said.append(text)
        write(figure, place, text, *how, **more)

    monkeypatch.setattr(pictures, "_write", noting)
    english = await picture(some_days(2), Picture.USERS)
    with speaking_to("ru"):
        assert await picture(some_days(2), Picture.USERS) != english
        assert days_of(some_days(2), BERLIN).labels() == [(0, "30 мар."), (1, "31 мар.")]
    assert said == ["Users", "3 in all, 6 new in 2 days", "Подписчики", "всего 3, новых 6 за 2 дня"]


def test_missing_days_count_as_zero() -> None:
    days = days_of([day(date(2026, 3, 4), delivered=4), day(date(2026, 3, 1), delivered=1)], BERLIN)
    assert days.dates == tuple(date(2026, 3, number) for number in (1, 2, 3, 4))
    assert days.counts(Count.DELIVERED) == [1, 0, 0, 4]


def test_a_missing_total_is_not_a_number() -> None:
    days = days_of([day(date(2026, 3, 3), users=9), day(date(2026, 3, 1), users=7), day(date(2026, 3, 4))], BERLIN)
    assert [str(value) for value in days.totals(Count.USERS)] == ["7", "nan", "9", "nan"]


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        (BERLIN, date(2026, 3, 27), date(2026, 3, 31)),
        (BERLIN, date(2026, 10, 23), date(2026, 10, 27)),
        # the clock changes at midnight: that day starts at one o'clock
        (SANTIAGO, date(2026, 9, 4), date(2026, 9, 8)),
        (SANTIAGO, date(2026, 4, 3), date(2026, 4, 7)),
    ],
)
def test_a_day_of_23_or_25_hours_is_one_day(zone: ZoneInfo, first: date, last: date) -> None:
    dates = [first + timedelta(days=past) for past in range((last - first).days + 1)]
    days = days_of([day(at, zone, delivered=1) for at in dates], zone)
    assert days.dates == tuple(dates)
    assert days.counts(Count.DELIVERED) == [1] * 5


def test_a_row_from_1970_does_not_extend_the_chart_beyond_a_year() -> None:
    days = days_of([day(date(1970, 1, 2), delivered=1), day(LAST, delivered=2)], BERLIN)
    assert len(days.dates) == DAYS_MAX
    assert days.dates[-1] == LAST
    assert sum(days.counts(Count.DELIVERED)) == 2


@pytest.mark.parametrize("count", [1, 2, 8, 9, 30, 99, 100, 366])
def test_the_axis_has_few_labels_in_order(count: int) -> None:
    labels = days_of(some_days(count), BERLIN).labels()
    places = [place for place, _ in labels]
    assert 1 <= len(labels) <= 13
    assert places == sorted(set(places))
    assert 0 <= places[0] <= places[-1] < count
    assert all(text for _, text in labels)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (950, "950"),
        (1200, "1,200"),
        (9999, "9,999"),
        (15_000, "15k"),
        (2_500_000, "2.5M"),
        (3e9, "3G"),
        (9.2e18, "9.2E"),
    ],
)
def test_numbers_beside_an_axis_are_short(value: float, text: str) -> None:
    assert in_short(value) == text


@pytest.mark.parametrize("theme", Theme)
def test_text_and_bars_have_enough_contrast(theme: Theme) -> None:
    palette = PALETTES[theme]
    for ink in (palette.text, palette.quiet):
        assert contrast(ink, palette.ground) >= 4.5
    for bar in (palette.accent, palette.pale, palette.good, palette.bad):
        assert contrast(bar, palette.ground) >= 3
    # bars that touch each other differ in brightness, for people who do not see the colours
    assert contrast(palette.accent, palette.pale) >= 1.5
    assert contrast(palette.good, palette.bad) >= 1.5


async def test_a_cancelled_drawing_ends_before_the_next_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on, at_once, most = threading.Event(), threading.Event(), 0, 0
    original = pictures._draw

    def slowly(*arguments: object) -> bytes:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        started.set()
        assert go_on.wait(30)
        made = original(*arguments)  # type: ignore[arg-type]
        at_once -= 1
        return made

    monkeypatch.setattr(pictures, "_draw", slowly)
    first, queued = asyncio.create_task(picture(some_days(2))), asyncio.create_task(picture(some_days(3)))
    assert await asyncio.to_thread(started.wait, 30)
    first.cancel()
    queued.cancel()
    last = asyncio.create_task(picture(some_days(4)))
    await asyncio.gather(first, queued, return_exceptions=True)
    assert first.cancelled()
    assert queued.cancelled()
    go_on.set()
    assert size(await last)
    assert most == 1


@pytest.mark.sweep
async def test_the_event_loop_runs_while_a_picture_is_drawn() -> None:
    turns = 0
    task = asyncio.create_task(picture(some_days(366), Picture.USERS))
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10


@pytest.mark.sweep
def test_matplotlib_is_not_loaded_before_the_first_picture() -> None:
    code = "import sys, monitoring.pictures; assert 'matplotlib' not in sys.modules and 'numpy' not in sys.modules"
    root = Path(__file__).resolve().parents[3]
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
