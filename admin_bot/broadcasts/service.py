"""A broadcast on its way from an admin's message to the row the user bot's process sends from."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery, InlineKeyboardMarkup

from admin_bot.audit import note as note_deed
from admin_bot.broadcasts.copies import send_preview, send_test_copy
from admin_bot.conversation.broadcast_draft import BroadcastDraft, new_broadcast_draft
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.screens import drop, screen_id, show_under
from admin_bot.storage.copying import Copier, NotStored, Stored
from core.broadcasts import Broadcast, time_needed
from core.clock import Clock
from core.errors import NotReady
from database.operations import broadcast_ops, segments, settings_ops
from views.admin_texts import plain
from views.broadcasts import compose_keyboards as keyboards
from views.broadcasts import compose_texts as texts

#: copies kept for a second try when the database went away in between
KEPT_MAX = 100
#: unfinished broadcasts that are looked at before one is confirmed
OTHERS_MAX = 5

Screen = tuple[str, InlineKeyboardMarkup]
Source = tuple[int, tuple[int, ...]]


class Watch(Protocol):
    """Who keeps the progress message up to date."""

    async def show(self, broadcast: Broadcast) -> None:
        """Show now how it stands."""


class BroadcastService:
    """What the screens of a draft share. Nothing is sent to anybody but the admin from here."""

    def __init__(
        self,
        bot: Bot,
        user_bot: Bot,
        user_bot_username: str,
        copier: Copier,
        watch: Watch,
        clock: Clock,
        zone: ZoneInfo,
        *,
        bulk_rate_per_s: float,
    ) -> None:
        self._bot = bot
        self._user_bot = user_bot
        self._username = user_bot_username
        self._copier = copier
        self._watch = watch
        self._clock = clock
        self._zone = zone
        self._rate_per_s = bulk_rate_per_s
        self._kept: OrderedDict[Source, Stored] = OrderedDict()

    # --- the message

    async def take(self, dialogue: Dialogue, chat_id: int, message_ids: Sequence[int], title: str) -> str | None:
        """Store the admin's message, show the draft that has it now, and wait for it no more.

        Returns a sentence (HTML) when it could not be stored; then it is still waited for. Raises StoreUnavailable: the
        copies are kept, and calling it again with the same messages goes on from there.
        """
        source = (chat_id, tuple(sorted(message_ids)))
        stored = await self._store(source)
        if isinstance(stored, NotStored):
            return stored.sentence
        before = await dialogue.broadcast()
        content = (stored.chat_id, stored.message_ids, source[1], title)
        draft = before.with_content(*content) if before else new_broadcast_draft(*content)
        await dialogue.keep_broadcast(draft)
        if before is not None and before.message_ids != draft.message_ids:
            await self._copier.take_out(Stored(before.chat_id, before.message_ids))
        await self.present(dialogue, chat_id, draft)
        await dialogue.end_question()
        self._kept.pop(source, None)
        return None

    async def _store(self, source: Source) -> Stored | NotStored:
        kept = self._kept.get(source)
        if kept is not None:
            return kept
        try:
            stored = await self._copier.store(*source)
        except NotReady as problem:
            return NotStored(plain(problem.sentence))
        if isinstance(stored, Stored):
            self._kept[source] = stored
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return stored

    async def throw_away(self, dialogue: Dialogue, chat_id: int, draft: BroadcastDraft) -> None:
        """Close the draft and take everything of it out again, but for its screen."""
        await dialogue.close_broadcast()
        await self._copier.take_out(Stored(draft.chat_id, draft.message_ids))
        await self._drop_preview(chat_id, draft)

    # --- its screens

    async def present(self, dialogue: Dialogue, chat_id: int, draft: BroadcastDraft) -> None:
        """At the end of the chat: the message as subscribers will see it, and the draft's screen below it."""
        preview_ids, problem = await send_preview(self._bot, chat_id, draft, await self._has_stop_button(draft))
        # kept at once: whatever happens next, the next preview takes this one's place
        await dialogue.keep_broadcast(draft.changed(preview_ids=preview_ids))
        await self._drop_preview(chat_id, draft)
        await self.show_anew(dialogue, chat_id, draft.changed(preview_ids=preview_ids), problem)

    async def show_anew(
        self, dialogue: Dialogue, chat_id: int, draft: BroadcastDraft, problem: str | None = None
    ) -> None:
        """The draft's screen at the end of the chat; the one before goes."""
        html, keyboard = await self._screen(draft, problem)
        sent = await self._bot.send_message(chat_id, html, reply_markup=keyboard)
        await dialogue.keep_broadcast(draft.changed(screen_id=sent.message_id))
        await drop(self._bot, chat_id, draft.screen_id)

    async def show(
        self, query: CallbackQuery, dialogue: Dialogue, draft: BroadcastDraft, note: str | None = None
    ) -> None:
        """Keep the draft, and show it in place of the pressed screen."""
        html, keyboard = await self._screen(draft, note)
        await self.show_part(query, dialogue, draft, html, keyboard)

    async def show_part(
        self, query: CallbackQuery, dialogue: Dialogue, draft: BroadcastDraft, html: str, keyboard: InlineKeyboardMarkup
    ) -> None:
        """Keep the draft, and show one of its other screens in place of the pressed one."""
        shown = await show_under(query, self._bot, html, keyboard)
        await dialogue.keep_broadcast(draft.changed(screen_id=shown))

    async def _screen(self, draft: BroadcastDraft, note: str | None) -> Screen:
        now = self._clock.now()
        count = await self.count(draft)
        html = texts.screen(
            segment=draft.segment,
            count=count,
            buttons=draft.buttons,
            is_album=draft.is_album,
            silent=draft.silent,
            pin=draft.pin,
            lifetime_minutes=draft.lifetime_minutes,
            start=texts.when(draft.send_at, self._zone, now),
            needed=self._needed(count, draft),
            note=note,
        )
        return html, keyboards.screen(draft.id, count, silent=draft.silent, pin=draft.pin)

    def _needed(self, count: int, draft: BroadcastDraft) -> timedelta:
        return time_needed(count, draft.calls_each, self._rate_per_s)

    async def audience_screen(self, draft: BroadcastDraft) -> Screen:
        return texts.audience_screen(draft.segment, await self.count(draft)), keyboards.audience(draft.id)

    def when_screen(self, draft: BroadcastDraft, note: str | None = None) -> Screen:
        start = texts.when(draft.send_at, self._zone, self._clock.now())
        return texts.when_screen(start, note), keyboards.when(draft.id)

    async def confirm_screen(self, draft: BroadcastDraft, count: int, note: str | None = None) -> Screen:
        """The last look: how many, when, and what is sent before it."""
        now = self._clock.now()
        html = texts.confirm(
            segment=draft.segment,
            count=count,
            lifetime_minutes=draft.lifetime_minutes,
            start=texts.when(draft.send_at, self._zone, now),
            others=await broadcast_ops.find_unfinished(OTHERS_MAX),
            now=now,
            note=note,
        )
        return html, keyboards.confirm(draft.id, draft.fingerprint, count)

    async def count(self, draft: BroadcastDraft) -> int:
        """How many people would get it now."""
        return await segments.count_reachable(draft.segment, self._clock.now())

    async def _drop_preview(self, chat_id: int, draft: BroadcastDraft) -> None:
        if draft.preview_ids:
            await self._copier.take_out(Stored(chat_id, draft.preview_ids))

    async def _has_stop_button(self, draft: BroadcastDraft) -> bool:
        settings = await settings_ops.current(self._clock.now())
        return draft.has_stop_button(settings.broadcast_stop_button)

    # --- sending

    async def test_copy(self, admin_id: int, draft: BroadcastDraft) -> str:
        """Let the user bot send it to the admin alone; returns what came of it (HTML)."""
        has_stop_button = await self._has_stop_button(draft)
        return await send_test_copy(self._user_bot, self._username, admin_id, draft, has_stop_button)

    async def make(self, query: CallbackQuery, dialogue: Dialogue, draft: BroadcastDraft) -> None:
        """Write the broadcast's row, once whatever happens, and let its progress take the screen's place.

        Raises StoreUnavailable: the draft is still there, and the same tap works again.
        """
        now, admin_id = self._clock.now(), query.from_user.id
        screen = screen_id(query) or draft.screen_id
        has_stop_button = await self._has_stop_button(draft)
        new = draft.to_broadcast(admin_id, now, has_stop_button=has_stop_button, screen_id=screen)
        broadcast, _ = await broadcast_ops.create(new)
        # also when it was there already: the answer of a first try may have been lost before this was written
        after = {"segment": broadcast.segment.model_dump(mode="json"), "send_at": broadcast.send_at}
        await note_deed(now, admin_id, "broadcast.made", broadcast.id, None, after)
        await self.hand_over(dialogue, broadcast)

    async def hand_over(self, dialogue: Dialogue, broadcast: Broadcast) -> None:
        """The draft has become this broadcast: from here on its progress is shown."""
        await dialogue.close_broadcast()
        await self._watch.show(broadcast)
