"""Credits and the pass of a subscriber: each change at once, with `Undo` and `Tell Alice`."""

import secrets
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from admin_bot.audit import note
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.people.personal import Outcome, PersonalMessages
from admin_bot.seen_keys import SeenKeys
from admin_bot.undo import Undone, UndoService, UndoStep
from core.clock import Clock
from core.team.rights import Right
from core.users import User
from database.operations import settings_ops, user_ops
from database.operations.people import corrections
from database.operations.people.corrections import Editor
from database.team import Team
from views.catalogues import speaking_to
from views.people import cards
from views.people.callbacks import PeopleList
from views.screens import Screen
from views.subscribers import gift_texts

#: kinds of steps that can be undone
CREDITS, PASS = "person.credits", "person.pass"
#: numbers of offers to tell
_NONCES = 2**31 - 1


class GivingService:
    """Changes credits and passes; None for somebody who is not stored."""

    def __init__(
        self,
        personal: PersonalMessages,
        team: Team,
        undo_service: UndoService,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._personal = personal
        self._team = team
        self._undo = undo_service
        self._clock = clock
        self._zone = zone
        self._told = SeenKeys()
        undo_service.register(CREDITS, self._undo_credits, Right.SUBSCRIBERS)
        undo_service.register(PASS, self._undo_pass, Right.SUBSCRIBERS)

    async def screen(self, user: User, place: PeopleList, *, is_pass: bool) -> Screen:
        """Return the screen credits, or the pass, are changed on."""
        now = self._clock.now()
        settings = await settings_ops.current(now)
        if is_pass:
            return cards.pass_screen(user, settings, place, now, self._zone)
        return cards.credits_screen(user, settings, place)

    async def give(
        self, dialogue: Dialogue, admin_id: int, user_id: int, credits: int, key: str, place: PeopleList
    ) -> Screen | None:
        """Add credits, or take them where `credits` is negative, once for each `key`; never below 0."""
        now = self._clock.now()
        granted = await corrections.give(Editor(admin_id, now, note), user_id, credits, key)
        if granted is None:
            return None
        user = granted.user
        screen = await self.screen(user, place, is_pass=False)
        if not granted.credits:
            # done before, or there was nothing to take
            return screen
        step = UndoStep(CREDITS, f"{user_id}:{key}", 0, granted.credits)
        return await self._offers(dialogue, screen, user, step, place, now, is_pass=False)

    async def _offers(
        self,
        dialogue: Dialogue,
        screen: Screen,
        user: User,
        step: UndoStep,
        place: PeopleList,
        now: datetime,
        *,
        is_pass: bool,
    ) -> Screen:
        undo = await self._undo.offer(dialogue, step, now)
        tell = cards.tell_button(user, place, secrets.randbelow(_NONCES), is_pass=is_pass)
        return screen.with_row(undo, tell)

    async def prolong(
        self, dialogue: Dialogue, admin_id: int, user_id: int, span: timedelta, key: str, place: PeopleList
    ) -> Screen | None:
        """Prolong the pass from its end, or from now where there is none, once for each `key`."""
        now = self._clock.now()
        granted = await corrections.prolong(Editor(admin_id, now, note), user_id, span, key)
        if granted is None:
            return None
        user = granted.user
        screen = await self.screen(user, place, is_pass=True)
        if not granted.is_new:
            return screen
        step = UndoStep(PASS, str(user_id), _stored(granted.pass_before), _stored(user.pass_until))
        return await self._offers(dialogue, screen, user, step, place, now, is_pass=True)

    async def end_pass(self, dialogue: Dialogue, admin_id: int, user_id: int, place: PeopleList) -> Screen | None:
        """End the pass now; a pass that somebody else changes at the same moment stays."""
        now = self._clock.now()
        before = await user_ops.find(user_id)
        if before is None:
            return None
        seen = before.pass_until
        user = None if seen is None else await corrections.end_pass(Editor(admin_id, now, note), user_id, seen)
        if user is None:
            return await self.screen(await user_ops.find(user_id) or before, place, is_pass=True)
        screen = await self.screen(user, place, is_pass=True)
        step = UndoStep(PASS, str(user_id), _stored(seen), None)
        return await self._offers(dialogue, screen, user, step, place, now, is_pass=True)

    async def tell(self, admin_id: int, user: User, nonce: int) -> Outcome | None:
        """Have the user bot tell the subscriber what they have now; None when this offer was taken before."""
        if (admin_id, user.user_id, nonce) in self._told:
            return None
        # not in the language of the team
        with speaking_to(user.chosen_language, user.language, *await self._team.owner_languages()):
            text = gift_texts.standing(user, self._clock.now(), self._zone)
        outcome = await self._personal.say(user, text)
        if outcome.is_over:
            self._told.add((admin_id, user.user_id, nonce))
        return outcome

    # undo: only what still holds

    async def _undo_credits(self, admin_id: int, step: UndoStep) -> Undone:
        user_text, _, key = step.target.partition(":")
        user_id, editor = int(user_text), Editor(admin_id, self._clock.now(), note)
        done = await corrections.undo_credits(editor, user_id, key, int(step.after))
        user = await user_ops.find(user_id) if done is None else done.user
        screen = None if user is None else await self.screen(user, PeopleList(), is_pass=False)
        if done is None:
            return Undone(screen, was_changed_since=True)
        return Undone(screen)

    async def _undo_pass(self, admin_id: int, step: UndoStep) -> Undone:
        user_id = int(step.target)
        before, after = _read(step.before), _read(step.after)
        editor = Editor(admin_id, self._clock.now(), note)
        user = await corrections.undo_pass(editor, user_id, before, after)
        if user is None:
            now_is = await user_ops.find(user_id)
            # the update came again: it is undone already
            is_undone = now_is is not None and now_is.pass_until == before
            screen = None if now_is is None else await self.screen(now_is, PeopleList(), is_pass=True)
            return Undone(screen, was_changed_since=not is_undone)
        return Undone(await self.screen(user, PeopleList(), is_pass=True))


def _stored(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _read(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored)
