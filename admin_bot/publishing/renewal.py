"""Renew all buttons: how far it is, starting and stopping it. The publisher makes the edits."""

import secrets
from zoneinfo import ZoneInfo

from admin_bot.audit import note
from admin_bot.run_follower import RunFollower
from admin_bot.screens import MessageRef
from core.announcements import AnnouncementState
from core.clock import Clock
from database.operations import announcement_ops
from database.operations.announcements import renewals
from database.operations.announcements.renewals import Progress
from views.publishing.setting_screens import RenewalFacts, renewal_screen
from views.screens import Screen


class RenewalService:
    """Shows and starts renewals. The progress is in the rows, so a killed process loses none of it."""

    def __init__(self, follower: RunFollower, clock: Clock, zone: ZoneInfo) -> None:
        self._follower = follower
        self._clock = clock
        self._zone = zone

    async def screen(self) -> tuple[Screen, bool]:
        """Return the screen as it is now, and whether nothing changes there by itself."""
        last = await renewals.find()
        is_over = last is None or last.is_over
        count = await announcement_ops.count_in(AnnouncementState.PUBLISHED) if is_over else 0
        screen = renewal_screen(count, None if last is None else _facts(last), self._clock.now(), self._zone)
        return screen, is_over

    async def start(self, admin_id: int) -> None:
        """Start a renewal, unless one is under way."""
        now = self._clock.now()
        key = secrets.token_hex(8)
        started = await renewals.start(key, admin_id, now)
        if started.renewal.key == key:
            await note(now, admin_id, "buttons.renewed", key)

    async def stop(self, admin_id: int) -> None:
        """Renew no further buttons."""
        last = await renewals.find_renewal()
        if last is not None and await renewals.cancel(last.key):
            await note(self._clock.now(), admin_id, "buttons.renewal_stopped", last.key)

    async def follow(self, ref: MessageRef, shown: Screen) -> None:
        """Keep a message up to date while a renewal is under way."""
        await self._follower.follow(ref, shown, self.screen)


def _facts(progress: Progress) -> RenewalFacts:
    return RenewalFacts(
        started_at=progress.renewal.started_at,
        due=progress.due,
        done=progress.done,
        failed=progress.failed,
        kept=progress.kept,
        is_over=progress.is_over,
        is_stopped=progress.renewal.is_cancelled,
    )
