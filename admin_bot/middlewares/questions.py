"""Commands and buttons win over a waiting question: it ends, so that its answer is not taken from what comes next."""

from typing import Any

from aiogram import BaseMiddleware
from aiogram.fsm.context import FSMContext
from aiogram.types import TelegramObject

from admin_bot.conversation.dialogue import Dialogue
from sender.intake import Handler


class EndQuestion(BaseMiddleware):
    """Ends a waiting question before the handler; an open batch stays."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        state: FSMContext = data["state"]
        # handlers learn whether a question was waiting: /cancel has a different answer then
        data["question_ended"] = await Dialogue(state).is_asking()
        await Dialogue(state).end_question()
        return await handler(event, data)
