"""Maintenance: on, off, and the question before it begins."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from views.buttons import DANGER, PRIMARY, button
from views.language import gettext as _
from views.maintenance.callbacks import AskMaintenance, BeginMaintenance, EndMaintenance, TypeMaintenance, to_minutes
from views.navigation import Section, data_of, parent
from views.screens import Parent, Screen, in_pairs
from views.times import clock_time


def maintenance_screen(
    until: datetime | None, offered: Sequence[datetime], zone: ZoneInfo, note: str | None = None
) -> Screen:
    """Return the screen. `until`: when the maintenance that is on ends; `offered`: ends that a button sets."""
    head = _("<b>Maintenance</b>")
    state = _("Off.") if until is None else _("On until {time}.").format(time=clock_time(until, zone))
    what = _(
        "While it is on, subscribers read when the bot is back and get nothing else; broadcasts wait. Posts are still "
        "deleted on time, and the unlock page works."
    )
    ends = [button(_until_words(end, zone), AskMaintenance(until=to_minutes(end)).pack()) for end in offered]
    now = [] if until is None else [button(_("End now"), EndMaintenance().pack(), style=PRIMARY)]
    rows = (now, *in_pairs(ends), [button(_("Another time"), TypeMaintenance().pack())])
    return Screen("\n\n".join((head, state, what)), rows, parent(Section.SETTINGS)).with_note(note)


def _until_words(end: datetime, zone: ZoneInfo) -> str:
    return _("Until {time}").format(time=f"{end.astimezone(zone):%H:%M}")


def ask_end() -> Screen:
    """Ask for an end that is typed."""
    return Screen(_("When does it end? Send a time like 18:00, or how long it lasts, like 90 min."), (), _up())


def end_expected() -> str:
    """Say what an end looks like."""
    return _("Send a time within the next 24 hours, like 18:00 or tomorrow 6:00, or how long it lasts, like 90 min.")


def _up() -> Parent:
    return Parent(_("Maintenance"), data_of(Section.MAINTENANCE))


def confirm(until: datetime, zone: ZoneInfo) -> Screen:
    """Ask whether it begins."""
    text = _("Maintenance until {time}? Until then subscribers get nothing.").format(time=clock_time(until, zone))
    begin = button(_("Begin"), BeginMaintenance(until=to_minutes(until)).pack(), style=DANGER)
    return Screen(text, ([begin],), _up())


def ended() -> str:
    """Say that it is over."""
    return _("Subscribers get their posts again.")
