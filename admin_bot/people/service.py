"""Subscribers: their screen, and what admins change about them, noted. Who is banned is not written to."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery, InlineKeyboardMarkup

from admin_bot.audit import note
from admin_bot.people.inputs import BanCommand, GrantCommand
from admin_bot.screens import show_under, toast
from core.clock import Clock
from core.users import User, is_banned
from database.operations import settings_ops, user_credits, user_ops
from views.people import keyboards, texts


class PeopleService:
    """What commands and buttons about people share."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo, admin_ids: frozenset[int]) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._admin_ids = admin_ids

    def is_admin(self, user_id: int) -> bool:
        """Admins cannot be banned."""
        return user_id in self._admin_ids

    async def screen(self, user_id: int) -> tuple[str, InlineKeyboardMarkup | None]:
        """All that is known of a person."""
        user = await user_ops.find(user_id)
        if user is None:
            return texts.unknown(user_id), None
        now = self._clock.now()
        return texts.person(user, now, self._zone), keyboards.person(user, now, may_ban=not self.is_admin(user_id))

    async def show(self, query: CallbackQuery, user_id: int, said: str | None = None) -> None:
        """The person's screen in place of the pressed one."""
        html, keyboard = await self.screen(user_id)
        await toast(query, said)
        await show_under(query, self._bot, html, keyboard)

    async def grant(self, admin_id: int, wish: GrantCommand, key: str) -> str:
        """Pay out, once for each `key`; what to say. Raises StoreUnavailable; then it may be repeated."""
        now = self._clock.now()
        user = await user_ops.find(wish.user_id)
        if user is None or not texts.has_come(user):
            return texts.not_there_to_grant(wish.user_id)
        granted = await user_credits.grant(wish.user_id, key, now, credits=wish.credits, pass_for=wish.pass_for)
        if granted is None:
            return texts.not_there_to_grant(wish.user_id)
        # paid before: by this process, whose answer was lost, or by an earlier one that could not note it any more
        deed = "person.granted" if granted.is_new else "person.grant_repeated"
        added = {"credits": wish.credits} if wish.credits else {"days": wish.days}
        stands = {"credits": granted.user.credits, "pass_until": granted.user.pass_until}
        await self._note(now, admin_id, deed, wish.user_id, None, {"added": added, **stands})
        settings = await settings_ops.current(now)
        if wish.credits:
            return texts.granted_credits(granted.user, wish.credits, settings, is_new=granted.is_new)
        return texts.granted_days(granted.user, wish.days, settings, self._zone, is_new=granted.is_new)

    async def ban(self, admin_id: int, wish: BanCommand) -> str:
        """Keep a person out; what to say. Raises StoreUnavailable; then it may be repeated."""
        if self.is_admin(wish.user_id):
            return texts.IS_ADMIN
        now = self._clock.now()
        before = await user_ops.find(wish.user_id)
        until = None if wish.span is None else now + wish.span
        after = await user_ops.ban(wish.user_id, now, reason=wish.reason, until=until)
        await self._note(now, admin_id, "person.banned", wish.user_id, _ban_facts(before, now), _ban_facts(after, now))
        return texts.banned(after, was_known=before is not None and texts.has_come(before), zone=self._zone)

    async def unban(self, admin_id: int, user_id: int) -> str:
        """Let a person in again; what to say."""
        now = self._clock.now()
        before = await user_ops.find(user_id)
        if before is None or not await user_ops.unban(user_id):
            return texts.not_banned(user_id)
        await self._note(now, admin_id, "person.unbanned", user_id, _ban_facts(before, now))
        return texts.unbanned(before)

    async def _note(
        self, now: datetime, admin_id: int, deed: str, user_id: int, before: Any = None, after: Any = None
    ) -> None:
        await note(now, admin_id, deed, str(user_id), before, after)


def _ban_facts(user: User | None, now: datetime) -> dict[str, Any] | None:
    """What the record of changes keeps of a ban; None for none that holds."""
    if user is None or not is_banned(user, now):
        return None
    return {"reason": user.ban_reason, "until": user.banned_until}
