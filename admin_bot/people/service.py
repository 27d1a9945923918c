"""Subscribers: their screen, grants and bans. A banned subscriber is not notified."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.audit import note
from admin_bot.people.inputs import BanCommand, GrantCommand
from admin_bot.screens import show_in_place, toast
from core.clock import Clock
from core.users import User, is_banned
from database.operations import settings_ops, user_credits, user_ops
from database.team import Team
from views.people import texts
from views.screens import Screen


class PeopleService:
    """What commands and buttons about subscribers share."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo, team: Team) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._team = team

    async def is_admin(self, user_id: int) -> bool:
        """Return whether this is a member of the team, who cannot be banned."""
        return await self._team.role_of(user_id) is not None

    async def screen(self, user_id: int) -> Screen:
        """Return everything stored about a subscriber."""
        user = await user_ops.find(user_id)
        if user is None:
            return texts.unknown_subscriber(user_id)
        may_ban = not await self.is_admin(user_id)
        return texts.subscriber(user, self._clock.now(), self._zone, may_ban=may_ban)

    async def show(self, query: CallbackQuery, user_id: int) -> None:
        """Show a subscriber's screen in place of the pressed one."""
        screen = await self.screen(user_id)
        await toast(query)
        await show_in_place(query, self._bot, screen)

    async def grant(self, admin_id: int, command: GrantCommand, key: str) -> str:
        """Grant credits or days, idempotent per `key`; returns the answer (HTML). May raise StoreUnavailable."""
        now = self._clock.now()
        user = await user_ops.find(command.user_id)
        if user is None or not texts.has_opened_bot(user):
            return texts.cannot_grant(command.user_id)
        granted = await user_credits.grant(
            command.user_id, key, now, credits=command.credits, pass_for=command.pass_for
        )
        if granted is None:
            return texts.cannot_grant(command.user_id)
        # granted before: the database's answer was lost, or the process ended before the audit entry
        action = "person.granted" if granted.is_new else "person.grant_repeated"
        added = {"credits": command.credits} if command.credits else {"days": command.days}
        now_has = {"credits": granted.user.credits, "pass_until": granted.user.pass_until}
        await self._note(now, admin_id, action, command.user_id, None, {"added": added, **now_has})
        settings = await settings_ops.current(now)
        if command.credits:
            return texts.granted_credits(granted.user, command.credits, settings, is_new=granted.is_new)
        return texts.granted_days(granted.user, command.days, settings, self._zone, is_new=granted.is_new)

    async def ban(self, admin_id: int, command: BanCommand) -> str:
        """Ban a subscriber. Returns the answer (HTML). May be repeated after StoreUnavailable."""
        if await self.is_admin(command.user_id):
            return texts.IS_ADMIN
        now = self._clock.now()
        before = await user_ops.find(command.user_id)
        until = None if command.span is None else now + command.span
        after = await user_ops.ban(command.user_id, now, reason=command.reason, until=until)
        await self._note(
            now, admin_id, "person.banned", command.user_id, _ban_facts(before, now), _ban_facts(after, now)
        )
        return texts.banned(after, was_known=before is not None and texts.has_opened_bot(before), zone=self._zone)

    async def unban(self, admin_id: int, user_id: int) -> str:
        """Unban a subscriber. Returns the answer (HTML)."""
        now = self._clock.now()
        before = await user_ops.find(user_id)
        if before is None or not await user_ops.unban(user_id):
            return texts.not_banned(user_id)
        await self._note(now, admin_id, "person.unbanned", user_id, _ban_facts(before, now))
        return texts.unbanned(before)

    async def _note(
        self, now: datetime, admin_id: int, action: str, user_id: int, before: Any = None, after: Any = None
    ) -> None:
        await note(now, admin_id, action, str(user_id), before, after)


def _ban_facts(user: User | None, now: datetime) -> dict[str, Any] | None:
    """Return a ban as the audit log keeps it; None if there is none."""
    if user is None or not is_banned(user, now):
        return None
    return {"reason": user.ban_reason, "until": user.banned_until}
