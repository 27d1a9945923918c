"""Channels: the list, one channel's card, their buttons."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.channels.invite_links import NoLink
from admin_bot.channels.service import ChannelService
from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import is_button_of
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, remove_screen, screen_id, show_in_place, toast, turn_to
from admin_bot.states import Asked
from core.subscriptions import ChannelMode, OnError
from database.operations import channel_ops
from sender.invite_links import LinkState
from views.admin_texts import first_the_batch
from views.channels import keyboards, texts
from views.channels.callbacks import ChannelAction, ChannelButton, ChannelList
from views.navigation import Open, OpenChannel, Section

#: button -> (the action in the audit log, the changed field, its new value)
_CHANGES: dict[ChannelAction, tuple[str, str, Any]] = {
    ChannelAction.LET_IN: ("channel.on_error_set", "on_error", OnError.OPEN),
    ChannelAction.KEEP_OUT: ("channel.on_error_set", "on_error", OnError.CLOSED),
    ChannelAction.PAUSE: ("channel.paused", "is_paused", True),
    ChannelAction.RESUME: ("channel.resumed", "is_paused", False),
}
_MODES = {ChannelAction.MEMBERS_ONLY: ChannelMode.JOIN, ChannelAction.REQUESTS_COUNT: ChannelMode.REQUEST}
#: state of the link -> (toast, problem shown above the screen)
_CHECKED: dict[LinkState, tuple[str | None, str | None]] = {
    LinkState.WORKS: (texts.checked_fine(), None),
    LinkState.GONE: (None, texts.link_gone()),
    LinkState.UNKNOWN: (texts.checked_without_link(), None),
}
_STEPS = {ChannelAction.UP: -1, ChannelAction.DOWN: 1}


async def channels_command(message: Message, channels: ChannelService) -> None:
    await answer(message, await channels.list_screen())


async def turn_page(
    query: CallbackQuery, callback_data: ChannelList, bot: Bot, state: FSMContext, channels: ChannelService
) -> None:
    await channels.show_list(query, callback_data.page)
    await remove_screen(bot, query.from_user.id, await Dialogue(state).pop_picker())


async def open_channel(query: CallbackQuery, callback_data: ChannelButton, channels: ChannelService) -> None:
    channel = await channels.find_or_answer(query, callback_data.chat_id)
    if channel is not None:
        await channels.show(query, channel)


async def change(query: CallbackQuery, callback_data: ChannelButton, channels: ChannelService) -> None:
    channel = await channels.find_or_answer(query, callback_data.chat_id)
    if channel is not None:
        action, field, value = _CHANGES[callback_data.act]
        await channels.show(query, await channels.change(query.from_user.id, channel, action, field, value))


async def open_by_id(query: CallbackQuery, callback_data: OpenChannel, channels: ChannelService) -> None:
    await channels.show(query, await channel_ops.find(callback_data.chat_id))


async def open_section(query: CallbackQuery, bot: Bot, state: FSMContext, channels: ChannelService) -> None:
    await channels.show_list(query)
    await remove_screen(bot, query.from_user.id, await Dialogue(state).pop_picker())


async def stop_publishing(query: CallbackQuery, callback_data: ChannelButton, channels: ChannelService) -> None:
    channel = await channels.find_or_answer(query, callback_data.chat_id)
    if channel is not None:
        await channels.show(query, await channels.stop_publishing(query.from_user.id, channel))


async def move(query: CallbackQuery, callback_data: ChannelButton, channels: ChannelService) -> None:
    step = _STEPS[callback_data.act]
    await channels.show(
        query, await channels.move(query.from_user.id, callback_data.chat_id, callback_data.place, step)
    )


async def set_mode(query: CallbackQuery, callback_data: ChannelButton, channels: ChannelService) -> None:
    channel = await channels.find_or_answer(query, callback_data.chat_id)
    if channel is None:
        return
    try:
        changed, is_revoked = await channels.set_mode(query.from_user.id, channel, _MODES[callback_data.act])
    except NoLink as problem:
        await channels.show(query, channel, problem=problem.sentence)
        return
    await channels.show(query, changed, None if is_revoked else texts.old_link_not_revoked())


async def new_link(query: CallbackQuery, callback_data: ChannelButton, channels: ChannelService) -> None:
    channel = await channels.find_or_answer(query, callback_data.chat_id)
    if channel is None:
        return
    try:
        changed, is_revoked = await channels.renew_link(query.from_user.id, channel, channel.mode)
    except NoLink as problem:
        await channels.show(query, channel, problem=problem.sentence)
        return
    await channels.show(query, changed, texts.new_link_made() if is_revoked else texts.old_link_not_revoked())


async def check(
    query: CallbackQuery, callback_data: ChannelButton, bot: Bot, channels: ChannelService, user_bot_username: str
) -> None:
    channel = await channels.find_or_answer(query, callback_data.chat_id)
    if channel is None:
        return
    checked = await channels.check(channel)
    channel, seen = checked.channel, checked.seen
    if channel is None or not seen.lacks:
        toast_text, problem = _CHECKED[checked.link]
        await channels.show(query, channel, toast_text, problem=problem)
    elif seen.is_unknown:
        await channels.show(query, channel, texts.check_unsure())
    else:
        await toast(query)
        rows = keyboards.lacking(channel, user_bot_username, seen.lacks, is_group=seen.is_group)
        screen = texts.lacking(channel.name, user_bot_username, seen.lacks, rows, keyboards.to_card(channel))
        await show_in_place(query, bot, screen)


async def ask_label(
    query: CallbackQuery, callback_data: ChannelButton, bot: Bot, state: FSMContext, channels: ChannelService
) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    channel = await channels.find_or_answer(query, callback_data.chat_id)
    if channel is None:
        return
    await dialogue.ask(Asked.label, Question(callback_data.pack(), screen_id(query)))
    await toast(query)
    await show_in_place(query, bot, texts.ask_label(channel))


async def confirm_remove(
    query: CallbackQuery, callback_data: ChannelButton, bot: Bot, channels: ChannelService
) -> None:
    channel = await channels.find_or_answer(query, callback_data.chat_id)
    if channel is not None:
        await turn_to(query, bot, texts.confirm_remove(channel))


async def remove(query: CallbackQuery, callback_data: ChannelButton, channels: ChannelService) -> None:
    channel = await channels.find_or_answer(query, callback_data.chat_id)
    if channel is not None:
        is_removed = await channels.remove(query.from_user.id, channel)
        await channels.show_list(query, toast_text=texts.removed(channel) if is_removed else texts.channel_gone())


async def unknown_button(query: CallbackQuery, channels: ChannelService) -> None:
    """Answer a forged button, or one of another version."""
    await channels.show(query, None)


def build() -> Router:
    router = Router(name="admin channels")
    router.callback_query.middleware(EndQuestion())
    handlers: dict[ChannelAction, Callable[..., Awaitable[None]]] = {
        ChannelAction.OPEN: open_channel,
        ChannelAction.PUBLISH_OFF: stop_publishing,
        ChannelAction.LABEL: ask_label,
        ChannelAction.CHECK: check,
        ChannelAction.NEW_LINK: new_link,
        ChannelAction.REMOVE: confirm_remove,
        ChannelAction.REMOVE_CONFIRMED: remove,
        **dict.fromkeys(_CHANGES, change),
        **dict.fromkeys(_MODES, set_mode),
        **dict.fromkeys(_STEPS, move),
    }
    for action, handler in handlers.items():
        router.callback_query.register(handler, ChannelButton.filter(F.act == action))
    router.callback_query.register(turn_page, ChannelList.filter())
    router.callback_query.register(open_by_id, OpenChannel.filter())
    router.callback_query.register(open_section, Open.filter(F.section == Section.CHANNELS))
    router.callback_query.register(unknown_button, is_button_of(ChannelButton, ChannelList))
    return router
