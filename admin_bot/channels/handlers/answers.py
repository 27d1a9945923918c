"""The answer to what a channel's label shall be. A wrong one is told what is expected, and the question stays."""

from aiogram import Bot, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from admin_bot.channels.service import ChannelService
from admin_bot.conversation.dialogue import Dialogue
from admin_bot.filters import has_text
from admin_bot.inputs import read_label
from admin_bot.screens import drop
from admin_bot.states import Asked
from core.errors import BadInput
from database.operations import channel_ops
from views.admin_texts import plain
from views.channels import texts
from views.channels.callbacks import ChannelButton


async def labelled(message: Message, bot: Bot, state: FSMContext, channels: ChannelService) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    if question is None or not isinstance(question.button, ChannelButton):
        await dialogue.end_question()
        await message.answer(texts.QUESTION_LOST)
        return
    try:
        label = read_label(message.text or "")
    except BadInput as problem:
        await message.answer(plain(problem.sentence))
        return
    channel = await channel_ops.find(question.button.chat_id)
    if channel is not None:
        channel = await channels.change(message.chat.id, channel, "channel.labelled", "label", label)
    await dialogue.end_question()
    if channel is None:
        await message.answer(texts.CHANNEL_GONE)
    html, keyboard = await (channels.list_screen() if channel is None else channels.screen(channel))
    await message.answer(html, reply_markup=keyboard)
    await drop(bot, message.chat.id, question.screen_id)


async def label_expected(message: Message) -> None:
    await message.answer(plain(texts.LABEL_EXPECTED))


def build() -> Router:
    router = Router(name="admin channel answers")
    router.message.register(labelled, StateFilter(Asked.label), has_text)
    router.message.register(label_expected, StateFilter(Asked.label))
    return router
