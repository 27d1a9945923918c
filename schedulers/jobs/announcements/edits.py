"""Editing one published announcement: what it is to show is in its row, so an edit may be made twice."""

from datetime import datetime, timedelta

import structlog
from aiogram import Bot

from core.announcements import Announcement, AnnouncementState, EditKind
from core.clock import Clock
from database.operations import announcement_ops
from database.operations.announcements import changes, removals
from schedulers.jobs.announcements.calls import AnnouncementCalls, Done, Gone, Later, Outcome, Refused, Unknown
from schedulers.jobs.announcements.sending import CannotPublish
from schedulers.runner import Run
from sender.failures import TELEGRAM_ERRORS
from views.links import post_link
from views.publishing import announcement_texts as texts

log = structlog.get_logger("tollgate.publisher")

#: rest of a channel between two edits, in seconds: 15 a minute leave room for what is published there, of the 20 that
#: Telegram takes in one chat (BOTAPI §6.1)
REST_S = 4.0
#: how long the @name of the bot that links lead to is used without asking Telegram again
NAME_KEPT_FOR = timedelta(minutes=1)
#: seconds until an edit is tried again that needs this name
NAME_RETRY_S = 5.0


class Edits:
    """Edits and pins messages of one bot. Each channel rests after an edit."""

    def __init__(self, calls: AnnouncementCalls, bot_id: int, user_bot: Bot, clock: Clock) -> None:
        self._calls = calls
        self._bot_id = bot_id
        self._user_bot = user_bot
        self._clock = clock
        #: by channel, on the monotonic clock
        self._rests_until: dict[int, float] = {}
        self._username: tuple[str, datetime] | None = None

    def resting(self) -> list[int]:
        """Return the channels that rest."""
        now = self._clock.monotonic()
        self._rests_until = {chat: until for chat, until in self._rests_until.items() if until > now}
        return list(self._rests_until)

    async def make(self, one: Announcement, run: Run) -> None:
        """Edit and pin one announcement, and write what became of it. Raises CannotPublish and StoreUnavailable."""
        if one.bot_id != self._bot_id or one.message_id is None:
            await self._leave_alone(one, run)
            return
        self._rests_until[one.chat_id] = self._clock.monotonic() + REST_S
        url = await self._url_of(one)
        outcome = await self._outcome(one, url)
        match outcome:
            case Done():
                await self._write_done(one, url or one.url, outcome)
                run.done["edited"] += one.edit is not None
            case Gone():
                # somebody has deleted the message
                await removals.record_withdrawn(one)
                run.done["gone"] += 1
            case Refused() | Unknown():
                await changes.record_refused(one, outcome.error)
                run.done["refused"] += 1
                log.warning("announcement.not_edited", announcement=one.id, error=outcome.error)
            case Later():
                await changes.postpone(one, run.now() + timedelta(seconds=outcome.pause_s), outcome.error)
                run.done["postponed"] += 1
                if outcome.stops_run:
                    raise CannotPublish(outcome.error)

    async def _leave_alone(self, one: Announcement, run: Run) -> None:
        if one.message_id is None:
            await changes.record_refused(one, texts.NO_MESSAGE)
            run.done["refused"] += 1
            return
        await changes.keep(one, texts.OTHER_BOT)
        run.done["kept"] += 1

    async def _outcome(self, one: Announcement, url: str | None) -> Outcome:
        if url is None:
            return Later(NAME_RETRY_S, "the name of the user bot is not known")
        edited: Outcome = Done(cover=one.shown_cover)
        if one.edit is not None:
            edited = await self._calls.edit(one, url)
        if not one.is_pin_due or not isinstance(edited, Done):
            return edited
        pinned = await self._calls.pin(one)
        if isinstance(pinned, Refused):
            return Done(cover=edited.cover, error=pinned.error)
        return edited if isinstance(pinned, Done) else pinned

    async def _write_done(self, one: Announcement, url: str, outcome: Done) -> None:
        if await changes.record_edited(one, url, outcome.cover, outcome.error):
            return
        now = await announcement_ops.find(one.id)
        if now is not None and now.state is AnnouncementState.EMPTIED:
            # it was emptied while this edit was under way, and may show its text again
            await self._calls.empty(one)

    async def _url_of(self, one: Announcement) -> str | None:
        """Return the link its button shall have; None when Telegram does not tell the @name of the bot."""
        # one that was marked before it was published belongs to no renewal
        if one.edit is not EditKind.BUTTON and one.renewal_state != "due":
            return one.url
        now = self._clock.now()
        if self._username is None or not timedelta() <= now - self._username[1] < NAME_KEPT_FOR:
            try:
                self._username = ((await self._user_bot.get_me()).username or "", now)
            except TELEGRAM_ERRORS as error:
                log.info("announcement.name_not_known", error=type(error).__name__)
                return None
        return post_link(self._username[0], one.post_code, one.source)
