"""Callback data of the statistics. Clients can forge it: periods and pages are checked, codes looked up."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.ids import CODE_LENGTH
from core.statistics.periods import Period


class View(StrEnum):
    """The screens of the statistics. A closed list."""

    OVERVIEW = "o"
    POSTS = "p"
    STOPS = "w"
    SOURCES = "s"
    SHORTENERS = "h"


class StatisticsButton(CallbackData, prefix="sn"):
    """Show a screen for a period."""

    view: View = View.OVERVIEW
    period: Period = Period.WEEK
    page: int = Field(default=0, ge=0, le=10_000)


class PicturesButton(CallbackData, prefix="sp"):
    """Draw the pictures of a period."""

    period: Period


class CsvButton(CallbackData, prefix="csv"):
    """Send the days of a period as a file."""

    period: Period


class PostNumbersButton(CallbackData, prefix="snp"):
    """Show the numbers of a post of the list."""

    code: str = Field(max_length=CODE_LENGTH)
    period: Period
    page: int = Field(default=0, ge=0, le=10_000)
