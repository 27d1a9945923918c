"""Answers to the questions of a card. A wrong answer is answered with what is expected, and the question stays."""

from collections.abc import Callable
from typing import Any

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from admin_bot.audit import note
from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.filters import has_text
from admin_bot.posts.cards import CardService
from admin_bot.posts.changes import ChangeService, Wanted
from admin_bot.posts.covers import PostCovers
from admin_bot.posts.inputs import read_label, read_minutes, read_password, read_place, read_title
from admin_bot.posts.lists import list_screen
from admin_bot.screens import move_below
from admin_bot.states import Asked, PostAsked
from admin_bot.storage.copier import NotStored
from core.clock import Clock
from core.errors import BadInput
from core.posts import SOURCES_MAX, read_text
from database.operations.posts import post_ops
from views.html import esc
from views.posts import cards as card_views
from views.posts import questions as texts
from views.posts.callbacks import Choice, PostButton, PostList
from views.posts.made import nothing_there


def _text(message: Message) -> str:
    try:
        return read_text(message.html_text.strip())
    except BadInput as problem:
        raise BadInput(f"{problem.sentence} {texts.text_expected()}") from None


def _typed(read: Callable[[str], Any]) -> Callable[[Message], Any]:
    return lambda message: read(message.text or "")


#: state -> (the field, how the answer is read, what is said to another kind of answer)
_ANSWERS: dict[str | None, tuple[Choice, Callable[[Message], Any], str]] = {
    Asked.title.state: (Choice.TITLE, _typed(read_title), texts.title_expected()),
    Asked.description.state: (Choice.DESCRIPTION, _text, texts.text_expected()),
    Asked.deletion.state: (Choice.DELETE_AFTER, _typed(read_minutes), texts.deletion_expected()),
    PostAsked.label.state: (Choice.LABEL, _typed(read_label), texts.label_expected()),
    PostAsked.password.state: (Choice.PASSWORD, _typed(read_password), texts.password_expected()),
}
_WAITING = (Asked.title, Asked.description, Asked.deletion, PostAsked.label, PostAsked.password)


async def _asked(message: Message, dialogue: Dialogue) -> tuple[Question, PostButton] | None:
    """Return the question and the button that asked it; None, answered, when they are lost."""
    question = await dialogue.question()
    button = question.asked_by(PostButton) if question else None
    if question is not None and button is not None:
        return question, button
    await dialogue.end_question()
    await message.answer(texts.question_lost())
    return None


async def answered(message: Message, bot: Bot, state: FSMContext, changes: ChangeService) -> None:
    dialogue = Dialogue(state)
    asked = await _asked(message, dialogue)
    if asked is None:
        return
    choice, read, _ = _ANSWERS[await state.get_state()]
    try:
        value = read(message)
    except BadInput as problem:
        await message.answer(esc(problem.sentence))
        return
    await _save(message, bot, dialogue, changes, asked, choice, value)


async def _save(
    message: Message,
    bot: Bot,
    dialogue: Dialogue,
    changes: ChangeService,
    asked: tuple[Question, PostButton],
    choice: Choice,
    value: Any,
) -> None:
    """Change the field; the next screen takes the place of the question, below the answer."""
    question, button = asked
    wanted = Wanted(button.code, choice, value, str(question.seen or ""), button.place)
    screen = await changes.change(dialogue, message.chat.id, wanted)
    await dialogue.end_question()
    if screen is None:
        screen = (await list_screen(PostList(), None)).with_note(nothing_there())
    await move_below(bot, message.chat.id, question.screen_id, screen)


async def text_expected(message: Message, state: FSMContext) -> None:
    await message.answer(esc(_ANSWERS[await state.get_state()][2]))


async def take_cover(
    message: Message,
    bot: Bot,
    state: FSMContext,
    changes: ChangeService,
    covers: PostCovers,
) -> None:
    dialogue = Dialogue(state)
    asked = await _asked(message, dialogue)
    if asked is None:
        return
    taken = await covers.take(message)
    if isinstance(taken, NotStored):
        await message.answer(taken.sentence)
        return
    await _save(message, bot, dialogue, changes, asked, Choice.COVER, taken)


async def take_place(message: Message, bot: Bot, state: FSMContext, cards: CardService, clock: Clock) -> None:
    dialogue = Dialogue(state)
    asked = await _asked(message, dialogue)
    if asked is None:
        return
    question, button = asked
    try:
        name = read_place(message.text or "")
    except BadInput as problem:
        await message.answer(esc(problem.sentence))
        return
    post = await post_ops.add_source(button.code, name)
    await dialogue.end_question()
    if post is None:
        screen = (await list_screen(PostList(), None)).with_note(nothing_there())
    elif all(one.name != name for one in post.sources):
        screen = card_views.places_full(post, SOURCES_MAX, button.place)
    else:
        await note(clock.now(), message.chat.id, "post.place_added", post.code, None, name)
        screen = card_views.place_link(post, name, cards.link(post, name), button.place)
    await move_below(bot, message.chat.id, question.screen_id, screen)


def build() -> Router:
    router = Router(name="admin card answers")
    waiting = StateFilter(*_WAITING)
    router.message.register(answered, waiting, has_text)
    router.message.register(text_expected, waiting)
    router.message.register(take_place, StateFilter(PostAsked.place))
    router.message.register(take_cover, StateFilter(PostAsked.cover))
    return router
