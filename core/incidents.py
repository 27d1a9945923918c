"""The words for incidents: what people are told once when it begins, and once when it is over."""

from enum import StrEnum


class CloseDecision(StrEnum):
    """What is to be done about an incident that is over. A closed list."""

    #: it is not open, is being told, or another process ends it
    NOTHING = "nothing"
    #: nobody was told of it: there is no all clear either
    QUIET = "quiet"
    #: people know of it: tell them
    NOTIFY = "notify"
