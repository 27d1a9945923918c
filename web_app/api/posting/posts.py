"""`/api/admin/posts`: the list, the card, its fields, links for places, removing and bringing back."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from core.delivery import LONGEST_DELETE_AFTER
from core.durations import MINUTE
from core.errors import BadInput
from core.payloads import is_source
from core.posts import (
    PostFilter,
)
from core.publishing.post_changes import ACTIONS, ANNOUNCED, audited
from core.team.rights import Right
from database.operations import settings_ops
from database.operations.announcements import changes as announcement_changes
from database.operations.posts import post_ops, post_search
from database.operations.posts.post_ops import OptionDiffers
from database.publishing.contents import announcement_content
from views.page import post_refusals as texts
from web_app import audit
from web_app.api.access import Operator, read_model
from web_app.api.models import body_of
from web_app.api.posting import models
from web_app.api.posting.cards import card_of, row_of, value_text
from web_app.api.posting.desk import PostDesk
from web_app.api.posting.removal import add_removal
from web_app.api.posting.values import read_value
from web_app.problems import changed_meanwhile, not_there, refused

#: posts on a page, and pages there can be
PAGE, PAGES_MAX = 50, 10_000
#: characters of a search
SEARCH_MAX = 200
_MINUTES_MAX = int(LONGEST_DELETE_AFTER / MINUTE)


def posts_router(desk: PostDesk) -> APIRouter:
    """The routes of posts."""
    router = APIRouter(prefix="/posts", tags=["posts"])
    _add_list_and_card(router, desk)
    _add_changes(router, desk)
    add_removal(router, desk)
    return router


def _add_list_and_card(router: APIRouter, desk: PostDesk) -> None:
    allowed = Annotated[Operator, Depends(desk.access.may(Right.POSTS))]

    @router.get("", response_model=models.PostPage)
    async def posts(
        _: allowed,
        show: PostFilter = PostFilter.LIVE,
        search: Annotated[str, Query(max_length=SEARCH_MAX)] = "",
        page: Annotated[int, Query(ge=0, lt=PAGES_MAX)] = 0,
    ) -> models.PostPage:
        """A page of posts, newest first. `search`: words of title or text, a number, or a post's link."""
        found, more = await post_search.search(search, skip=page * PAGE, limit=PAGE, show=show)
        return models.PostPage(posts=[row_of(post) for post in found], more=more)

    @router.get("/{code}", response_model=models.PostCard)
    async def card(code: models.Code, operator: allowed) -> models.PostCard:
        """Everything about a post but its numbers."""
        return await card_of(desk, await desk.find_post(code), operator)


def _add_changes(router: APIRouter, desk: PostDesk) -> None:
    allowed = Annotated[Operator, Depends(desk.access.may(Right.POSTS))]

    @router.patch("/{code}", response_model=models.FieldChanged, openapi_extra=body_of(models.FieldChange))
    async def change(code: models.Code, request: Request, operator: allowed) -> models.FieldChanged:
        """Change a field, if it still has the value that was seen."""
        return await _change(desk, operator, code, await read_model(request, models.FieldChange))

    @router.post("/{code}/announcements/change", response_model=models.PostCard)
    async def change_announcements(code: models.Code, operator: allowed) -> models.PostCard:
        """Have every announcement of the post show it as it is now, in any channel, at any age."""
        post, now = await desk.find_post(code), desk.now()
        content = announcement_content(post, await settings_ops.current(now), await desk.storage())
        count = await announcement_changes.change_all(code, content, now)
        await audit.record(now, operator.user_id, "post.announcements_changed", code, None, {"announcements": count})
        return await card_of(desk, post, operator)

    @router.post("/{code}/places", response_model=models.PostCard, openapi_extra=body_of(models.Place))
    async def add_place(code: models.Code, request: Request, operator: allowed) -> models.PostCard:
        """Add a link whose openings are counted by its name; one that is there already counts as added."""
        name = (await read_model(request, models.Place)).name.strip()
        before = await desk.find_post(code)
        if not is_source(name):
            raise refused(texts.place_expected())
        post = await post_ops.add_source(code, name)
        if post is None:
            raise not_there(texts.no_such_post())
        if all(one.name != name for one in post.sources):
            raise refused(texts.places_full())
        if all(one.name != name for one in before.sources):
            await audit.record(desk.now(), operator.user_id, "post.place_added", code, None, name)
        return await card_of(desk, post, operator)


async def _change(desk: PostDesk, operator: Operator, code: str, body: models.FieldChange) -> models.FieldChanged:
    post, field, now = await desk.find_post(code), body.field, desk.now()
    try:
        value = read_value(field, body.value, post)
    except BadInput as problem:
        raise refused(problem.sentence) from None

    def is_seen(current: Any) -> bool:
        return value_text(field, current) == body.seen

    outcome = await post_ops.set_seen(code, field, value, is_seen=is_seen, by=operator.user_id, at=now)
    if outcome is None:
        raise not_there(texts.no_such_post())
    if isinstance(outcome, OptionDiffers):
        raise changed_meanwhile(texts.changed_by(await desk.name_of(outcome.change.by if outcome.change else None)))
    changeable = 0
    if outcome.before != value:
        before, after = audited(field, outcome.before), audited(field, value)
        await audit.record(now, operator.user_id, ACTIONS[field], code, before, after)
        if field in ANNOUNCED:
            changeable = await announcement_changes.count_changeable(code)
    card = await card_of(desk, outcome.post, operator)
    return models.FieldChanged(card=card, before=value_text(field, outcome.before), changeable=changeable)
