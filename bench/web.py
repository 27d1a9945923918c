"""The web app under measurement, put together as `web_app.main.part` does. `python -m bench.web [keyed]`.

Logs at WARNING. `keyed`: an in-memory store is helped by `bench.keyed`.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, TextIO
from unittest.mock import patch

from pymongo import monitoring

from bench.commands import CountCommands
from bench.keyed import looked_up_by_key
from bench.line import answer_lines, take_stdout
from bench.usage import STORE_CALL, StoreTime, usage
from config import Settings
from core.clock import SystemClock
from core.ids import new_token
from core.supervisor import Supervisor
from core.verification import Token, TokenStatus
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import token_ops
from monitoring import logs
from web_app.app import build_app
from web_app.main import services_of
from web_app.serving import WebServer

HOST = "127.0.0.1"
#: the button was shown so long ago: no visitor is too fast
SHOWN_FOR, HOLDS_FOR = timedelta(hours=1), timedelta(days=2)
#: tokens in one insert
BATCH = 1000
PERSON = 1_000_000


def settings_for() -> Settings:
    """The store is taken from the environment (`bench.subject.named`)."""
    return Settings(
        _env_file=None,
        USER_BOT_TOKEN="1002:sandbox-bench",
        ADMIN_BOT_TOKEN="1001:sandbox-bench",
        ADMIN_IDS=(501,),
        MONGO_URI=os.environ["MONGO_URI"],
        MONGO_DB=os.environ["MONGO_DB"],
        TELEGRAM_API_URL=f"http://{HOST}:9",
        PUBLIC_BASE_URL="https://bench.example",
        SANDBOX_CLOCK_URL="",
        LOG_LEVEL="WARNING",
    )


class Desk:
    """What the bench may ask of the web app."""

    def __init__(self, database: Database, port: int, listener: CountCommands, store: StoreTime) -> None:
        self._database = database
        self._port = port
        self._listener = listener
        self._store = store

    async def fresh(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """Make `tokens` unused tokens that lead through a shortener; where they are answered."""
        await ensure_indexes(self._database)
        tokens = [new_token() for _ in range(wish["tokens"])]
        await self._add(tokens)
        gc.collect()
        gc.freeze()
        return {"url": f"http://{HOST}:{self._port}/v/", "tokens": tokens}

    async def _add(self, tokens: list[str]) -> None:
        """One as the bot makes it, then the rest like it."""
        shown_at = self._database.now() - SHOWN_FOR
        first = Token(
            token=new_token(),
            user_id=PERSON,
            shortener="bench",
            has_page=True,
            bot_username="bench_bot",
            language="en",
            created_at=shown_at,
            shown_at=shown_at,
            expires_at=shown_at + HOLDS_FOR,
        )
        await token_ops.add(first)
        rows = self._database.collection("tokens")
        like = await rows.find_one({"token": first.token})
        assert like is not None
        del like["_id"]
        for start in range(0, len(tokens), BATCH):
            batch = enumerate(tokens[start : start + BATCH], start)
            await rows.insert_many([{**like, "token": token, "user_id": PERSON + number} for number, token in batch])

    async def verified(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """How many tokens are verified."""
        return {"count": await self._database.collection("tokens").count({"status": TokenStatus.VERIFIED})}

    async def usage(self, _: dict[str, Any]) -> Mapping[str, Any]:
        return usage(self._database, self._listener, self._store)


async def main(answers: TextIO) -> None:
    settings, clock, listener, store = settings_for(), SystemClock(), CountCommands(), StoreTime()
    logs.configure(settings.LOG_LEVEL, settings.LOG_FORMAT)
    monitoring.register(listener)
    database = await open_database(settings.MONGO_URI.get_secret_value(), settings.MONGO_DB, clock=clock)
    server = WebServer(build_app(services_of(settings, clock)))
    desk = Desk(database, server.listen(HOST, 0), listener, store)
    serving = Supervisor().spawn(server.serve(), "web app")
    owner, name = STORE_CALL
    timed = store.timed(getattr(owner, name)) if database.is_memory else getattr(owner, name)
    with patch.object(owner, name, timed):
        deeds = {deed.__name__: deed for deed in (desk.fresh, desk.verified, desk.usage)}
        await answer_lines(deeds, answers)
    await server.stop()
    await serving
    await close_database()


if __name__ == "__main__":
    with looked_up_by_key() if "keyed" in sys.argv[1:] else nullcontext():
        asyncio.run(main(take_stdout()))
