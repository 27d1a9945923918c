"""The setting of the default cover: a message in the storage channel."""

from typing import Any

import structlog
from aiogram import Bot

from admin_bot.audit import note
from admin_bot.storage.channel import StorageChannel
from admin_bot.undo import Undone, UndoStep
from core.clock import Clock
from core.settings.changes import Editor
from database.operations import settings_ops
from database.publishing.contents import default_cover
from sender.failures import TELEGRAM_ERRORS, classify
from views.publishing.setting_screens import default_cover_screen

log = structlog.get_logger("tollgate.admin")

_SETTING = "cover_photo"
#: the kind of step that can be undone
UNDO_COVER = "cover.changed"


class DefaultCover:
    """Reads and changes the default cover."""

    def __init__(self, bot: Bot, storage: StorageChannel, clock: Clock) -> None:
        self._bot = bot
        self._storage = storage
        self._clock = clock

    async def message_id(self) -> int | None:
        """Return the message in the storage channel; None while there is none."""
        return (await settings_ops.current(self._clock.now())).cover_photo

    async def change(self, editor: Editor, before: int | None, after: int | None) -> bool:
        """Store another one, or none; False when it is no longer `before`."""
        now = self._clock.now()
        change = await settings_ops.change_from(_SETTING, after, expected=before, by=editor, at=now)
        if change.is_stored:
            await note(now, editor.user_id, "setting.changed", _SETTING, before, after)
        return change.is_stored

    async def send(self, chat_id: int) -> bool:
        """Send it to the admin; False when that failed."""
        settings = await settings_ops.current(self._clock.now())
        cover = default_cover(settings, await self._storage.find())
        if cover is None:
            return False
        try:
            await self._bot.copy_message(chat_id, cover.chat_id, cover.message_id)
        except TELEGRAM_ERRORS as error:
            log.info("default_cover.not_shown", reason=classify(error))
            return False
        return True

    async def undo(self, admin_id: int, step: UndoStep) -> Undone:
        """Bring the cover before back, if it is still the one of the step."""
        before: Any = step.before
        is_stored = await self.change(Editor(admin_id, ""), step.after, before)
        screen = default_cover_screen(is_set=await self.message_id() is not None)
        return Undone(screen, was_changed_since=not is_stored)


def cover_step(before: int | None, after: int | None) -> UndoStep:
    """Return the step from one default cover to another."""
    return UndoStep(UNDO_COVER, _SETTING, before, after)
