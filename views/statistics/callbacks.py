"""Callback data of the statistics. Clients can forge it: data with other spans is refused."""

from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import AfterValidator

#: days the numbers and pictures can show; 1 is today
SPANS = (1, 7, 30, 90)


def _span(days: int) -> int:
    if days not in SPANS:
        raise ValueError("no such span")
    return days


Span = Annotated[int, AfterValidator(_span)]


class NumbersButton(CallbackData, prefix="sn"):
    """Show the numbers of the last `days` days."""

    days: Span


class PicturesButton(CallbackData, prefix="sp"):
    """Draw the pictures of the last `days` days."""

    days: Span


class CountButton(CallbackData, prefix="sc"):
    """Request a new count, and show the numbers of the last `days` days."""

    days: Span
