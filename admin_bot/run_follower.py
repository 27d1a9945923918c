"""Keeps messages up to date for two minutes after a press, for example while a requested run goes on."""

import asyncio
import math
from collections.abc import Awaitable, Callable

import structlog
from aiogram import Bot

from admin_bot.screens import MessageRef
from core.clock import Clock
from core.errors import TollgateError
from core.supervisor import Supervisor
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.refusals import Failure, is_permanent_recipient
from views.catalogues import Languages, speaking_to_member
from views.screens import Screen

log = structlog.get_logger("tollgate.admin")

#: poll interval, in seconds; also the shortest time between two edits of one message
POLL_EVERY_S = 3.0
#: seconds a message is kept up to date; its last content stays
FOLLOWED_FOR_S = 120.0
#: seconds after which an edit is given up; the next poll repeats it
EDIT_TIMEOUT_S = 20.0
#: messages followed at once; one more releases the oldest
FOLLOWED_MAX = 20

#: returns the screen to show now, and whether it is final; may raise TollgateError, then it is polled again
Poll = Callable[[], Awaitable[tuple[Screen, bool]]]

#: called when another screen takes the place of the followed one
OnRelease = Callable[[], Awaitable[object]]

#: the message cannot be edited ever again
_NOT_EDITABLE = (Failure.GONE, Failure.UNEDITABLE)


class _Followed:
    """One message that is kept up to date."""

    def __init__(self, ref: MessageRef, shown: Screen, poll: Poll, on_release: OnRelease | None) -> None:
        self.ref = ref
        self.on_release = on_release
        self.shown = shown
        self.poll = poll
        #: held during an edit
        self.lock = asyncio.Lock()
        #: the message shows another screen by now, or is about to
        self.is_released = False
        #: polls to leave out, because Telegram asked for a pause
        self.polls_to_skip = 0


class RunFollower:
    """Edits each followed message at most once per poll interval. Kept in memory: a restart ends the following."""

    def __init__(self, bot: Bot, team: Languages, supervisor: Supervisor, clock: Clock) -> None:
        self._bot = bot
        self._team = team
        self._supervisor = supervisor
        self._clock = clock
        self._followed: dict[MessageRef, _Followed] = {}

    async def follow(self, ref: MessageRef, shown: Screen, poll: Poll, *, on_release: OnRelease | None = None) -> None:
        """Keep the message up to date until `poll` says that its screen is final. `shown`: what it shows now.

        `on_release` is called when `release` ends it before that.
        """
        await self._stop(ref)
        if len(self._followed) >= FOLLOWED_MAX:
            await self._stop(next(iter(self._followed)))
        followed = self._followed[ref] = _Followed(ref, shown, poll, on_release)
        self._supervisor.spawn(self._run(followed), f"following {ref.chat_id}/{ref.message_id}")

    async def release(self, ref: MessageRef) -> None:
        """Stop editing the message. Returns after an edit under way: a screen shown next is not overwritten."""
        followed = await self._stop(ref)
        if followed is not None and followed.on_release is not None:
            await followed.on_release()

    async def _stop(self, ref: MessageRef) -> _Followed | None:
        followed = self._followed.pop(ref, None)
        if followed is not None:
            followed.is_released = True
            async with followed.lock:
                pass
        return followed

    async def _run(self, followed: _Followed) -> None:
        for _ in range(math.ceil(FOLLOWED_FOR_S / POLL_EVERY_S)):
            await self._clock.sleep(POLL_EVERY_S)
            if followed.polls_to_skip:
                followed.polls_to_skip -= 1
            elif not await self._refresh(followed):
                break
            if followed.is_released:
                break
        if self._followed.get(followed.ref) is followed:
            del self._followed[followed.ref]

    async def _refresh(self, followed: _Followed) -> bool:
        """Poll once and edit the message if needed; False when nothing is left to follow."""
        try:
            async with speaking_to_member(self._team, followed.ref.chat_id):
                screen, is_final = await followed.poll()
        except TollgateError as error:
            log.info("following.poll_failed", error=type(error).__name__)
            return True
        async with followed.lock:
            if followed.is_released:
                return False
            if screen != followed.shown:
                failure = await self._edit(followed, screen)
                if failure is not None:
                    return not (failure in _NOT_EDITABLE or is_permanent_recipient(failure))
        return not is_final

    async def _edit(self, followed: _Followed, screen: Screen) -> Failure | None:
        """Show the screen; None on success."""
        ref = followed.ref
        try:
            async with asyncio.timeout(EDIT_TIMEOUT_S):
                await self._bot.edit_message_text(
                    screen.text, chat_id=ref.chat_id, message_id=ref.message_id, reply_markup=screen.keyboard
                )
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            if failure is not Failure.NOT_MODIFIED:
                followed.polls_to_skip = math.ceil((retry_after(error) or 0.0) / POLL_EVERY_S)
                log.info("following.not_edited", reason=failure)
                return failure
        followed.shown = screen
        return None
