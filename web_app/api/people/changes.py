"""Changing subscribers, one or many at once: credits, passes, bans; undoing it; gift links."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from core.gifts.records import Gift, GiftTerms
from core.segments import listed
from core.team.rights import Right
from core.users import FAR_END, has_opened_bot
from database import bot_profiles
from database.operations import segments
from database.operations.people import corrections, gift_ops, people_lists
from database.operations.people.corrections import Editor
from database.team import Team
from views.links import gift_link
from views.page import subscribers as texts
from web_app import audit
from web_app.api.access import ApiAccess, Operator, read_model
from web_app.api.models import body_of
from web_app.api.people.models import (
    BATCH_MAX,
    Change,
    ChangeAnswer,
    Changed,
    ChangeRequest,
    GiftLink,
    GiftRequest,
    Part,
    UndoAnswer,
    UndoRequest,
)
from web_app.problems import not_there, refused


def add_changes(router: APIRouter, access: ApiAccess, team: Team) -> None:
    """Add the routes; a request changes at most BATCH_MAX subscribers, and asks for more requests by `more`."""
    signed_in = Annotated[Operator, Depends(access.may(Right.SUBSCRIBERS))]

    @router.post("/changes", response_model=ChangeAnswer, openapi_extra=body_of(ChangeRequest))
    async def change(request: Request, operator: signed_in) -> ChangeAnswer:
        """Give or take credits, prolong passes or ban; repeated with the same key it is done once."""
        body, now = await read_model(request, ChangeRequest), access.clock.now()
        ids, more = await _named(body, now)
        if body.change.ban_days is not None:
            members = (await team.members()).roles
            if body.ids is not None and set(ids) <= set(members):
                raise refused(texts.is_of_the_team())
            ids_changed = [one for one in ids if one not in members]
        else:
            ids_changed = [user.user_id for user in await people_lists.find_several(ids) if has_opened_bot(user)]
        editor = Editor(operator.user_id, now, audit.record)
        found = [await _change(editor, one, body.change, f"page {body.key}") for one in ids_changed]
        changed = [one for one in found if one is not None]
        return ChangeAnswer(changed=changed, skipped=len(ids) - len(changed), after=max(ids, default=0), more=more)

    @router.post("/undo", response_model=UndoAnswer, openapi_extra=body_of(UndoRequest))
    async def undo(request: Request, operator: signed_in) -> UndoAnswer:
        """Take back what still holds: credits not spent, passes that end where the change left them, its own bans."""
        body = await read_model(request, UndoRequest)
        editor = Editor(operator.user_id, access.clock.now(), audit.record)
        undone = 0
        for one in body.changed:
            undone += int(await _undo(editor, one, f"page {body.key}"))
        return UndoAnswer(undone=undone, kept=len(body.changed) - undone)


async def _named(body: ChangeRequest, now: datetime) -> tuple[list[int], bool]:
    """Return the ids a request names, ascending, and whether more follow. Raises Problem 422."""
    if body.part is None:
        return sorted(set(body.ids or ())), False
    part: Part = body.part
    try:
        segment = listed(part.show, part.source)
    except ValueError:
        raise refused(texts.source_expected()) from None
    ids = await segments.find_part(segment, now, after=part.after, limit=BATCH_MAX)
    return ids, len(ids) == BATCH_MAX


async def _change(editor: Editor, user_id: int, change: Change, key: str) -> Changed | None:
    """Change one subscriber; None when nothing was changed."""
    if change.credits is not None:
        granted = await corrections.give(editor, user_id, change.credits, key)
        if granted is None or not (granted.credits or (change.credits > 0 and not granted.is_new)):
            return None
        # given by a request whose answer was lost: it is told again, so that it can be undone
        return Changed(user_id=user_id, credits=granted.credits or change.credits)
    if change.days is not None:
        prolonged = await corrections.prolong(editor, user_id, timedelta(days=change.days), key)
        if prolonged is None or not prolonged.is_new:
            return None
        return Changed(user_id=user_id, was=prolonged.pass_before, became=prolonged.user.pass_until)
    span = timedelta(days=change.ban_days) if change.ban_days else None
    reason = " ".join((change.reason or "").split()) or None
    banned = await corrections.ban_if_free(editor, user_id, span, reason)
    if banned is None:
        return None
    return Changed(user_id=user_id, ban_reason=banned.ban_reason, banned_until=banned.banned_until)


async def _undo(editor: Editor, one: Changed, key: str) -> bool:
    if one.credits:
        return await corrections.undo_credits(editor, one.user_id, key, one.credits) is not None
    if one.became is not None:
        if one.was is not None and one.was > FAR_END:
            return False
        return await corrections.undo_pass(editor, one.user_id, one.was, one.became) is not None
    return await corrections.undo_ban(editor, one.user_id, one.ban_reason, one.banned_until)


def add_gifts(router: APIRouter, access: ApiAccess) -> None:
    """Add the routes of gift links."""
    signed_in = Annotated[Operator, Depends(access.may(Right.SUBSCRIBERS))]

    @router.post("/gifts", response_model=GiftLink, openapi_extra=body_of(GiftRequest))
    async def make(request: Request, operator: signed_in) -> GiftLink:
        """Make a link that gives credits or days; with the same code it is made once."""
        body, now = await read_model(request, GiftRequest), access.clock.now()
        gift = GiftTerms(body.credits, body.days, body.is_for_one, body.hours).gift(body.code, operator.user_id, now)
        if await gift_ops.create(gift):
            given = {"credits": gift.credits, "days": gift.days, "is_for_one": gift.is_for_one}
            facts = given | {"until": gift.expires_at}
            await audit.record(now, operator.user_id, "person.gift_made", gift.code, None, facts)
        return await _as_it_is(body.code)

    @router.delete("/gifts/{code}", response_model=GiftLink)
    async def cancel(code: Annotated[str, Path(pattern=r"^[0-9A-Za-z]{16}$")], operator: signed_in) -> GiftLink:
        """End a link; what was claimed before stays."""
        now = access.clock.now()
        if await gift_ops.cancel(code, now):
            await audit.record(now, operator.user_id, "person.gift_cancelled", code)
        return await _as_it_is(code)


async def _as_it_is(code: str) -> GiftLink:
    username = (await bot_profiles.usernames()).user_bot
    if not username:
        raise refused(texts.bot_unknown())
    gift: Gift | None = await gift_ops.find(code)
    if gift is None:
        raise not_there(texts.gift_gone())
    return GiftLink(
        code=code,
        link=gift_link(username, code),
        credits=gift.credits,
        days=gift.days,
        is_for_one=gift.is_for_one,
        expires_at=gift.expires_at,
        claimed=await gift_ops.count_claims(code),
        is_cancelled=gift.cancelled_at is not None,
    )
