"""The screens behind the numbers: posts, where tries stop, sources, shorteners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.shorteners.counts import Tally
from core.statistics import Count, SourceDay, TopPost
from core.statistics.events import OTHER_SOURCES
from core.statistics.periods import Figures, Period
from views.html import bare, isolate
from views.language import _, ngettext
from views.screens import Screen
from views.statistics import keyboards
from views.statistics.callbacks import View
from views.statistics.keyboards import period_name
from views.times import date_in_words

#: posts on a page: three rows of buttons stand below them, of eight
POSTS_A_PAGE = 5
#: sources and shorteners that fit on a screen
SHOWN = 6
_NAME_MAX = 19


@dataclass(frozen=True, slots=True)
class Openings:
    """How often the links of a post were pressed. They are not counted by day."""

    count: int
    #: None: since the post was made
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PostNumbers:
    """The numbers of one post in a period."""

    title: str
    number: int
    opened: Openings
    figures: Figures


def _headed(title: str, period: Period) -> str:
    return _("<b>{title}</b> · {period}").format(title=title, period=_period_in_words(period))


def _period_in_words(period: Period) -> str:
    days = period.days
    if days is None or period is Period.TODAY:
        return period_name(period)
    return ngettext("last {count} day", "last {count} days", days).format(count=days)


def posts(found: Sequence[TopPost], period: Period, page: int, *, has_more: bool) -> Screen:
    """Return a page of the posts of a period, those delivered most first."""
    text = _headed(_("Posts"), period)
    text += "\n" + (_("Those delivered most first.") if found or page else _("No post was delivered in this time."))
    rows = [keyboards.post(one, period, page) for one in found]
    turning = keyboards.turning(period, page, has_more=has_more)
    return Screen(text, (*rows, turning, keyboards.periods(View.POSTS)), keyboards.parent(period))


def post(numbers: PostNumbers, period: Period, page: int, zone: ZoneInfo) -> Screen:
    """Return the numbers of one post."""
    name = isolate(numbers.title, 40) if bare(numbers.title).strip() else _("No title")
    title = _("Post {number} · {name}").format(number=numbers.number, name=name)
    lines = [
        _headed(title, period),
        *stop_lines(numbers.figures),
        opened(numbers.opened, zone),
    ]
    return Screen("\n".join(lines), (), keyboards.list_parent(period, page))


def opened(openings: Openings, zone: ZoneInfo) -> str:
    """Return how often it was opened, and since when that is counted."""
    count = f"{openings.count:,}"
    if openings.since is None:
        return _("Opened {count} times since it was made").format(count=count)
    day = date_in_words(openings.since.astimezone(zone))
    return _("Opened {count} times since {date}; before, buttons were counted as well").format(count=count, date=day)


def stops(figures: Figures, period: Period) -> Screen:
    """Return after which step tries end."""
    text = "\n".join([_headed(_("Where they stop"), period), *stop_lines(figures)])
    return Screen(text, (keyboards.periods(View.STOPS),), keyboards.parent(period))


def stop_lines(figures: Figures) -> list[str]:
    """Return how many of the tries ended at each step."""
    tries, joined = figures.of(Count.TRIES), figures.of(Count.JOINED)
    unlocked, delivered = figures.of(Count.UNLOCKED), figures.of(Count.DELIVERED)
    if not tries:
        return [_("Nobody tried to get a post in this time.")]

    def part(sentence: str, count: int) -> str:
        return sentence.format(count=f"{count:,}", share=f"{100 * count / tries:.0f}")

    return [
        ngettext(
            "{count} try: a subscriber, a post, a day", "{count} tries: a subscriber, a post, a day", tries
        ).format(count=f"{tries:,}"),
        part(_("stopped at the required channels: {count} ({share} %)"), tries - joined),
        part(_("stopped at unlocking: {count} ({share} %)"), joined - unlocked),
        part(_("did not arrive whole: {count} ({share} %)"), unlocked - delivered),
        part(_("delivered: {count} ({share} %)"), delivered),
    ]


def sources(found: Mapping[str, SourceDay], names: Mapping[str, str], period: Period) -> Screen:
    """Return what came by each source; `names`: of those that are channels."""
    lines = [_headed(_("Sources"), period)]
    if found:
        lines.append(_("New subscribers by their first link; tries by the link of the day."))
    else:
        lines.append(_("Nobody came by a link with a source. Options of a post, Link for a place makes one."))
    for name, counts in list(found.items())[:SHOWN]:
        shown = _("others") if name == OTHER_SOURCES else isolate(names.get(name, name), _NAME_MAX)
        fields = {"new": f"{counts.new:,}", "tries": f"{counts.tries:,}", "delivered": f"{counts.delivered:,}"}
        lines.append(_("{name}: +{new}, tries {tries}, delivered {delivered}").format(name=shown, **fields))
    if (more := len(found) - SHOWN) > 0:
        lines.append(ngettext("and {count} more", "and {count} more", more).format(count=more))
    return Screen("\n".join(lines), (keyboards.periods(View.SOURCES),), keyboards.parent(period))


def shorteners(found: Mapping[str, Tally], period: Period) -> Screen:
    """Return what became of the links of each shortener."""
    lines = [_headed(_("Shorteners"), period)]
    if not found:
        lines.append(_("None. Subscribers unlock on your own page; you earn nothing."))
    for name, counts in list(found.items())[:SHOWN]:
        fields = {
            "name": isolate(name, _NAME_MAX),
            "links": f"{counts.links:,}",
            "finished": f"{counts.finished:,}",
            "fast": f"{counts.too_fast:,}",
            "failed": f"{counts.failed:,}",
        }
        lines.append(_("{name}: links {links}, finished {finished}, too fast {fast}, failed {failed}").format(**fields))
    return Screen("\n".join(lines), (keyboards.periods(View.SHORTENERS),), keyboards.parent(period))
