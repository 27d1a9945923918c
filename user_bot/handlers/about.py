"""/help, /me, /unlock, links that are sent as a text, and the answer to what is no command."""

from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from core.access import requires_access
from core.clock import Clock
from core.days import start_of_day
from core.message_kinds import SERVICE_KINDS
from core.payloads import PostPayload, find_post_payload
from core.users import User
from database.operations import deletion_ops, settings_ops, token_counts, user_ops
from database.operations.posts import post_ops
from sender.failures import TELEGRAM_ERRORS
from user_bot.delivery.deliverer import Deliverer
from user_bot.delivery.verifier import Verifier
from user_bot.text_messages import send_text
from views.subscribers import keyboards as user_keyboards
from views.subscribers import texts as user_texts
from views.subscribers.callbacks import ShowMe

#: open deliveries read for /me
SHOWN = 20
#: answered by nobody: people send them in passing
_UNANSWERED = SERVICE_KINDS | {"sticker", "dice"}


async def help_(message: Message, clock: Clock) -> None:
    await message.answer(user_texts.help_text(await settings_ops.current(clock.now())))


async def me(message: Message, user: User, clock: Clock, zone: ZoneInfo) -> None:
    text, markup = await _about(user, clock, zone)
    await message.answer(text, reply_markup=markup)


async def me_by_button(query: CallbackQuery, user: User, clock: Clock, zone: ZoneInfo, bot: Bot) -> None:
    with suppress(*TELEGRAM_ERRORS):  # it may have been pressed too long ago
        await bot.answer_callback_query(query.id)
    await send_text(bot, user.user_id, *await _about(user, clock, zone))


async def _about(user: User, clock: Clock, zone: ZoneInfo) -> tuple[str, InlineKeyboardMarkup]:
    now = clock.now()
    settings = await settings_ops.current(now)
    pending = await deletion_ops.open_deliveries(user.user_id, SHOWN)
    titles = await post_ops.titles(promise.post_code for promise in pending)
    standing = user_texts.Standing(
        unlocks_today=await token_counts.links_on(user.user_id, start_of_day(now, zone)),
        open_deliveries=[(titles.get(promise.post_code, ""), promise.delete_at) for promise in pending],
    )
    markup = user_keyboards.me(can_unlock=requires_access(settings), has_news=user.news_stopped_at is None)
    return user_texts.about_me(user, settings, standing, now, zone), markup


async def token(message: Message, user: User, verifier: Verifier) -> None:
    await verifier.new_link(user, f"message {message.message_id}")


def _post_in(message: Message) -> dict[str, Any] | bool:
    """Return `payload`, of the first link to a post: in the text, behind a word of it, or on a button below it."""
    entities = message.entities or message.caption_entities or []
    rows = message.reply_markup.inline_keyboard if message.reply_markup is not None else []
    addresses = [one.url for one in entities] + [button.url for row in rows for button in row]
    texts = [message.text or message.caption or "", *(address or "" for address in addresses)]
    found = next((payload for text in texts if (payload := find_post_payload(text)) is not None), None)
    return False if found is None else {"payload": found}


async def open_link(message: Message, payload: PostPayload, user: User, deliverer: Deliverer) -> None:
    update_key = f"message {message.message_id}"
    await deliverer.deliver(user, payload.code, update_key, source=payload.source, moves_down=True)


async def is_content(message: Message) -> bool:
    """Return whether somebody sent it to be read; False for stickers, pinned messages, timers and the like."""
    return message.content_type not in _UNANSWERED


async def anything_else(message: Message, user: User, clock: Clock) -> None:
    if await user_ops.note_stray(user.user_id, clock.now()):
        await message.answer(user_texts.not_a_command())


def build() -> Router:
    router = Router(name="about")
    router.message.register(help_, Command("help"))
    router.message.register(me, Command("me"))
    router.message.register(token, Command("token", "unlock"))
    router.callback_query.register(me_by_button, ShowMe.filter())
    router.message.register(open_link, _post_in)
    router.message.register(anything_else, is_content)
    return router
