"""Incidents: people are notified once when one opens, and once when it is over."""

from enum import StrEnum


class CloseDecision(StrEnum):
    """What the caller does about an incident that is over. A closed list."""

    #: nothing: it is not open, its alert is being sent, or another process closes it
    NOTHING = "nothing"
    #: close it without an all-clear: no alert was delivered
    QUIET = "quiet"
    #: send the all-clear
    NOTIFY = "notify"
