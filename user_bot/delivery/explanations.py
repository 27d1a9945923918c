"""What the subscriber reads, and the owners are told, when a post could not be delivered or not in whole."""

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import InlineKeyboardMarkup

from core.clock import Clock
from core.posts import Post
from core.retries import retry_while_unavailable
from database.operations import user_ops
from monitoring.alerts import Alerts
from sender.failures import classify
from sender.refusals import Failure
from user_bot.delivery.request import DeliveryRequest, Outcome
from user_bot.text_messages import send_text
from views import owner_alerts
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.delivery")

#: failures of the storage channel, not of the subscriber, who has just written to the bot
_STORAGE_FAILURES = frozenset({Failure.KICKED, Failure.UNREACHABLE, Failure.MIGRATED})


class Explanations:
    """One per bot and process."""

    def __init__(self, bot: Bot, clock: Clock, alerts: Alerts) -> None:
        self._bot = bot
        self._clock = clock
        self._alerts = alerts
        self._lost_storages: set[int] = set()

    async def refused(self, request: DeliveryRequest, post: Post, error: BaseException) -> Outcome:
        """Explain why nothing was sent; return the outcome."""
        failure = classify(error)
        if failure in (Failure.BLOCKED, Failure.DEACTIVATED):
            mark = user_ops.mark_deactivated if failure is Failure.DEACTIVATED else user_ops.mark_blocked
            await retry_while_unavailable(lambda: mark(request.user.user_id, self._clock.now()), self._clock)
            return Outcome.BLOCKED
        if failure is Failure.SOURCE_GONE:
            await self.send(request, user_texts.POST_EMPTY)
            await self._alerts.raise_once(f"post:{post.code}", owner_alerts.post_damaged(post, 0))
            return Outcome.SOURCE_GONE
        if failure in _STORAGE_FAILURES:
            await self.send(request, user_texts.STORAGE_LOST, with_retry_button=True)
            await self._report_storage_lost(post.storage_chat_id, error)
            return Outcome.STORAGE_LOST
        await self.send(request, user_texts.TRY_AGAIN, with_retry_button=True)
        return Outcome.LATER

    async def arrived(self, post: Post, sent: int) -> Outcome:
        """Close the incidents of a post that arrived, or alert the owners to what is missing; return the outcome."""
        await self._report_storage_works(post.storage_chat_id)
        if sent >= post.item_count:
            await self._alerts.clear(f"post:{post.code}")
            return Outcome.DELIVERED
        await self._alerts.raise_once(f"post:{post.code}", owner_alerts.post_damaged(post, sent))
        return Outcome.INCOMPLETE

    async def _report_storage_lost(self, chat_id: int, error: BaseException) -> None:
        # the admin bot may report the same channel: the incident is shared, and closed by the bot that opened it
        if await self._alerts.raise_once(f"storage:{chat_id}", owner_alerts.storage_lost(_error_text(error))):
            self._lost_storages.add(chat_id)

    async def _report_storage_works(self, chat_id: int) -> None:
        if chat_id in self._lost_storages:
            self._lost_storages.discard(chat_id)
            await self._alerts.clear(f"storage:{chat_id}", owner_alerts.storage_back())

    async def send(self, request: DeliveryRequest, text: str, *, with_retry_button: bool = False) -> int | None:
        """Send one message; return its id, or None when Telegram did not take it."""
        markup = user_keyboards.get_again(request.code, "Try again") if with_retry_button else None
        # the warning under a delivery must not be duplicated
        return await send_text(self._bot, request.user.user_id, text, markup, may_duplicate=with_retry_button)

    async def send_with(self, request: DeliveryRequest, text: str, markup: InlineKeyboardMarkup) -> None:
        """Send one message with other buttons than to try again."""
        await send_text(self._bot, request.user.user_id, text, markup)


def _error_text(error: BaseException) -> str:
    return error.message if isinstance(error, TelegramAPIError) else type(error).__name__
