"""What the product is compared with: aiogram alone, the same two calls, no database.

`python -m bench.bare URL TOKEN`.
"""

import asyncio
import logging
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import Message

from bench.line import answer_lines, take_stdout
from bench.settled import settle
from bench.telegram import STORAGE, WARNING
from bench.usage import StoreTime, trimmed_rss_bytes, usage
from core.supervisor import Supervisor
from sender.bots import CONNECTIONS, TIMEOUT_S


async def main(url: str, token: str, answers: TextIO) -> None:
    session = AiohttpSession(limit=CONNECTIONS, api=TelegramAPIServer.from_base(url), timeout=TIMEOUT_S)
    properties = DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True)
    bot = Bot(token, session=session, default=properties)
    dispatcher = Dispatcher()
    message_ids: list[int] = []

    async def start(message: Message, command: CommandObject) -> None:
        await bot.copy_messages(message.chat.id, STORAGE, message_ids)
        await message.answer(WARNING)

    async def fresh(wish: dict[str, Any]) -> Mapping[str, Any]:
        message_ids[:] = wish["message_ids"]
        return {"codes": [f"post{number:012d}" for number in range(wish["posts"])]}

    async def used(_: dict[str, Any]) -> Mapping[str, Any]:
        await settle(dispatcher)
        return usage(None, None, StoreTime())

    async def trim(_: dict[str, Any]) -> Mapping[str, Any]:
        return {"rss_bytes": trimmed_rss_bytes()}

    dispatcher.message.register(start, CommandStart(deep_link=True))
    polling = Supervisor().spawn(
        dispatcher.start_polling(bot, allowed_updates=["message"], handle_signals=False, close_bot_session=True),
        "polling",
    )
    await answer_lines({"fresh": fresh, "usage": used, "trim": trim}, answers)
    await dispatcher.stop_polling()
    await polling


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(sys.argv[1], sys.argv[2], take_stdout()))
