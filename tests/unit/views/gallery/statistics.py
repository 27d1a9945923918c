"""The statistics of every period: never counted, and with the longest numbers."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.days import start_of_day
from core.statistics import Count, DayStats, TopPost
from tests.unit.views.gallery import LONG_TITLE
from views.screens import Screen
from views.statistics.callbacks import SPANS
from views.statistics.texts import Live, Numbers, statistics

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_DAYS = [
    DayStats(
        date=start_of_day(_NOW - timedelta(days=ago), _ZONE),
        counters=dict.fromkeys(Count, 10**9),
        top_posts=(TopPost(code="A" * 16, title=LONG_TITLE, deliveries=10**9),),
    )
    for ago in range(60, -1, -1)
]


def _numbers(*, is_counting: bool = False, failed: bool = False) -> Numbers:
    return Numbers(_DAYS, Live(10**9, 10**9, 10**9), _NOW, is_counting, _NOW if failed else None)


SCREENS: dict[str, Screen] = {
    f"{what}, {span} days": statistics(numbers, span, _NOW, _ZONE)
    for span in SPANS
    for what, numbers in {
        "nothing counted": Numbers([], Live(0, 0, 0), None, False),
        "everything counted": _numbers(),
        "counting": _numbers(is_counting=True),
        "failed": _numbers(failed=True),
    }.items()
}
