"""What broadcasts are compared with: usual ways to send to many. `python -m bench.broadcasts.naive URL TOKEN`.

None stores anything: after a crash it is not known who has a copy. Recipients have ids `first` to `first + count - 1`.
"""

import asyncio
import itertools
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TextIO

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramRetryAfter
from pymongo import AsyncMongoClient

from bench.harness.actions import Answer, serve_actions, take_stdout
from bench.harness.telegram import STORAGE
from bench.harness.usage import watched_memory
from sender.bots import CONNECTIONS, TIMEOUT_S


class Actions:
    """The child's actions: each sends in one way and returns the moment it started, of `time.monotonic`."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def loop(self, first: int, count: int, message_id: int, pause_s: float) -> Answer:
        """One recipient after the other with a pause after each, as the usual examples have it."""

        async def send() -> None:
            for user_id in range(first, first + count):
                await self._copy_with_retries(user_id, message_id)
                await asyncio.sleep(pause_s)

        return await _timed(send)

    async def gather(self, first: int, count: int, message_id: int) -> Answer:
        """All at once; a call refused with a 429 is repeated after the wait it names."""

        async def send() -> None:
            await asyncio.gather(*(self._copy_with_retries(first + number, message_id) for number in range(count)))

        return await _timed(send)

    async def at_once(self, first: int, count: int, message_id: int, at_once: int) -> Answer:
        """`at_once` calls under way all the time."""
        return await _timed(lambda: self._copy_to(iter(range(first, first + count)), message_id, at_once))

    async def channels_at_once(self, chats: list[int], message_id: int, posts: int) -> Answer:
        """Each post in all channels at once; a call refused with a 429 is repeated after the wait it names."""

        async def send() -> None:
            for _ in range(posts):
                await asyncio.gather(*(self._copy_with_retries(chat_id, message_id) for chat_id in chats))

        return await _seconds(send)

    async def channels_in_turn(self, chats: list[int], message_id: int, posts: int) -> Answer:
        """Each post in one channel after the other."""

        async def send() -> None:
            for _ in range(posts):
                for chat_id in chats:
                    await self._copy_with_retries(chat_id, message_id)

        return await _seconds(send)

    async def list_all(self, message_id: int, at_once: int, copies: int) -> Answer:
        """Read all users of the database into a list and send to the first `copies`."""
        async with watched_memory() as memory, AsyncMongoClient[dict[str, Any]](os.environ["MONGO_URI"]) as client:

            async def send() -> None:
                users = await client[os.environ["MONGO_DB"]]["users"].find({}).to_list(None)
                ids = (user["user_id"] for user in users)
                await self._copy_to(itertools.islice(ids, copies), message_id, at_once)

            return {**await _timed(send), **memory}

    async def _copy_to(self, user_ids: Iterator[int], message_id: int, at_once: int) -> None:
        async def one_after_the_other() -> None:
            for user_id in user_ids:
                await self._bot.copy_message(user_id, STORAGE, message_id)

        await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))

    async def _copy_with_retries(self, user_id: int, message_id: int) -> None:
        while True:
            try:
                await self._bot.copy_message(user_id, STORAGE, message_id)
            except TelegramRetryAfter as refused:
                await asyncio.sleep(refused.retry_after)
            else:
                return


async def _timed(send: Callable[[], Awaitable[None]]) -> Answer:
    started_at = time.monotonic()
    await send()
    return {"started_at": started_at}


async def _seconds(send: Callable[[], Awaitable[None]]) -> Answer:
    started_at = time.monotonic()
    await send()
    return {"seconds": time.monotonic() - started_at}


async def main(url: str, token: str, answers: TextIO) -> None:
    session = AiohttpSession(limit=CONNECTIONS, api=TelegramAPIServer.from_base(url), timeout=TIMEOUT_S)
    async with Bot(token, session=session) as bot:
        its = Actions(bot)
        await serve_actions(
            answers, its.loop, its.gather, its.at_once, its.list_all, its.channels_at_once, its.channels_in_turn
        )


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(main(sys.argv[1], sys.argv[2], take_stdout()))
