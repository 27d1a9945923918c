"""Commands. They win over everything that waits for a message; an open batch stays and is shown again."""

from typing import Any

from aiogram import BaseMiddleware, Bot, Router
from aiogram.filters import Command, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.types import Message, ReplyKeyboardRemove, TelegramObject

from admin_bot.broadcasts.handlers import composing as broadcast_composing
from admin_bot.broadcasts.handlers import message as broadcast_message
from admin_bot.broadcasts.service import BroadcastService
from admin_bot.channels.handlers import list as channel_list
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.filters import is_command
from admin_bot.menu import handlers as menu_handlers
from admin_bot.menu.service import MenuService
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.people.handlers import commands as people
from admin_bot.people.handlers import list as people_list
from admin_bot.posts.batch_status import BatchStatus
from admin_bot.posts.handlers import batch, post_list
from admin_bot.publishing.handlers import schedule
from admin_bot.screens import remove_screen, send
from admin_bot.settings.handlers import panel as settings_panel
from admin_bot.settings.handlers import set_command
from admin_bot.statistics import handlers as statistics
from admin_bot.storage.channel import StorageChannel
from admin_bot.storage.handlers.setup import editor
from admin_bot.storage.setup import StorageSetup
from admin_bot.system.handlers import admin_page, backup, jobs
from admin_bot.team.first_hour import FirstHourGuide
from admin_bot.team.handlers import language, members
from admin_bot.team.menus import TeamMenus
from core.team.admins import Role
from core.team.rights import Right, may
from sender.updates.acknowledgement import Handler
from views import admin_texts
from views.posts import batch_texts
from views.team.texts import claimed

#: commands that change the batch themselves
_BATCH_COMMANDS = ("/batch", "/cancel")


class ShowOpenBatch(BaseMiddleware):
    """After any other command: moves the open batch's status message below the answer."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        result = await handler(event, data)
        if not isinstance(event, Message) or (event.text or "").startswith(_BATCH_COMMANDS):
            return result
        dialogue = Dialogue(data["state"])
        draft = await dialogue.batch_draft()
        if draft is not None:
            await data["batch_status"].show(event.chat.id, dialogue, draft)
        return result


async def start(
    message: Message,
    role: Role,
    bot: Bot,
    menu: MenuService,
    first_hour: FirstHourGuide,
    storage_channel: StorageChannel,
    storage_setup: StorageSetup,
    team_menus: TeamMenus,
) -> None:
    """Ask what the first hour asks next; once posts have their place, show the Menu, or what is wrong there."""
    user_id = message.chat.id
    chat_id, may_choose = await storage_channel.find(), may(role, Right.STORAGE)
    if chat_id is None and not (may_choose and await storage_setup.resume(editor(message.from_user), first_hour)):
        await first_hour.ask_storage(user_id, role, claimed(editor(message.from_user).name))
    elif chat_id is not None:
        problem = await storage_setup.current_problem(chat_id) if may_choose else None
        await send(bot, user_id, problem or await menu.screen(role))
    await team_menus.show(user_id, role)


async def help_(message: Message) -> None:
    await message.answer(admin_texts.help_text())


async def new_post(message: Message) -> None:
    await message.answer(admin_texts.send_anything())


async def cancel(
    message: Message,
    bot: Bot,
    state: FSMContext,
    batch_status: BatchStatus,
    broadcasts: BroadcastService,
    question_ended: bool = False,
) -> None:
    """End the first of: an open batch, a waiting question, a draft of a broadcast."""
    dialogue = Dialogue(state)
    draft = await dialogue.batch_draft()
    if draft is None:
        picker = await dialogue.pop_picker()
        is_waiting = question_ended or picker is not None
        if not is_waiting and await broadcast_composing.cancel_by_command(message, bot, dialogue, broadcasts):
            return
        sentence = admin_texts.cancelled() if is_waiting else admin_texts.nothing_to_cancel()
        await message.answer(sentence, reply_markup=ReplyKeyboardRemove() if picker else None)
        await remove_screen(bot, message.chat.id, picker)
        return
    await dialogue.close_batch_draft()
    # deleted, so that none of its buttons is left above the answer
    batch_status.cancel(message.chat.id)
    await remove_screen(bot, message.chat.id, draft.status_message_id)
    await message.answer(batch_texts.cancelled())


async def unknown(message: Message) -> None:
    await message.answer(admin_texts.unknown_command())


def build() -> Router:
    router = Router(name="admin commands")
    router.message.filter(is_command)
    router.message.middleware(EndQuestion())
    router.message.middleware(ShowOpenBatch())
    router.message.register(start, CommandStart())
    router.message.register(menu_handlers.menu_command, Command("menu"))
    router.message.register(help_, Command("help"))
    router.message.register(batch.open_batch, Command("batch"))
    router.message.register(new_post, Command("new", "post"))
    router.message.register(cancel, Command("cancel"))
    router.message.register(broadcast_message.broadcast_command, Command("broadcast"))
    router.message.register(post_list.posts_command, Command("posts"))
    router.message.register(schedule.schedule_command, Command("schedule"))
    router.message.register(settings_panel.settings_command, Command("settings"))
    router.message.register(set_command.set_one, Command("set"))
    router.message.register(channel_list.channels_command, Command("channels"))
    router.message.register(people.grant, Command("grant"))
    router.message.register(people_list.subscribers_command, Command("subscribers"))
    router.message.register(people_list.user_command, Command("user"))
    router.message.register(people.ban, Command("ban"))
    router.message.register(people.unban, Command("unban"))
    router.message.register(jobs.jobs_command, Command("jobs"))
    router.message.register(statistics.stats_command, Command("stats"))
    router.message.register(backup.backup_command, Command("backup"))
    router.message.register(admin_page.admin_command, Command("admin"))
    router.message.register(members.team_command, Command("team", "admins"))
    router.message.register(language.language_command, Command("language"))
    router.message.register(unknown)
    return router
