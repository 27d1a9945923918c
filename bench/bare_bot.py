"""What deliveries are compared with: aiogram alone, the same two calls, no database.

`python -m bench.bare_bot URL TOKEN`.
"""

import asyncio
import logging
import sys
from typing import Any, TextIO

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import Message

from bench.harness.actions import Answer, serve_actions, take_stdout
from bench.harness.telegram import NOTICE, STORAGE
from bench.harness.usage import cpu
from core.supervisor import Supervisor
from sender.bots import CONNECTIONS, TIMEOUT_S


async def main(url: str, token: str, answers: TextIO) -> None:
    session = AiohttpSession(limit=CONNECTIONS, api=TelegramAPIServer.from_base(url), timeout=TIMEOUT_S)
    properties = DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True)
    bot = Bot(token, session=session, default=properties)
    dispatcher = Dispatcher()
    delivered: list[int] = []

    async def start(message: Message, command: CommandObject) -> None:
        await bot.copy_messages(message.chat.id, STORAGE, delivered)
        await message.answer(NOTICE)

    async def fresh(message_ids: list[int], posts: int) -> Answer:
        delivered[:] = message_ids
        return {"codes": [f"post{number:012d}" for number in range(posts)]}

    async def usage() -> Answer:
        await handlers_ended(dispatcher)
        return cpu()

    dispatcher.message.register(start, CommandStart(deep_link=True))
    polling: Any = dispatcher.start_polling(
        bot, allowed_updates=["message"], handle_signals=False, close_bot_session=True
    )
    task = Supervisor().spawn(polling, "polling")
    await serve_actions(answers, fresh, usage)
    await dispatcher.stop_polling()
    await task


async def handlers_ended(dispatcher: Dispatcher) -> None:
    """Return when no handler is at work: a notice arrives before its handler has ended."""
    while tasks := set(dispatcher._handle_update_tasks):
        await asyncio.wait(tasks)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(sys.argv[1], sys.argv[2], take_stdout()))
