"""Buttons of the list of jobs and of one job's screen."""

from collections.abc import Sequence
from datetime import datetime

from core.job_status import JobStatus
from views.buttons import DANGER, Row, button
from views.language import _, pgettext
from views.system import jobs_words as words
from views.system.job_titles import job_title
from views.system.jobs_callbacks import JobAction, JobButton, JobList

#: jobs on one page of the list
PAGE = 6


def act(action: JobAction, job: str) -> str:
    """Return the callback data that does something with a job."""
    return JobButton(act=action, job=job).pack()


def job_list(statuses: Sequence[JobStatus], page: int, pages: int, now: datetime) -> tuple[Row, ...]:
    """Return one button per job of a page with its state, then the pages."""
    shown = statuses[page * PAGE : (page + 1) * PAGE]
    entries: list[Row] = [[button(_state(one, now), act(JobAction.SHOW, one.name))] for one in shown]
    return (*entries, _pager(page, pages))


def _state(status: JobStatus, now: datetime) -> str:
    title, state = job_title(status.name), words.short_state(status, now)
    return pgettext("a job, on a button", "{title} · {state}").format(title=title, state=state)


def _pager(page: int, pages: int) -> Row:
    row: Row = [button(_("‹ Prev"), JobList(page=page - 1).pack())] if page else []
    row.append(button(_("Refresh"), JobList(page=page).pack()))
    if page + 1 < pages:
        row.append(button(_("Next ›"), JobList(page=page + 1).pack()))
    return row


def job(status: JobStatus) -> tuple[Row, ...]:
    """Return the buttons of one job's screen."""
    name = status.name
    row: Row = [button(_("Run now"), act(JobAction.RUN, name))]
    if status.is_paused:
        row.append(button(_("Resume"), act(JobAction.RESUME, name)))
    elif status.plan.off_by is None:
        row.append(button(_("Pause"), act(JobAction.PAUSE, name)))
    return (row, [button(_("Refresh"), act(JobAction.SHOW, name))])


def confirm_pause(name: str) -> tuple[Row, ...]:
    text = _("Pause {job}").format(job=job_title(name))
    return ([button(text, act(JobAction.PAUSE_CONFIRMED, name), style=DANGER)],)
