"""`/api/admin/posts/{code}/draft…`: the announcement of a post before it is confirmed, and its confirmation.

A confirmation is rows; the publisher, in a process with the bots, sends them within two seconds of their time.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from core.announcements import CAPTION_MAX, STANDING, TEXT_MAX, Announcement, CoverMessage, characters_over
from core.errors import BadInput
from core.posts import CoverKind, Post, PostStatus, cover_from_content
from core.publishing.inputs import announcement_of, button_of
from core.settings import BotSettings
from core.settings.announcing import announcement_label, announcement_text, ticked_first
from core.subscriptions import Channel, publishing_channels
from core.team.rights import Right
from core.templates import units, without_tags
from core.times import read_time
from database import first_hour
from database.operations import announcement_ops, channel_ops, settings_ops
from database.publishing import confirming
from database.publishing.confirming import Plan
from database.publishing.contents import cover_of
from database.publishing.times import Offered, offered, with_slots
from views.links import post_link
from views.page import post_refusals as texts
from web_app import audit
from web_app.api.access import Operator, read_model
from web_app.api.models import body_of
from web_app.api.posting import models
from web_app.api.posting.desk import PostDesk
from web_app.api.rich_text import pieces_of
from web_app.problems import refused

#: the kind of a cover, and its message
Covers = dict[str, CoverMessage | None]


def publishing_router(desk: PostDesk) -> APIRouter:
    """The routes of publishing."""
    router = APIRouter(prefix="/posts", tags=["publishing"])
    allowed = Annotated[Operator, Depends(desk.access.may(Right.POSTS))]

    @router.get("/{code}/draft", response_model=models.Draft)
    async def draft(code: models.Code, operator: allowed) -> models.Draft:
        """The announcement as it would be: text, picture, button, channels and the times that are offered."""
        return await _draft(desk, await _live(desk, code), operator)

    @router.post("/draft/preview", response_model=models.Preview, openapi_extra=body_of(models.Typed))
    async def preview(request: Request, _: allowed) -> models.Preview:
        """A typed text as its readers will see it."""
        try:
            html = announcement_of((await read_model(request, models.Typed)).text.strip())
        except BadInput as problem:
            return models.Preview(pieces=[], characters=0, problem=problem.sentence)
        return models.Preview(pieces=pieces_of(html), characters=units(without_tags(html)), problem=None)

    @router.post(
        "/{code}/publish", status_code=201, response_model=models.Published, openapi_extra=body_of(models.Publish)
    )
    async def publish(code: models.Code, request: Request, operator: allowed) -> models.Published:
        """Publish at once, or put on the schedule: once in each channel, however often it is sent."""
        body = await read_model(request, models.Publish)
        return await _publish(desk, await _live(desk, code), body, operator)

    return router


async def _live(desk: PostDesk, code: str) -> Post:
    post = await desk.find_post(code)
    if post.status is not PostStatus.LIVE:
        raise refused(texts.post_removed())
    return post


def _read_text(typed: str) -> str:
    try:
        return announcement_of(typed.strip())
    except BadInput as problem:
        raise refused(problem.sentence) from None


async def _covers(desk: PostDesk, post: Post) -> Covers:
    """Return the pictures there are for a post's announcements."""
    covers: Covers = {CoverKind.NONE: None}
    own, found = post.cover, cover_from_content(post)
    if own is not None and own.kind is CoverKind.OWN and own.chat_id is not None and own.message_id is not None:
        covers[CoverKind.OWN] = CoverMessage(chat_id=own.chat_id, message_id=own.message_id)
    if own is not None and own.kind is CoverKind.POST:
        found = own
    if found is not None and found.chat_id is not None and found.message_id is not None:
        covers[CoverKind.POST] = CoverMessage(chat_id=found.chat_id, message_id=found.message_id)
    if (default := await desk.default_cover()) is not None:
        covers[CoverKind.DEFAULT] = default
    return covers


async def _draft(desk: PostDesk, post: Post, operator: Operator) -> models.Draft:
    now = desk.now()
    settings = await settings_ops.current(now)
    channels = publishing_channels(await channel_ops.current(now))
    standing = await announcement_ops.find_of_post(post.code, STANDING)
    targets = await _targets(desk, channels, standing, settings, operator)
    ticked = {one.chat_id for one in targets if one.is_ticked}
    times = await offered([one for one in channels if one.chat_id in ticked], now, desk.zone)
    covers, usual = await _covers(desk, post), cover_of(post, settings, await desk.storage())
    text = announcement_text(post, settings)
    return models.Draft(
        key=secrets.token_hex(8),
        text=text,
        pieces=pieces_of(text),
        label=announcement_label(post, settings),
        cover=next((kind for kind, one in covers.items() if one == usual), CoverKind.NONE.value),
        covers=[kind for kind in CoverKind if kind in covers],
        targets=targets,
        leaves_after_minutes=settings.leaves_after_minutes,
        **_as_typed(times, desk),
        text_max=TEXT_MAX,
        caption_max=CAPTION_MAX,
    )


async def _targets(
    desk: PostDesk,
    channels: Sequence[Channel],
    standing: Sequence[Announcement],
    settings: BotSettings,
    operator: Operator,
) -> list[models.Target]:
    taken = {one.chat_id: one for one in reversed(standing)}
    ticked = ticked_first([one.chat_id for one in channels], settings)
    free = tuple(one for one in ticked if one not in taken) or ticked
    shown = {one.id: one for one in await desk.announced(standing, operator)}
    return [
        models.Target(
            chat_id=one.chat_id,
            name=one.name,
            is_ticked=one.chat_id in free,
            standing=shown[taken[one.chat_id].id] if one.chat_id in taken else None,
        )
        for one in channels
    ]


def _as_typed(times: Offered, desk: PostDesk) -> dict[str, Any]:
    """Return the times that are offered in the form in which `core.times.read_time` reads them."""
    found = {"slot": times.slot, "today": times.today, "tomorrow": times.tomorrow}
    return {name: None if at is None else typed_time(at, desk) for name, at in found.items()}


def typed_time(at: datetime, desk: PostDesk) -> str:
    """Return a time as it is typed: 2026-12-24 18:00."""
    return f"{at.astimezone(desk.zone):%Y-%m-%d %H:%M}"


def read_typed_time(typed: str, desk: PostDesk) -> datetime:
    """Read a time to come on the clocks of the installation. Raises Problem 422."""
    try:
        return read_time(typed, desk.now(), desk.zone)
    except BadInput as problem:
        raise refused(problem.sentence) from None


async def _publish(desk: PostDesk, post: Post, body: models.Publish, operator: Operator) -> models.Published:
    plan, now = await _plan(desk, post, body), desk.now()
    standing = await confirming.standing(plan)
    if standing:
        return models.Published(made=[], standing=await desk.announced(standing, operator))
    username = await desk.bot_name()
    if not username:
        raise refused(texts.no_bot_name())
    confirmed = await confirming.confirm(plan, operator.user_id, now, partial(post_link, username, post.code))
    for one in confirmed.new:
        after = confirming.made_for_audit(one)
        await audit.record(now, operator.user_id, "announcement.made", str(one.chat_id), None, after)
    if not confirmed.made and not confirmed.standing:
        raise refused(texts.channel_gone())
    if confirmed.made and (await first_hour.current(now)).announced_at is None:
        await first_hour.mark_announced(now)
    return models.Published(
        made=await desk.announced(confirmed.made, operator),
        standing=await desk.announced(confirmed.standing, operator),
    )


async def _plan(desk: PostDesk, post: Post, body: models.Publish) -> Plan:
    """Return what is to be published. Raises Problem 422 for what Telegram or the schedule would not take."""
    covers = await _covers(desk, post)
    if body.cover not in covers:
        raise refused(texts.no_cover())
    text, label, cover = _read_text(body.text), button_of(body.label), covers[body.cover]
    if label is None:
        raise refused(texts.label_expected())
    characters = units(without_tags(text))
    if characters_over(characters, has_cover=cover is not None):
        longest = TEXT_MAX if cover is None else CAPTION_MAX
        raise refused(texts.too_long(characters, longest, has_cover=cover is not None))
    at = None if body.at is None else read_typed_time(body.at, desk)
    if at is not None and body.is_slot:
        await _check_slot(desk, body, at)
    return Plan(
        key=body.key,
        code=post.code,
        number=post.number,
        title=post.title,
        chat_ids=tuple(body.chat_ids),
        text=text,
        cover=cover,
        label=label,
        publish_at=at,
        leaves_after_minutes=body.leaves_after_minutes,
        silent=body.silent,
        pin=body.pin,
        again=body.again,
    )


async def _check_slot(desk: PostDesk, body: models.Publish, at: datetime) -> None:
    """Refuse a slot that was taken since it was offered; what this draft itself has there does not count."""
    now = desk.now()
    channels = publishing_channels(await channel_ops.current(now))
    channel = with_slots([one for one in channels if one.chat_id in body.chat_ids])
    if channel is None or at not in await announcement_ops.find_taken(channel.chat_id, now):
        return
    if not await announcement_ops.find_of_draft(body.key):
        raise refused(texts.slot_taken())
