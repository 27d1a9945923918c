"""Telegram's own choice of people: the picker, and its answer."""

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, ReplyKeyboardRemove, UsersShared

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.people.service import PeopleService
from admin_bot.screens import answer, remove_screen, screen_id, show_in_place, toast
from admin_bot.states import Asked
from core.users import NAME_MAX
from views.admin_texts import first_the_batch
from views.people import lists as views
from views.people.callbacks import PickPeople


async def is_picked(message: Message) -> bool:
    """Return whether it is the answer of this picker."""
    shared = message.users_shared
    return isinstance(shared, UsersShared) and shared.request_id == views.PEOPLE_REQUEST_ID


async def ask(query: CallbackQuery, bot: Bot, state: FSMContext) -> None:
    """Show the picker; a name that is typed meanwhile is searched."""
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await dialogue.ask(Asked.person, Question(None, screen_id(query)))
    await toast(query)
    chat_id = query.from_user.id
    # the picker needs a message of its own. It is sent first: if that fails, the pressed button is still there
    await remove_screen(bot, chat_id, await dialogue.pop_picker())
    sent = await bot.send_message(chat_id, views.pick_here(), reply_markup=views.pick_keyboard())
    await dialogue.keep_picker(sent.message_id)
    await show_in_place(query, bot, views.ask_person())


async def picked(message: Message, bot: Bot, state: FSMContext, people: PeopleService) -> None:
    """Take the picker's answer, also after the question has ended: the picker is still shown."""
    shared = message.users_shared
    assert isinstance(shared, UsersShared), "checked by the filter"
    names = {
        user.user_id: (user.first_name or user.username or "")[:NAME_MAX] for user in shared.users[: views.PICKED_MAX]
    }
    dialogue = Dialogue(state)
    await message.answer(views.picked(len(names)), reply_markup=ReplyKeyboardRemove())
    await answer(message, await people.picked(dialogue, names))
    question = await dialogue.question()
    await dialogue.end_question()
    await remove_screen(bot, message.chat.id, await dialogue.pop_picker())
    await remove_screen(bot, message.chat.id, question.screen_id if question else None)


def build() -> Router:
    router = Router(name="admin people picking")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(ask, PickPeople.filter())
    router.message.register(picked, is_picked)
    return router
