"""Messages that follow what happens for two minutes after a press: a run that was asked for, until it ended."""

import asyncio
import math
from collections.abc import Awaitable, Callable

import structlog
from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from core.errors import TollgateError
from core.supervisor import Supervisor
from sender.failures import TELEGRAM_ERRORS, Failure, classify, is_permanent_recipient, retry_after

log = structlog.get_logger("tollgate.admin")

#: seconds between two looks, and so between two edits of one message
EVERY_S = 3.0
#: seconds a message follows along; then it stands as it is
FOLLOWED_FOR_S = 120.0
#: seconds an edit may hang; it is made again anyway
EDIT_TIMEOUT_S = 20.0
#: messages that follow along at once; of more, the oldest stands still
FOLLOWED_MAX = 20

#: what a message shows: HTML and the buttons below it
Screen = tuple[str, InlineKeyboardMarkup | None]
#: what it should show now, and whether nothing more will change; may raise TollgateError
Look = Callable[[], Awaitable[tuple[Screen, bool]]]

_LOST = (Failure.GONE, Failure.UNEDITABLE)


class _Followed:
    """One message."""

    def __init__(self, chat_id: int, message_id: int, shows: Screen, look: Look) -> None:
        self.chat_id = chat_id
        self.message_id = message_id
        self.shows = shows
        self.look = look
        #: held during an edit
        self.lock = asyncio.Lock()
        #: something else stands there, or shall
        self.is_left = False
        #: looks to be left out
        self.rests = 0


class Follower:
    """Edits at most every 3 s. For this process: what follows along when it ends stands still."""

    def __init__(self, bot: Bot, supervisor: Supervisor, *, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._bot = bot
        self._supervisor = supervisor
        self._sleep = sleep
        self._followed: dict[tuple[int, int], _Followed] = {}

    async def follow(self, chat_id: int, message_id: int, shows: Screen, look: Look) -> None:
        """Keep the message, which shows `shows`, up to date until `look` says it is over."""
        await self.leave(chat_id, message_id)
        if len(self._followed) >= FOLLOWED_MAX:
            await self.leave(*next(iter(self._followed)))
        followed = self._followed[chat_id, message_id] = _Followed(chat_id, message_id, shows, look)
        self._supervisor.spawn(self._run(followed), f"following {chat_id}/{message_id}")

    async def leave(self, chat_id: int, message_id: int | None) -> None:
        """Edit the message no more: when this returns, whatever is shown there next stays."""
        followed = None if message_id is None else self._followed.pop((chat_id, message_id), None)
        if followed is not None:
            followed.is_left = True
            async with followed.lock:
                pass

    async def _run(self, followed: _Followed) -> None:
        for _ in range(math.ceil(FOLLOWED_FOR_S / EVERY_S)):
            await self._sleep(EVERY_S)
            if followed.rests:
                followed.rests -= 1
            elif not await self._bring_up_to_date(followed):
                break
            if followed.is_left:
                break
        if self._followed.get((followed.chat_id, followed.message_id)) is followed:
            del self._followed[followed.chat_id, followed.message_id]

    async def _bring_up_to_date(self, followed: _Followed) -> bool:
        """False when there is nothing more to follow."""
        try:
            face, is_over = await followed.look()
        except TollgateError as error:
            log.info("following.no_look", error=type(error).__name__)
            return True
        async with followed.lock:
            if followed.is_left:
                return False
            if face != followed.shows:
                failure = await self._edit(followed, face)
                if failure is not None:
                    return not (failure in _LOST or is_permanent_recipient(failure))
        return not is_over

    async def _edit(self, followed: _Followed, face: Screen) -> Failure | None:
        """None when it stands there."""
        html, keyboard = face
        try:
            async with asyncio.timeout(EDIT_TIMEOUT_S):
                await self._bot.edit_message_text(
                    html, chat_id=followed.chat_id, message_id=followed.message_id, reply_markup=keyboard
                )
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            if failure is not Failure.NOT_MODIFIED:
                followed.rests = math.ceil((retry_after(error) or 0.0) / EVERY_S)
                log.info("following.not_edited", reason=failure)
                return failure
        followed.shows = face
        return None
