"""Sentences both bots use."""

from views.html import esc

HELD = "I am having a short break and have kept your request. If nothing happens, please try again in a moment."

#: on a button, to one who pressed many
ONE_AT_A_TIME = "One at a time, please."
UNREADABLE = "I could not read that message. Please send it in another way."


def failed(error_id: str) -> str:
    """Say that something went wrong. `error_id`: as in the log."""
    return f"Something went wrong on our side. Please try again in a moment. (Error {esc(error_id)})"
