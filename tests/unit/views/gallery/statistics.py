"""The statistics of every period: nothing counted, and the longest numbers and names."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.shorteners.counts import Tally
from core.statistics import Count, SourceDay, TopPost
from core.statistics.events import OTHER_SOURCES
from core.statistics.periods import Figures, Overview, Period
from tests.unit.views.gallery import LONG_TITLE
from views.screens import Screen
from views.statistics import lists, texts

_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_MANY = 10**9 - 1
_FIGURES = Figures(dict.fromkeys(Count, _MANY))
_TOO_FAST = Figures({Count.UNLOCKS: _MANY, Count.TOO_FAST: _MANY, Count.TRIES: _MANY})
_OPENED = lists.Openings(_MANY, datetime(2026, 9, 30, 3, tzinfo=UTC))
_POST = TopPost(code="A" * 16, title=LONG_TITLE, deliveries=_MANY)
_SOURCES = {f"{'s' * 22}{number}": SourceDay(new=_MANY, tries=_MANY, delivered=_MANY) for number in range(20)}
_SHORTENERS = {
    f"{'W' * 22}{number}": Tally(links=_MANY, finished=_MANY, too_fast=_MANY, failed=_MANY) for number in range(20)
}


def _numbers(period: Period, figures: Figures, *, before: int | None) -> Overview:
    return Overview(
        period=period,
        subscribers=_MANY,
        active=_MANY,
        active_before=before,
        figures=figures,
        before=figures,
        most_wanted=_POST,
        counted_since=datetime(2026, 9, 30, 3, tzinfo=UTC),
    )


def _of(period: Period) -> dict[str, Screen]:
    nothing = Overview(period, 0, 0, None, Figures(), Figures())
    return {
        "nothing": texts.overview(nothing, _ZONE),
        "everything": texts.overview(_numbers(period, _FIGURES, before=1), _ZONE),
        "too fast": texts.overview(_numbers(period, _TOO_FAST, before=_MANY), _ZONE),
        "no posts": lists.posts([], period, 0, has_more=False),
        "posts": lists.posts([_POST] * lists.POSTS_A_PAGE, period, 9_999, has_more=True),
        "post": lists.post(lists.PostNumbers(LONG_TITLE, _MANY, _OPENED, _FIGURES), period, 9_999, _ZONE),
        "post since it was made": lists.post(
            lists.PostNumbers("", 1, lists.Openings(_MANY), _FIGURES), period, 0, _ZONE
        ),
        "stops": lists.stops(_FIGURES, period),
        "no stops": lists.stops(Figures(), period),
        "no sources": lists.sources({}, {}, period),
        "sources": lists.sources(_SOURCES | {OTHER_SOURCES: SourceDay()}, {"s" * 22 + "0": LONG_TITLE}, period),
        "no shorteners": lists.shorteners({}, period),
        "shorteners": lists.shorteners(_SHORTENERS, period),
    }


SCREENS: dict[str, Screen] = {
    f"{what}, {period.value}": screen for period in Period for what, screen in _of(period).items()
}
