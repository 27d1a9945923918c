"""Slots of channels: each change is stored only over the slots it was made from."""

from zoneinfo import ZoneInfo

from admin_bot.audit import note
from admin_bot.undo import Undone, UndoStep
from core.announcements import Slots
from core.clock import Clock
from core.subscriptions import Channel
from database.operations import channel_ops
from views.publishing.schedule_screens import slots_screen

#: the kind of step that can be undone
UNDO_SLOTS = "slots.changed"


class SlotService:
    """Changes slots for an admin."""

    def __init__(self, clock: Clock, zone: ZoneInfo) -> None:
        self._clock = clock
        self._zone = zone

    async def find(self, chat_id: int) -> Channel | None:
        """Return a channel posts are published in, as stored now; None when it is none."""
        channel = await channel_ops.find(chat_id)
        return channel if channel is not None and channel.is_published_to else None

    async def change(self, admin_id: int, channel: Channel, slots: Slots) -> Channel | None:
        """Replace the slots; None when somebody has changed them since `channel` was read."""
        changed = await channel_ops.change_slots(channel.chat_id, channel.slots, slots)
        if changed is not None:
            before, after = channel.slots.model_dump(), slots.model_dump()
            await note(self._clock.now(), admin_id, "slots.changed", str(channel.chat_id), before, after)
        return changed

    async def undo(self, admin_id: int, step: UndoStep) -> Undone:
        """Bring the slots back, if they are still those of the step."""
        before, after = Slots.model_validate(step.before), Slots.model_validate(step.after)
        channel = await self.find(int(step.target))
        if channel is None or channel.slots != after:
            return Undone(was_changed_since=True)
        changed = await self.change(admin_id, channel, before)
        return Undone(was_changed_since=True) if changed is None else Undone(slots_screen(changed, self._zone))


def slots_step(channel: Channel, after: Slots) -> UndoStep:
    """Return the step from a channel's slots to others."""
    before = channel.slots.model_dump(mode="json")
    return UndoStep(UNDO_SLOTS, str(channel.chat_id), before, after.model_dump(mode="json"))
