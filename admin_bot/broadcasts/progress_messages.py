"""What this process knows of the messages that show the progress of broadcasts."""

import asyncio
from collections.abc import Collection

from aiogram import Bot

from admin_bot.broadcasts.progress_rate import ProgressRate
from admin_bot.screens import MessageRef, send
from core.broadcasts import Broadcast, BroadcastStatus
from sender.failures import TELEGRAM_ERRORS, classify
from sender.refusals import Failure
from views.screens import Screen

#: the message cannot be edited ever again: a new one is sent
_NOT_EDITABLE = (Failure.GONE, Failure.UNEDITABLE)


def stored_ref(broadcast: Broadcast, bot_id: int) -> MessageRef:
    """Return the progress message as the broadcast's row names it; without an id if another bot than `bot_id` sent it.

    Another bot's id may be that of one of this bot's messages.
    """
    is_own = broadcast.progress_bot_id in (None, bot_id)
    return MessageRef(broadcast.progress_chat_id, broadcast.progress_message_id if is_own else None)


async def edit_or_send(bot: Bot, ref: MessageRef, screen: Screen) -> MessageRef:
    """Edit the message; send a new one if there is none or it cannot be edited any more. Returns the one that shows it.

    Raises what aiogram raises for every other failure.
    """
    if ref.message_id is not None:
        try:
            await bot.edit_message_text(
                screen.text, chat_id=ref.chat_id, message_id=ref.message_id, reply_markup=screen.keyboard
            )
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            if failure is Failure.NOT_MODIFIED:
                return ref
            if failure not in _NOT_EDITABLE:
                raise
        else:
            return ref
    return await send(bot, ref.chat_id, screen)


class ProgressMessage:
    """The message that shows the progress of one broadcast."""

    def __init__(self, ref: MessageRef, bot_id: int) -> None:
        self._bot_id = bot_id
        #: held while it is edited or replaced
        self.lock = asyncio.Lock()
        self.rate = ProgressRate()
        self.ref = ref
        #: what it shows; None: not known
        self.shown: Screen | None = None
        #: number of the first poll that may edit it again
        self.not_before = 0
        #: the status at which its admin could not be reached; the next status is tried again
        self.unreachable_at: BroadcastStatus | None = None
        #: the admin who made the broadcast was notified that it failed
        self.is_creator_notified = False
        #: the status at which a confirmation was shown, and the poll that ends it
        self._confirmation: tuple[BroadcastStatus, int] | None = None
        #: what the row named when `ref` was last in agreement with it
        self._row_ref = ref

    def note_stored(self) -> None:
        """Note that the row names this message now."""
        self._row_ref = self.ref

    def move(self, ref: MessageRef) -> None:
        """Use another message, of which nothing is known."""
        self.ref = self._row_ref = ref
        self.shown = self.unreachable_at = self._confirmation = None

    def note_confirmation(self, status: BroadcastStatus, until: int) -> None:
        """Note that a confirmation is shown up to the poll `until`, or until the status changes."""
        self._confirmation = (status, until)

    def note_answered(self) -> None:
        """Note that no confirmation is shown and that the admin can be reached."""
        self._confirmation = self.unreachable_at = None

    def skips_poll(self, broadcast: Broadcast, poll: int) -> bool:
        """Return whether the poll of this number must not edit the message."""
        if poll < self.not_before:
            return True
        row_ref = stored_ref(broadcast, self._bot_id)
        if row_ref != self._row_ref:
            # moved by another process; a row read before a move of ours belongs to a poll below `not_before`
            self.move(row_ref)
        if self._confirmation is None:
            return False
        status, until = self._confirmation
        return broadcast.status is status and poll <= until


class ProgressMessages:
    """The progress messages of a bot, by broadcast."""

    def __init__(self, bot_id: int) -> None:
        self._bot_id = bot_id
        self._known: dict[str, ProgressMessage] = {}

    def of(self, broadcast: Broadcast) -> ProgressMessage:
        """Return the broadcast's message; for an unknown broadcast the one its row names."""
        ref = stored_ref(broadcast, self._bot_id)
        return self._known.setdefault(broadcast.id, ProgressMessage(ref, self._bot_id))

    def keep_only(self, ids: Collection[str], poll: int) -> None:
        """Forget all other broadcasts, except those whose message is in use during the poll of this number."""
        self._known = {
            key: one for key, one in self._known.items() if key in ids or one.lock.locked() or one.not_before > poll
        }
