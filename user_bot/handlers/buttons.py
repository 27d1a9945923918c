"""Buttons under deliveries and notices."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery, Message

from core.clock import Clock
from core.ids import is_code
from core.users import User, is_banned
from database.operations import user_ops
from sender.failures import TELEGRAM_ERRORS
from user_bot.delivery.deliverer import Deliverer
from user_bot.delivery.verifier import Verifier
from user_bot.gate.subscriptions import Subscriptions
from views.subscribers import gate_texts
from views.subscribers import texts as user_texts
from views.subscribers.callbacks import Close, GetAgain, Joined, NewLink


async def _answer(bot: Bot, query: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """Answer the callback query, which stops the button's spinner; ignore that it may be too old for that."""
    try:
        await bot.answer_callback_query(query.id, text=text, show_alert=alert or None)
    except TELEGRAM_ERRORS:
        return


async def get_again(query: CallbackQuery, callback_data: GetAgain, user: User, deliverer: Deliverer, bot: Bot) -> None:
    if not is_code(callback_data.code):
        await _answer(bot, query, user_texts.STALE_BUTTON)
        return
    await _answer(bot, query, user_texts.ONE_MOMENT)
    await deliverer.deliver(user, callback_data.code, f"button {query.id}")


async def joined(
    query: CallbackQuery,
    callback_data: Joined,
    user: User,
    deliverer: Deliverer,
    subscriptions: Subscriptions,
    bot: Bot,
    clock: Clock,
) -> None:
    if not is_code(callback_data.code):
        await _answer(bot, query, user_texts.STALE_BUTTON)
        return
    if not is_banned(user, clock.now()):
        subscription = await subscriptions.check(user.user_id, ask_again=True)
        if not subscription.is_fulfilled:
            await _answer(bot, query, gate_texts.still_to_join(subscription), alert=True)
            return
    shown_at = query.message.date if isinstance(query.message, Message) else None
    if shown_at is not None and await deliverer.was_delivered_since(user, callback_data.code, shown_at):
        await _answer(bot, query, gate_texts.HAS_COME)
        await _remove(bot, query)
        return
    await _answer(bot, query, gate_texts.THANKS)
    # Telegram's answer may have taken long: use the subscriber's record as it is now
    known = await user_ops.find(user.user_id) or user
    await deliverer.deliver(known, callback_data.code, f"button {query.id}", after_refusal=True)
    await _remove(bot, query)


async def new_link(query: CallbackQuery, callback_data: NewLink, user: User, verifier: Verifier, bot: Bot) -> None:
    await _answer(bot, query, user_texts.ONE_MOMENT)
    code = callback_data.code if is_code(callback_data.code) else None
    await verifier.new_link(user, f"button {query.id}", code)


async def close(query: CallbackQuery, bot: Bot) -> None:
    await _answer(bot, query)
    await _remove(bot, query)


async def _remove(bot: Bot, query: CallbackQuery) -> None:
    """Delete the message with the button, if Telegram allows it."""
    if query.message is None:
        return
    try:
        await bot.delete_message(query.from_user.id, query.message.message_id)
    except TELEGRAM_ERRORS:
        return


async def stale(query: CallbackQuery, bot: Bot) -> None:
    await _answer(bot, query, user_texts.STALE_BUTTON)


def build() -> Router:
    router = Router(name="buttons")
    router.callback_query.register(get_again, GetAgain.filter())
    router.callback_query.register(joined, Joined.filter())
    router.callback_query.register(new_link, NewLink.filter())
    router.callback_query.register(close, Close.filter())
    router.callback_query.register(stale)
    return router
