"""`/api/admin/broadcasts`: confirmed broadcasts, and what the team decides about them.

Nothing is sent from here: a decision is a conditional change of the row that the process with the user bot reads.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from core.broadcasts import ARRIVED, UNFINISHED, Broadcast, BroadcastStatus, can_recall, remaining, total
from core.clock import to_milliseconds
from core.team.rights import Right
from database.operations import broadcast_ops
from database.operations.broadcasts.decisions import AUDITED_AS, Decision, decide
from views.page import broadcasts as texts
from web_app import audit
from web_app.api.access import ApiAccess, Operator
from web_app.api.broadcasts_models import Audience, BroadcastButton, BroadcastList, BroadcastRow
from web_app.problems import changed_meanwhile, not_there

#: broadcasts of one page, and the last page that is read
PAGE, PAGES_MAX = 50, 1000
Id = Annotated[str, Path(max_length=64)]
Page = Annotated[int, Query(ge=0, le=PAGES_MAX)]


def broadcasts_router(access: ApiAccess) -> APIRouter:
    """The routes of broadcasts."""
    router = APIRouter(prefix="/broadcasts", tags=["broadcasts"])
    allowed = Annotated[Operator, Depends(access.may(Right.BROADCASTS))]

    @router.get("", response_model=BroadcastList)
    async def listed(_: allowed, page: Page = 0) -> BroadcastList:
        """Fifty broadcasts, the latest first."""
        now = access.clock.now()
        found = await broadcast_ops.last(PAGE + 1, skip=page * PAGE)
        return BroadcastList(broadcasts=[row_of(one, now) for one in found[:PAGE]], page=page, more=len(found) > PAGE)

    @router.get("/{broadcast_id}", response_model=BroadcastRow)
    async def card(broadcast_id: Id, _: allowed) -> BroadcastRow:
        """One broadcast."""
        return row_of(await _found(broadcast_id), access.clock.now())

    @router.post("/{broadcast_id}/{decision}", response_model=BroadcastRow)
    async def decided(broadcast_id: Id, decision: Decision, operator: allowed) -> BroadcastRow:
        """Pause, resume or cancel a broadcast, or delete its copies. 409 when it is too late for that."""
        now = to_milliseconds(access.clock.now())
        broadcast = await _found(broadcast_id)
        changed = await decide(decision, broadcast, now)
        if changed is None:
            raise changed_meanwhile(texts.too_late((await _found(broadcast_id)).status))
        before = {"status": broadcast.status}
        after = {"title": broadcast.title, "status": changed.status}
        await audit.record(now, operator.user_id, AUDITED_AS[decision], broadcast.id, before, after)
        return row_of(changed, now)

    return router


async def _found(broadcast_id: str) -> Broadcast:
    broadcast = await broadcast_ops.find(broadcast_id)
    if broadcast is None:
        raise not_there(texts.gone())
    return broadcast


def decisions_about(broadcast: Broadcast, now: datetime) -> list[Decision]:
    """Return what can be decided about it; the operation decides again."""
    return [
        *([Decision.PAUSE] if broadcast.status is BroadcastStatus.SENDING else []),
        *([Decision.RESUME] if broadcast.status is BroadcastStatus.PAUSED else []),
        *([Decision.CANCEL] if broadcast.status in UNFINISHED else []),
        *([Decision.RECALL] if can_recall(broadcast, now) else []),
    ]


def row_of(broadcast: Broadcast, now: datetime) -> BroadcastRow:
    segment = broadcast.segment
    return BroadcastRow(
        **broadcast.model_dump(
            include={
                *("id", "title", "status", "is_filled", "has_recipients", "created_at", "created_by", "send_at"),
                *("started_at", "finished_at", "delete_at", "lifetime_minutes", "has_stop_button", "silent", "pin"),
                *("counts", "error"),
            }
        ),
        messages=len(broadcast.message_ids),
        buttons=[BroadcastButton(text=one.text, url=one.url) for one in broadcast.buttons],
        audience=Audience(kind=segment.kind, days=segment.days, language=segment.language, source=segment.source),
        total=total(broadcast.counts),
        arrived=sum(broadcast.counts.get(state, 0) for state in ARRIVED),
        remaining=remaining(broadcast.counts),
        decisions=list(decisions_about(broadcast, now)),
    )
