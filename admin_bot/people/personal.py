"""What the user bot sends to one subscriber in the team's name."""

from typing import NamedTuple

import structlog
from aiogram import Bot

from core.clock import Clock
from core.users import User
from database.operations import user_ops
from sender.certainty import Certainty, Effect, certainty_of
from sender.copies import send_copies
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.refusals import Failure
from views.people import messages as texts
from views.storage.copying_texts import saving_restricted

log = structlog.get_logger("tollgate.admin")


class Outcome(NamedTuple):
    """What became of a message; `sentence` (HTML) is for the member of the team."""

    sentence: str
    #: it has arrived, or may have: it is not sent again
    is_over: bool
    has_arrived: bool = False


class PersonalMessages:
    """Sends with the user bot, and says what came of it."""

    def __init__(self, user_bot: Bot, username: str, clock: Clock) -> None:
        self._bot = user_bot
        self._username = username
        self._clock = clock

    async def say(self, user: User, html: str) -> Outcome:
        """Send a sentence, once: it is not repeated when Telegram's answer is lost."""
        try:
            await self._bot.send_message(user.user_id, html)
        except TELEGRAM_ERRORS as error:
            return await self._failed(user, error)
        return self._arrived(user)

    async def copy(self, user: User, chat_id: int, message_id: int) -> Outcome:
        """Copy a stored message to the subscriber, once."""
        try:
            copies = await send_copies(self._bot, user.user_id, chat_id, [message_id])
        except TELEGRAM_ERRORS as error:
            return await self._failed(user, error)
        return self._arrived(user) if copies else Outcome(texts.gone(), is_over=True)

    def _arrived(self, user: User) -> Outcome:
        return Outcome(texts.sent(user.first_name), is_over=True, has_arrived=True)

    async def _failed(self, user: User, error: BaseException) -> Outcome:
        failure = classify(error)
        log.info("person.not_written", user_id=user.user_id, reason=failure)
        if failure is Failure.BLOCKED:
            await user_ops.mark_blocked(user.user_id, self._clock.now())
        elif failure is Failure.DEACTIVATED:
            await user_ops.mark_deactivated(user.user_id, self._clock.now())
        is_unknown = certainty_of(Effect.CREATES_ONE, error) is Certainty.UNKNOWN
        return Outcome(self._sentence(user, error, failure, is_unknown=is_unknown), is_over=is_unknown)

    def _sentence(self, user: User, error: BaseException, failure: Failure, *, is_unknown: bool) -> str:
        name = user.first_name
        match failure:
            case _ if is_unknown:
                return texts.unconfirmed(name)
            case Failure.BLOCKED | Failure.DEACTIVATED:
                return texts.blocked(name, self._username)
            case Failure.UNREACHABLE:
                return texts.unreachable(name, self._username)
            case Failure.VOICE_FORBIDDEN:
                return texts.voice_forbidden(name)
            case Failure.SOURCE_GONE | Failure.GONE:
                return texts.gone()
            case Failure.SAVING_RESTRICTED:
                return saving_restricted()
            case Failure.FLOOD:
                return texts.wait(max(1, round(retry_after(error) or 1)))
            case _:
                return texts.refused()
