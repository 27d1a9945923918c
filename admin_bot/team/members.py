"""The team's screens and changes, and who is told of them."""

from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from admin_bot.audit import note
from admin_bot.team.menus import TeamMenus
from core.clock import Clock
from core.team.admins import Member, Role, RoleChange
from core.team.invitations import Invitation, JoinOutcome, invitation_fingerprint
from core.team.sessions import SignInWay
from database.operations.team import invitation_ops, open_session_ops
from database.operations.team.notice_ops import SignInNotice
from database.team import Team
from sender.failures import TELEGRAM_ERRORS, classify
from views.catalogues import speaking_to_member
from views.links import invitation_link
from views.screens import Screen
from views.team import members as views
from views.team import sign_ins
from views.team.callbacks import KEY_LENGTH
from views.team.words import called, plain_name

log = structlog.get_logger("tollgate.admin")


class TeamService:
    """Builds the screens, carries changes out and writes them to the audit log."""

    def __init__(self, bot: Bot, team: Team, menus: TeamMenus, clock: Clock, zone: ZoneInfo) -> None:
        self._bot = bot
        self._team = team
        self._menus = menus
        self._clock = clock
        self._zone = zone

    async def names(self) -> dict[int, str]:
        """Return the names of the members, "" where none is known, by id."""
        return {one.user_id: one.name for one in await self._team.listed()}

    async def listed(self) -> list[Member]:
        """Return the members."""
        return await self._team.listed()

    async def screen(self, page: int = 0) -> Screen:
        """Return a page of the team."""
        invited = await invitation_ops.open_ones(self._clock.now())
        return views.team_screen(await self._team.listed(), invited, page)

    async def member(self, user_id: int) -> Member | None:
        """Return a member; None when they are not in the team."""
        return next((one for one in await self._team.listed() if one.user_id == user_id), None)

    async def card(self, user_id: int) -> Screen:
        """Return a member's card; the team for somebody who is not in it any more."""
        members = {one.user_id: one for one in await self._team.listed()}
        member = members.get(user_id)
        if member is None:
            return await self.screen()
        return views.member_screen(member, _adder(member, members), self._clock.now(), self._zone)

    async def set_role(self, admin_id: int, member: Member, role: Role) -> RoleChange:
        """Change a role, tell the member and show them their commands."""
        change = await self._team.set_role(member.user_id, role)
        if change is RoleChange.DONE:
            await self._note(admin_id, "team.role_set", plain_name(member.name, member.user_id), member.role, role)
            async with speaking_to_member(self._team, member.user_id):
                await self.tell_role(member.user_id, role)
        return change

    async def tell_role(self, user_id: int, role: Role | None) -> None:
        """Show somebody the commands of a role they have now, None for none, and tell them in the spoken language."""
        told = views.told(role)
        await self._menus.show(user_id, role)
        await self._tell(user_id, told)

    async def remove(self, admin_id: int, member: Member) -> RoleChange:
        """End a role, tell the member and take their commands away."""
        # theirs is not known any more afterwards
        async with speaking_to_member(self._team, member.user_id):
            told = views.told(None)
        change = await self._team.remove(member.user_id)
        if change is RoleChange.DONE:
            await self._note(admin_id, "team.removed", plain_name(member.name, member.user_id), member.role)
            await self._menus.show(member.user_id, None)
            await self._tell(member.user_id, told)
        return change

    # sessions of the page

    async def tell_sign_in(self, notice: SignInNotice) -> None:
        """Tell somebody that they were signed in, without a sound when it was inside their own Telegram."""
        told = sign_ins.signed_in(notice.way, notice.device, notice.at, self._zone, self._clock.now())
        await self._tell(notice.user_id, told, is_silent=notice.way is SignInWay.MINI_APP)

    async def end_sessions(self, user_id: int) -> None:
        """End every session of somebody, and the links that could start one."""
        await open_session_ops.end_all(user_id, self._clock.now())
        await note(self._clock.now(), user_id, "session.all_ended", "")

    # invitations

    async def invite(self, admin_id: int, role: Role, user_id: int, name: str) -> Screen:
        """Make an invitation and show its link. `user_id`: 0 for whoever opens it first."""
        token = await self._team.invite(role, admin_id, user_id or None, name)
        invitation = await invitation_ops.find(invitation_fingerprint(token))
        assert invitation is not None, "inserted just now"
        await self._note(admin_id, "team.invited", plain_name(name, user_id) if user_id else "", after=role)
        username = (await self._bot.me()).username or ""
        return views.invitation_made(invitation, invitation_link(username, token))

    async def open_invitation(self, key: str) -> Invitation | None:
        """Return the open invitation of a button; None when it is over."""
        found = await invitation_ops.open_ones(self._clock.now())
        return next((one for one in found if one.fingerprint[:KEY_LENGTH] == key), None)

    async def invitation_screen(self, invitation: Invitation) -> Screen:
        """Return an open invitation."""
        by = called((await self.names()).get(invitation.invited_by, ""), invitation.invited_by)
        return views.invitation_screen(invitation, by, self._clock.now(), self._zone)

    async def cancel(self, admin_id: int, invitation: Invitation) -> bool:
        """Cancel an invitation; False when somebody has used it meanwhile."""
        is_cancelled = await invitation_ops.cancel(invitation.fingerprint)
        if is_cancelled:
            target = plain_name(invitation.name, invitation.user_id) if invitation.user_id else ""
            await self._note(admin_id, "team.invitation_cancelled", target, invitation.role)
        return is_cancelled

    async def join(self, user_id: int, name: str, token: str, app_language: str | None) -> str:
        """Let somebody in by an invitation; returns what to answer them (HTML)."""
        invitation = await invitation_ops.find(invitation_fingerprint(token))
        outcome, role = await self._team.join(user_id, name, token)
        if outcome is JoinOutcome.JOINED and role is not None:
            await self._note(user_id, "team.joined", plain_name(name, user_id), after=role)
            if invitation is not None:
                async with speaking_to_member(self._team, invitation.invited_by):
                    told = views.has_joined(name, user_id, role)
                await self._tell(invitation.invited_by, told)
        if role is not None:
            await self._team.note_app_language(user_id, app_language)
            await self._menus.show(user_id, role)
        return views.joined(outcome, role)

    async def _tell(self, user_id: int, screen: Screen | str, *, is_silent: bool = False) -> None:
        """Send a message; that it could not be delivered is logged and changes nothing."""
        told = Screen(screen) if isinstance(screen, str) else screen
        try:
            await self._bot.send_message(
                user_id, told.text, reply_markup=told.keyboard, disable_notification=is_silent or None
            )
        except TELEGRAM_ERRORS as error:
            log.info("team.not_told", user_id=user_id, reason=classify(error))

    async def _note(
        self, admin_id: int, action: str, target: str, before: Role | None = None, after: Role | None = None
    ) -> None:
        await note(self._clock.now(), admin_id, action, target, before, after)


def _adder(member: Member, members: dict[int, Member]) -> str:
    """Return who let a member in (HTML); "" for the owner by the printed link."""
    if member.added_by is None or member.added_by == member.user_id:
        return ""
    known = members.get(member.added_by)
    return called("" if known is None else known.name, member.added_by)
