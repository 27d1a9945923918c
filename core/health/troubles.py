"""What the owners are shown first: open incidents that need them, in order of weight."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class TroubleKind(IntEnum):
    """A closed list, the heaviest first."""

    STORAGE = 1
    CHANNEL = 2
    ANNOUNCEMENT = 3
    POST = 4
    DELETIONS = 5
    BACKUP = 6
    #: a bot, the database or another job
    PROCESS = 7


@dataclass(frozen=True, slots=True)
class OpenTrouble:
    """One open incident. `subject`: the id, code or name behind its kind; "" where there is only one."""

    kind: TroubleKind
    subject: str = ""


#: beginnings of incidents' names; the first that fits
_KINDS: tuple[tuple[str, TroubleKind], ...] = (
    ("storage:", TroubleKind.STORAGE),
    ("storage_restricted:", TroubleKind.STORAGE),
    ("channel:", TroubleKind.CHANNEL),
    ("channel_refusal:", TroubleKind.CHANNEL),
    ("invite_link:", TroubleKind.CHANNEL),
    ("announcement", TroubleKind.ANNOUNCEMENT),
    ("post:", TroubleKind.POST),
    ("health:deletions_overdue", TroubleKind.DELETIONS),
    ("health:job_failed:backup", TroubleKind.BACKUP),
    ("health:job_overdue:backup", TroubleKind.BACKUP),
    ("health:", TroubleKind.PROCESS),
    ("loop:", TroubleKind.PROCESS),
)


def troubles(incidents: Iterable[str]) -> list[OpenTrouble]:
    """Return one trouble per kind and subject, the heaviest first; incidents of other kinds are left out."""
    found: dict[OpenTrouble, None] = {}
    for incident in incidents:
        for start, kind in _KINDS:
            if incident.startswith(start):
                subject = incident.partition(":")[2] if kind is not TroubleKind.PROCESS else ""
                found[OpenTrouble(kind, subject)] = None
                break
    return sorted(found, key=lambda one: (one.kind, one.subject))
