"""The one gate message of a post in a subscriber's chat: sent, edited, moved down, deleted. Other messages of the gate.

Which message it is stands in the subscriber's record, so that another process, or this one after a restart, finds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from core.clock import Clock
from core.retries import SHORT_S, retry_while_unavailable
from core.users import GateMessage, User
from database.operations.gate import gate_message_ops
from database.tolerated import tolerated
from monitoring.alerts import Alerts
from sender.failures import TELEGRAM_ERRORS, classify, text_of
from sender.lanes import at_least_once
from sender.refusals import Failure
from user_bot.text_messages import send_text
from views import owner_alerts
from views.subscribers import gate_message

log = structlog.get_logger("tollgate.gate")

#: the message cannot be edited any more: a new one is sent
_LOST = frozenset({Failure.GONE, Failure.UNEDITABLE})


@dataclass(frozen=True, slots=True)
class GateScreen:
    """What the message shows. HTML."""

    text: str
    markup: InlineKeyboardMarkup | None = None
    #: the buttons without the owners' own: a bad address makes Telegram refuse the whole message
    reduced: InlineKeyboardMarkup | None = None


class GateMessages:
    """One per bot and process; public methods may run concurrently."""

    def __init__(self, bot: Bot, clock: Clock, alerts: Alerts) -> None:
        self._bot = bot
        self._clock = clock
        self._alerts = alerts

    async def show(self, user: User, code: str | None, screen: GateScreen, *, moves_down: bool) -> None:
        """Show a screen in the gate message of post `code`; without a post, in a message of its own.

        `moves_down`: something has come below it, so a new one is sent and the old one deleted. A message that is lost
        is replaced by a new one.
        """
        known = None if code is None else user.gates.get(code)
        is_editable = known is not None and not moves_down and known.bot_id == self._bot.id
        if known is not None and is_editable and await self._edit(user.user_id, known.message_id, screen):
            return
        message_id = await self._send(user.user_id, screen)
        if message_id is not None and code is not None:
            await self._remember(user, code, message_id)

    async def update(self, user: User, code: str, screen: GateScreen) -> None:
        """Edit the gate message of post `code` where it is; one that is lost or of another bot is left alone."""
        known = user.gates.get(code)
        if known is not None and known.bot_id == self._bot.id:
            await self._edit(user.user_id, known.message_id, screen)

    async def remove(self, user: User, code: str) -> None:
        """Delete the gate message of a post, if there is one: the gate is passed. Raises nothing."""
        if code in user.gates:
            await tolerated("gate.message_not_forgotten", self._remove(user.user_id, code))

    async def _remove(self, user_id: int, code: str) -> None:
        await self._delete(user_id, await gate_message_ops.forget(user_id, code))

    async def _edit(self, user_id: int, message_id: int, screen: GateScreen) -> bool:
        """Edit the message; False when it is lost."""
        try:
            await self._bot.edit_message_text(
                screen.text, chat_id=user_id, message_id=message_id, reply_markup=screen.markup
            )
        except TELEGRAM_ERRORS as error:
            failure = classify(error)
            if failure is Failure.CONTENT:
                return False  # sending deals with it
            if failure is not Failure.NOT_MODIFIED:
                log.info("gate.not_edited", failure=failure.value, user_id=user_id)
            return failure not in _LOST
        return True

    async def _send(self, user_id: int, screen: GateScreen) -> int | None:
        """Send the message; return its id, None when Telegram did not take it."""
        with at_least_once():
            try:
                return (await self._bot.send_message(user_id, screen.text, reply_markup=screen.markup)).message_id
            except TELEGRAM_ERRORS as error:
                log.warning("gate.not_sent", failure=classify(error).value, user_id=user_id)
                if classify(error) is not Failure.CONTENT:
                    return None
                return await self._send_reduced(user_id, screen, text_of(error))

    async def _send_reduced(self, user_id: int, screen: GateScreen, reason: str) -> int | None:
        """Send the screen without the owners' button, then a sentence without any: one bad URL is refused with all."""
        is_told = await self._alerts.tell("offer", partial(owner_alerts.offer_refused, reason))
        if screen.reduced is not None:
            try:
                return (await self._bot.send_message(user_id, screen.text, reply_markup=screen.reduced)).message_id
            except TELEGRAM_ERRORS:
                log.warning("gate.not_sent", user_id=user_id)
        return await send_text(self._bot, user_id, gate_message.no_link_now(is_told=is_told))

    async def _remember(self, user: User, code: str, message_id: int) -> None:
        """Store the id, then delete the message it replaces. An outage leaves the new message, which is not known."""
        sent = GateMessage(bot_id=self._bot.id, message_id=message_id, sent_at=self._clock.now())
        forget = _oldest(user, code)

        async def store() -> None:
            before = await retry_while_unavailable(
                lambda: gate_message_ops.remember(user.user_id, code, sent, forget), self._clock, SHORT_S
            )
            if before is not None and before.message_id != message_id:
                await self._delete(user.user_id, before)

        await tolerated("gate.message_not_stored", store())

    async def _delete(self, user_id: int, message: GateMessage | None) -> None:
        if message is None or message.bot_id != self._bot.id:
            return
        try:
            await self._bot.delete_message(user_id, message.message_id)
        except TELEGRAM_ERRORS as error:
            if classify(error) is Failure.UNDELETABLE:
                await self._empty(user_id, message.message_id)

    async def _empty(self, user_id: int, message_id: int) -> None:
        """Take the buttons of a message that is too old to be deleted."""
        try:
            await self._bot.edit_message_reply_markup(chat_id=user_id, message_id=message_id, reply_markup=None)
        except TELEGRAM_ERRORS as error:
            log.info("gate.not_emptied", failure=classify(error).value, user_id=user_id)


def _oldest(user: User, code: str) -> Sequence[str]:
    """Return the posts whose messages are forgotten when that of `code` is stored."""
    others = sorted((one for one in user.gates if one != code), key=lambda one: user.gates[one].sent_at, reverse=True)
    return others[gate_message_ops.KEPT - 1 :]
