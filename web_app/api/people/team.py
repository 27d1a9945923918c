"""`/api/admin/team`: members, their roles, invitations, and what the team did."""

from datetime import MAXYEAR, date, datetime, time, timedelta
from html import unescape
from re import sub
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from core.csv_tables import to_csv
from core.days import start_of_day
from core.team.admins import Member, Role, RoleChange
from core.team.invitations import INVITED_ROLES, Invitation, invitation_fingerprint
from core.team.rights import Right
from database import bot_profiles
from database.operations import audit_ops
from database.operations.audit_ops import AuditEntry, AuditFilter
from database.operations.team import invitation_ops, notice_ops
from database.team import Team
from views.catalogues import team_language
from views.links import invitation_link
from views.page import team as texts
from views.team import activity_table
from views.team.action_words import AREAS, area_name, in_words
from views.team.words import changed as change_in_words
from views.team.words import plain_name
from web_app import audit
from web_app.api.access import ApiAccess, Operator, read_model
from web_app.api.models import IsoDay, body_of
from web_app.api.people.models import USER_ID_MAX
from web_app.api.people.team_models import (
    KEY_LENGTH,
    Action,
    Actions,
    InviteRequest,
    MadeInvitation,
    OpenInvitation,
    RoleRequest,
    TeamList,
    TeamMember,
)
from web_app.problems import changed_meanwhile, not_there, refused

#: actions on one page, the highest page, and actions in one file
PAGE, PAGE_MAX, FILE_MAX = 50, 199, 50_000

#: there are no actions on these
_FIRST_DAY, _LAST_DAY = date(1971, 1, 1), date(MAXYEAR - 1, 12, 31)

UserId = Annotated[int, Path(ge=1, le=USER_ID_MAX)]
Who = Annotated[int | None, Query(ge=1, le=USER_ID_MAX, description="of one member")]
Area = Annotated[str, Query(pattern=f"^({'|'.join(AREAS)})?$", description="of one kind")]
OneDay = Annotated[IsoDay | None, Query(description="of one day, 2026-11-30, in the zone of the installation")]


def team_router(access: ApiAccess, team: Team, zone: ZoneInfo) -> APIRouter:
    """The routes about the team, for those who have the right."""
    router = APIRouter(prefix="/team", tags=["team"])
    _add_members(router, access, team)
    _add_invitations(router, access, team)
    _add_activity(router, access, team, zone)
    return router


def _add_members(router: APIRouter, access: ApiAccess, team: Team) -> None:
    signed_in = Annotated[Operator, Depends(access.may(Right.TEAM))]

    @router.get("", response_model=TeamList)
    async def members(_: signed_in) -> TeamList:
        """Everyone with a role, owners first, and the invitations that can still be used."""
        found = await team.listed()
        names = {one.user_id: plain_name(one.name, one.user_id) for one in found}
        invited = await invitation_ops.open_ones(access.clock.now())
        return TeamList(
            members=[_member(one, names) for one in found], invitations=[_invitation(one, names) for one in invited]
        )

    @router.put("/members/{user_id}/role", status_code=204, openapi_extra=body_of(RoleRequest))
    async def set_role(user_id: UserId, request: Request, operator: signed_in) -> Response:
        """Give a member another role; 409 when it is not the one that was shown any more."""
        body = await read_model(request, RoleRequest)
        member = await _find(team, user_id)
        language = team_language(*await team.languages_of(user_id))
        change = await team.set_role(user_id, body.role, body.seen)
        await _end(operator, access, member, change, body.role, language)
        return Response(status_code=204)

    @router.delete("/members/{user_id}", status_code=204)
    async def remove(user_id: UserId, seen: Role, operator: signed_in) -> Response:
        """End a member's role, from the next press on; 409 when it is not the one that was shown any more."""
        member = await _find(team, user_id)
        language = team_language(*await team.languages_of(user_id))
        change = await team.remove(user_id, seen)
        await _end(operator, access, member, change, None, language)
        return Response(status_code=204)


async def _find(team: Team, user_id: int) -> Member:
    found = next((one for one in await team.listed() if one.user_id == user_id), None)
    if found is None:
        raise not_there(change_in_words(RoleChange.GONE, str(user_id)))
    return found


async def _end(
    operator: Operator, access: ApiAccess, member: Member, change: RoleChange, role: Role | None, language: str
) -> None:
    """Write down what was done and have the member told, or raise the Problem that says why nothing was."""
    name = plain_name(member.name, member.user_id)
    match change:
        case RoleChange.DONE:
            now = access.clock.now()
            action = "team.removed" if role is None else "team.role_set"
            await audit.record(now, operator.user_id, action, name, member.role, role)
            await notice_ops.add(member.user_id, role, language, now)
        case RoleChange.UNCHANGED:
            pass
        case RoleChange.GONE:
            raise not_there(change_in_words(change, name))
        case RoleChange.SEEN_OTHERWISE:
            raise changed_meanwhile(change_in_words(change, name))
        case _:
            raise refused(change_in_words(change, name))


def _member(member: Member, names: dict[int, str]) -> TeamMember:
    by = member.added_by
    return TeamMember(
        user_id=member.user_id,
        name=names[member.user_id],
        role=member.role,
        added_by="" if by is None or by == member.user_id else names.get(by, str(by)),
        added_at=member.added_at,
        is_configured=member.is_configured,
    )


def _invitation(invitation: Invitation, names: dict[int, str]) -> OpenInvitation:
    return OpenInvitation(
        key=invitation.fingerprint[:KEY_LENGTH],
        role=invitation.role,
        name=plain_name(invitation.name, invitation.user_id) if invitation.user_id else "",
        invited_by=names.get(invitation.invited_by, str(invitation.invited_by)),
        expires_at=invitation.expires_at,
    )


def _add_invitations(router: APIRouter, access: ApiAccess, team: Team) -> None:
    signed_in = Annotated[Operator, Depends(access.may(Right.TEAM))]

    @router.post("/invitations", status_code=201, response_model=MadeInvitation, openapi_extra=body_of(InviteRequest))
    async def invite(request: Request, operator: signed_in) -> MadeInvitation:
        """Make a link that lets whoever opens it first into the team; it works once, for 24 hours."""
        body = await read_model(request, InviteRequest)
        username = (await bot_profiles.usernames()).admin_bot
        if body.role not in INVITED_ROLES:
            raise refused(texts.owner_not_invited())
        if not username:
            raise refused(texts.bot_unknown())
        token = await team.invite(body.role, operator.user_id)
        await audit.record(access.clock.now(), operator.user_id, "team.invited", "", None, body.role)
        made = await invitation_ops.find(invitation_fingerprint(token))
        if made is None:
            raise not_there(texts.invitation_gone())
        link = invitation_link(username, token)
        return MadeInvitation(key=made.fingerprint[:KEY_LENGTH], link=link, role=made.role, expires_at=made.expires_at)

    @router.delete("/invitations/{key}", status_code=204)
    async def cancel(key: Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")], operator: signed_in) -> Response:
        """Cancel an invitation that nobody used."""
        now = access.clock.now()
        found = [one for one in await invitation_ops.open_ones(now) if one.fingerprint.startswith(key)]
        if not found or not await invitation_ops.cancel(found[0].fingerprint):
            raise not_there(texts.invitation_gone())
        name = plain_name(found[0].name, found[0].user_id) if found[0].user_id else ""
        await audit.record(now, operator.user_id, "team.invitation_cancelled", name, found[0].role)
        return Response(status_code=204)


def _add_activity(router: APIRouter, access: ApiAccess, team: Team, zone: ZoneInfo) -> None:
    signed_in = Annotated[Operator, Depends(access.may(Right.TEAM))]

    @router.get("/activity", response_model=Actions)
    async def actions(
        _: signed_in,
        who: Who = None,
        area: Area = "",
        day: OneDay = None,
        page: Annotated[int, Query(ge=0, le=PAGE_MAX)] = 0,
    ) -> Actions:
        """What the team did, 50 a page, the latest first."""
        found, more = await audit_ops.page(_wanted(who, area, day, zone), skip=page * PAGE, limit=PAGE)
        names = {one.user_id: plain_name(one.name, one.user_id) for one in await team.listed()}
        return Actions(
            rows=[_action(one, names) for one in found],
            page=page,
            more=more and page < PAGE_MAX,
            people={str(user_id): name for user_id, name in names.items()},
            areas={area: area_name(area) for area in AREAS},
        )

    @router.get(
        "/activity.csv",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def table(_: signed_in, who: Who = None, area: Area = "", day: OneDay = None) -> Response:
        """The same as a table for a spreadsheet, as the admin bot sends it; at most 50,000 actions."""
        found, _more = await audit_ops.page(_wanted(who, area, day, zone), skip=0, limit=FILE_MAX)
        names = {one.user_id: one.name for one in await team.listed()}
        rows = [activity_table.row(_line(one), names, zone) for one in found]
        headers = {"Content-Disposition": 'attachment; filename="activity.csv"', "Cache-Control": "no-store"}
        return Response(to_csv(activity_table.COLUMNS, rows), media_type="text/csv; charset=utf-8", headers=headers)


def _wanted(who: int | None, area: str, day: date | None, zone: ZoneInfo) -> AuditFilter:
    if day is None:
        return AuditFilter(who, area)
    # at the ends of the calendar a day has no midnight in other zones
    since = datetime.combine(min(max(day, _FIRST_DAY), _LAST_DAY), time(), tzinfo=zone)
    return AuditFilter(who, area, since, start_of_day(since + timedelta(hours=36), zone))


def _line(entry: AuditEntry) -> activity_table.Line:
    return activity_table.Line(entry.at, entry.admin_id, entry.action, entry.target, entry.before, entry.after)


def _action(entry: AuditEntry, names: dict[int, str]) -> Action:
    html = in_words(entry.action, entry.target, entry.before, entry.after)
    return Action(
        at=entry.at,
        user_id=entry.admin_id,
        name=names.get(entry.admin_id, str(entry.admin_id)),
        # whatever people typed is escaped in it, so what looks like a tag is one
        text=unescape(sub(r"<[^>]*>", "", html)),
    )
