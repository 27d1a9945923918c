"""What broadcasts are compared with: usual ways to send to many. `python -m bench.broadcast_rivals URL TOKEN`.

None has a database: what was sent when the process ends is not known. People have ids `first` to `first + count - 1`.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import count
from typing import Any, TextIO

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramRetryAfter
from aiogram_broadcaster import Broadcaster
from aiogram_broadcaster.contents import FromChatCopyMessageContent
from aiogram_broadcaster.intervals import SimpleInterval
from aiogram_broadcaster.utils.retry_after_handler import setup_retry_after_handler

from bench.line import answer_lines, take_stdout
from bench.telegram import STORAGE
from sender.bots import CONNECTIONS, TIMEOUT_S

Answer = Mapping[str, Any]


class Rivals:
    """One bot, four ways."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def loop(self, wish: dict[str, Any]) -> Answer:
        """One after the other with a pause after each, as the usual examples have it."""

        async def run() -> None:
            for user_id in _people(wish):
                await self._until_taken(user_id, wish["message_id"])
                await asyncio.sleep(wish["pause_s"])

        return await _timed(run)

    async def library(self, wish: dict[str, Any]) -> Answer:
        """aiogram_broadcaster without a storage: `mailers` share the people, each pauses `interval_s` after each."""
        broadcaster = Broadcaster(self._bot)
        setup_retry_after_handler(broadcaster.event)
        content = FromChatCopyMessageContent(from_chat_id=STORAGE, message_id=wish["message_id"])
        interval, mailers, people = SimpleInterval(interval=wish["interval_s"]), wish["mailers"], list(_people(wish))

        async def run() -> None:
            for number in range(mailers):
                await broadcaster.create_mailer(people[number::mailers], content, interval=interval)
            await asyncio.gather(*(mailer.start() for mailer in list(broadcaster.mailers.values())))

        return await _timed(run)

    async def gather(self, wish: dict[str, Any]) -> Answer:
        """All at once; who is told to wait waits and tries again."""

        async def run() -> None:
            await asyncio.gather(*(self._until_taken(user_id, wish["message_id"]) for user_id in _people(wish)))

        return await _timed(run)

    async def at_once(self, wish: dict[str, Any]) -> Answer:
        """`at_once` calls on their way all the time."""
        waiting = _people(wish)

        async def one_after_the_other() -> None:
            for user_id in waiting:
                await self._bot.copy_message(user_id, STORAGE, wish["message_id"])

        async def run() -> None:
            await asyncio.gather(*(one_after_the_other() for _ in range(wish["at_once"])))

        return await _timed(run)

    async def _until_taken(self, user_id: int, message_id: int) -> None:
        for _ in count():
            try:
                await self._bot.copy_message(user_id, STORAGE, message_id)
            except TelegramRetryAfter as refused:
                await asyncio.sleep(refused.retry_after)
            else:
                return


def _people(wish: dict[str, Any]) -> Iterator[int]:
    return iter(range(wish["first"], wish["first"] + wish["count"]))


async def _timed(run: Callable[[], Awaitable[None]]) -> Answer:
    begun_at, cpu_s = time.monotonic(), time.process_time()
    await run()
    return {
        "begun_at": begun_at,
        "seconds": time.monotonic() - begun_at,
        "cpu_s": time.process_time() - cpu_s,
    }


async def main(url: str, token: str, answers: TextIO) -> None:
    session = AiohttpSession(limit=CONNECTIONS, api=TelegramAPIServer.from_base(url), timeout=TIMEOUT_S)
    async with Bot(token, session=session) as bot:
        rivals = Rivals(bot)
        deeds = (rivals.loop, rivals.library, rivals.gather, rivals.at_once)
        await answer_lines({deed.__name__: deed for deed in deeds}, answers)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(main(sys.argv[1], sys.argv[2], take_stdout()))
