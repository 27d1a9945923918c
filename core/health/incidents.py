"""Incidents: people are notified once when one opens, and once when it is over."""

from enum import StrEnum


def channel_incident(chat_id: int) -> str:
    """The incident of a channel to join whose members the user bot cannot see."""
    return f"channel:{chat_id}"


def channel_refusal_incident(chat_id: int) -> str:
    """The incident of a channel to join about which Telegram answers something unknown."""
    return f"channel_refusal:{chat_id}"


def invite_link_incident(chat_id: int) -> str:
    """The incident of a channel to join whose invite link no longer works."""
    return f"invite_link:{chat_id}"


def incidents_of_channel(chat_id: int) -> tuple[str, ...]:
    """Every incident a channel to join can have."""
    return channel_incident(chat_id), channel_refusal_incident(chat_id), invite_link_incident(chat_id)


def old_channel_incident(chat_id: int) -> str:
    """The incident of the channel of old links in which the user bot is no administrator any more."""
    return f"old_links:{chat_id}"


def restricted_storage_incident(chat_id: int) -> str:
    """The incident of a storage channel that restricts saving content."""
    return f"storage_restricted:{chat_id}"


_ANNOUNCEMENT = "announcement:"


def announcement_incident(key: str) -> str:
    """The incident of a confirmed draft of which an announcement failed, was missed, or is unknown."""
    return f"{_ANNOUNCEMENT}{key}"


def announcement_stays_incident(announcement_id: str) -> str:
    """The incident of an announcement that is to leave its channel and cannot."""
    return f"announcement_stays:{announcement_id}"


def announcement_key_of(incident: str) -> str | None:
    """Return the draft an incident is about; None when it is about something else."""
    return incident.removeprefix(_ANNOUNCEMENT) if incident.startswith(_ANNOUNCEMENT) else None


class CloseDecision(StrEnum):
    """What the caller does about an incident that is over. A closed list."""

    #: nothing: it is not open, its alert is being sent, or another process closes it
    NOTHING = "nothing"
    #: close it without an all-clear: no alert was delivered
    QUIET = "quiet"
    #: send the all-clear
    NOTIFY = "notify"
