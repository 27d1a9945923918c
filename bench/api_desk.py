"""The API under measurement, put together as `web_app.main.component` does; logs at ERROR."""

import asyncio
import gc
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TextIO
from unittest.mock import patch
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from pymongo import monitoring

from bench.commands import CountCommands
from bench.line import answer_lines, take_stdout
from bench.usage import STORE_CALL, StoreTime, usage
from core.admins import Role
from core.clock import Clock, SystemClock
from core.supervisor import Supervisor
from core.timetable import JOB_NAMES, timetable
from database.connection import close_database, open_database
from database.indexes import ensure_indexes
from database.operations import lease_ops, run_ops
from monitoring import logs
from web_app.app import build_app
from web_app.auth.mini_app import mini_app_key
from web_app.auth.tokens import new_session, write_token
from web_app.rate_limit import Limits
from web_app.services import AdminServices, Keys, Services
from web_app.serving import WebServer

HOST = "127.0.0.1"
OWNER = 501
KEYS = Keys(b"bench" * 8, mini_app_key("1001:sandbox-bench"))
#: the limit is not what is measured
NONE = Limits(10**9, 10**9)


def app_for(clock: Clock) -> FastAPI:
    """The web app with its API, for one owner."""
    zone = ZoneInfo("UTC")
    admin = AdminServices(KEYS, frozenset({OWNER}), timetable(zone), zone, limits=NONE)
    return build_app(Services(clock, "https://t.me", b"bench", admin=admin))


def header(user_id: int, now: datetime) -> dict[str, str]:
    """What somebody sends who has just signed in."""
    return {"Authorization": f"Bearer {write_token(new_session(user_id, Role.OWNER, now), KEYS.sessions)}"}


async def main(answers: TextIO) -> None:
    clock, listener, store = SystemClock(), CountCommands(), StoreTime()
    logs.configure("ERROR", "text")
    monitoring.register(listener)
    database = await open_database(os.environ["MONGO_URI"], os.environ["MONGO_DB"], clock=clock)
    server = WebServer(app_for(clock))
    port = server.listen(HOST, 0)

    async def fresh(_: dict[str, Any]) -> Mapping[str, Any]:
        """A run and a lease of each job; where the status is asked, and by whom."""
        await ensure_indexes(database)
        for name in JOB_NAMES:
            await run_ops.request_run(name, clock.now(), OWNER)
            await lease_ops.pause(name, clock.now(), OWNER)
        gc.collect()
        gc.freeze()
        return {"url": f"http://{HOST}:{port}/api/admin/scheduler/status", "headers": header(OWNER, clock.now())}

    async def used(_: dict[str, Any]) -> Mapping[str, Any]:
        return usage(database, listener, store)

    serving = Supervisor().spawn(server.serve(), "web app")
    owner, name = STORE_CALL
    timed = store.timed(getattr(owner, name)) if database.is_memory else getattr(owner, name)
    with patch.object(owner, name, timed):
        await answer_lines({"fresh": fresh, "usage": used}, answers)
    await server.stop()
    await serving
    await close_database()


if __name__ == "__main__":
    asyncio.run(main(take_stdout()))
