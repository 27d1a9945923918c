"""Callback data of jobs. Clients can forge it: the handlers refuse names of no job."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from views.buttons import PAGE_MAX

#: characters of a job's name, so that the data stays below Telegram's 64 bytes
NAME_MAX = 40


class JobAction(StrEnum):
    SHOW = "show"
    RUN = "run"
    PAUSE = "pause"
    PAUSE_CONFIRMED = "pauseyes"
    RESUME = "resume"


class JobButton(CallbackData, prefix="jo"):
    """Do something with a job. The action names the result, so that a second press changes nothing."""

    act: JobAction
    job: str = Field(max_length=NAME_MAX)


class JobList(CallbackData, prefix="jl"):
    """A page of the list of jobs, from 0."""

    page: int = Field(0, ge=0, le=PAGE_MAX)
