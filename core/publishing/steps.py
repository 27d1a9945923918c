"""What a person can do about an announcement, by its state. The table is in docs/decisions/0020."""

from enum import StrEnum

from core.announcements import REPAIRABLE, Announcement, AnnouncementState


class Step(StrEnum):
    """A closed list."""

    NOW = "now"
    MOVE = "move"
    OFF = "off"
    #: put back on the schedule what was taken off it
    BACK = "back"
    #: a person has looked: it is in the channel, or it is not and is to be sent again
    THERE = "there"
    AGAIN = "again"
    WITHDRAW = "withdraw"


#: the states in which each can be done
ALLOWED: dict[Step, frozenset[AnnouncementState]] = {
    Step.NOW: frozenset({AnnouncementState.PLANNED, *REPAIRABLE}),
    Step.MOVE: frozenset({AnnouncementState.PLANNED, AnnouncementState.MISSED}),
    # one of which nobody knows whether it is there is not given up by a button that said “Off the schedule”
    Step.OFF: frozenset({AnnouncementState.PLANNED, *REPAIRABLE}),
    Step.BACK: frozenset({AnnouncementState.CANCELLED}),
    Step.THERE: frozenset({AnnouncementState.UNKNOWN}),
    Step.AGAIN: frozenset({AnnouncementState.UNKNOWN}),
    Step.WITHDRAW: frozenset({AnnouncementState.PUBLISHED}),
}


def is_allowed(step: Step, announcement: Announcement) -> bool:
    """Return whether it can be done now, whoever does it."""
    if announcement.state not in ALLOWED[step]:
        return False
    # without the id of its message nothing can be taken out of a channel
    is_known = announcement.message_id is not None and not announcement.is_withdrawal_wanted
    return is_known if step is Step.WITHDRAW else True
