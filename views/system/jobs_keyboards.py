"""Buttons of the list of jobs and of one job's screen. Back is in the last row."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardMarkup

from core.job_status import JobStatus
from views.buttons import button, keyboard
from views.system.jobs_callbacks import JobAction, JobButton, JobList

#: buttons per row of the list: two names fit on a phone
_IN_A_ROW = 2


def _act(act: JobAction, job: str) -> str:
    return JobButton(act=act, job=job).pack()


def job_list(names: Sequence[str]) -> InlineKeyboardMarkup:
    """Return one button per job, then Refresh."""
    entries = [button(name, _act(JobAction.SHOW, name)) for name in names]
    rows = [entries[first : first + _IN_A_ROW] for first in range(0, len(entries), _IN_A_ROW)]
    return keyboard(*rows, [button("Refresh", JobList().pack())])


def job(status: JobStatus) -> InlineKeyboardMarkup:
    """Return the buttons below one job's screen."""
    name = status.name
    turn = ("Resume", JobAction.RESUME) if status.is_paused else ("Pause", JobAction.PAUSE)
    return keyboard(
        [button("Run now", _act(JobAction.RUN, name)), button(turn[0], _act(turn[1], name))],
        [button("Refresh", _act(JobAction.SHOW, name)), button("Back", JobList().pack())],
    )


def confirm_pause(name: str) -> InlineKeyboardMarkup:
    return keyboard(
        [button(f"Pause {name}", _act(JobAction.PAUSE_CONFIRMED, name))],
        [button("Back", _act(JobAction.SHOW, name))],
    )
