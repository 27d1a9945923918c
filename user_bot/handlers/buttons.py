"""Buttons under deliveries and notices."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from core.access import Price
from core.clock import Clock
from core.ids import is_code
from core.users import User, is_banned
from database.operations import user_ops
from sender.failures import TELEGRAM_ERRORS
from user_bot.delivery.deliverer import Deliverer
from user_bot.delivery.request import Outcome
from user_bot.delivery.verifier import Verifier
from user_bot.gate.access_prompt import AccessPrompt
from user_bot.gate.subscriptions import Subscriptions
from views.subscribers import delivery_texts, gate_message, gate_texts, keyboards
from views.subscribers import texts as user_texts
from views.subscribers.callbacks import Close, GetAgain, GetAgainFree, Joined, NewLink, SendAgain, UnlockMore


async def _answer(bot: Bot, query: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """Answer the callback query, which stops the button's spinner; ignore that it may be too old for that."""
    try:
        await bot.answer_callback_query(query.id, text=text, show_alert=alert or None)
    except TELEGRAM_ERRORS:
        return


async def get_again(
    query: CallbackQuery,
    callback_data: GetAgain | GetAgainFree | SendAgain,
    user: User,
    deliverer: Deliverer,
    bot: Bot,
) -> None:
    code = callback_data.code
    if not is_code(code):
        await _answer(bot, query, user_texts.stale_button())
        return
    is_free = isinstance(callback_data, GetAgainFree)
    if not is_free:
        await _answer(bot, query, user_texts.one_moment())
    outcome = await deliverer.deliver(
        user,
        code,
        f"button {query.id}",
        moves_down=True,
        replaces=isinstance(callback_data, SendAgain),
        may_cost=not is_free,
    )
    if outcome is Outcome.NOT_FREE:
        await _answer(bot, query, delivery_texts.costs_now())
        await _change_buttons(bot, query, keyboards.get_again(code, Price.CREDIT))
        return
    if is_free:
        await _answer(bot, query)
    if outcome is not Outcome.DOUBLE_TAP:
        await _remove(bot, query)


async def unlock_more(query: CallbackQuery, user: User, verifier: Verifier, bot: Bot) -> None:
    await _answer(bot, query, user_texts.one_moment())
    await verifier.new_link(user, f"button {query.id}")


async def joined(
    query: CallbackQuery,
    callback_data: Joined,
    user: User,
    deliverer: Deliverer,
    access_prompt: AccessPrompt,
    subscriptions: Subscriptions,
    bot: Bot,
    clock: Clock,
) -> None:
    code = callback_data.code
    if not is_code(code):
        await _answer(bot, query, user_texts.stale_button())
        return
    is_gate_message = _is_gate_message(query, user, code)
    if not is_banned(user, clock.now()):
        subscription = await subscriptions.check(user.user_id, ask_again=True)
        if not subscription.is_fulfilled:
            await _answer(bot, query, gate_texts.still_to_join(subscription))
            if not is_gate_message or _buttons(query) != gate_message.join_buttons(code, subscription.channels):
                await access_prompt.show_progress(user, code, subscription)
                await _remove_unless(bot, query, is_gate_message)
            return
    shown_at = query.message.date if isinstance(query.message, Message) else None
    if shown_at is not None and await deliverer.was_delivered_since(user, code, shown_at):
        await _answer(bot, query, gate_texts.has_come())
        await access_prompt.is_passed(user, code)
    else:
        await _answer(bot, query, gate_texts.thanks())
        # Telegram's answer may have taken long: use the subscriber's record as it is now
        known = await user_ops.find(user.user_id) or user
        await deliverer.deliver(known, code, f"button {query.id}", after_refusal=True)
    await _remove_unless(bot, query, is_gate_message)


async def new_link(query: CallbackQuery, callback_data: NewLink, user: User, verifier: Verifier, bot: Bot) -> None:
    await _answer(bot, query, user_texts.one_moment())
    code = callback_data.code if is_code(callback_data.code) else None
    is_gate_message = code is not None and _is_gate_message(query, user, code)
    await verifier.new_link(user, f"button {query.id}", code, moves_down=not is_gate_message)
    await _remove_unless(bot, query, is_gate_message)


def _is_gate_message(query: CallbackQuery, user: User, code: str) -> bool:
    """Whether the button is in the gate message of the post; others, from before or left over, go once pressed."""
    known = user.gates.get(code)
    return known is not None and query.message is not None and known.message_id == query.message.message_id


def _buttons(query: CallbackQuery) -> InlineKeyboardMarkup | None:
    return query.message.reply_markup if isinstance(query.message, Message) else None


async def _remove_unless(bot: Bot, query: CallbackQuery, is_kept: bool) -> None:
    if not is_kept:
        await _remove(bot, query)


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


async def _change_buttons(bot: Bot, query: CallbackQuery, markup: InlineKeyboardMarkup) -> None:
    if query.message is None:
        return
    try:
        await bot.edit_message_reply_markup(
            chat_id=query.from_user.id, message_id=query.message.message_id, reply_markup=markup
        )
    except TELEGRAM_ERRORS:
        return


async def stale(query: CallbackQuery, bot: Bot) -> None:
    await _answer(bot, query, user_texts.stale_button())


def build() -> Router:
    router = Router(name="buttons")
    for data in (GetAgain, GetAgainFree, SendAgain):
        router.callback_query.register(get_again, data.filter())
    router.callback_query.register(unlock_more, UnlockMore.filter())
    router.callback_query.register(joined, Joined.filter())
    router.callback_query.register(new_link, NewLink.filter())
    router.callback_query.register(close, Close.filter())
    router.callback_query.register(stale)
    return router
