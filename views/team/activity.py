"""What the team did: pages, the latest first, by person, kind and day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton
from babel.dates import format_date

from core.team.admins import Member
from views.buttons import Row, button
from views.html import isolate
from views.language import _, pgettext, spoken
from views.navigation import Section, parent
from views.screen_limits import HALF_MAX
from views.screens import BACK, Parent, Screen, in_pairs
from views.team.action_words import AREAS, area_name, in_words
from views.team.activity_table import Line
from views.team.callbacks import Activity, ActivityChoice, ChooseActivity
from views.team.words import has_name, on_button

#: entries on one page
PAGE = 6
#: days offered as a filter
DAYS_OFFERED = 6
#: characters of a name in a line
_NAME_MAX = 16


def activity_screen(
    lines: Sequence[Line],
    place: Activity,
    names: Mapping[int, str],
    now: datetime,
    zone: ZoneInfo,
    *,
    more: bool,
) -> Screen:
    """Return one page. `names`: of the members, by id; `more`: whether older ones follow."""
    text = [_("<b>Activity</b>, the latest first"), *(_line(line, names, now, zone) for line in lines)]
    if not lines:
        text.append(_("This page is empty now.") if place.page else _("Nothing was done yet."))
    newer = [button(_("{arrow} Newer").format(arrow=BACK), _at(place, place.page - 1))] if place.page else []
    older = [button(_("Older ›"), _at(place, place.page + 1))] if more else []
    who = _("By: {name} ›").format(name=_who(place.who, names))
    what = _("What: {area} ›").format(area=area_name(place.area) or _("all"))
    day = _("Day: {day} ›").format(day=_day(place.day))
    rows: list[Row] = [
        [*newer, *older],
        [button(who, _choice(ActivityChoice.WHO, place))],
        [button(what, _choice(ActivityChoice.AREA, place))],
        [button(day, _choice(ActivityChoice.DAY, place)), button("CSV", _choice(ActivityChoice.CSV, place))],
    ]
    return Screen("\n".join(text), tuple(rows), parent(Section.TEAM))


def _line(line: Line, names: Mapping[int, str], now: datetime, zone: ZoneInfo) -> str:
    local = line.at.astimezone(zone)
    is_today = local.date() == now.astimezone(zone).date()
    when = f"{local:%H:%M}" if is_today else f"{_short(local.date())} {local:%H:%M}"
    name = names.get(line.user_id, "")
    who = isolate(name, _NAME_MAX) if has_name(name) else str(line.user_id)
    return f"{when} {who}: {in_words(line.action, line.target, line.before, line.after)}"


def _short(day: date) -> str:
    return format_date(day, pgettext("date pattern, see Unicode TR 35", "d MMM"), locale=spoken())


def _who(user_id: int, names: Mapping[int, str]) -> str:
    return on_button(names.get(user_id, ""), user_id, HALF_MAX) if user_id else _("all")


def _day(day: str) -> str:
    return _short(datetime.strptime(day, "%Y%m%d").date()) if day else _("all")  # noqa: DTZ007 - a day has no zone


def _at(place: Activity, page: int) -> str:
    return place.model_copy(update={"page": page}).pack()


def _choice(what: ActivityChoice, place: Activity) -> str:
    return ChooseActivity(what=what, who=place.who, area=place.area, day=place.day).pack()


def _back_to(place: Activity) -> Parent:
    return Parent(_("Activity"), place.pack())


def choose_who(place: Activity, members: Sequence[Member]) -> Screen:
    """Ask whose activity is shown; only members are offered."""
    found = [_option(_("all"), place, place.who == 0, who=0)]
    found += [
        _option(on_button(one.name, one.user_id, HALF_MAX - 2), place, place.who == one.user_id, who=one.user_id)
        for one in members[:12]
    ]
    return Screen(_("Whose activity?"), in_pairs(found), _back_to(place))


def choose_area(place: Activity) -> Screen:
    """Ask which kind of activity is shown."""
    found = [_option(_("all"), place, not place.area, area="")]
    found += [_option(area_name(area), place, place.area == area, area=area) for area in AREAS]
    return Screen(_("Which activity?"), in_pairs(found), _back_to(place))


def choose_day(place: Activity, now: datetime, zone: ZoneInfo) -> Screen:
    """Ask which day's activity is shown."""
    today = now.astimezone(zone).date()
    found = [_option(_("all"), place, not place.day, day="")]
    for day in (today - timedelta(days=ago) for ago in range(DAYS_OFFERED)):
        key = f"{day:%Y%m%d}"
        found.append(_option(_short(day), place, place.day == key, day=key))
    return Screen(_("Which day?"), in_pairs(found), _back_to(place))


def _option(text: str, place: Activity, is_chosen: bool, **changes: object) -> InlineKeyboardButton:
    data = place.model_copy(update={"page": 0, **changes}).pack()
    return button(f"{text} ✓" if is_chosen else text, data)


def file_caption(count: int, *, is_all: bool) -> str:
    """Return the words with the file."""
    return (
        _("Activity of the team.")
        if is_all
        else _("Activity of the team: the last {count}.").format(count=f"{count:,}")
    )
