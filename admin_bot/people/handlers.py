"""/grant, /user, /ban, /unban, and the buttons of a person's screen."""

from aiogram import Bot, F, Router
from aiogram.filters import CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, MessageOriginHiddenUser, MessageOriginUser

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.people.inputs import BanCommand, read_ban, read_grant, read_id
from admin_bot.people.service import PeopleService
from admin_bot.screens import show_under, toast
from admin_bot.states import Asked
from core.errors import BadInput
from database.operations import user_ops
from views.admin_texts import plain
from views.people import keyboards, texts
from views.people.callbacks import PersonAction, PersonButton
from views.posts.batch_texts import FIRST_THE_BATCH


async def grant(message: Message, command: CommandObject, people: PeopleService) -> None:
    try:
        wish = read_grant(command.args or "")
    except BadInput as problem:
        await message.answer(f"{plain(problem.sentence)}\n{texts.GRANT_USAGE}")
        return
    if wish is None:
        await message.answer(texts.GRANT_USAGE)
        return
    key = f"admin {message.chat.id} {message.message_id}"
    await message.answer(await people.grant(message.chat.id, wish, key))


async def ban(message: Message, command: CommandObject, people: PeopleService) -> None:
    try:
        wish = read_ban(command.args or "")
    except BadInput as problem:
        await message.answer(f"{plain(problem.sentence)}\n{texts.BAN_USAGE}")
        return
    await message.answer(texts.BAN_USAGE if wish is None else await people.ban(message.chat.id, wish))


async def unban(message: Message, command: CommandObject, people: PeopleService) -> None:
    if not (command.args or "").strip():
        await message.answer(texts.UNBAN_USAGE)
        return
    try:
        user_id = read_id(command.args or "")
    except BadInput as problem:
        await message.answer(f"{plain(problem.sentence)}\n{texts.UNBAN_USAGE}")
        return
    await message.answer(await people.unban(message.chat.id, user_id))


async def user_command(message: Message, command: CommandObject, state: FSMContext, people: PeopleService) -> None:
    """/user ID; without one it is asked for."""
    dialogue = Dialogue(state)
    if (command.args or "").strip():
        await _show(message, command.args or "", people)
    elif await dialogue.draft() is not None:
        await message.answer(FIRST_THE_BATCH)
    else:
        await dialogue.ask(Asked.person, Question(None, None))
        await message.answer(texts.ASK_PERSON)


async def _show(message: Message, typed: str, people: PeopleService) -> bool:
    """The person's screen; False when what was typed is no id, and that is said."""
    try:
        user_id = read_id(typed)
    except BadInput as problem:
        await message.answer(plain(problem.sentence))
        return False
    html, keyboard = await people.screen(user_id)
    await message.answer(html, reply_markup=keyboard)
    return True


async def person_told(message: Message, state: FSMContext, people: PeopleService) -> None:
    """The answer to /user: an ID, or a message of the person."""
    origin = message.forward_origin
    if isinstance(origin, MessageOriginHiddenUser):
        await message.answer(texts.HIDES)
    elif isinstance(origin, MessageOriginUser):
        await _show(message, str(origin.sender_user.id), people)
        await Dialogue(state).end_question()
    elif origin is not None:
        await message.answer(texts.NOT_A_PERSON)
    elif await _show(message, message.text or "", people):
        await Dialogue(state).end_question()


async def show_person(query: CallbackQuery, callback_data: PersonButton, people: PeopleService) -> None:
    await people.show(query, callback_data.user_id)


async def confirm(query: CallbackQuery, callback_data: PersonButton, bot: Bot, people: PeopleService) -> None:
    user = await user_ops.find(callback_data.user_id)
    if user is None:
        await people.show(query, callback_data.user_id)
        return
    await toast(query)
    if callback_data.act is PersonAction.BAN:
        await show_under(query, bot, texts.confirm_ban(user), keyboards.confirm_ban(user.user_id))
    else:
        await show_under(query, bot, texts.confirm_unban(user), keyboards.confirm_unban(user.user_id))


async def ban_sure(query: CallbackQuery, callback_data: PersonButton, people: PeopleService) -> None:
    if people.is_admin(callback_data.user_id):
        await toast(query, texts.IS_ADMIN, alert=True)
        return
    await people.ban(query.from_user.id, BanCommand(callback_data.user_id))
    await people.show(query, callback_data.user_id)


async def unban_sure(query: CallbackQuery, callback_data: PersonButton, people: PeopleService) -> None:
    await people.unban(query.from_user.id, callback_data.user_id)
    await people.show(query, callback_data.user_id)


def build() -> Router:
    router = Router(name="admin people")
    router.callback_query.middleware(EndQuestion())
    router.message.register(person_told, StateFilter(Asked.person))
    router.callback_query.register(show_person, PersonButton.filter(F.act == PersonAction.SHOW))
    router.callback_query.register(confirm, PersonButton.filter(F.act.in_({PersonAction.BAN, PersonAction.UNBAN})))
    router.callback_query.register(ban_sure, PersonButton.filter(F.act == PersonAction.BAN_SURE))
    router.callback_query.register(unban_sure, PersonButton.filter(F.act == PersonAction.UNBAN_SURE))
    return router
