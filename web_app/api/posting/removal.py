"""`/api/admin/posts/{code}/…`: removing a post, taking it down everywhere, bringing it back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from core.posts import Post
from core.team.rights import Right, may_take_down
from database.operations.announcements import changes as announcement_changes
from database.operations.announcements import removals
from database.operations.posts import post_ops, post_takedown
from views.page import post_refusals as texts
from web_app import audit
from web_app.api.access import Operator, read_model
from web_app.api.models import body_of
from web_app.api.posting import models
from web_app.api.posting.cards import card_of
from web_app.api.posting.desk import PostDesk
from web_app.problems import Problem, changed_meanwhile, not_there


def add_removal(router: APIRouter, desk: PostDesk) -> None:
    """Add the routes to those of posts."""
    allowed = Annotated[Operator, Depends(desk.access.may(Right.POSTS))]

    async def removable(code: models.Code, operator: allowed) -> Post:
        """Return the post; 403 for one that an editor did not make."""
        post = await desk.find_post(code)
        if not may_take_down(operator.role, operator.user_id, post.created_by):
            raise Problem(403, "role", texts.not_yours())
        return post

    own = Annotated[Post, Depends(removable)]

    @router.get("/{code}/removal", response_model=models.Removal)
    async def removal(post: own, _: allowed) -> models.Removal:
        """What stays when the post is removed, and goes when it is taken down everywhere."""
        copies = await post_takedown.count_copies(post.code, desk.now())
        announcements = await announcement_changes.count_changeable(post.code)
        return models.Removal(announcements=announcements, copies=copies.deletable, too_old=copies.too_old)

    @router.post("/{code}/remove", response_model=models.Removed)
    async def remove(post: own, operator: allowed) -> models.Removed:
        """Close the link; what was announced and delivered stays."""
        now, found = desk.now(), await post_ops.remove(post.code)
        if found is None:
            raise not_there(texts.no_such_post())
        await audit.record(now, operator.user_id, "post.removed", post.code, None, {"number": post.number})
        card = await card_of(desk, found, operator)
        return models.Removed(card=card, removed_at=now, announcements=0, copies=0, too_old=0)

    @router.post("/{code}/take-down", response_model=models.Removed)
    async def take_down(post: own, operator: allowed) -> models.Removed:
        """Close the link, withdraw every announcement, and have every copy deleted that can be."""
        return await _take_down(desk, operator, post)

    @router.post("/{code}/restore", response_model=models.PostCard, openapi_extra=body_of(models.Restore))
    async def restore(post: own, request: Request, operator: allowed) -> models.PostCard:
        """Open the link again. With `removed_at` only if the post was not taken down everywhere since."""
        since = (await read_model(request, models.Restore)).removed_at
        found = await post_ops.restore(post.code, unless_taken_down_since=since)
        if found is None:
            raise changed_meanwhile(texts.changed_by(""))
        await audit.record(desk.now(), operator.user_id, "post.restored", post.code, "removed", "live")
        return await card_of(desk, found, operator)


async def _take_down(desk: PostDesk, operator: Operator, post: Post) -> models.Removed:
    now = desk.now()
    found = await post_takedown.take_down(post.code, by=operator.user_id, at=now)
    if found is None:
        raise not_there(texts.no_such_post())
    copies = await post_takedown.count_copies(post.code, now)
    withdrawn = await removals.withdraw_all(post.code, now)
    counts = {"announcements": withdrawn.leaving, "copies": copies.deletable}
    await audit.record(now, operator.user_id, "post.taken_down", post.code, None, counts)
    return models.Removed(
        card=await card_of(desk, found, operator),
        removed_at=None,
        announcements=withdrawn.leaving,
        copies=copies.deletable,
        too_old=copies.too_old,
    )
