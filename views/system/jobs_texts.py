"""What admins read of jobs: the list, one job's screen, confirmations and toasts."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from core.job_status import JobStatus
from core.jobs import JobOutcome, JobRun
from views.html import bare, cut, esc
from views.language import _, pgettext
from views.navigation import Section, parent
from views.screen_limits import fits
from views.screens import Parent, Screen
from views.system import job_plans
from views.system import jobs_keyboards as keyboards
from views.system import jobs_words as words
from views.system.job_titles import job_title
from views.system.jobs_callbacks import JobAction
from views.times import clock_time, date_and_time, duration

#: characters of an error
_ERROR_MAX = 160
#: characters of an unknown name that are quoted in the answer
_TYPED_MAX = 40
#: outcomes the list names
_BAD = (JobOutcome.FAILED, JobOutcome.TIMED_OUT, JobOutcome.MISSED, JobOutcome.ABANDONED)
#: jobs in trouble named above the list
_NAMED_MAX = 3


def asked_for() -> str:
    return _("Asked for. It waits for a process to take it, which takes a few seconds.")


def asked_for_before() -> str:
    return _("It is asked for already and waits for a process to take it.")


def follows() -> str:
    return _("It is running. Another run is asked for and follows.")


def paused() -> str:
    return _("Paused. A run under way goes on to its end.")


def paused_before() -> str:
    return _("It is paused already.")


def resumed() -> str:
    return _("Its next run begins by itself again.")


def resumed_before() -> str:
    return _("It is not paused (any more).")


def gone() -> str:
    return _("There is no such job (any more). Here are those there are.")


def job_list(statuses: Sequence[JobStatus], page: int, now: datetime, zone: ZoneInfo) -> Screen:
    """Return a page of the list, the last one for a number beyond it. Jobs in trouble are named above it."""
    pages = max(1, -(-len(statuses) // keyboards.PAGE))
    page = min(page, pages - 1)
    bad = [one for one in statuses if _is_bad(one, now)]
    lines = [_("<b>Jobs</b>, as of {time}").format(time=clock_time(now, zone))]
    for one in bad[:_NAMED_MAX]:
        lines.append(_("⚠ {job}: {state}").format(job=esc(job_title(one.name)), state=_state(one, now)))
    if not bad:
        lines.append(_("What runs by itself. Press one to open it."))
    return Screen("\n".join(lines), keyboards.job_list(statuses, page, pages, now), parent(Section.SYSTEM))


def _is_bad(status: JobStatus, now: datetime) -> bool:
    """Return whether its last run did not go well, or never ended because its process is gone."""
    if status.last is None or status.is_waiting or status.is_running(now):
        return False
    return status.outcome is None or status.outcome in _BAD


def _state(status: JobStatus, now: datetime) -> str:
    """Say what the job is doing now, or how its last run ended."""
    run = status.last
    if status.is_waiting and run is not None:
        ago = words.ago(run.started_at, now)
        if status.is_running(now):
            return _("<b>running</b>; another run asked for {ago}, waits for a process to take it").format(ago=ago)
        return _("asked for {ago}, waits for a process to take it").format(ago=ago)
    if status.is_running(now):
        if run is not None and run.is_running:
            return _("<b>running</b> for {span}").format(span=duration(now - run.started_at))
        return pgettext("a run", "<b>running</b>")
    return _("has not run yet") if run is None else _ended(run, now)


def _ended(run: JobRun, now: datetime) -> str:
    if run.outcome is None:
        ago = words.ago(run.started_at, now)
        return _("began {ago} and never ended: its process seems to be gone").format(ago=ago)
    ago = words.ago(run.finished_at or run.started_at, now)
    return pgettext("a run", "{outcome} {ago}").format(outcome=words.outcome(run.outcome), ago=ago)


# one job


def job(status: JobStatus, runs: Sequence[JobRun], now: datetime, zone: ZoneInfo) -> Screen:
    """Return a job's screen. `runs`: its last ones, the latest first; the oldest are left out if too long."""
    head = _head(status, now, zone)
    error = next((run.error for run in runs if run.error), None)
    tail = "\n" + _("Last error: {error}").format(error=words.one_line(error, _ERROR_MAX)) if error else ""
    entries = [_run(status, run, now, zone) for run in runs]
    text = "\n\n".join((head, _("It has not run yet, or its history was removed.")))
    while entries:
        text = "\n".join([head, "", *entries]) + tail
        if fits(text):
            break
        entries.pop()
    return Screen(text if entries or not runs else head + tail, keyboards.job(status), parent(Section.JOBS))


def _head(status: JobStatus, now: datetime, zone: ZoneInfo) -> str:
    title, times = esc(job_title(status.name)), esc(job_plans.times_in_words(status.plan))
    lines = [_("<b>{job}</b> {purpose}").format(job=title, purpose=esc(job_plans.purpose(status.plan)))]
    lease = status.lease
    if lease is not None and lease.paused_at is not None:
        lines.append(_paused_since(lease.paused_at, lease.paused_by, now, zone))
    elif status.next_at is not None:
        following = date_and_time(status.next_at, zone, now)
        lines.append(_("Runs {times}, next {time}").format(times=times, time=following))
    else:
        lines.append(_("Runs {times}").format(times=times))
    lines.append(_("As of {time}: {state}").format(time=clock_time(now, zone), state=_state(status, now)))
    return "\n".join(lines)


def _paused_since(at: datetime, by: int | str | None, now: datetime, zone: ZoneInfo) -> str:
    since = date_and_time(at, zone, now)
    if by is None:
        return _("<b>Paused</b> since {time}: no run begins by itself.").format(time=since)
    who = words.asked_for_by(by)
    return _("<b>Paused</b> by {name} since {time}: no run begins by itself.").format(name=who, time=since)


def _run(status: JobStatus, run: JobRun, now: datetime, zone: ZoneInfo) -> str:
    began = words.started(run, now, zone)
    went = _("{time}: {state}").format(time=began, state=_how_it_went(status, run, now))
    parts = [went, words.counts(run)]
    if run.requested_by is not None:
        parts.append(_("asked for by {name}").format(name=words.asked_for_by(run.requested_by)))
    return " · ".join(part for part in parts if part)


def _how_it_went(status: JobStatus, run: JobRun, now: datetime) -> str:
    if run.is_waiting:
        return _("waits for a process to take it")
    if run.outcome is None:
        if status.is_running(now):
            return pgettext("a run", "<b>running</b>")
        return _("never ended: its process seems to be gone")
    outcome, took = words.outcome(run.outcome), words.took(run)
    return _("{outcome} after {span}").format(outcome=outcome, span=took) if took else outcome


# confirmations and answers


def confirm_pause(status: JobStatus) -> Screen:
    """Return the confirmation of a pause: the job, and what does not happen without it."""
    title = job_title(status.name)
    plan = status.plan
    text = _(
        "Pause <b>{job}</b>?\n\n"
        "It {purpose}, {times}. Until somebody presses “Resume”, no run of it begins by itself. {effect}\n\n"
        "A run under way goes on to its end, and “Run now” works."
    ).format(
        job=esc(title),
        purpose=esc(job_plans.purpose(plan)),
        times=esc(job_plans.times_in_words(plan)),
        effect=esc(job_plans.when_paused(plan)),
    )
    back = Parent(title, keyboards.act(JobAction.SHOW, status.name))
    return Screen(text, keyboards.confirm_pause(status.name), back)


def unknown(typed: str, names: Sequence[str]) -> str:
    """Say that there is no job of that name."""
    listed = ", ".join(f"<code>{esc(name)}</code>" for name in names)
    return _("There is no job <code>{name}</code>. The jobs are {names}.").format(
        name=esc(cut(bare(typed), _TYPED_MAX)), names=listed
    )
