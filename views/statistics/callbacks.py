"""Callback data of /stats. Clients can forge it: data with other spans is refused."""

from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import AfterValidator

#: days the pictures can show
SPANS = (7, 30, 90)


def _span(days: int) -> int:
    if days not in SPANS:
        raise ValueError("no such span")
    return days


class PicturesButton(CallbackData, prefix="sp"):
    """Draw the pictures of the last `days` days."""

    days: Annotated[int, AfterValidator(_span)]


class CountButton(CallbackData, prefix="sc"):
    """Request a new count."""
