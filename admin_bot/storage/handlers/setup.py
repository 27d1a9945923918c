"""/start: the setup of the storage channel, with both bots' rights in it."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, ChatShared, Message, ReplyKeyboardRemove

from admin_bot.audit import note
from admin_bot.filters import is_shared_chat
from admin_bot.screens import Screen, answer, show_in_place, toast
from admin_bot.storage.alarm import StorageAlarm
from admin_bot.storage.channel import Rights, StorageChannel, describe
from core.clock import Clock
from database.operations import settings_ops
from views.storage import keyboards, texts
from views.storage.callbacks import SetupAction, SetupButton


async def start(
    message: Message, bot: Bot, user_bot: Bot, storage_channel: StorageChannel, storage_alarm: StorageAlarm
) -> None:
    chat_id = await storage_channel.find()
    if chat_id is None:
        name = message.from_user.first_name if message.from_user else ""
        await message.answer(texts.welcome(name), reply_markup=keyboards.pick_storage())
        return
    rights = await storage_channel.missing_rights(chat_id, bot, user_bot)
    seen = await describe(bot, chat_id)
    if not rights.are_complete:
        await answer(message, await _rights_screen(bot, user_bot, chat_id, seen.title, rights))
        return
    await storage_alarm.follow_restriction(chat_id, is_restricted=seen.is_restricted)
    if seen.is_restricted:
        await answer(message, _restricted_screen(chat_id, seen.title))
        return
    await message.answer(texts.ready(seen.title), reply_markup=keyboards.change_storage())


async def channel_shared(
    message: Message,
    bot: Bot,
    user_bot: Bot,
    storage_channel: StorageChannel,
    clock: Clock,
    storage_alarm: StorageAlarm,
) -> None:
    shared = message.chat_shared
    if not isinstance(shared, ChatShared) or shared.request_id != keyboards.STORAGE_REQUEST_ID:
        await message.answer(texts.NOT_A_CHANNEL, reply_markup=keyboards.pick_storage())
        return
    rights = await storage_channel.missing_rights(shared.chat_id, bot, user_bot)
    seen = await describe(bot, shared.chat_id)
    title = shared.title or seen.title
    if not rights.are_complete:
        await answer(message, await _rights_screen(bot, user_bot, shared.chat_id, title, rights))
        return
    if seen.is_restricted:
        await answer(message, _restricted_screen(shared.chat_id, title))
        return
    await _save(message.chat.id, shared.chat_id, clock, storage_alarm)
    await message.answer(texts.chosen(title), reply_markup=ReplyKeyboardRemove())


async def check_again(
    query: CallbackQuery,
    callback_data: SetupButton,
    bot: Bot,
    user_bot: Bot,
    storage_channel: StorageChannel,
    clock: Clock,
    storage_alarm: StorageAlarm,
) -> None:
    await toast(query)
    chat_id = callback_data.chat_id
    rights = await storage_channel.missing_rights(chat_id, bot, user_bot)
    seen = await describe(bot, chat_id)
    if not rights.are_complete:
        await show_in_place(query, bot, await _rights_screen(bot, user_bot, chat_id, seen.title, rights))
        return
    if seen.is_restricted:
        await show_in_place(query, bot, _restricted_screen(chat_id, seen.title))
        return
    await _save(query.from_user.id, chat_id, clock, storage_alarm)
    await show_in_place(query, bot, Screen(texts.checked(seen.title)))
    await bot.send_message(query.from_user.id, texts.chosen(seen.title), reply_markup=ReplyKeyboardRemove())


async def choose(query: CallbackQuery, bot: Bot) -> None:
    await toast(query)
    await bot.send_message(query.from_user.id, texts.change_channel(), reply_markup=keyboards.pick_storage())


async def _rights_screen(bot: Bot, user_bot: Bot, chat_id: int, title: str, rights: Rights) -> Screen:
    """Return the missing rights, with a button for each bot that misses any."""
    admin_name = (await bot.me()).username or ""
    user_name = (await user_bot.me()).username or ""
    bots = (
        (admin_name, rights.admin_bot, keyboards.ADMIN_BOT_RIGHTS),
        (user_name, rights.user_bot, keyboards.USER_BOT_RIGHTS),
    )
    to_add = [(name, needed) for name, lacks, needed in bots if lacks]
    html = texts.missing(title, (admin_name, rights.admin_bot), (user_name, rights.user_bot))
    return Screen(html, keyboards.missing_rights(chat_id, to_add))


def _restricted_screen(chat_id: int, title: str) -> Screen:
    return Screen(texts.restricted(title), keyboards.missing_rights(chat_id, ()))


async def _save(admin_id: int, chat_id: int, clock: Clock, storage_alarm: StorageAlarm) -> None:
    now = clock.now()
    before = (await settings_ops.current(now)).storage_channel_id
    if before != chat_id:
        await settings_ops.change("storage_channel_id", chat_id)
        await note(now, admin_id, "setting.changed", "storage_channel_id", before, chat_id)
    await storage_alarm.clear_for_both_bots(chat_id)
    await storage_alarm.follow_restriction(chat_id, is_restricted=False)


def build() -> Router:
    router = Router(name="admin setup")
    router.message.register(channel_shared, is_shared_chat)
    router.callback_query.register(check_again, SetupButton.filter(F.act == SetupAction.CHECK))
    router.callback_query.register(choose, SetupButton.filter(F.act == SetupAction.CHOOSE))
    return router
