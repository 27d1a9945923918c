"""Sentences both bots use."""

from views.html import esc
from views.language import _


def held() -> str:
    return _("I am having a short break and have kept your request. If nothing happens, please try again in a moment.")


def one_at_a_time() -> str:
    """For a button, to one who pressed many."""
    return _("One at a time.")


def unreadable() -> str:
    return _("I could not read that message. Please send it in another way.")


def failed(error_id: str) -> str:
    """Say that something went wrong. `error_id`: as in the log."""
    return _("Something went wrong on our side. Please try again in a moment. (Error {code})").format(
        code=esc(error_id)
    )
