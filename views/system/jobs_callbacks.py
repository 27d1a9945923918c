"""Callback data of jobs. Clients can forge it: data with an unknown job is refused."""

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import AfterValidator

from core.timetable import JOB_NAMES


def _name_of_a_job(text: str) -> str:
    if text not in JOB_NAMES:
        raise ValueError("no such job")
    return text


class JobAction(StrEnum):
    SHOW = "show"
    RUN = "run"
    PAUSE = "pause"
    PAUSE_CONFIRMED = "pauseyes"
    RESUME = "resume"


class JobButton(CallbackData, prefix="jo"):
    """Do something with a job. The action names the result, so that a second press changes nothing."""

    act: JobAction
    job: Annotated[str, AfterValidator(_name_of_a_job)]


class JobList(CallbackData, prefix="jl"):
    """The list of all jobs."""
