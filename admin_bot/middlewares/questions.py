"""Commands and buttons win over a waiting question, so that the next message is not taken for its answer."""

from typing import Any

from aiogram import BaseMiddleware
from aiogram.fsm.context import FSMContext
from aiogram.types import TelegramObject

from admin_bot.conversation.dialogue import Dialogue
from sender.updates.acknowledgement import Handler


class EndQuestion(BaseMiddleware):
    """Ends a waiting question before the handler runs; an open batch stays open."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        state: FSMContext = data["state"]
        # for /cancel, whose answer depends on it
        data["question_ended"] = await Dialogue(state).is_asking()
        await Dialogue(state).end_question()
        return await handler(event, data)
