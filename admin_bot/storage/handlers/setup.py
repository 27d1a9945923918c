"""The setup of the storage channel: the picker's answer, another attempt, another channel."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery, ChatMemberUpdated, ChatShared, Message, User

from admin_bot.filters import is_shared_chat
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, screen_id, show_in_place, toast, turn_to
from admin_bot.storage.channel import StorageChannel, describe
from admin_bot.storage.setup import AfterStorage, Chosen, NotYet, StorageSetup
from core.settings.changes import Editor
from database.team import Team
from views.navigation import Open, Section
from views.screens import Screen
from views.storage import keyboards, screens, texts
from views.storage.callbacks import SetupAction, SetupButton


def editor(user: User | None) -> Editor:
    """Return who chooses; updates without a person do not get this far."""
    return Editor(user.id if user else 0, user.first_name if user else "")


async def channel_shared(message: Message, storage_setup: StorageSetup, first_hour: AfterStorage) -> None:
    shared = message.chat_shared
    if not isinstance(shared, ChatShared) or shared.request_id != keyboards.STORAGE_REQUEST_ID:
        await message.answer(texts.not_a_channel(), reply_markup=keyboards.pick_storage())
        return
    by = editor(message.from_user)
    outcome = await storage_setup.choose(by, shared.chat_id, shared.title)
    if isinstance(outcome, Chosen):
        await first_hour.storage_chosen(by.user_id, outcome.title)
    elif isinstance(outcome, NotYet):
        sent = await answer(message, outcome.screen)
        await storage_setup.wait_for(by, shared.chat_id, outcome.title, sent.message_id)
    else:
        await message.answer(outcome.sentence, reply_markup=keyboards.pick_storage())


async def check_again(
    query: CallbackQuery, callback_data: SetupButton, bot: Bot, storage_setup: StorageSetup, first_hour: AfterStorage
) -> None:
    await toast(query)
    by, chat_id = editor(query.from_user), callback_data.chat_id
    outcome = await storage_setup.choose(by, chat_id)
    if isinstance(outcome, Chosen):
        await show_in_place(query, bot, Screen(texts.checked(outcome.title)))
        if outcome.had_waited:
            await first_hour.storage_chosen(by.user_id, outcome.title)
    elif isinstance(outcome, NotYet):
        shown = await show_in_place(query, bot, outcome.screen)
        await storage_setup.wait_for(by, chat_id, outcome.title, shown.message_id or screen_id(query) or 0)
    else:
        await bot.send_message(by.user_id, outcome.sentence, reply_markup=keyboards.pick_storage())


async def choose(query: CallbackQuery, bot: Bot) -> None:
    await toast(query)
    await bot.send_message(query.from_user.id, texts.change_channel(), reply_markup=keyboards.pick_storage())


async def open_storage(
    query: CallbackQuery, bot: Bot, storage_channel: StorageChannel, storage_setup: StorageSetup
) -> None:
    """Show where posts are kept, or what is missing there; ask for a channel where there is none."""
    chat_id = await storage_channel.find()
    if chat_id is None:
        await toast(query)
        await bot.send_message(query.from_user.id, texts.first(), reply_markup=keyboards.pick_storage())
        return
    problem = await storage_setup.current_problem(chat_id)
    shown = problem if problem is not None else Screen(texts.ready((await describe(bot, chat_id)).title))
    await turn_to(query, bot, screens.storage(shown))


async def membership_changed(
    event: ChatMemberUpdated, user_bot: Bot, storage_setup: StorageSetup, first_hour: AfterStorage, team: Team
) -> None:
    """A bot came into a channel: go on with the set-up that waits for it."""
    who = event.new_chat_member.user
    if event.new_chat_member.status not in ("administrator", "member"):
        return
    if who.id == user_bot.id:
        await storage_setup.go_on(event.chat.id, first_hour, team)
    elif who.is_bot:
        await storage_setup.tell_of_wrong_bot(event.chat.id, who.username or "", team)


def build() -> Router:
    router = Router(name="admin setup")
    router.callback_query.middleware(EndQuestion())
    router.message.register(channel_shared, is_shared_chat)
    router.callback_query.register(check_again, SetupButton.filter(F.act == SetupAction.CHECK))
    router.callback_query.register(choose, SetupButton.filter(F.act == SetupAction.CHOOSE))
    router.callback_query.register(open_storage, Open.filter(F.section == Section.STORAGE))
    router.chat_member.register(membership_changed)
    return router
