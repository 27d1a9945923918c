"""The label of a channel as an answer. A wrong answer is answered with what is expected, and the question stays."""

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from admin_bot.channels.inputs import read_label
from admin_bot.channels.service import ChannelService
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.filters import has_text
from admin_bot.screens import answer, remove_screen
from admin_bot.states import Asked
from core.errors import BadInput
from database.operations import channel_ops
from views.channels import texts
from views.channels.callbacks import ChannelButton
from views.html import esc


async def labelled(message: Message, bot: Bot, state: FSMContext, channels: ChannelService) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    button = question.asked_by(ChannelButton) if question else None
    if question is None or button is None:
        await dialogue.end_question()
        await message.answer(texts.question_lost())
        return
    try:
        label = read_label(message.text or "")
    except BadInput as problem:
        await message.answer(esc(problem.sentence))
        return
    channel = await channel_ops.find(button.chat_id)
    if channel is not None:
        channel = await channels.change(message.chat.id, channel, "channel.labelled", "label", label)
    await dialogue.end_question()
    if channel is None:
        await message.answer(texts.channel_gone())
    await answer(message, await (channels.list_screen() if channel is None else channels.screen(channel)))
    await remove_screen(bot, message.chat.id, question.screen_id)


async def label_expected(message: Message) -> None:
    await message.answer(esc(texts.label_expected()))


def build() -> Router:
    router = Router(name="admin channel answers")
    router.message.register(labelled, StateFilter(Asked.label), has_text)
    router.message.register(label_expected, StateFilter(Asked.label))
    return router
