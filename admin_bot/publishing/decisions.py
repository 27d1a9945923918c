"""What people decide about an announcement that exists. Each step is noted in the audit log."""

from datetime import datetime
from zoneinfo import ZoneInfo

from admin_bot.audit import note
from admin_bot.publishing.lookups import Lookups
from admin_bot.undo import Undone, UndoStep
from core.announcements import Announcement, AnnouncementState
from core.clock import Clock
from core.settings.changes import Editor
from database.operations import announcement_ops
from database.operations.announcements import removals
from database.publishing import decisions
from database.publishing.confirming import state_for_audit
from database.publishing.times import Offered, offered
from views.publishing.announcement_screens import announcement_screen
from views.publishing.callbacks import Back
from views.publishing.schedule_screens import its_time_passed

#: kinds of steps that can be undone
UNDO_OFF, UNDO_MOVE = "announcement.off", "announcement.moved"


class AnnouncementDecisions:
    """Changes the state of announcements for an admin. None is returned where it was changed meanwhile."""

    def __init__(self, lookups: Lookups, clock: Clock, zone: ZoneInfo) -> None:
        self._lookups = lookups
        self._clock = clock
        self._zone = zone

    async def publish_now(self, admin_id: int, announcement_id: str) -> Announcement | None:
        """Publish a planned, failed or missed one within seconds, if posts are published in its channel still."""
        changed = await decisions.publish_now(announcement_id, self._clock.now())
        return await self._noted(admin_id, "announcement.published_now", changed)

    async def send_again(self, admin_id: int, announcement_id: str) -> Announcement | None:
        """Publish one of which nobody knew whether it is there: the admin has looked. Else as `publish_now`."""
        changed = await decisions.send_again(announcement_id, self._clock.now())
        return await self._noted(admin_id, "announcement.sent_again", changed)

    async def confirm_there(self, admin_id: int, announcement_id: str) -> Announcement | None:
        """Record that one of which nobody knew is in its channel: the admin has looked."""
        changed = await announcement_ops.confirm(announcement_id, self._clock.now())
        return await self._noted(admin_id, "announcement.confirmed", changed)

    async def take_off(self, admin_id: int, announcement_id: str) -> Announcement | None:
        """Take it off the schedule, or give it up."""
        changed = await announcement_ops.cancel(announcement_id)
        return await self._noted(admin_id, "announcement.off_schedule", changed)

    async def withdraw(self, admin_id: int, announcement_id: str) -> Announcement | None:
        """Have a published one leave its channel within a minute."""
        changed = await removals.request(announcement_id, self._clock.now())
        return await self._noted(admin_id, "announcement.withdrawn", changed)

    async def move(
        self, editor: Editor, before: Announcement, publish_at: datetime, seen: datetime | None = None
    ) -> Announcement | None:
        """Plan it for another time, if posts are published in its channel; with `seen` only if planned for that."""
        now = self._clock.now()
        changed = await decisions.move(before.id, publish_at, now, editor, seen)
        if changed is not None:
            await note(now, editor.user_id, "announcement.moved", changed.id, before.publish_at, publish_at)
        return changed

    async def _noted(self, admin_id: int, action: str, changed: Announcement | None) -> Announcement | None:
        if changed is not None:
            await note(self._clock.now(), admin_id, action, changed.id, None, state_for_audit(changed))
        return changed

    async def offered(self, announcement: Announcement) -> Offered:
        """Return the times it can be moved to by a press."""
        channels = [one for one in await self._lookups.publishing() if one.chat_id == announcement.chat_id]
        return await offered(channels, self._clock.now(), self._zone)

    # --- undo

    async def undo_off(self, admin_id: int, step: UndoStep) -> Undone:
        """Put it back on the schedule, unless its time has passed or it was changed since."""
        at = datetime.fromisoformat(step.before)
        if at <= self._clock.now():
            found = await announcement_ops.find(step.target)
            if found is None:
                return Undone(was_changed_since=True)
            screen = announcement_screen(await self._lookups.show_one(found), Back.SCHEDULE)
            return Undone(screen.with_note(its_time_passed()), was_changed_since=True)
        return await self._undone(admin_id, await decisions.put_back(step.target, at, self._clock.now()))

    async def undo_move(self, admin_id: int, step: UndoStep) -> Undone:
        """Plan it for the time before, if it is still planned for the one it was moved to."""
        at = datetime.fromisoformat(step.before)
        now, seen = self._clock.now(), datetime.fromisoformat(step.after)
        if at <= now:
            return Undone(was_changed_since=True)
        return await self._undone(admin_id, await decisions.move(step.target, at, now, Editor(admin_id, ""), seen))

    async def _undone(self, admin_id: int, changed: Announcement | None) -> Undone:
        if await self._noted(admin_id, "announcement.undone", changed) is None or changed is None:
            return Undone(was_changed_since=True)
        return Undone(announcement_screen(await self._lookups.show_one(changed), Back.SCHEDULE))


def off_step(announcement: Announcement) -> UndoStep:
    """Return the step of taking a planned one off the schedule."""
    return UndoStep(UNDO_OFF, announcement.id, announcement.publish_at.isoformat(), AnnouncementState.CANCELLED.value)


def move_step(announcement_id: str, before: datetime, after: datetime) -> UndoStep:
    return UndoStep(UNDO_MOVE, announcement_id, before.isoformat(), after.isoformat())
