"""Drafts of announcements: made of a post and the settings, shown with their preview."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.conversation.dialogue import Dialogue
from admin_bot.conversation.publish_draft import PublishDraft, new_draft_id
from admin_bot.publishing.lookups import Lookups
from admin_bot.publishing.preview import send_preview
from admin_bot.screens import remove_screen, send, show_in_place
from admin_bot.storage.channel import StorageChannel
from core.announcements import STANDING, Announcement, CoverMessage, characters_over
from core.clock import Clock
from core.posts import CoverKind, Post, PostStatus, cover_from_content
from core.settings import BotSettings
from core.settings.announcing import ticked_first
from core.subscriptions import Channel
from core.templates import units, without_tags
from database.operations import announcement_ops, settings_ops
from database.operations.posts import post_ops
from database.publishing.contents import announcement_content, cover_of, default_cover
from database.publishing.times import Offered, offered, with_slots
from views.links import post_link
from views.publishing import draft_screens as views
from views.publishing.announcement_screens import Shown
from views.publishing.draft_screens import DraftFacts, Target
from views.publishing.result_screens import there_screen
from views.screens import Screen


class PublishDraftService:
    """What the screens of a draft share. Sends nothing to any channel."""

    def __init__(
        self, bot: Bot, username: str, storage: StorageChannel, lookups: Lookups, clock: Clock, zone: ZoneInfo
    ) -> None:
        """`username`: the user bot's, for links."""
        self._bot = bot
        self._username = username
        self._storage = storage
        self._lookups = lookups
        self._clock = clock
        self._zone = zone

    # --- making and changing

    async def find_post(self, code: str) -> Post | None:
        """Return a post that can be published; None when it is removed, or there is none."""
        post = await post_ops.find(code)
        return post if post is not None and post.status is PostStatus.LIVE else None

    async def open(self, dialogue: Dialogue, chat_id: int, post: Post) -> None:
        """Show the draft of a post below everything: the open one, else a new one."""
        settings = await settings_ops.current(self._clock.now())
        before = await dialogue.publish_draft_of(post.code)
        standing = await self._standing(post) if before is None or not before.again else []
        draft = await self._new(post, settings, standing) if before is None else before
        draft = await self._followed(draft, post, settings)
        await self.present(dialogue, chat_id, draft, standing)

    async def _standing(self, post: Post) -> list[Announcement]:
        if not post.planned_count and not post.published_count:
            # kept up to date within a minute; what it misses is found when the draft is confirmed
            return []
        return await announcement_ops.find_of_post(post.code, STANDING)

    async def _new(self, post: Post, settings: BotSettings, standing: Sequence[Announcement]) -> PublishDraft:
        publishing = [channel.chat_id for channel in await self._lookups.publishing()]
        ticked = ticked_first(publishing, settings)
        taken = {one.chat_id for one in standing}
        content = announcement_content(post, settings, await self._storage.find())
        return PublishDraft(
            id=new_draft_id(),
            code=post.code,
            number=post.number,
            title=post.title,
            chat_ids=tuple(one for one in ticked if one not in taken) or ticked,
            text=content.text,
            cover=content.cover,
            label=content.label,
            leaves_after_minutes=settings.leaves_after_minutes,
        )

    async def _followed(self, draft: PublishDraft, post: Post, settings: BotSettings) -> PublishDraft:
        """Return the draft with the post and the settings as they are now, where nothing was chosen for it."""
        usual = announcement_content(post, settings, await self._storage.find())
        connected = {channel.chat_id for channel in await self._lookups.publishing()}
        return draft.changed(
            number=post.number,
            title=post.title,
            chat_ids=tuple(one for one in draft.chat_ids if one in connected),
            text=draft.text if draft.has_own_text else usual.text,
            cover=draft.cover if draft.has_own_cover else usual.cover,
            label=draft.label if draft.has_own_label else usual.label,
        )

    async def usual(self, draft: PublishDraft, *fields: str) -> PublishDraft:
        """Return the draft with these of text, cover and label as the post and the settings have them."""
        post = await post_ops.find(draft.code)
        if post is None:
            return draft
        settings = await settings_ops.current(self._clock.now())
        usual = announcement_content(post, settings, await self._storage.find())
        changes: dict[str, Any] = {field: getattr(usual, field) for field in fields}
        return draft.changed(**changes, **{f"has_own_{field}": False for field in fields})

    async def covers(self, draft: PublishDraft) -> tuple[CoverMessage | None, CoverMessage | None]:
        """Return the picture of the post's own, or among its messages, and the default one."""
        settings = await settings_ops.current(self._clock.now())
        default = default_cover(settings, await self._storage.find())
        post = await post_ops.find(draft.code)
        if post is None:
            return None, default
        if post.cover is not None and post.cover.kind in (CoverKind.OWN, CoverKind.POST):
            return cover_of(post, settings, None), default
        found = cover_from_content(post)
        if found is None or found.chat_id is None or found.message_id is None:
            return None, default
        return CoverMessage(chat_id=found.chat_id, message_id=found.message_id), default

    async def offered(self, draft: PublishDraft) -> Offered:
        """Return the times its screens offer."""
        return await offered(await self._targets(draft), self._clock.now(), self._zone)

    async def is_slot_taken(self, draft: PublishDraft) -> bool:
        """Return whether something else is planned by now in the slot that was chosen for the draft."""
        channel = with_slots(await self._targets(draft)) if draft.is_slot else None
        if channel is None or draft.publish_at is None:
            return False
        # what an earlier press has made of this draft does not count
        is_made = bool(await announcement_ops.find_of_draft(draft.id))
        taken = await announcement_ops.find_taken(channel.chat_id, self._clock.now())
        return draft.publish_at in taken and not is_made

    async def when_screen(self, draft: PublishDraft) -> Screen:
        """Return the choice of times."""
        times, facts = await self.offered(draft), await self.facts(draft)
        return views.when_screen(facts, slot=times.slot, is_today_free=times.today is not None)

    async def _targets(self, draft: PublishDraft) -> list[Channel]:
        return [one for one in await self._lookups.publishing() if one.chat_id in draft.chat_ids]

    # --- showing

    async def present(
        self, dialogue: Dialogue, chat_id: int, draft: PublishDraft, standing: Sequence[Announcement] = ()
    ) -> None:
        """Send the announcement as it will look, and the draft's screen below it; both replace the ones before."""
        screen, preview_id = await self._obstacle(draft, standing), None
        if screen is None:
            url = post_link(self._username, draft.code)
            preview = await send_preview(self._bot, chat_id, draft, url)
            preview_id = preview.message_id
            facts = await self.facts(draft)
            screen = views.publish_screen(facts)
            if preview.problem is not None:
                screen = views.no_preview_screen(facts, preview.problem, is_about_cover=preview.is_about_cover)
        # stored before the screen is sent, so that the next preview replaces this one whatever happens now
        await dialogue.keep_publish_draft(draft.changed(preview_id=preview_id))
        await remove_screen(self._bot, chat_id, draft.preview_id)
        sent = await send(self._bot, chat_id, screen)
        await dialogue.keep_publish_draft(draft.changed(preview_id=preview_id, screen_id=sent.message_id))
        await remove_screen(self._bot, chat_id, draft.screen_id)

    async def show(self, query: CallbackQuery, dialogue: Dialogue, draft: PublishDraft) -> None:
        """Store the draft and show its screen in place of the pressed one; its preview stays as it is."""
        await self.show_step(query, dialogue, draft, await self.screen(draft))

    async def show_step(self, query: CallbackQuery, dialogue: Dialogue, draft: PublishDraft, screen: Screen) -> None:
        """Store the draft and show one of its other screens in place of the pressed one."""
        shown = await show_in_place(query, self._bot, screen)
        await dialogue.keep_publish_draft(draft.changed(screen_id=shown.message_id))

    async def screen(self, draft: PublishDraft) -> Screen:
        """Return the screen of a draft whose preview is shown already."""
        return await self._obstacle(draft, ()) or views.publish_screen(await self.facts(draft))

    async def _obstacle(self, draft: PublishDraft, standing: Sequence[Announcement]) -> Screen | None:
        """Return what stands in place of the draft while it cannot be published."""
        facts = await self.facts(draft)
        if not await self._lookups.publishing():
            return views.no_channel_screen(facts)
        there = [one for one in standing if one.chat_id in draft.chat_ids]
        if there and not draft.again:
            return there_screen(facts, await self._lookups.shown(there))
        characters = units(without_tags(draft.text))
        if characters_over(characters, has_cover=draft.cover is not None):
            return views.too_long_screen(facts, characters)
        return None

    async def standing_shown(self, standing: Sequence[Announcement]) -> list[Shown]:
        """Return announcements that stand in a channel already, with what their screen needs."""
        return await self._lookups.shown(standing)

    async def to_screen(self, draft: PublishDraft, page: int) -> Screen:
        """Return the choice of channels."""
        targets = [
            Target(one.chat_id, one.name, is_on=one.chat_id in draft.chat_ids)
            for one in await self._lookups.publishing()
        ]
        return views.to_screen(await self.facts(draft), targets, page)

    async def facts(self, draft: PublishDraft) -> DraftFacts:
        """Return what the screens of the draft show."""
        return DraftFacts(
            draft=draft.id,
            fingerprint=draft.fingerprint,
            code=draft.code,
            number=draft.number,
            targets=tuple(one.name for one in await self._targets(draft)),
            publish_at=draft.publish_at,
            leaves_after_minutes=draft.leaves_after_minutes,
            silent=draft.silent,
            pin=draft.pin,
            has_cover=draft.cover is not None,
            now=self._clock.now(),
            zone=self._zone,
        )
