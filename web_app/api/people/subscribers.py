"""`/api/admin/subscribers`: the list, one subscriber's card, and ending a pass or a ban."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from core.clock import Clock, to_milliseconds
from core.people.history import Event
from core.segments import Segment, SegmentKind, listed
from core.team.rights import Right
from core.users import User, has_opened_bot
from database.operations import segments, user_ops
from database.operations.people import corrections, people_lists, standing_ops
from database.operations.people.corrections import Editor
from database.operations.posts import post_ops
from database.team import Team
from views.page import subscribers as texts
from web_app import audit
from web_app.api.access import ApiAccess, Operator, read_model
from web_app.api.models import body_of
from web_app.api.people.changes import add_changes, add_gifts
from web_app.api.people.models import (
    SEARCH_MAX,
    SOURCE_MAX,
    USER_ID_MAX,
    Card,
    Count,
    EndPass,
    Happening,
    Rows,
    row_of,
)
from web_app.cached_result import CachedResult
from web_app.problems import changed_meanwhile, not_there, refused

#: subscribers on one page, and the highest page: further on, a search finds them
PAGE, PAGE_MAX = 50, 199
#: seconds the numbers above the list are used again: turning pages must not count a million subscribers each time
_COUNTED_FOR_S = 10.0

Shown = Annotated[SegmentKind, Query(description="which of them")]
Source = Annotated[str | None, Query(max_length=SOURCE_MAX, description="of show=source")]
UserId = Annotated[int, Path(ge=1, le=USER_ID_MAX)]


def subscribers_router(access: ApiAccess, team: Team) -> APIRouter:
    """The routes about subscribers, for those who have the right."""
    router = APIRouter(prefix="/subscribers", tags=["subscribers"])
    _add_lists(router, access)
    add_changes(router, access, team)
    add_gifts(router, access)
    _add_one(router, access, team)
    return router


def part(show: SegmentKind, source: str | None) -> Segment:
    """Return the part of the subscribers that a request names. Raises Problem 422 for one that is no list."""
    try:
        return listed(show, source)
    except ValueError:
        raise refused(texts.source_expected()) from None


def _add_lists(router: APIRouter, access: ApiAccess) -> None:
    signed_in = Annotated[Operator, Depends(access.may(Right.SUBSCRIBERS))]
    totals = CachedResult(lambda: _count_all(access.clock), _COUNTED_FOR_S, access.clock)

    @router.get("", response_model=Rows)
    async def rows(
        _: signed_in,
        show: Shown = SegmentKind.EVERYBODY,
        source: Source = None,
        search: Annotated[
            str, Query(max_length=SEARCH_MAX, description="name, @username or id; `show` is not used")
        ] = "",
        page: Annotated[int, Query(ge=0, le=PAGE_MAX)] = 0,
    ) -> Rows:
        """One page of 50: of a list, newest first, or of what a search finds."""
        now, skip = access.clock.now(), page * PAGE
        if search.strip():
            found, more = await people_lists.search(search, skip=skip, limit=PAGE)
        else:
            found, more = await people_lists.page(part(show, source), now, skip=skip, limit=PAGE)
        subscribers, reached = await totals.get()
        return Rows(
            rows=[row_of(user, now) for user in found],
            page=page,
            more=more and page < PAGE_MAX,
            subscribers=subscribers,
            reached=reached,
        )

    @router.get("/count", response_model=Count)
    async def count(_: signed_in, show: Shown = SegmentKind.EVERYBODY, source: Source = None) -> Count:
        """How many a change of all of them would concern."""
        return Count(count=await segments.count_part(part(show, source), access.clock.now()))


async def _count_all(clock: Clock) -> tuple[int, int]:
    total = await user_ops.count()
    return total, max(0, total - await people_lists.count_unreached(clock.now()))


def _add_one(router: APIRouter, access: ApiAccess, team: Team) -> None:
    signed_in = Annotated[Operator, Depends(access.may(Right.SUBSCRIBERS))]

    @router.get("/{user_id}", response_model=Card)
    async def card(user_id: UserId, _: signed_in) -> Card:
        """Everything there is to see of a subscriber, with the last 20 events."""
        return await card_of(user_id, access.clock.now(), team)

    @router.post("/{user_id}/end-pass", status_code=204, openapi_extra=body_of(EndPass))
    async def end_pass(user_id: UserId, request: Request, operator: signed_in) -> Response:
        """End the pass now; 409 when its end is not the one that was shown any more."""
        body, now = await read_model(request, EndPass), access.clock.now()
        user = await corrections.end_pass(_editor(operator, now), user_id, body.seen)
        if user is None:
            raise changed_meanwhile(texts.pass_changed(await find(user_id)))
        return Response(status_code=204)

    @router.post("/{user_id}/unban", status_code=204)
    async def unban(user_id: UserId, operator: signed_in) -> Response:
        """End a ban; done also when there is none any more."""
        await corrections.unban(_editor(operator, access.clock.now()), user_id)
        return Response(status_code=204)


def _editor(operator: Operator, now: datetime) -> Editor:
    return Editor(operator.user_id, to_milliseconds(now), audit.record)


async def find(user_id: int) -> User:
    """Return a subscriber. Raises Problem 404 for somebody who has not opened the user bot."""
    user = await user_ops.find(user_id)
    if user is None or not (has_opened_bot(user) or user.is_banned):
        raise not_there(texts.not_a_subscriber())
    return user


async def card_of(user_id: int, now: datetime, team: Team) -> Card:
    """Return the card; ten commands. Raises Problem 404."""
    user = await find(user_id)
    stands = await standing_ops.standing(user, now, may_ban=await team.role_of(user_id) is None)
    events = await standing_ops.last_events(user_id)
    titles = await post_ops.titles(event.post_code for event in events if event.post_code)
    return Card(
        subscriber=row_of(user, now),
        ban_reason=user.ban_reason if row_of(user, now).is_banned else None,
        unlocks=user.unlocks,
        received=stands.received,
        kept_days=stands.kept_days,
        joined_channels=stands.joined,
        channels=stands.channels,
        gets_news=user.news_stopped_at is None,
        may_ban=stands.may_ban,
        history=[_happening(event, titles.get) for event in events],
    )


def _happening(event: Event, title_of: Callable[[str], str | None]) -> Happening:
    return Happening(at=event.at, kind=event.kind.value, post=title_of(event.post_code), amount=event.amount)
