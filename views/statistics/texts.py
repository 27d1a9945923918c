"""The statistics in words: one definition each (docs/decisions/0035-statistics.md). What was not kept is left out."""

from zoneinfo import ZoneInfo

from core.statistics import Count
from core.statistics.periods import Figures, Overview, Period, change
from views.html import bare, isolate
from views.language import _, ngettext
from views.navigation import MENU, Section, open_button
from views.screens import Screen
from views.statistics import keyboards
from views.times import date_in_words
from views.tries import tries

#: characters of the most wanted post's title
_TITLE_MAX = 40
#: the shortest period of a picture, and the longest, in days
PICTURE_SPAN_MIN, PICTURE_SPAN_MAX = 7, 366


def drawing() -> str:
    return _("The pictures are being drawn.")


def drawing_before() -> str:
    return _("The pictures are being drawn already. They come in a moment.")


def nothing_to_draw() -> str:
    return _("Nothing was counted in these days, so there is nothing to draw.")


def not_drawn() -> str:
    return _(
        "The pictures could not be drawn. The reason stands in the log; the numbers above are complete without them."
    )


def not_sent() -> str:
    return _("Sending it did not work, or Telegram's answer was lost. Press the button again.")


def pictures(days: int) -> str:
    """Return the caption of the first picture."""
    if days >= PICTURE_SPAN_MAX:
        return _("The last year")
    return ngettext("The last {count} day", "The last {count} days", days).format(count=days)


def heading(period: Period) -> str:
    """Return the first line: the period, and the one it is compared with."""
    match period:
        case Period.TODAY:
            return _("<b>Today</b>, against all of yesterday")
        case Period.WEEK:
            return _("<b>Last 7 days</b>, against the 7 before")
        case Period.MONTH:
            return _("<b>Last 30 days</b>, against the 30 before")
        case Period.ALL:
            return _("<b>All days</b>")


def overview(numbers: Overview, zone: ZoneInfo) -> Screen:
    """Return the numbers of a period."""
    return Screen("\n".join(overview_lines(numbers, zone)), keyboards.overview(numbers.period), MENU)


def summary(numbers: Overview, zone: ZoneInfo) -> Screen:
    """Return the message of Monday morning: the numbers of the week that is over."""
    lines = [_("<b>Last week</b>, against the week before"), *overview_lines(numbers, zone)[1:]]
    return Screen("\n".join(lines), ([open_button(Section.STATISTICS)],))


def overview_lines(numbers: Overview, zone: ZoneInfo) -> list[str]:
    """Return the numbers of a period, a line each."""
    figures = numbers.figures
    lines = [
        heading(numbers.period),
        subscribers(numbers),
        active(numbers),
        tries(figures),
        unlocks(figures),
        sent(figures),
    ]
    if (best := numbers.most_wanted) is not None:
        title = isolate(best.title, _TITLE_MAX) if bare(best.title).strip() else _("a post without a title")
        lines.append(_("Most wanted: {title} {count}").format(title=title, count=f"{best.deliveries:,}"))
    if (since := numbers.counted_since) is not None:
        date = date_in_words(since.astimezone(zone))
        lines.append(_("Tries, unlocks and announcements are counted since {date}.").format(date=date))
    return lines


def subscribers(numbers: Overview) -> str:
    figures = numbers.figures
    fields = {
        "count": f"{numbers.subscribers:,}",
        "new": f"{figures.of(Count.NEW_USERS):,}",
        "blocked": f"{figures.of(Count.BLOCKED):,}",
    }
    return _("Subscribers {count} (+{new}, {blocked} blocked)").format(**fields)


def active(numbers: Overview) -> str:
    count = f"{numbers.active:,}"
    if numbers.period is Period.ALL:
        return _("Active {count} in the last 30 days").format(count=count)
    part = change(numbers.active, numbers.active_before)
    if part is None:
        return _("Active {count}").format(count=count)
    percent = f"{abs(part):.0%}".replace("%", " %")
    if percent == "0 %":
        return _("Active {count}, as before").format(count=count)
    sign = "▲" if part > 0 else "▼"
    return _("Active {count} {sign}{percent}").format(count=count, sign=sign, percent=percent)


def unlocks(figures: Figures) -> str:
    fields = {"count": f"{figures.of(Count.UNLOCKS):,}", "fast": f"{figures.too_fast:,}"}
    if not figures.too_fast:
        return _("Unlocks {count}, too fast {fast}").format(**fields)
    return _("Unlocks {count}, too fast {fast} ({share} %)").format(
        **fields, share=f"{100 * figures.too_fast_share:.0f}"
    )


def sent(figures: Figures) -> str:
    fields = {
        "announcements": f"{figures.of(Count.ANNOUNCEMENTS):,}",
        "broadcasts": f"{figures.of(Count.BROADCASTS):,}",
        "copies": f"{figures.of(Count.BROADCAST_COPIES):,}",
    }
    return _("Announcements {announcements} · broadcasts {broadcasts} reached {copies}").format(**fields)
