"""Import and export under measurement, beside the usual ways. `python -m bench.exchange.programs URL TOKEN`.

The product's are what the admin bot runs, without its messages; the store is that of MONGO_URI and MONGO_DB.
"""

import asyncio
import csv
import io
import logging
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from pymongo import AsyncMongoClient

from admin_bot.system.exports import ExportService
from bench.harness.actions import Answer, serve_actions, take_stdout
from bench.harness.usage import watched_memory
from core.clock import SystemClock
from core.exchange.exports import COLUMNS, Exported, FileFormat
from core.exchange.imports.runs import ImportCounts, ImportFile, ImportRun, ImportState
from core.supervisor import Supervisor
from database.connection import close_database, open_database
from database.erasing.tombstones import Tombstones
from database.importing.importer import Importer
from database.importing.running import carry_on
from database.indexes import ensure_indexes
from database.operations.exchange import import_ops
from sender.bots import CONNECTIONS

#: rows of one insert of the bare loop, as many as the product's page has
BATCH = 500
ZONE = ZoneInfo("UTC")
#: where the bare loop stores
BARE = "bare_users"
#: seconds an export may take
PATIENCE_S = 1_200.0


class Actions:
    """The child's actions. Each returns its seconds and the memory of the process, by its name's beginning."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def look(self, path: str) -> Answer:
        """Look at a file as the bot does before it offers an import."""

        async def work() -> int:
            with open(path, "rb") as file:  # noqa: ASYNC230 - as measured
                return (await Importer(file, ZONE, Tombstones(b"k" * 32)).look()).new

        return await _measured(work)

    async def store(self, path: str) -> Answer:
        """Import a file as a run that is recorded."""
        clock, key = SystemClock(), secrets.token_hex(8)
        at = clock.now()
        file = ImportFile(bot_id=1, file_id="f")
        await import_ops.offer(ImportRun(key=key, state=ImportState.READY, file=file, asked_by=1, asked_at=at))
        await import_ops.start(key, None)

        async def work() -> int:
            run = await import_ops.take(key, clock.now())
            assert run is not None, "just started"
            with open(path, "rb") as content:  # noqa: ASYNC230 - as measured
                await carry_on(run, Importer(content, ZONE, Tombstones(b"k" * 32)), clock, _unseen)
            done = await import_ops.find()
            return 0 if done is None else done.done.new

        return await _measured(work)

    async def bare(self, path: str) -> Answer:
        """Read the file with `csv` and insert what it has, page by page, and nothing else."""

        async def work() -> int:
            count = 0
            async with AsyncMongoClient[dict[str, Any]](os.environ["MONGO_URI"]) as client:
                home = client[os.environ["MONGO_DB"]][BARE]
                await home.create_index("user_id", unique=True)
                page: list[dict[str, Any]] = []
                with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: ASYNC230 - as measured
                    for row in csv.DictReader(file):
                        page.append({**row, "user_id": int(row["user_id"]), "credits": int(row["credits"])})
                        if len(page) == BATCH:
                            count += len((await home.insert_many(page, ordered=False)).inserted_ids)
                            page = []
                if page:
                    count += len((await home.insert_many(page, ordered=False)).inserted_ids)
            return count

        return await _measured(work)

    async def export(self, chat_id: int, form: str) -> Answer:
        """Send all subscribers as the admin bot does."""
        supervisor = Supervisor()
        with tempfile.TemporaryDirectory() as folder:
            exports = ExportService(self._bot, SystemClock(), ZONE, supervisor, Path(folder))

            async def work() -> int:
                assert exports.request(chat_id, Exported.SUBSCRIBERS, FileFormat(form))
                await supervisor.close(wait_s=PATIENCE_S)
                return 0

            return await _measured(work)

    async def export_at_once(self) -> Answer:
        """Read all subscribers into a list and write the table into memory; send nothing."""

        async def work() -> int:
            async with AsyncMongoClient[dict[str, Any]](os.environ["MONGO_URI"]) as client:
                users = await client[os.environ["MONGO_DB"]]["users"].find({}).to_list(None)
            text = io.StringIO(newline="")
            table = csv.DictWriter(text, COLUMNS[Exported.SUBSCRIBERS], extrasaction="ignore")
            table.writeheader()
            table.writerows(users)
            return len(text.getvalue().encode())

        return await _measured(work)


async def _unseen(done: ImportCounts) -> None: ...


async def _measured(work: Callable[[], Awaitable[int]]) -> Answer:
    """Return the seconds, what `work` returned, the memory, and the longest time the event loop did nothing else."""
    tasks, longest = Supervisor(), 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before - 0.01)

    async with watched_memory() as memory:
        tasks.spawn(watch(), "loop")
        started = time.monotonic()
        count = await work()
        seconds = time.monotonic() - started
        await tasks.close()
    return {"seconds": seconds, "count": count, "stalled_s": longest, **memory}


async def main(url: str, token: str, answers: TextIO) -> None:
    session = AiohttpSession(limit=CONNECTIONS, api=TelegramAPIServer.from_base(url))
    db = await open_database(os.environ["MONGO_URI"], os.environ["MONGO_DB"])
    try:
        await ensure_indexes(db)
        async with Bot(token, session=session) as bot:
            its = Actions(bot)
            await serve_actions(answers, its.look, its.store, its.bare, its.export, its.export_at_once)
    finally:
        await close_database()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(main(sys.argv[1], sys.argv[2], take_stdout()))
