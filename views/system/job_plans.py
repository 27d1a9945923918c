"""A job's plan in the language of whoever reads it. The plan itself is English: the command line shows it as it is."""

from collections.abc import Sequence

from core.jobs import JobPlan
from core.schedules import Both, Daily, Every, Schedule
from core.timing.cron import Cron
from views.language import _, gettext, ngettext, pgettext


def purpose(plan: JobPlan) -> str:
    """Say what a job does, as the end of a sentence that begins with its title. Plain text."""
    return gettext(plan.purpose)


def when_paused(plan: JobPlan) -> str:
    """Say what a pause of a job means. Plain text."""
    return gettext(plan.when_paused)


def times_in_words(plan: JobPlan) -> str:
    """Return what `plan.in_words` says. Plain text."""
    if plan.off_by is not None:
        return _("only by hand ({setting})").format(setting=plan.off_by)
    if plan.schedule is None:
        return _("when one is due")
    words = _schedule(plan.schedule)
    return _("{times}, and when one is due").format(times=words) if plan.is_polled else words


def _schedule(schedule: Schedule) -> str:
    match schedule:
        case Every():
            return _every(schedule)
        case Daily():
            return _("daily at {times}").format(
                times=_listed([f"{hour:02d}:00" for hour in sorted(set(schedule.hours))])
            )
        case Both():
            return _("{times}, and {others}").format(times=_schedule(schedule.first), others=_schedule(schedule.second))
        case Cron():
            return _cron(schedule)
    return schedule.in_words()


def _every(schedule: Every) -> str:
    minutes = int(schedule.period.total_seconds() // 60)
    if minutes == 60:
        return _("every full hour")
    if minutes > 60 and not minutes % 60:
        return ngettext("every {count} hour", "every {count} hours", minutes // 60).format(count=minutes // 60)
    if minutes == 1:
        return _("every minute")
    return ngettext("every {count} minute", "every {count} minutes", minutes).format(count=minutes)


def _cron(schedule: Cron) -> str:
    line = schedule.line
    times = line.daily_times()
    if times is None:
        return _("at {line} (cron)").format(line=line.text)
    if len(line.weekdays) == 7:
        return _("daily at {times}").format(times=_listed(times))
    days = _listed([_weekday(number) for number in line.weekdays])
    return _("{days} at {times}").format(days=days, times=_listed(times))


def _weekday(number: int) -> str:
    return (
        pgettext("when a job runs", "Sundays"),
        pgettext("when a job runs", "Mondays"),
        pgettext("when a job runs", "Tuesdays"),
        pgettext("when a job runs", "Wednesdays"),
        pgettext("when a job runs", "Thursdays"),
        pgettext("when a job runs", "Fridays"),
        pgettext("when a job runs", "Saturdays"),
    )[number]


def _listed(words: Sequence[str]) -> str:
    *others, last = words
    return _("{words} and {last}").format(words=", ".join(others), last=last) if others else last
