"""The first hour: from the claim of the bots to the first announcement, and which steps are still open."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Step(StrEnum):
    """A closed list, in order."""

    STORAGE = "storage"
    CHANNEL = "channel"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class StorageCandidate:
    """A channel that was chosen as storage and waits for a bot or a right."""

    chat_id: int
    title: str
    #: who chose it, and the message that says what is missing
    admin_id: int
    admin_name: str
    message_id: int


@dataclass(frozen=True, slots=True)
class FirstHour:
    """What is stored of it."""

    candidate: StorageCandidate | None = None
    #: when an announcement was first confirmed, for now or for later
    announced_at: datetime | None = None
    #: when the owner was told that the first one is out
    told_at: datetime | None = None


def open_steps(*, has_storage: bool, has_channel: bool, was_announced: bool) -> tuple[Step, ...]:
    """Return the steps that are not done, in order; () when the first hour is over.

    An announcement that was confirmed ends it, whatever became of channels since.
    """
    done = {Step.STORAGE: has_storage, Step.CHANNEL: has_channel or was_announced, Step.PUBLISH: was_announced}
    return tuple(step for step in Step if not done[step])
