"""Confirmed drafts: the announcements they become, and the message that shows what becomes of those."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

import structlog
from aiogram import Bot

from admin_bot.audit import note
from admin_bot.conversation.publish_draft import PublishDraft
from admin_bot.publishing.lookups import Lookups
from admin_bot.run_follower import RunFollower
from admin_bot.screens import MessageRef
from core.announcements import Announcement, AnnouncementState
from core.clock import Clock
from core.errors import TollgateError
from database.operations import announcement_ops
from database.publishing import confirming
from database.publishing.confirming import Confirmed, Plan
from sender.failures import TELEGRAM_ERRORS, classify
from views.links import post_link
from views.publishing.announcement_screens import announcement_screen
from views.publishing.callbacks import Back
from views.publishing.result_screens import result_screen
from views.screens import Screen

log = structlog.get_logger("tollgate.admin")

#: progress messages that go on being edited after a start, and how old what they show may be
RESUMED_MAX, RESUMED_FOR = 200, timedelta(hours=24)


def is_settled(announcement: Announcement) -> bool:
    """Return whether nothing more happens to it by itself within moments."""
    if announcement.state is AnnouncementState.PLANNED:
        return not announcement.is_now
    if announcement.state is AnnouncementState.PUBLISHED:
        return not announcement.is_withdrawal_wanted
    return announcement.state is not AnnouncementState.SENDING


class FirstSteps(Protocol):
    """What follows the first announcement ever."""

    async def announced(self) -> None:
        """One was confirmed."""

    async def published(self, admin_id: int, code: str) -> None:
        """A post of the admin was published."""


class ResultService:
    """Makes announcements of drafts, and shows what becomes of them."""

    def __init__(
        self,
        bot: Bot,
        username: str,
        lookups: Lookups,
        follower: RunFollower,
        clock: Clock,
        first_steps: FirstSteps,
    ) -> None:
        """`username`: the user bot's, for links."""
        self._first_steps = first_steps
        self._bot = bot
        self._username = username
        self._lookups = lookups
        self._follower = follower
        self._clock = clock

    async def standing(self, draft: PublishDraft) -> list[Announcement]:
        """Return other announcements of the post in the channels of the draft; none once that was agreed to."""
        return await confirming.standing(self._plan(draft, None))

    async def confirm(self, admin_id: int, draft: PublishDraft, progress_id: int | None) -> Confirmed:
        """Plan the draft in each of its channels, at once or for its time. May be repeated: each gets it once.

        Raises StoreUnavailable: what is made stays, and the same press makes the rest.
        """
        now = self._clock.now()
        url_of = partial(post_link, self._username, draft.code)
        confirmed = await confirming.confirm(self._plan(draft, progress_id), admin_id, now, url_of)
        for one in confirmed.new:
            await note(now, admin_id, "announcement.made", str(one.chat_id), None, confirming.made_for_audit(one))
        if confirmed.made:
            await self._first_steps.announced()
        return confirmed

    def _plan(self, draft: PublishDraft, progress_id: int | None) -> Plan:
        return Plan(
            key=draft.id,
            code=draft.code,
            number=draft.number,
            title=draft.title,
            chat_ids=draft.chat_ids,
            text=draft.text,
            cover=draft.cover,
            label=draft.label,
            publish_at=draft.publish_at,
            leaves_after_minutes=draft.leaves_after_minutes,
            silent=draft.silent,
            pin=draft.pin,
            again=draft.again,
            progress_message_id=progress_id,
            progress_bot_id=self._bot.id,
        )

    async def screen(self, announcements: Sequence[Announcement], page: int = 0) -> Screen:
        """Return what became of a draft. `announcements`: at least one, all of one draft."""
        return result_screen(await self._lookups.shown(announcements), page)

    async def find(self, key: str) -> list[Announcement]:
        """Return the announcements of a confirmed draft."""
        return await announcement_ops.find_of_draft(key)

    # --- keeping the message up to date

    async def follow(self, ref: MessageRef, shown: Screen, key: str, page: int = 0) -> None:
        """Keep a message up to date until everything of the draft is settled."""

        async def poll() -> tuple[Screen, bool]:
            found = await announcement_ops.find_of_draft(key)
            screen = await self.screen(found, page) if found else shown
            is_final = all(is_settled(one) for one in found)
            if is_final:
                await self._end(key, found)
            return screen, is_final

        # the message shows another screen by then: a later process must not overwrite it
        await self._follower.follow(ref, shown, poll, on_release=partial(announcement_ops.mark_reported, key))

    async def _end(self, key: str, found: Sequence[Announcement]) -> None:
        """Record that the message shows what became of the draft; after the first one ever say what comes next."""
        await announcement_ops.mark_reported(key)
        published = next((one for one in found if one.state is AnnouncementState.PUBLISHED), None)
        if published is None:
            return
        try:
            await self._first_steps.published(published.created_by, published.post_code)
        except TELEGRAM_ERRORS as error:
            log.info("first_steps.not_told", reason=classify(error))

    async def follow_one(self, ref: MessageRef, shown: Screen, announcement_id: str, back: Back) -> None:
        """Keep a message that shows one announcement up to date until that is settled."""

        async def poll() -> tuple[Screen, bool]:
            found = await announcement_ops.find(announcement_id)
            if found is None:
                return shown, True
            return announcement_screen(await self._lookups.show_one(found), back), is_settled(found)

        await self._follower.follow(ref, shown, poll)

    async def resume(self) -> None:
        """Go on with the progress messages of the process before this one. To be called at the start."""
        try:
            await self._resume()
        except TollgateError as error:
            # the buttons below those messages show how things are
            log.warning("publishing.not_resumed", error=type(error).__name__)

    async def _resume(self) -> None:
        drafts: dict[str, Announcement] = {}
        for one in await announcement_ops.find_unreported(RESUMED_MAX):
            drafts.setdefault(one.key, one)
        for key, one in drafts.items():
            is_ours = one.progress_bot_id == self._bot.id and one.progress_message_id is not None
            if not is_ours or self._clock.now() - one.created_at > RESUMED_FOR:
                await announcement_ops.mark_reported(key)
                continue
            ref = MessageRef(one.created_by, one.progress_message_id)
            # what it shows is not known: the first poll edits it
            await self.follow(ref, Screen(""), key)
