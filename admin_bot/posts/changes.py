"""Change one field of a post, if it is still as it was shown; audited, and can be undone for ten minutes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram import Bot
from aiogram.types import InlineKeyboardButton

from admin_bot.audit import note
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.posts.cards import CardService
from admin_bot.posts.choices import FIELDS, typed
from admin_bot.posts.fingerprints import fingerprint
from admin_bot.undo import Undone, UndoService, UndoStep
from core.clock import Clock
from core.posts import Post, PostStatus
from core.publishing.post_changes import ACTIONS, audited, plain
from core.team.rights import Right
from database.operations import settings_ops
from database.operations.announcements import changes as announcement_changes
from database.operations.posts import post_ops
from database.operations.posts.post_ops import OptionDiffers
from sender.failures import TELEGRAM_ERRORS
from views.posts import changes as views
from views.posts import contents, options
from views.posts.callbacks import Choice, PostList, SaveMine
from views.screens import Screen

#: kinds of steps that can be undone
FIELD, REMOVAL = "post.field", "post.removal"
_OF_CARD = frozenset({Choice.TITLE, Choice.DESCRIPTION})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field of a post, its new value, and the fingerprint of the value that was shown."""

    code: str
    choice: Choice
    value: Any
    seen: str
    place: PostList


class ChangeService:
    """Changes fields of posts and shows the result."""

    def __init__(self, bot: Bot, cards: CardService, undo_service: UndoService, clock: Clock) -> None:
        self._bot = bot
        self._cards = cards
        self._undo = undo_service
        self._clock = clock
        undo_service.register(FIELD, self._undo_field, Right.POSTS)
        undo_service.register(REMOVAL, self._undo_removal, Right.POSTS)

    async def change(self, dialogue: Dialogue, admin_id: int, wanted: Wanted) -> Screen | None:
        """Change a field, or ask if somebody changed it meanwhile. Returns the next screen; None: the post is gone."""
        now = self._clock.now()

        def is_seen(current: Any) -> bool:
            return fingerprint(current) == wanted.seen

        field = FIELDS[wanted.choice]
        outcome = await post_ops.set_seen(wanted.code, field, wanted.value, is_seen=is_seen, by=admin_id, at=now)
        if outcome is None:
            return None
        if isinstance(outcome, OptionDiffers):
            return await self._ask_which(dialogue, wanted, outcome)
        if outcome.before == wanted.value:
            return await self._after(outcome.post, wanted, [])
        before, after = audited(field, outcome.before), audited(field, wanted.value)
        await note(now, admin_id, ACTIONS[field], wanted.code, before, after)
        step = UndoStep(FIELD, f"{wanted.choice}:{wanted.code}", plain(outcome.before), plain(wanted.value))
        return await self._after(outcome.post, wanted, [await self._undo.offer(dialogue, step, now)])

    async def _after(self, post: Post, wanted: Wanted, undo: list[InlineKeyboardButton]) -> Screen:
        """Return the screen after a change; announcements that show the old value are asked about first."""
        choice, place = wanted.choice, wanted.place
        if choice in views.ANNOUNCED and undo:
            count = await announcement_changes.count_changeable(post.code)
            if count:
                return views.ask_to_change(post, choice, count, place, undo[0])
        screen = (await self.base_screen(post, choice, place)).with_note(options.option_note(post, choice))
        return screen.with_row(*undo) if undo else screen

    async def base_screen(self, post: Post, choice: Choice, place: PostList) -> Screen:
        """Return the screen a field is changed on."""
        if choice in _OF_CARD:
            return await self._cards.screen(post, place)
        if choice is Choice.COVER:
            settings = await settings_ops.current(self._clock.now())
            return contents.cover(post, place, fingerprint(post.cover), has_default=settings.cover_photo is not None)
        return options.options(post, place)

    async def _ask_which(self, dialogue: Dialogue, wanted: Wanted, outcome: OptionDiffers) -> Screen:
        """Tell who changed it meanwhile. The value that is not saved is stored, so that *Save mine* can save it."""
        post, place = outcome.post, wanted.place
        seen = fingerprint(getattr(post, FIELDS[wanted.choice]))
        await dialogue.keep_mine({"code": wanted.code, "choice": wanted.choice.value, "value": plain(wanted.value)})
        at = {"page": place.page, "search": place.search, "show": place.show}
        save = SaveMine(code=wanted.code, **at, choice=wanted.choice, seen=seen)
        who = views.somebody() if outcome.change is None else await self._name_of(outcome.change.by)
        return views.somebody_else(post, wanted.choice, who, save_mine=save.pack(), place=place)

    async def _name_of(self, admin_id: int) -> str:
        """Ask Telegram for the name of somebody who uses the bot."""
        try:
            return (await self._bot.get_chat(admin_id)).first_name or views.somebody()
        except TELEGRAM_ERRORS:
            return views.somebody()

    async def mine(self, dialogue: Dialogue, button: SaveMine) -> Wanted | None:
        """Return what was not saved; None if it is no longer stored."""
        mine = await dialogue.mine()
        if mine is None or (mine["code"], mine["choice"]) != (button.code, button.choice.value):
            return None
        return Wanted(button.code, button.choice, typed(button.choice, mine["value"]), button.seen, button.place)

    async def offer_restore(self, dialogue: Dialogue, code: str) -> InlineKeyboardButton:
        """Return the `Undo` of a removal."""
        now = self._clock.now()
        step = UndoStep(REMOVAL, code, PostStatus.LIVE.value, now.isoformat())
        return await self._undo.offer(dialogue, step, now)

    async def _undo_field(self, admin_id: int, step: UndoStep) -> Undone:
        name, _, code = step.target.partition(":")
        choice, now = Choice(name), self._clock.now()
        before, after = typed(choice, step.before), typed(choice, step.after)
        field = FIELDS[choice]
        outcome = await post_ops.set_option(code, field, before, expected=after, by=admin_id, at=now)
        if outcome is None:
            return Undone(was_changed_since=True)
        if isinstance(outcome, OptionDiffers):
            return Undone(await self.base_screen(outcome.post, choice, PostList()), was_changed_since=True)
        await note(now, admin_id, ACTIONS[field], code, audited(field, after), audited(field, before))
        return Undone(await self._after_undo(outcome.post, choice))

    async def _after_undo(self, post: Post, choice: Choice) -> Screen:
        if choice in views.ANNOUNCED:
            count = await announcement_changes.count_changeable(post.code)
            if count:
                return views.ask_to_change(post, choice, count, PostList(), None)
        return await self.base_screen(post, choice, PostList())

    async def _undo_removal(self, admin_id: int, step: UndoStep) -> Undone:
        removed_at = datetime.fromisoformat(step.after)
        post = await post_ops.restore(step.target, unless_taken_down_since=removed_at)
        if post is None:
            return Undone(was_changed_since=True)
        await note(self._clock.now(), admin_id, "post.restored", post.code, PostStatus.REMOVED.value, step.before)
        return Undone(await self._cards.screen(post, PostList()))
