"""What is known of the messages in which broadcasts are watched; for this process."""

import asyncio
from collections.abc import Collection

from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from admin_bot.broadcasts.rate import ProgressRate
from core.broadcasts import Broadcast, BroadcastStatus
from sender.failures import TELEGRAM_ERRORS, Failure, classify

#: what a message shows: HTML and the buttons below it
Face = tuple[str, InlineKeyboardMarkup | None]

#: a chat and a message in it; None: one that is yet to be sent
MessageRef = tuple[int, int | None]

#: editing that message is no use: a new one is sent
_NOT_THERE = (Failure.GONE, Failure.UNEDITABLE)


def place_of(broadcast: Broadcast) -> MessageRef:
    """Where it is watched, as its row says."""
    return broadcast.progress_chat_id, broadcast.progress_message_id


async def put(bot: Bot, chat_id: int, message_id: int | None, face: Face) -> int:
    """Edit the message, or send a new one when there is none (any more); the id of the one that shows it.

    Raises what aiogram raises for every other failure.
    """
    html, keyboard = face
    if message_id is not None:
        try:
            await bot.edit_message_text(html, chat_id=chat_id, message_id=message_id, reply_markup=keyboard)
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            if failure is Failure.NOT_MODIFIED:
                return message_id
            if failure not in _NOT_THERE:
                raise
        else:
            return message_id
    return (await bot.send_message(chat_id, html, reply_markup=keyboard)).message_id


class Screen:
    """The message one broadcast is watched in."""

    def __init__(self, chat_id: int, message_id: int | None) -> None:
        self.lock = asyncio.Lock()
        self.pace = ProgressRate()
        self.chat_id = chat_id
        self.message_id = message_id
        #: what stands there; None: not known
        self.shows: Face | None = None
        #: the number of the first look that may edit it again
        self.not_before = 0
        #: the status at which its admin could not be written to; the next status is tried again
        self.lost_at: BroadcastStatus | None = None
        #: whoever made it knows that it stopped
        self.is_told = False
        #: the status a question was asked at, and the look that ends it
        self._question: tuple[BroadcastStatus, int] | None = None
        #: the place as the row said it when `message_id` was last right
        self._row_place: MessageRef = (chat_id, message_id)

    @property
    def place(self) -> MessageRef:
        return self.chat_id, self.message_id

    def place_kept(self) -> None:
        """Its row names this message now."""
        self._row_place = self.place

    def move(self, place: MessageRef) -> None:
        """It is watched in another message, of which nothing is known."""
        self.chat_id, self.message_id = self._row_place = place
        self.shows = self.lost_at = self._question = None

    def ask(self, status: BroadcastStatus, until: int) -> None:
        """A question stands there up to the look `until`."""
        self._question = (status, until)

    def answered(self) -> None:
        """No question stands there, and the admin does."""
        self._question = self.lost_at = None

    def is_left_alone(self, broadcast: Broadcast, look: int) -> bool:
        """Whether the look of this number passes it by."""
        if look < self.not_before:
            return True
        row_place = place_of(broadcast)
        if row_place != self._row_place:
            # moved by somebody else; what was read before a move of ours belongs to a look that is too early
            self.move(row_place)
        if self._question is None:
            return False
        status, until = self._question
        return broadcast.status is status and look <= until


class Screens:
    """By broadcast."""

    def __init__(self) -> None:
        self._known: dict[str, Screen] = {}

    def of(self, broadcast: Broadcast) -> Screen:
        """Its screen; a fresh one where its row says when nothing is known."""
        return self._known.setdefault(broadcast.id, Screen(*place_of(broadcast)))

    def keep_only(self, ids: Collection[str], look: int) -> None:
        """Forget the others, but those at work during the look of this number."""
        self._known = {
            key: one for key, one in self._known.items() if key in ids or one.lock.locked() or one.not_before > look
        }
