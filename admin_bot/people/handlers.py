"""/grant, /user, /ban, /unban, and the buttons of a subscriber's screen."""

from aiogram import Bot, F, Router
from aiogram.filters import CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, MessageOriginHiddenUser, MessageOriginUser

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.people.inputs import BanCommand, read_ban, read_grant, read_id
from admin_bot.people.service import PeopleService
from admin_bot.screens import answer, screen_id, show_in_place, toast, turn_to
from admin_bot.states import Asked
from core.errors import BadInput
from database.operations import user_ops
from views.admin_texts import FIRST_THE_BATCH
from views.html import esc
from views.navigation import Open, Section
from views.people import texts
from views.people.callbacks import SubscriberAction, SubscriberButton


async def grant(message: Message, command: CommandObject, people: PeopleService) -> None:
    try:
        grant_command = read_grant(command.args or "")
    except BadInput as problem:
        await message.answer(f"{esc(problem.sentence)}\n{texts.GRANT_USAGE}")
        return
    if grant_command is None:
        await message.answer(texts.GRANT_USAGE)
        return
    key = f"admin {message.chat.id} {message.message_id}"
    await message.answer(await people.grant(message.chat.id, grant_command, key))


async def ban(message: Message, command: CommandObject, people: PeopleService) -> None:
    try:
        ban_command = read_ban(command.args or "")
    except BadInput as problem:
        await message.answer(f"{esc(problem.sentence)}\n{texts.BAN_USAGE}")
        return
    await message.answer(texts.BAN_USAGE if ban_command is None else await people.ban(message.chat.id, ban_command))


async def unban(message: Message, command: CommandObject, people: PeopleService) -> None:
    if not (command.args or "").strip():
        await message.answer(texts.UNBAN_USAGE)
        return
    try:
        user_id = read_id(command.args or "")
    except BadInput as problem:
        await message.answer(f"{esc(problem.sentence)}\n{texts.UNBAN_USAGE}")
        return
    await message.answer(await people.unban(message.chat.id, user_id))


async def user_command(message: Message, command: CommandObject, state: FSMContext, people: PeopleService) -> None:
    """Show a subscriber (/user ID), or ask for the ID (/user)."""
    dialogue = Dialogue(state)
    if (command.args or "").strip():
        await _show(message, command.args or "", people)
    elif await dialogue.batch_draft() is not None:
        await message.answer(FIRST_THE_BATCH)
    else:
        await dialogue.ask(Asked.person, Question(None, None))
        await answer(message, texts.ask_subscriber())


async def _show(message: Message, typed: str, people: PeopleService) -> bool:
    """Send a subscriber's screen; False if `typed` is no id, and then the answer says so."""
    try:
        user_id = read_id(typed)
    except BadInput as problem:
        await message.answer(esc(problem.sentence))
        return False
    await answer(message, await people.screen(user_id))
    return True


async def answered(message: Message, state: FSMContext, people: PeopleService) -> None:
    """Take the answer to /user: an ID, or a forwarded message of the subscriber."""
    origin = message.forward_origin
    if isinstance(origin, MessageOriginHiddenUser):
        await message.answer(texts.ACCOUNT_HIDDEN)
    elif isinstance(origin, MessageOriginUser):
        await _show(message, str(origin.sender_user.id), people)
        await Dialogue(state).end_question()
    elif origin is not None:
        await message.answer(texts.NOT_A_PERSON)
    elif await _show(message, message.text or "", people):
        await Dialogue(state).end_question()


async def open_section(query: CallbackQuery, bot: Bot, state: FSMContext) -> None:
    """Ask for a subscriber in place of the pressed screen."""
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, FIRST_THE_BATCH, alert=True)
        return
    await dialogue.ask(Asked.person, Question(None, screen_id(query)))
    await turn_to(query, bot, texts.ask_subscriber())


async def show_subscriber(query: CallbackQuery, callback_data: SubscriberButton, people: PeopleService) -> None:
    await people.show(query, callback_data.user_id)


async def confirm(query: CallbackQuery, callback_data: SubscriberButton, bot: Bot, people: PeopleService) -> None:
    user = await user_ops.find(callback_data.user_id)
    if user is None:
        await people.show(query, callback_data.user_id)
        return
    await toast(query)
    is_ban = callback_data.act is SubscriberAction.BAN
    await show_in_place(query, bot, texts.confirm_ban(user) if is_ban else texts.confirm_unban(user))


async def ban_confirmed(query: CallbackQuery, callback_data: SubscriberButton, people: PeopleService) -> None:
    if await people.is_admin(callback_data.user_id):
        await toast(query, texts.IS_ADMIN, alert=True)
        return
    await people.ban(query.from_user.id, BanCommand(callback_data.user_id))
    await people.show(query, callback_data.user_id)


async def unban_confirmed(query: CallbackQuery, callback_data: SubscriberButton, people: PeopleService) -> None:
    await people.unban(query.from_user.id, callback_data.user_id)
    await people.show(query, callback_data.user_id)


def build() -> Router:
    router = Router(name="admin people")
    router.callback_query.middleware(EndQuestion())
    router.message.register(answered, StateFilter(Asked.person))
    router.callback_query.register(open_section, Open.filter(F.section == Section.SUBSCRIBERS))
    router.callback_query.register(show_subscriber, SubscriberButton.filter(F.act == SubscriberAction.SHOW))
    router.callback_query.register(
        confirm, SubscriberButton.filter(F.act.in_({SubscriberAction.BAN, SubscriberAction.UNBAN}))
    )
    router.callback_query.register(ban_confirmed, SubscriberButton.filter(F.act == SubscriberAction.BAN_CONFIRMED))
    router.callback_query.register(unban_confirmed, SubscriberButton.filter(F.act == SubscriberAction.UNBAN_CONFIRMED))
    return router
