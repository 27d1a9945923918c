"""What the recovery is compared with: read all that is due, delete it in any order; nothing is claimed.

`python bench/recovery/naive.py URL TOKEN AT_ONCE`, the database in MONGO_URI and MONGO_DB.
"""

import asyncio
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest
from pymongo import AsyncMongoClient

TEXT = "Deleted, as announced."


async def main(url: str, token: str, at_once: int) -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    async with Bot(token, session=session) as bot, AsyncMongoClient[Any](os.environ["MONGO_URI"]) as client:
        rows = client[os.environ["MONGO_DB"]]["deliveries"]
        due = await rows.find({"delete_at": {"$lte": datetime.now(UTC)}}).sort("delete_at").to_list(None)
        slots = asyncio.Semaphore(at_once)

        async def delete(row: dict[str, Any]) -> None:
            async with slots:
                await bot.delete_messages(row["chat_id"], row["message_ids"])
                with suppress(TelegramBadRequest):  # the killed process had edited it
                    await bot.edit_message_text(TEXT, chat_id=row["chat_id"], message_id=row["notice_message_id"])
                await rows.update_one({"_id": row["_id"]}, {"$set": {"delete_at": None}})

        await asyncio.gather(*(delete(row) for row in due))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
