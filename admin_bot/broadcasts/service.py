"""Drafts of broadcasts: the message, the screens, and the row they become, from which the user bot's process sends."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery
from cachetools import FIFOCache

from admin_bot import audit
from admin_bot.broadcasts.draft_copies import send_preview, send_test_copy
from admin_bot.broadcasts.post_buttons import with_source
from admin_bot.broadcasts.progress_updater import ProgressUpdater
from admin_bot.broadcasts.recall_estimate import TooLate, find_too_late, find_too_late_now
from admin_bot.conversation.broadcast_draft import BroadcastDraft, new_broadcast_draft
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.screens import remove_screen, screen_id, send, show_in_place
from admin_bot.storage.copier import Copier, NotStored, Stored
from core.broadcasts import Broadcast, time_needed
from core.clock import Clock
from core.errors import NotReady
from database.operations import broadcast_ops, segments, settings_ops
from views.broadcasts import compose_keyboards as keyboards
from views.broadcasts import compose_texts as texts
from views.broadcasts.progress_texts import confirm_recall
from views.html import esc
from views.navigation import Section, parent
from views.screens import Screen

#: copies kept for a retry after the database went away; the oldest are evicted
KEPT_MAX = 100
#: unfinished broadcasts read for the confirmation
OTHERS_MAX = 5

#: a chat and messages in it, in order
Source = tuple[int, tuple[int, ...]]


class BroadcastService:
    """What the screens of a draft share. Sends nothing to anyone but the admin."""

    def __init__(
        self,
        bot: Bot,
        user_bot: Bot,
        user_bot_username: str,
        copier: Copier,
        progress_updater: ProgressUpdater,
        clock: Clock,
        zone: ZoneInfo,
        *,
        bulk_rate_per_s: float,
    ) -> None:
        self._bot = bot
        self._user_bot = user_bot
        self._username = user_bot_username
        self._copier = copier
        self._progress_updater = progress_updater
        self._clock = clock
        self._zone = zone
        self._rate_per_s = bulk_rate_per_s
        self._kept: FIFOCache[Source, Stored] = FIFOCache(KEPT_MAX)

    # --- the message

    async def take(self, dialogue: Dialogue, chat_id: int, message_ids: Sequence[int], title: str) -> str | None:
        """Store the admin's message, show the draft with it, and end the question for it.

        Returns a sentence (HTML) if it could not be stored; then the question stays. Raises StoreUnavailable: the
        copies are kept, and a call with the same messages uses them.
        """
        source = (chat_id, tuple(sorted(message_ids)))
        stored = await self._store(source)
        if isinstance(stored, NotStored):
            return stored.sentence
        before = await dialogue.broadcast_draft()
        content = (stored.chat_id, stored.message_ids, source[1], title)
        draft = before.with_content(*content) if before else new_broadcast_draft(*content)
        await dialogue.keep_broadcast_draft(draft)
        if before is not None and before.message_ids != draft.message_ids:
            await self._copier.delete_copies(Stored(before.chat_id, before.message_ids))
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
            return NotStored(esc(problem.sentence))
        if isinstance(stored, Stored):
            self._kept[source] = stored
        return stored

    async def discard(self, dialogue: Dialogue, chat_id: int, draft: BroadcastDraft) -> None:
        """Close the draft and delete all its copies. Its screen stays."""
        await dialogue.close_broadcast_draft()
        await self._copier.delete_copies(Stored(draft.chat_id, draft.message_ids))
        await self._delete_preview(chat_id, draft)

    # --- its screens

    async def present(self, dialogue: Dialogue, chat_id: int, draft: BroadcastDraft) -> None:
        """Send the message as subscribers will see it, and the draft's screen below it."""
        preview_ids, problem = await send_preview(self._bot, chat_id, draft, await self._has_stop_button(draft))
        # stored at once, so that the next preview replaces this one whatever happens now
        await dialogue.keep_broadcast_draft(draft.changed(preview_ids=preview_ids))
        await self._delete_preview(chat_id, draft)
        await self.send_screen(dialogue, chat_id, draft.changed(preview_ids=preview_ids), problem)

    async def send_screen(
        self, dialogue: Dialogue, chat_id: int, draft: BroadcastDraft, problem: str | None = None
    ) -> None:
        """Send the draft's screen as a new message and delete the one before."""
        sent = await send(self._bot, chat_id, await self._screen(draft, problem))
        await dialogue.keep_broadcast_draft(draft.changed(screen_id=sent.message_id))
        await remove_screen(self._bot, chat_id, draft.screen_id)

    async def show(
        self, query: CallbackQuery, dialogue: Dialogue, draft: BroadcastDraft, note: str | None = None
    ) -> None:
        """Store the draft and show its screen in place of the pressed one."""
        await self.show_step(query, dialogue, draft, await self._screen(draft, note))

    async def show_step(self, query: CallbackQuery, dialogue: Dialogue, draft: BroadcastDraft, screen: Screen) -> None:
        """Store the draft and show one of its other screens in place of the pressed one."""
        shown = await show_in_place(query, self._bot, screen)
        await dialogue.keep_broadcast_draft(draft.changed(screen_id=shown.message_id))

    async def _screen(self, draft: BroadcastDraft, note: str | None) -> Screen:
        count = await self.count(draft)
        html = texts.screen(await self._facts(draft, count), note)
        rows = keyboards.screen(draft.id, count, silent=draft.silent, pin=draft.pin)
        return Screen(html, rows, parent(Section.BROADCASTS))

    async def _facts(self, draft: BroadcastDraft, count: int) -> texts.DraftFacts:
        too_late = await self._find_too_late(draft, count)
        return texts.DraftFacts(
            segment=draft.segment,
            count=count,
            buttons=draft.buttons,
            is_album=draft.is_album,
            silent=draft.silent,
            pin=draft.pin,
            lifetime_minutes=draft.lifetime_minutes,
            start=texts.when(draft.send_at, self._zone, self._clock.now()),
            needed=time_needed(count, draft.calls_each, self._rate_per_s),
            too_late=None if too_late is None else texts.too_late(too_late.age, too_late.rate_per_s),
        )

    async def recall_screen(self, broadcast: Broadcast) -> Screen:
        """Return the confirmation of a recall; it says when not every copy can be deleted any more."""
        late = await find_too_late_now(broadcast, self._clock.now(), self._rate_per_s)
        return confirm_recall(broadcast, None if late is None else texts.too_late(late.age, late.rate_per_s))

    async def _find_too_late(self, draft: BroadcastDraft, count: int) -> TooLate | None:
        return await find_too_late(count, draft.calls_each, draft.lifetime_minutes, self._rate_per_s)

    async def audience_screen(self, draft: BroadcastDraft) -> Screen:
        """Return the choice of an audience."""
        html = texts.audience_screen(draft.segment, await self.count(draft))
        return Screen(html, keyboards.audience(draft.id), keyboards.to_draft(draft.id))

    async def lifetime_screen(self, draft: BroadcastDraft) -> Screen:
        """Return the choice of when its copies are deleted."""
        late = await self._find_too_late(draft, await self.count(draft))
        note = None if late is None else texts.too_late(late.age, late.rate_per_s)
        html = texts.lifetime_screen(draft.lifetime_minutes, note)
        return Screen(html, keyboards.lifetime(draft.id), keyboards.to_draft(draft.id))

    def when_screen(self, draft: BroadcastDraft, note: str | None = None) -> Screen:
        """Return the choice of a time."""
        start = texts.when(draft.send_at, self._zone, self._clock.now())
        return Screen(texts.when_screen(start, note), keyboards.when(draft.id), keyboards.to_draft(draft.id))

    async def confirm_screen(self, draft: BroadcastDraft, count: int, note: str | None = None) -> Screen:
        """Return the confirmation: how many get it, when, and what is sent before it."""
        others = await broadcast_ops.find_unfinished(OTHERS_MAX)
        html = texts.confirm(await self._facts(draft, count), others, self._clock.now(), note)
        rows = keyboards.confirm(draft.id, draft.fingerprint, count)
        return Screen(html, rows, keyboards.to_draft(draft.id))

    async def count(self, draft: BroadcastDraft) -> int:
        """Return how many subscribers would get it now."""
        return await segments.count_reachable(draft.segment, self._clock.now())

    async def _delete_preview(self, chat_id: int, draft: BroadcastDraft) -> None:
        if draft.preview_ids:
            await self._copier.delete_copies(Stored(chat_id, draft.preview_ids))

    async def _has_stop_button(self, draft: BroadcastDraft) -> bool:
        settings = await settings_ops.current(self._clock.now())
        return draft.has_stop_button(settings.broadcast_stop_button)

    # --- sending

    async def test_copy(self, admin_id: int, draft: BroadcastDraft) -> str:
        """Let the user bot send it to the admin alone; returns the result as a sentence (HTML)."""
        has_stop_button = await self._has_stop_button(draft)
        return await send_test_copy(self._user_bot, self._username, admin_id, draft, has_stop_button)

    async def make(self, query: CallbackQuery, dialogue: Dialogue, draft: BroadcastDraft) -> None:
        """Write the broadcast's row and show its progress in place of the draft's screen. Idempotent per draft.

        Raises StoreUnavailable: the draft stays, and the same tap works again.
        """
        now, admin_id = self._clock.now(), query.from_user.id
        progress_id = screen_id(query) or draft.screen_id
        has_stop_button = await self._has_stop_button(draft)
        new = draft.to_broadcast(admin_id, now, has_stop_button=has_stop_button, screen_id=progress_id)
        buttons = await with_source(new.buttons, new.key, self._username)
        made = new.model_copy(update={"progress_bot_id": self._bot.id, "buttons": buttons})
        broadcast, _ = await broadcast_ops.create(made)
        # also if the row existed: a first attempt may have ended between the row and its audit entry
        after = {"segment": broadcast.segment.model_dump(mode="json"), "send_at": broadcast.send_at}
        await audit.note(now, admin_id, "broadcast.made", broadcast.id, None, after)
        await self.show_progress(dialogue, broadcast)

    async def show_progress(self, dialogue: Dialogue, broadcast: Broadcast) -> None:
        """Close the draft this broadcast was made of, and show the broadcast's progress."""
        await dialogue.close_broadcast_draft()
        await self._progress_updater.show(broadcast)
