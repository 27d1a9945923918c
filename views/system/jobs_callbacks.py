"""Callback data of jobs. Clients can forge it: the handlers refuse names of no job."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

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
    """The list of all jobs."""
