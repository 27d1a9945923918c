"""Choosing the storage channel: what is missing there, and saving it once nothing is."""

from dataclasses import dataclass
from typing import Protocol

from aiogram import Bot

from admin_bot.audit import note
from admin_bot.screens import MessageRef, send, show
from admin_bot.storage.alarm import StorageAlarm
from admin_bot.storage.channel import Description, Rights, StorageChannel, describe
from core.clock import Clock
from core.settings.changes import Editor
from core.team.first_hour import StorageCandidate
from core.team.rights import Right, may
from database import first_hour
from database.operations import settings_ops
from database.team import Team
from views.catalogues import Languages, speaking_to_member
from views.screens import Screen
from views.storage import keyboards, texts
from views.storage.rights import Lack


class AfterStorage(Protocol):
    """What comes after the storage channel was chosen."""

    async def storage_chosen(self, admin_id: int, title: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """The channel is saved. `had_waited`: it was the one that waited, and this call of all at once ended that."""

    title: str
    had_waited: bool


@dataclass(frozen=True, slots=True)
class NotYet:
    """Something is missing there; the screen says what and how to mend it."""

    title: str
    screen: Screen


@dataclass(frozen=True, slots=True)
class Refused:
    """The channel cannot be the storage; the sentence (HTML) says why. The question stays."""

    sentence: str


Outcome = Chosen | NotYet | Refused


class StorageSetup:
    """Checks and saves. A channel that waits for something is stored, so that the bot's own arrival goes on with it."""

    def __init__(self, bot: Bot, user_bot: Bot, storage: StorageChannel, alarm: StorageAlarm, clock: Clock) -> None:
        self._bot = bot
        self._user_bot = user_bot
        self._storage = storage
        self._alarm = alarm
        self._clock = clock

    async def choose(self, by: Editor, chat_id: int, title: str | None = None) -> Outcome:
        """Save the channel if nothing is missing there. Raises StoreUnavailable."""
        rights = await self._storage.missing_rights(chat_id, self._bot, self._user_bot)
        seen = await describe(self._bot, chat_id)
        title = title or seen.title
        if seen.username:
            await first_hour.drop_candidate(chat_id)
            return Refused(texts.is_public(title))
        screen = await self._lacking(chat_id, title, rights, seen)
        if screen is not None:
            return NotYet(title, screen)
        await self._save(by, chat_id)
        return Chosen(title, await first_hour.drop_candidate(chat_id))

    async def wait_for(self, by: Editor, chat_id: int, title: str, message_id: int) -> None:
        """Store that a chosen channel waits for a bot or a right; `message_id` shows what is missing."""
        await first_hour.keep_candidate(StorageCandidate(chat_id, title, by.user_id, by.name, message_id))

    async def current_problem(self, chat_id: int) -> Screen | None:
        """Return the screen of what is missing in the channel in use; None when nothing is."""
        rights = await self._storage.missing_rights(chat_id, self._bot, self._user_bot)
        seen = await describe(self._bot, chat_id)
        if rights.are_complete:
            await self._alarm.follow_restriction(chat_id, is_restricted=seen.is_restricted)
        return await self._lacking(chat_id, seen.title, rights, seen)

    async def go_on(self, chat_id: int, after: AfterStorage, team: Team) -> None:
        """A bot's membership changed in a channel: if it is the one that waits, check it and say what is next.

        Not for somebody who may not choose the storage channel any more.
        """
        candidate = (await first_hour.current(self._clock.now())).candidate
        if candidate is None or candidate.chat_id != chat_id:
            return
        if not may(await team.role_of(candidate.admin_id), Right.STORAGE):
            return
        # a press of nobody, or of somebody else
        async with speaking_to_member(team, candidate.admin_id):
            await self._go_on(candidate, after)

    async def _go_on(self, candidate: StorageCandidate, after: AfterStorage) -> None:
        chat_id = candidate.chat_id
        outcome = await self.choose(Editor(candidate.admin_id, candidate.admin_name), chat_id, candidate.title)
        ref = MessageRef(candidate.admin_id, candidate.message_id)
        if isinstance(outcome, Chosen):
            if outcome.had_waited:
                await show(self._bot, ref, Screen(texts.checked(candidate.title)))
                await after.storage_chosen(candidate.admin_id, candidate.title)
        elif isinstance(outcome, NotYet):
            await show(self._bot, ref, outcome.screen)
        else:
            await self._bot.send_message(candidate.admin_id, outcome.sentence, reply_markup=keyboards.pick_storage())

    async def resume(self, by: Editor, after: AfterStorage) -> bool:
        """Go on with a channel that waits, for /start; False when none does."""
        candidate = (await first_hour.load()).candidate
        if candidate is None:
            return False
        outcome = await self.choose(by, candidate.chat_id, candidate.title)
        if isinstance(outcome, Chosen):
            if outcome.had_waited:
                await after.storage_chosen(by.user_id, candidate.title)
        elif isinstance(outcome, NotYet):
            sent = await send(self._bot, by.user_id, outcome.screen)
            await self.wait_for(by, candidate.chat_id, candidate.title, sent.message_id or 0)
        else:
            await self._bot.send_message(by.user_id, outcome.sentence, reply_markup=keyboards.pick_storage())
        return True

    async def tell_of_wrong_bot(self, chat_id: int, username: str, team: Languages) -> None:
        """Another bot was added to the channel that waits for the user bot."""
        candidate = (await first_hour.current(self._clock.now())).candidate
        if candidate is not None and candidate.chat_id == chat_id:
            wanted = await self._user_bot_name()
            async with speaking_to_member(team, candidate.admin_id):
                html = texts.wrong_bot(username, wanted)
            await self._bot.send_message(candidate.admin_id, html)

    async def _lacking(self, chat_id: int, title: str, rights: Rights, seen: Description) -> Screen | None:
        if not rights.are_complete:
            return await self._rights_screen(chat_id, title, rights)
        if seen.is_restricted:
            return Screen(texts.restricted(title), keyboards.missing_rights(chat_id, ()))
        return None

    async def _rights_screen(self, chat_id: int, title: str, rights: Rights) -> Screen:
        """Return the missing rights, with a button for each bot that misses any."""
        admin_name, user_name = (await self._bot.me()).username or "", await self._user_bot_name()
        if not rights.admin_bot and rights.user_bot == (Lack.NOT_THERE,):
            return Screen(texts.add_user_bot(user_name), keyboards.add_user_bot(chat_id, user_name))
        bots = (
            (admin_name, rights.admin_bot, keyboards.ADMIN_BOT_RIGHTS),
            (user_name, rights.user_bot, keyboards.USER_BOT_RIGHTS),
        )
        to_add = [(name, needed) for name, lacks, needed in bots if lacks]
        html = texts.missing(title, (admin_name, rights.admin_bot), (user_name, rights.user_bot))
        return Screen(html, keyboards.missing_rights(chat_id, to_add))

    async def _user_bot_name(self) -> str:
        return (await self._user_bot.me()).username or ""

    async def _save(self, by: Editor, chat_id: int) -> None:
        now, name = self._clock.now(), "storage_channel_id"
        before = (await settings_ops.current(now)).storage_channel_id
        changed = await settings_ops.change_from(name, chat_id, expected=before, by=by, at=now)
        if changed.is_conflict:
            # somebody chose another one at the same instant: the last choice stands
            before = changed.now.settings.storage_channel_id
            changed = await settings_ops.change_from(name, chat_id, expected=before, by=by, at=now)
        if changed.is_stored:
            await note(now, by.user_id, "setting.changed", name, before, chat_id)
        await self._alarm.clear_for_both_bots(chat_id)
        await self._alarm.follow_restriction(chat_id, is_restricted=False)
