"""The web app under measurement, put together as `web_app.main.component` does. `python -m bench.web.app [limits]`.

With `limits` it keeps its limits on requests.

Logs at ERROR. The store is that of MONGO_URI and MONGO_DB; one in memory finds documents by key
(`bench.harness.keyed`).
"""

import asyncio
import gc
import os
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TextIO

from bench.harness.actions import Answer, serve_actions, take_stdout
from bench.harness.keyed import looked_up_by_key
from bench.harness.telegram import ADMIN_TOKEN, OWNER, PRODUCT, TOKENS
from bench.harness.usage import cpu, resources
from config import Settings
from core.clock import Clock, SystemClock
from core.ids import new_token
from core.supervisor import Supervisor
from core.team.admins import Role
from core.verification import Token
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import lease_ops, run_ops, token_ops
from monitoring import logs
from schedulers import registry
from web_app.app import build_app
from web_app.auth.tokens import new_session, write_token
from web_app.main import admin_services, services_of
from web_app.rate_limit import Limits
from web_app.services import Services
from web_app.serving import WebServer

HOST = "127.0.0.1"
#: the button was shown so long ago: no visitor is too fast
SHOWN_FOR, HOLDS_FOR = timedelta(hours=1), timedelta(days=2)
#: tokens in one insert
BATCH = 1000
SUBSCRIBER = 1_000_000
UNLIMITED = Limits(10**9, 10**9)
SECRET = "q7Zr2mKx9TfLw4VbNc8Ps3HdJy6GuEaR"


def services(clock: Clock, *, has_limits: bool = False) -> Services:
    """The configuration for one owner."""
    settings = Settings(
        _env_file=None,
        USER_BOT_TOKEN=TOKENS[PRODUCT],
        ADMIN_BOT_TOKEN=ADMIN_TOKEN,
        ADMIN_IDS=(OWNER,),
        MONGO_URI=os.environ["MONGO_URI"],
        MONGO_DB=os.environ["MONGO_DB"],
        TELEGRAM_API_URL=f"http://{HOST}:9",
        PUBLIC_BASE_URL="https://bench.example",
        JWT_SECRET=SECRET,
        SANDBOX_CLOCK_URL="",
    )
    admin = admin_services(settings, clock)
    if has_limits:
        return services_of(settings, clock, admin=admin)
    return replace(services_of(settings, clock, admin=replace(admin, limits=UNLIMITED)), visits_max=10**9)


class Actions:
    """The child's actions."""

    def __init__(self, database: Database, url: str) -> None:
        self._database = database
        self._url = url

    async def fresh(self, tokens: int) -> Answer:
        """Make `tokens` unused tokens that lead through a shortener, and a run and a lease of each job.

        Returns the pages of the tokens, the address of the jobs' status, and the headers of an owner who has signed in.
        """
        await ensure_indexes(self._database)
        now = self._database.now()
        for name in registry.JOB_NAMES:
            await run_ops.request_run(name, now, OWNER)
            await lease_ops.pause(name, now, OWNER)
        pages = [f"{self._url}/v/{token}" for token in await self._add_tokens(tokens)]
        gc.collect()
        session = write_token(new_session(OWNER, Role.OWNER, now), SECRET.encode())
        status = f"{self._url}/api/admin/scheduler/status"
        return {"pages": pages, "status": status, "headers": {"Authorization": f"Bearer {session}"}}

    async def _add_tokens(self, count: int) -> list[str]:
        """One as the bot makes it, then the rest like it."""
        shown_at, tokens = self._database.now() - SHOWN_FOR, [new_token() for _ in range(count)]
        first = Token(
            token=new_token(),
            user_id=SUBSCRIBER,
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
        for start in range(0, count, BATCH):
            batch = enumerate(tokens[start : start + BATCH], start + 1)
            await rows.insert_many(
                [{**like, "token": token, "user_id": SUBSCRIBER + number} for number, token in batch]
            )
        return tokens

    async def usage(self) -> Answer:
        return cpu()

    async def standing(self) -> Answer:
        """Return what this process uses now."""
        return resources()


async def main(answers: TextIO, *, has_limits: bool) -> None:
    logs.configure("ERROR", "text")
    clock = SystemClock()
    database = await open_database(os.environ["MONGO_URI"], os.environ["MONGO_DB"], clock=clock)
    server = WebServer(build_app(services(clock, has_limits=has_limits)))
    its = Actions(database, f"http://{HOST}:{server.listen(HOST, 0)}")
    serving = Supervisor().spawn(server.serve(), "web app")
    await serve_actions(answers, its.fresh, its.usage, its.standing)
    await server.stop()
    await serving
    await close_database()


if __name__ == "__main__":
    with looked_up_by_key():
        asyncio.run(main(take_stdout(), has_limits="limits" in sys.argv[1:]))
