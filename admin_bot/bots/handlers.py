"""The buttons of both bots' names, texts and pictures; for owners (`admin_bot.section_rights`)."""

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.bots.service import BotProfiles
from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, move_below, screen_id, show_in_place, toast, turn_to
from admin_bot.states import BotsAsked
from core.bots.texts import Part, read_text
from views.admin_texts import first_the_batch
from views.bots import screens
from views.bots.callbacks import AskPart, BotButton, RemovePicture, SavePart, Which
from views.navigation import Open, Section


async def show_both(query: CallbackQuery, bot: Bot, bot_profiles: BotProfiles) -> None:
    await turn_to(query, bot, await bot_profiles.both())


async def show(query: CallbackQuery, callback_data: BotButton, bot: Bot, bot_profiles: BotProfiles) -> None:
    await turn_to(query, bot, await bot_profiles.screen(callback_data.which))


async def ask(
    query: CallbackQuery, callback_data: AskPart, bot: Bot, state: FSMContext, bot_profiles: BotProfiles
) -> None:
    dialogue, which, part = Dialogue(state), callback_data.which, callback_data.part
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await dialogue.ask(BotsAsked.part, Question(callback_data.pack(), screen_id(query)))
    await turn_to(query, bot, screens.question(which, part, await bot_profiles.username(which)))


async def sent(message: Message, bot: Bot, state: FSMContext, bot_profiles: BotProfiles) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    asked = question.asked_by(AskPart) if question else None
    if question is None or asked is None:
        await dialogue.end_question()
        await answer(message, await bot_profiles.both())
        return
    value = _value(asked.part, message)
    if value is None:
        await message.answer(screens.expected(asked.part))
        return
    await dialogue.keep_setting(_kept_as(asked.which, asked.part), value, None)
    await dialogue.end_question()
    username = await bot_profiles.username(asked.which)
    await move_below(
        bot, message.chat.id, question.screen_id, screens.confirm(asked.which, asked.part, value, username)
    )


async def ask_removal(
    query: CallbackQuery, callback_data: RemovePicture, bot: Bot, state: FSMContext, bot_profiles: BotProfiles
) -> None:
    which = callback_data.which
    await Dialogue(state).keep_setting(_kept_as(which, Part.PICTURE), "", None)
    await turn_to(query, bot, screens.confirm(which, Part.PICTURE, "", await bot_profiles.username(which)))


async def save(
    query: CallbackQuery, callback_data: SavePart, bot: Bot, state: FSMContext, bot_profiles: BotProfiles
) -> None:
    dialogue, which, part = Dialogue(state), callback_data.which, callback_data.part
    kept = await dialogue.kept_setting(_kept_as(which, part))
    if kept is None or kept["value"] is None:
        await turn_to(query, bot, await bot_profiles.screen(which), screens.nothing_sent())
        return
    await toast(query)
    problem = await bot_profiles.set(query.from_user.id, which, part, kept["value"])
    if problem is not None:
        screen = screens.confirm(which, part, kept["value"], await bot_profiles.username(which)).with_note(problem)
    else:
        # a second press sets nothing: Telegram allows a name a few times a day
        await dialogue.keep_setting(_kept_as(which, part), None, None)
        screen = await bot_profiles.screen(which, screens.saved())
    await show_in_place(query, bot, screen)


def _value(part: Part, message: Message) -> str | None:
    """Return the text, or the id of the photo, that was sent; None for anything that was not asked for."""
    if part is Part.PICTURE:
        return message.photo[-1].file_id if message.photo else None
    return read_text(part, message.text or "")


def _kept_as(which: Which, part: Part) -> str:
    return f"bot {which} {part}"


def build() -> Router:
    router = Router(name="admin bots")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show_both, Open.filter(F.section == Section.PROFILES))
    router.callback_query.register(show, BotButton.filter())
    router.callback_query.register(ask, AskPart.filter())
    router.callback_query.register(ask_removal, RemovePicture.filter())
    router.callback_query.register(save, SavePart.filter())
    router.message.register(sent, StateFilter(BotsAsked.part))
    return router
