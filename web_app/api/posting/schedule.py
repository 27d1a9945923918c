"""`/api/admin/schedule` and `/api/admin/announcements`: what is planned, and what a person decides about one."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from core.announcements import Announcement, AnnouncementState
from core.clock import to_milliseconds
from core.publishing.steps import Step, is_allowed
from core.settings.changes import Editor
from core.team.rights import Right, may_take_down
from core.times import at_local
from database.operations import announcement_ops
from database.operations.announcements import removals
from database.publishing import decisions
from database.publishing.confirming import state_for_audit
from views.page import post_refusals as texts
from web_app import audit
from web_app.api.access import Operator, read_model
from web_app.api.models import IsoDay, body_of
from web_app.api.posting import models
from web_app.api.posting.desk import PostDesk
from web_app.api.posting.publishing import read_typed_time, typed_time
from web_app.problems import Problem, changed_meanwhile, not_there, refused

#: announcements on a page, and pages a span can have
PAGE, PAGES_MAX = 50, 100
#: announcements that need a person and are listed; more follow when these are decided
TROUBLED_MAX = 60
#: days of one request: six weeks of a calendar
DAYS_MAX = 62

#: step -> what it does with an announcement; None is returned where it was changed meanwhile
_DO: dict[Step, Callable[[str, datetime], Awaitable[Announcement | None]]] = {
    Step.NOW: decisions.publish_now,
    Step.AGAIN: decisions.send_again,
    Step.THERE: announcement_ops.confirm,
    Step.OFF: lambda announcement_id, _: announcement_ops.cancel(announcement_id),
    Step.WITHDRAW: removals.request,
}
#: names of the steps in the audit log
_ACTIONS = {
    Step.NOW: "announcement.published_now",
    Step.AGAIN: "announcement.sent_again",
    Step.THERE: "announcement.confirmed",
    Step.OFF: "announcement.off_schedule",
    Step.WITHDRAW: "announcement.withdrawn",
    Step.BACK: "announcement.undone",
}


def schedule_router(desk: PostDesk) -> APIRouter:
    """The routes of the schedule and of announcements."""
    router = APIRouter(tags=["schedule"])
    _add_span(router, desk)
    _add_steps(router, desk)
    _add_times(router, desk)
    return router


def _add_span(router: APIRouter, desk: PostDesk) -> None:
    allowed = Annotated[Operator, Depends(desk.access.may(Right.POSTS))]

    @router.get("/schedule", response_model=models.Schedule)
    async def schedule(
        operator: allowed,
        first: Annotated[IsoDay, Query(description="the first day, on the clocks of the installation")],
        days: Annotated[int, Query(ge=1, le=DAYS_MAX)] = 31,
        page: Annotated[int, Query(ge=0, lt=PAGES_MAX)] = 0,
    ) -> models.Schedule:
        """What is planned in these days, the earliest first; on the first page also what needs a person."""
        found, more = await _planned(desk, first, days, page)
        troubled = [] if page else await announcement_ops.find_troubled(TROUBLED_MAX)
        return models.Schedule(
            now=to_milliseconds(desk.now()),
            zone=desk.zone.key,
            planned=await desk.announced(found, operator),
            more=more,
            troubled=await desk.announced(troubled, operator),
        )

    @router.get("/announcements/{id}", response_model=models.Announced)
    async def one(id: models.Id, operator: allowed) -> models.Announced:
        """One announcement as it is now."""
        return await _shown(desk, await _find(id), operator)


async def _planned(desk: PostDesk, first: date, days: int, page: int) -> tuple[list[Announcement], bool]:
    try:
        start = at_local(first, time(), desk.zone)
        end = at_local(first + timedelta(days=days), time(), desk.zone)
    except OverflowError:
        # at the ends of the calendar, where nothing is planned
        return [], False
    return await announcement_ops.find_planned_between(start, end, skip=page * PAGE, limit=PAGE)


def _add_steps(router: APIRouter, desk: PostDesk) -> None:
    allowed = Annotated[Operator, Depends(desk.access.may(Right.POSTS))]

    def add(step: Step, does: str) -> None:
        @router.post(
            f"/announcements/{{id}}/{step}",
            response_model=models.Announced,
            openapi_extra=body_of(models.Decision),
            description=does,
            operation_id=f"announcement_{step}",
        )
        async def decide(id: models.Id, request: Request, operator: allowed) -> models.Announced:
            body = await read_model(request, models.Decision)
            return await _decide(desk, operator, step, id, body.state)

    add(Step.NOW, "Publish a planned, failed or missed one within seconds.")
    add(Step.OFF, "Take it off the schedule, or give it up.")
    add(Step.THERE, "Record that one of which nobody knew is in its channel: a person has looked.")
    add(Step.AGAIN, "Publish one of which nobody knew: a person has looked, and it is not there.")
    add(Step.WITHDRAW, "Have a published one leave its channel within a minute.")


def _add_times(router: APIRouter, desk: PostDesk) -> None:
    allowed = Annotated[Operator, Depends(desk.access.may(Right.POSTS))]

    @router.post("/announcements/{id}/move", response_model=models.Announced, openapi_extra=body_of(models.Move))
    async def move(id: models.Id, request: Request, operator: allowed) -> models.Announced:
        """Plan it for another time, if it is still planned for the one that was seen."""
        return await _move(desk, operator, id, await read_model(request, models.Move))

    @router.post("/announcements/{id}/back", response_model=models.Announced, openapi_extra=body_of(models.PutBack))
    async def back(id: models.Id, request: Request, operator: allowed) -> models.Announced:
        """Put it back on the schedule, for the time it had."""
        at = (await read_model(request, models.PutBack)).at
        before = await _find(id)
        if at <= desk.now():
            raise refused(texts.time_passed())
        if at != before.publish_at:
            raise changed_meanwhile(texts.state_now(before.state))
        changed = await decisions.put_back(before.id, at, desk.now())
        return await _noted(desk, operator, Step.BACK, before, changed)


async def _find(announcement_id: str) -> Announcement:
    found = await announcement_ops.find(announcement_id)
    if found is None:
        raise not_there(texts.no_such_announcement())
    return found


async def _shown(desk: PostDesk, one: Announcement, operator: Operator) -> models.Announced:
    return (await desk.announced([one], operator))[0]


async def _decide(desk: PostDesk, operator: Operator, step: Step, announcement_id: str, seen: str) -> models.Announced:
    before = await _find(announcement_id)
    if step is Step.WITHDRAW and not may_take_down(operator.role, operator.user_id, before.created_by):
        raise Problem(403, "role", texts.not_yours())
    if before.state != seen or not is_allowed(step, before):
        raise changed_meanwhile(texts.state_now(before.state))
    return await _noted(desk, operator, step, before, await _DO[step](announcement_id, desk.now()))


async def _noted(
    desk: PostDesk, operator: Operator, step: Step, before: Announcement, changed: Announcement | None
) -> models.Announced:
    """Audit a step and return the announcement after it. Raises Problem when it was not done."""
    if changed is None:
        raise await _why_not(desk, before)
    await audit.record(desk.now(), operator.user_id, _ACTIONS[step], changed.id, None, state_for_audit(changed))
    return await _shown(desk, changed, operator)


async def _why_not(desk: PostDesk, before: Announcement) -> Problem:
    if not await decisions.is_published_to(before, desk.now()):
        return refused(texts.channel_gone())
    return changed_meanwhile(texts.state_now((await _find(before.id)).state))


async def _move(desk: PostDesk, operator: Operator, announcement_id: str, body: models.Move) -> models.Announced:
    before, at = await _find(announcement_id), read_typed_time(body.at, desk)
    if not is_allowed(Step.MOVE, before):
        raise changed_meanwhile(texts.state_now(before.state))
    now, editor = desk.now(), Editor(operator.user_id, await desk.name_of(operator.user_id))
    changed = await decisions.move(announcement_id, at, now, editor, body.seen)
    if changed is not None:
        await audit.record(now, operator.user_id, "announcement.moved", changed.id, body.seen, at)
        return await _shown(desk, changed, operator)
    is_now = await _find(announcement_id)
    if is_now.state is AnnouncementState.PLANNED and is_now.publish_at not in (body.seen, at):
        raise changed_meanwhile(texts.moved_by(is_now.moved_by_name, typed_time(is_now.publish_at, desk)))
    if is_now.state is AnnouncementState.PLANNED and is_now.publish_at == at:
        # pressed twice, or the answer to the first was lost
        return await _shown(desk, is_now, operator)
    raise await _why_not(desk, is_now)
