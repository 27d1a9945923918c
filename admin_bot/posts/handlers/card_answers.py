"""Answers to the questions of a card. A wrong answer is answered with what is expected, and the question stays."""

from collections.abc import Callable, Coroutine
from typing import Any

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from admin_bot.conversation.dialogue import Dialogue
from admin_bot.filters import has_text
from admin_bot.posts.cards import CardService
from admin_bot.posts.inputs import read_description, read_minutes, read_title
from admin_bot.screens import answer, remove_screen
from admin_bot.states import Asked
from core.errors import BadInput
from core.posts import Post
from database.operations import post_ops
from views.html import esc
from views.posts import texts
from views.posts.callbacks import PostButton

Change = Callable[[str, Any], Coroutine[Any, Any, Post | None]]

#: state -> (how the answer is read, how it is stored, the action in the audit log, the changed field)
_ANSWERS: dict[str | None, tuple[Callable[[str], Any], Change, str, str]] = {
    Asked.title.state: (read_title, post_ops.rename, "post.renamed", "title"),
    Asked.description.state: (read_description, post_ops.describe, "post.described", "description"),
    Asked.deletion.state: (read_minutes, post_ops.set_deletion, "post.deletion_set", "delete_after_minutes"),
}
_EXPECTED = {
    Asked.title.state: texts.TITLE_EXPECTED,
    Asked.description.state: texts.DESCRIPTION_EXPECTED,
    Asked.deletion.state: texts.DELETION_EXPECTED,
}


async def answered(message: Message, bot: Bot, state: FSMContext, cards: CardService) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    button = question.asked_by(PostButton) if question else None
    if question is None or button is None:
        await dialogue.end_question()
        await message.answer(texts.QUESTION_LOST)
        return
    read, change, action, field = _ANSWERS[await state.get_state()]
    try:
        value = read(message.text or "")
    except BadInput as problem:
        await message.answer(esc(problem.sentence))
        return
    before = await post_ops.find(button.code)
    post = await cards.change(message.chat.id, before, change(button.code, value), action, field)
    await dialogue.end_question()
    if post is None:
        await message.answer(texts.POST_GONE)
        return
    await answer(message, await cards.screen(post, button.place))
    await remove_screen(bot, message.chat.id, question.screen_id)


async def text_expected(message: Message, state: FSMContext) -> None:
    await message.answer(esc(_EXPECTED[await state.get_state()]))


def build() -> Router:
    router = Router(name="admin card answers")
    waiting = StateFilter(Asked.title, Asked.description, Asked.deletion)
    router.message.register(answered, waiting, has_text)
    router.message.register(text_expected, waiting)
    return router
