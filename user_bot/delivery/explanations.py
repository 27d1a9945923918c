"""What the subscriber reads, and the owners are told, when a post could not be delivered or not in whole."""

from functools import partial

from aiogram import Bot
from aiogram.types import InlineKeyboardMarkup

from core.clock import Clock
from core.health.incidents import restricted_storage_incident
from core.posts import Post
from core.retries import retry_while_unavailable
from database.operations import user_ops
from monitoring.alerts import Alerts
from sender.failures import classify, text_of
from sender.refusals import Failure
from user_bot.delivery.request import DeliveryRequest, Outcome
from user_bot.text_messages import send_text
from views import owner_alerts
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts

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
        failure, chat_id = classify(error), post.storage_chat_id
        if failure in (Failure.BLOCKED, Failure.DEACTIVATED):
            mark = user_ops.mark_deactivated if failure is Failure.DEACTIVATED else user_ops.mark_blocked
            await retry_while_unavailable(lambda: mark(request.user.user_id, self._clock.now()), self._clock)
            return Outcome.BLOCKED
        if failure is Failure.VOICE_FORBIDDEN:
            await self.send(request, user_texts.voice_forbidden(), with_retry_button=True)
            return Outcome.VOICE_FORBIDDEN
        if failure is Failure.SOURCE_GONE:
            # old links can be made up: nobody is to have the owners called by them
            is_told = not post.is_imported and await self._alerts.tell(
                f"post:{post.code}", partial(owner_alerts.post_damaged, post, 0)
            )
            await self.send(request, _with_told(user_texts.post_empty(), is_told))
            return Outcome.SOURCE_GONE
        if failure is Failure.CONTENT:
            is_told = await self._alerts.tell(
                f"post:{post.code}", partial(owner_alerts.post_refused, post, text_of(error))
            )
            await self.send(request, _with_told(user_texts.post_refused(), is_told))
            return Outcome.CONTENT_REFUSED
        if failure is Failure.SAVING_RESTRICTED:
            incident = restricted_storage_incident(chat_id)
            is_told = await self._alerts.tell(incident, owner_alerts.storage_restricted)
            await self.send(request, _with_told(user_texts.storage_lost(), is_told), with_retry_button=True)
            return Outcome.STORAGE_LOST
        if failure in _STORAGE_FAILURES:
            is_told = await self._alerts.tell(_storage(chat_id), partial(owner_alerts.storage_lost, text_of(error)))
            self._lost_storages.add(chat_id)
            await self.send(request, _with_told(user_texts.storage_lost(), is_told), with_retry_button=True)
            return Outcome.STORAGE_LOST
        await self.send(request, user_texts.try_again(), with_retry_button=True)
        return Outcome.LATER

    async def missing(self, post: Post, sent: int) -> str:
        """Alert the owners to a post of which only `sent` messages came; return the sentence for the subscriber."""
        is_told = await self._alerts.tell(f"post:{post.code}", partial(owner_alerts.post_damaged, post, sent))
        return _with_told(user_texts.missing_items(sent, post.item_count), is_told)

    async def arrived(self, post: Post, sent: int) -> Outcome:
        """Close the incidents of a post that arrived; return the outcome."""
        if post.storage_chat_id in self._lost_storages:
            self._lost_storages.discard(post.storage_chat_id)
            await self._alerts.clear(_storage(post.storage_chat_id), owner_alerts.storage_back)
        if not post.is_whole(sent):
            return Outcome.INCOMPLETE
        await self._alerts.clear(f"post:{post.code}")
        return Outcome.DELIVERED

    async def send(self, request: DeliveryRequest, text: str, *, with_retry_button: bool = False) -> int | None:
        """Send one message; return its id, or None when Telegram did not take it."""
        markup = user_keyboards.try_again(request.code) if with_retry_button else None
        return await send_text(self._bot, request.user.user_id, text, markup, may_duplicate=with_retry_button)

    async def send_notice(self, request: DeliveryRequest, text: str, markup: InlineKeyboardMarkup | None) -> int | None:
        """Send the message under a delivery, without a sound; return its id, or None when Telegram did not take it.

        It is not repeated when the answer is lost: there must not be two.
        """
        return await send_text(self._bot, request.user.user_id, text, markup, may_duplicate=False, is_silent=True)

    async def send_with(self, request: DeliveryRequest, text: str, markup: InlineKeyboardMarkup) -> None:
        """Send one message with other buttons than to try again."""
        await send_text(self._bot, request.user.user_id, text, markup)


def _storage(chat_id: int) -> str:
    # the admin bot may report the same channel: the incident is shared
    return f"storage:{chat_id}"


def _with_told(text: str, is_told: bool) -> str:
    return user_texts.owner_knows(text) if is_told else text
