"""Decisions of the team about a confirmed broadcast: each is one conditional change of its status."""

from datetime import datetime
from enum import StrEnum

from core.broadcasts import Broadcast, can_recall
from database.operations import broadcast_ops


class Decision(StrEnum):
    """A closed list."""

    PAUSE = "pause"
    RESUME = "resume"
    #: end it before every recipient was tried
    CANCEL = "cancel"
    #: delete every copy that arrived
    RECALL = "recall"


#: what the audit log calls each
AUDITED_AS = {
    Decision.PAUSE: "broadcast.paused",
    Decision.RESUME: "broadcast.resumed",
    Decision.CANCEL: "broadcast.cancelled",
    Decision.RECALL: "broadcast.recall_wanted",
}


async def decide(decision: Decision, broadcast: Broadcast, now: datetime) -> Broadcast | None:
    """Carry out a decision about a broadcast as it was read; atomic. Returns it after the change, None: too late."""
    match decision:
        case Decision.PAUSE:
            return await broadcast_ops.pause(broadcast.id)
        case Decision.RESUME:
            return await broadcast_ops.resume(broadcast.id)
        case Decision.CANCEL:
            return await broadcast_ops.cancel(broadcast.id, now)
        case Decision.RECALL:
            # the one change that a second request would make again
            return await broadcast_ops.request_recall(broadcast.id, now) if can_recall(broadcast, now) else None
