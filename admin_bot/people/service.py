"""Subscribers: lists, search, the card with its history, bans and /grant. A banned subscriber is not notified."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from admin_bot.audit import note
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.people.inputs import BanCommand, GrantCommand
from core.clock import Clock
from core.users import User, has_opened_bot
from database.operations import settings_ops, user_credits, user_ops
from database.operations.people import corrections, people_lists, standing_ops
from database.operations.people.corrections import Editor
from database.operations.posts import post_ops
from database.team import Team
from views.people import bans, cards, lists, texts
from views.people.callbacks import USER_ID_MAX, PeopleList, Show
from views.screens import Screen

#: how long the numbers above the list are used again: turning pages must not count a million subscribers each time
TOTALS_FOR = timedelta(seconds=10)


class PeopleService:
    """What commands and buttons about subscribers share."""

    def __init__(self, username: str, clock: Clock, zone: ZoneInfo, team: Team) -> None:
        """`username`: the user bot's."""
        self.username = username
        self._clock = clock
        self._zone = zone
        self._team = team
        self._totals: tuple[datetime, lists.Totals] | None = None

    async def is_admin(self, user_id: int) -> bool:
        """Return whether this is a member of the team, who cannot be banned."""
        return await self._team.role_of(user_id) is not None

    # lists

    async def list_screen(self, place: PeopleList) -> Screen:
        """Return a page of the list; three commands, one within TOTALS_FOR. Raises ValueError for a forged place."""
        segment, now = place.segment(), self._clock.now()
        found, more = await people_lists.page(segment, now, skip=place.page * lists.PAGE, limit=lists.PAGE)
        return lists.list_screen(found, place, await self._count(now), now, self._zone, more=more)

    async def _count(self, now: datetime) -> lists.Totals:
        kept = self._totals
        if kept is not None and timedelta() <= now - kept[0] < TOTALS_FOR:
            return kept[1]
        total, unreached = await user_ops.count(), await people_lists.count_unreached(now)
        totals = lists.Totals(total, max(0, total - unreached))
        self._totals = (now, totals)
        return totals

    async def found_screen(self, place: PeopleList, search: str) -> Screen:
        """Return a page of what a search finds."""
        found, more = await people_lists.search(search, skip=place.page * lists.PAGE, limit=lists.PAGE)
        return self._found(found, place, search, more=more)

    def _found(self, found: Sequence[User], place: PeopleList, search: str, *, more: bool) -> Screen:
        now = self._clock.now()
        return lists.found_screen(found, place, search, self.username, now, self._zone, more=more)

    async def search(self, dialogue: Dialogue, typed: str) -> Screen:
        """Return what a typed search finds: the card of the only one, else a list. An unknown id is a stranger's."""
        found, more = await people_lists.search(typed, skip=0, limit=lists.PAGE)
        if len(found) == 1:
            return await self.card(dialogue, found[0].user_id, PeopleList())
        stranger = _as_id(typed)
        if not found and stranger is not None:
            return await self.card(dialogue, stranger, PeopleList())
        place = PeopleList(show=Show.FOUND, key=await dialogue.keep_search(typed))
        return self._found(found, place, typed, more=more)

    async def picked(self, dialogue: Dialogue, names: dict[int, str]) -> Screen:
        """Return the card of the only one who was picked in Telegram, else a choice of them. Names are remembered."""
        await dialogue.keep_picked(names)
        if len(names) == 1:
            return await self.card(dialogue, next(iter(names)), PeopleList())
        known = {user.user_id for user in await people_lists.find_several(list(names)) if has_opened_bot(user)}
        unknown = [name or str(user_id) for user_id, name in names.items() if user_id not in known]
        return lists.picked_screen(list(names.items()), unknown, self.username)

    # one subscriber

    async def card(self, dialogue: Dialogue, user_id: int, place: PeopleList) -> Screen:
        """Return a subscriber's card; of somebody who has not opened the user bot, what can be done all the same."""
        user, now = await user_ops.find(user_id), self._clock.now()
        may_ban = not await self.is_admin(user_id)
        if user is None or not has_opened_bot(user):
            name = await dialogue.picked_name(user_id)
            return cards.stranger(user_id, name, self.username, user, now, may_ban=may_ban)
        return cards.card(
            user, await standing_ops.standing(user, now, may_ban=may_ban), place, self.username, now, self._zone
        )

    async def history(self, user: User, place: PeopleList) -> Screen:
        """Return the last events of a subscriber; seven commands."""
        events = await standing_ops.last_events(user.user_id)
        titles = await post_ops.titles(event.post_code for event in events if event.post_code)
        return cards.history(user, events, titles, place, self._clock.now(), self._zone)

    # commands and bans

    async def grant(self, admin_id: int, command: GrantCommand, key: str) -> str:
        """Grant credits or days, idempotent per `key`; returns the answer (HTML). May raise StoreUnavailable."""
        now = self._clock.now()
        user = await user_ops.find(command.user_id)
        if user is None or not has_opened_bot(user):
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
        await note(now, admin_id, action, str(command.user_id), None, {"added": added, **now_has})
        settings = await settings_ops.current(now)
        if command.credits:
            return texts.granted_credits(granted.user, command.credits, settings, is_new=granted.is_new)
        return texts.granted_days(granted.user, command.days, settings, self._zone, is_new=granted.is_new)

    async def ban(self, admin_id: int, command: BanCommand) -> str:
        """Ban a subscriber. Returns the answer (HTML). May be repeated after StoreUnavailable."""
        if await self.is_admin(command.user_id):
            return bans.is_admin()
        editor = Editor(admin_id, self._clock.now(), note)
        before, after = await corrections.ban(editor, command.user_id, command.span, command.reason)
        return texts.banned(after, was_known=before is not None and has_opened_bot(before), zone=self._zone)

    async def unban(self, admin_id: int, user_id: int) -> str:
        """Unban a subscriber. Returns the answer (HTML)."""
        before = await corrections.unban(Editor(admin_id, self._clock.now(), note), user_id)
        if before is None:
            return texts.not_banned(user_id)
        return texts.unbanned(before)


def _as_id(typed: str) -> int | None:
    text = typed.strip()
    return int(text) if text.isascii() and text.isdigit() and 1 <= int(text[:17]) <= USER_ID_MAX else None
