"""Address and key of a shortener, as answers. A wrong answer is answered with what is expected; the question stays."""

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message
from pydantic import SecretStr

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.conversation.shortener_draft import ShortenerDraft, new_shortener_draft
from admin_bot.filters import has_text
from admin_bot.screens import move_below
from admin_bot.shorteners.drafts import DraftService
from admin_bot.shorteners.service import ShortenerService
from admin_bot.shorteners.typed_keys import delete_typed_key
from admin_bot.states import ShortenerAsked
from core.shorteners.addresses import holds_secret, read_api_url
from core.shorteners.keys import is_key
from sender.updates.acknowledgement import acknowledge_after
from shorteners.vault import NoVault
from views.html import esc
from views.screens import Screen
from views.shorteners import screens, texts

#: seconds after which other updates no longer wait for a test
QUICK_S = 1.0


async def address_given(message: Message, bot: Bot, state: FSMContext, shortener_drafts: DraftService) -> None:
    dialogue, text = Dialogue(state), message.text or ""
    found = read_api_url(text)
    if found is None:
        if holds_secret(text):
            await _delete(bot, message)
            await message.answer(esc(texts.address_with_key()))
        else:
            await message.answer(esc(texts.address_expected()))
        return
    draft = new_shortener_draft(found.api_url)
    if found.key is not None:
        await _delete(bot, message)
        await _take_key(message, bot, dialogue, shortener_drafts, draft, found.key)
        return
    question = await dialogue.question()
    await dialogue.keep_shortener_draft(draft)
    shown = await move_below(bot, message.chat.id, question.screen_id if question else None, screens.ask_key())
    await dialogue.ask(ShortenerAsked.key, Question(None, shown.message_id))


async def key_given(
    message: Message, bot: Bot, state: FSMContext, shorteners: ShortenerService, shortener_drafts: DraftService
) -> None:
    # first of all: whatever happens next, it no longer stands in the chat
    await _delete(bot, message)
    dialogue = Dialogue(state)
    draft, key = await dialogue.shortener_draft(), (message.text or "").strip()
    if draft is None:
        await dialogue.end_question()
        await move_below(bot, message.chat.id, None, (await shorteners.list_screen()).with_note(texts.question_lost()))
    elif not is_key(key):
        await message.answer(esc(texts.key_expected()))
    else:
        await _take_key(message, bot, dialogue, shortener_drafts, draft, key)


async def _take_key(
    message: Message, bot: Bot, dialogue: Dialogue, drafts: DraftService, draft: ShortenerDraft, key: str
) -> None:
    """Seal the key, keep it, test it and show the result below what was typed."""
    question = await dialogue.question()
    try:
        draft = drafts.seal(draft, SecretStr(key))
    except NoVault as problem:
        screen = screens.no_vault(str(problem))
    else:
        await dialogue.keep_shortener_draft(draft)
        screen = await try_draft(dialogue, drafts, draft)
    await dialogue.end_question()
    await move_below(bot, message.chat.id, question.screen_id if question else None, screen)


async def try_draft(dialogue: Dialogue, drafts: DraftService, draft: ShortenerDraft) -> Screen:
    """Test the draft, keep what was found, and return the screen that says it."""
    with acknowledge_after(QUICK_S):
        tested = await drafts.test(draft)
    if tested is None:  # the key file has changed since it was sent
        return screens.ask_key().with_note(texts.key_unreadable())
    draft, trial = tested
    await dialogue.keep_shortener_draft(draft)
    if trial.failure is not None:
        return screens.not_tested(draft.id, trial.failure.value, trial.status)
    return screens.tested(draft.id, trial.took_s, trial.url)


async def _delete(bot: Bot, message: Message) -> None:
    if not await delete_typed_key(bot, message):
        await message.answer(texts.key_message_left())


async def address_expected(message: Message) -> None:
    await message.answer(esc(texts.address_expected()))


async def key_expected(message: Message) -> None:
    await message.answer(esc(texts.key_expected()))


def build() -> Router:
    router = Router(name="admin shortener answers")
    router.message.register(address_given, StateFilter(ShortenerAsked.address), has_text)
    router.message.register(address_expected, StateFilter(ShortenerAsked.address))
    router.message.register(key_given, StateFilter(ShortenerAsked.key), has_text)
    router.message.register(key_expected, StateFilter(ShortenerAsked.key))
    return router
