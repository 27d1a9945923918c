"""One step of an erasure: everything at once, and again until nothing is found that was in progress before."""

from dataclasses import dataclass
from datetime import datetime

from core.privacy.times import AGAIN_AFTER, PATIENCE, QUIET_FOR
from database.operations.erasures import erased_user, erasure_ops
from database.operations.erasures.erased_rows import erase_rows
from database.operations.erasures.erasure_ops import Erasure


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did."""

    removed: int
    is_done: bool


async def take_step(erasure: Erasure, now: datetime) -> Step:
    """Search all collections; end the erasure once nothing was found QUIET_FOR after it was asked for.

    Idempotent; several processes may take steps of one erasure at once. A subscriber who came back since is left alone.
    """
    standing = await erased_user.standing(erasure.user_id, erasure.asked_at)
    if standing is not None and standing.is_new:
        await erasure_ops.finish(erasure.id, now)
        return Step(0, is_done=True)
    if standing is not None and not standing.is_being_erased:
        await erased_user.empty(erasure.user_id, erasure.asked_at)
    taken = now - erasure.asked_at
    found = await erase_rows(erasure.user_id, now, is_patient=taken < PATIENCE)
    if found.removed or found.is_waiting or taken < QUIET_FOR:
        await erasure_ops.go_on_at(erasure.id, max(erasure.asked_at + QUIET_FOR, now + AGAIN_AFTER))
        return Step(found.removed, is_done=False)
    # last: until then what the subscriber does is answered and not stored
    await erased_user.delete(erasure.user_id, now)
    await erasure_ops.finish(erasure.id, now)
    return Step(0, is_done=True)
