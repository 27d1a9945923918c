"""Charts of the daily statistics, as PNG files for the admin page and for `/stats`, in the language of the task."""

import asyncio
import importlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from math import isnan
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core.language import N_, _, gettext, ngettext
from core.statistics import Count, DayStats
from monitoring.picture_days import Days, days_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: size of a picture in CSS pixels; the file has DENSITY times as many in each direction
WIDTH, HEIGHT = 900, 420
DENSITY = 2
_PER_INCH = 100
#: shipped with matplotlib, so independent of the fonts of the machine
_FONT = "DejaVu Sans"
#: matplotlib is not thread-safe, so there is one thread. A drawing whose caller was cancelled still runs to its end;
#: the next one waits for it.
_DRAWING_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tollgate-pictures")


class Picture(StrEnum):
    """The charts. A closed list."""

    USERS = "users"
    DELIVERIES = "deliveries"
    VERIFICATIONS = "verifications"
    BROADCASTS = "broadcasts"


class Theme(StrEnum):
    """The background."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours. Contrast against `ground`: 4.5 to 1 for text, 3 to 1 for bars."""

    ground: str
    text: str
    quiet: str
    grid: str
    accent: str
    pale: str
    good: str
    bad: str


PALETTES = {
    Theme.LIGHT: Palette("#ffffff", "#17202e", "#56617a", "#e3e8ef", "#1a5fd0", "#6f92d2", "#0f6b3e", "#d97400"),
    Theme.DARK: Palette("#182029", "#eef2f8", "#a8b4c6", "#2a3542", "#78acff", "#55719e", "#35a56b", "#ffc766"),
}


@dataclass(frozen=True, slots=True)
class _Bars:
    """One counter drawn as bars; `width` is a fraction of a day, `colour` a field of Palette."""

    count: Count
    label: str
    colour: str
    width: float = 0.8


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The definition of one chart."""

    heading: str
    bars: tuple[_Bars, ...]
    #: the line under the heading
    summary: Callable[[Days], str]
    #: True: bars are stacked; False: later ones are drawn in front of earlier ones
    is_stacked: bool = False
    #: drawn as a line in a second plot above the bars
    total: Count | None = None


async def draw(kind: Picture, days: Sequence[DayStats], theme: Theme, zone: ZoneInfo) -> bytes:
    """Draw a PNG file of 2 × (900 × 420) pixels. `days` in any order; missing dates count as 0. `zone` is TIMEZONE.

    Runs in a separate thread, one picture at a time, for about 0.3 s; the first one takes 2 s.
    """
    loop = asyncio.get_running_loop()
    # the thread speaks the language of the task
    run = copy_context().run
    return await loop.run_in_executor(_DRAWING_THREAD, run, _draw, _SHEETS[kind], days_of(days, zone), PALETTES[theme])


def in_short(value: float) -> str:
    """Format a number for an axis: 950, 1,200, 15k, 2.5M."""
    for unit, letter in ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 10 * unit or value >= unit >= 1e6:
            return f"{value / unit:.3g}{letter}"
    return f"{value:,.0f}"


def _draw(sheet: _Sheet, days: Days, palette: Palette) -> bytes:
    # imported with the first picture: it takes a second and 40 MB, which would delay the start of a bot, and it
    # searches fonts and writes a cache folder, which no import of ours may do
    make: type[Figure] = importlib.import_module("matplotlib.figure").Figure
    figure = make(figsize=(WIDTH / _PER_INCH, HEIGHT / _PER_INCH))
    _fill(figure, sheet, days, palette)
    file = BytesIO()
    figure.savefig(file, format="png", dpi=_PER_INCH * DENSITY, facecolor=palette.ground, metadata={"Software": None})
    return file.getvalue()


def _fill(figure: "Figure", sheet: _Sheet, days: Days, palette: Palette) -> None:
    _write(figure, (0.025, 0.895), gettext(sheet.heading), palette.text, 17, weight="bold")
    shown = (*(bars.count for bars in sheet.bars), *([] if sheet.total is None else [sheet.total]))
    if not any(any(days.counts(count)) for count in shown):
        nothing = _("Nothing in {days}").format(days=_in_days(days)) if days.dates else _("Nothing yet")
        _write(figure, (0.5, 0.45), nothing, palette.quiet, 15, align="center")
        return
    _write(figure, (0.025, 0.815), sheet.summary(days), palette.quiet, 12.5)
    if sheet.total is None:
        _draw_bars(_axes(figure, days, palette, 0.14, 0.58), sheet, days, palette)
    else:
        _draw_total(_axes(figure, days, palette, 0.54, 0.2, has_labels=False), sheet.total, days, palette)
        _draw_bars(_axes(figure, days, palette, 0.14, 0.31), sheet, days, palette)
    if len(sheet.bars) > 1:
        _add_legend(figure, palette)


def _write(
    figure: "Figure",
    place: tuple[float, float],
    text: str,
    colour: str,
    size: float,
    *,
    weight: str = "normal",
    align: str = "left",
) -> None:
    # parse_math off: a dollar sign in a title starts no formula
    figure.text(
        *place, text, color=colour, fontsize=size, fontfamily=_FONT, fontweight=weight, ha=align, parse_math=False
    )


def _axes(
    figure: "Figure", days: Days, palette: Palette, bottom: float, height: float, *, has_labels: bool = True
) -> "Axes":
    """Axes over the whole width, at the same position in every picture, independent of the labels."""
    axes = figure.add_axes((0.085, bottom, 0.885, height), facecolor=palette.ground)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(palette.quiet)
    axes.grid(axis="y", color=palette.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=5, labelcolor=palette.quiet, labelsize=11.5, labelfontfamily=_FONT)
    labels = days.labels() if has_labels else []
    axes.set_xticks([index for index, _text in labels], [text for _index, text in labels])
    # room for a week at least: the bar of a single day would fill the picture otherwise
    half = max(len(days.dates), 7) / 2
    middle = (len(days.dates) - 1) / 2
    axes.set_xlim(middle - half, middle + half)
    axes.yaxis.set_major_formatter(lambda value, _place: in_short(value))
    return axes


def _draw_bars(axes: "Axes", sheet: _Sheet, days: Days, palette: Palette) -> None:
    places = range(len(days.dates))
    floor = [0.0] * len(places)
    for bars in sheet.bars:
        # floats: the sum of two of MongoDB's largest integers overflows numpy's integers
        values = [float(value) for value in days.counts(bars.count)]
        colour = getattr(palette, bars.colour)
        axes.bar(places, values, bars.width, floor, color=colour, linewidth=0, label=gettext(bars.label))
        if sheet.is_stacked:
            floor = [below + value for below, value in zip(floor, values, strict=True)]
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="y", integer=True, nbins=4)


def _add_legend(figure: "Figure", palette: Palette) -> None:
    legend = figure.legend(
        loc="upper right",
        bbox_to_anchor=(0.985, 0.975),
        ncols=3,
        frameon=False,
        handlelength=0.9,
        columnspacing=1.4,
        handletextpad=0.5,
        handleheight=0.9,
        labelcolor=palette.text,
        prop={"family": _FONT, "size": 12.5},
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _draw_total(axes: "Axes", total: Count, days: Days, palette: Palette) -> None:
    values = days.totals(total)
    # markers show days between two days without a row, which no line connects
    marker = "o" if len(values) <= 62 else ""
    axes.plot(values, color=palette.good, linewidth=2, marker=marker, markersize=4, label=_("in all"))
    axes.margins(y=0.25)
    axes.locator_params(axis="y", integer=True, nbins=3)


def _in_days(days: Days) -> str:
    count = len(days.dates)
    return ngettext("one day", "{count} days", count).format(count=count)


def _users(days: Days) -> str:
    known = [value for value in days.totals(Count.USERS) if not isnan(value)]
    fields = {"new": f"{sum(days.counts(Count.NEW_USERS)):,}", "days": _in_days(days)}
    if not known:
        return _("{new} new in {days}").format(**fields)
    return _("{all} in all, {new} new in {days}").format(**fields, all=f"{known[-1]:,.0f}")


def _deliveries(days: Days) -> str:
    count = sum(days.counts(Count.DELIVERED))
    return ngettext("{count} post delivered in {days}", "{count} posts delivered in {days}", count).format(
        count=f"{count:,}", days=_in_days(days)
    )


def _verifications(days: Days) -> str:
    unlocks, too_fast = sum(days.counts(Count.UNLOCKS)), sum(days.counts(Count.TOO_FAST))
    share = too_fast / (unlocks + too_fast)
    return _("{unlocks} unlocks, {fast} too fast ({share}) in {days}").format(
        unlocks=f"{unlocks:,}", fast=f"{too_fast:,}", share=f"{share:.0%}", days=_in_days(days)
    )


def _broadcasts(days: Days) -> str:
    started = sum(days.counts(Count.BROADCASTS))
    copies = sum(days.counts(Count.BROADCAST_COPIES))
    return ngettext(
        "{copies} copies arrived, of {count} broadcast, in {days}",
        "{copies} copies arrived, of {count} broadcasts, in {days}",
        started,
    ).format(copies=f"{copies:,}", count=f"{started:,}", days=_in_days(days))


_SHEETS = {
    Picture.USERS: _Sheet(
        N_("Users"),
        (_Bars(Count.ACTIVE_USERS, N_("active"), "pale"), _Bars(Count.NEW_USERS, N_("new"), "accent", width=0.5)),
        _users,
        total=Count.USERS,
    ),
    Picture.DELIVERIES: _Sheet(N_("Deliveries"), (_Bars(Count.DELIVERED, N_("deliveries"), "accent"),), _deliveries),
    Picture.VERIFICATIONS: _Sheet(
        N_("Unlocks"),
        (_Bars(Count.UNLOCKS, N_("unlocks"), "good"), _Bars(Count.TOO_FAST, N_("too fast"), "bad")),
        _verifications,
        is_stacked=True,
    ),
    Picture.BROADCASTS: _Sheet(
        N_("Broadcasts"), (_Bars(Count.BROADCAST_COPIES, N_("copies that arrived"), "accent"),), _broadcasts
    ),
}
