"""Servers of a test's own: the one of the suite once more, with other options or in another place."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.clock import SystemClock
from core.errors import StoreUnavailable
from core.retries import retry
from database.connection import Database, close_database, open_database

#: seconds a server may take to answer
_WITHIN_S = 30


def command_of_the_suites_server() -> list[str] | None:
    """The command line that `.ci/server` runs; None when the server of the suite is another one."""
    folder = os.environ.get("MONGO_DIR")
    if folder is None:
        return None
    pid = (Path(folder) / "pid").read_text().strip()
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")


@asynccontextmanager
async def server_in(folder: Path, *options: str) -> AsyncIterator[int]:
    """Run a server on this folder; yields its port. It is killed at the end."""
    command = command_of_the_suites_server()
    assert command is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command[command.index("--port") + 1] = str(port)
    command[command.index("--storage-path") + 1] = str(folder / "data")
    command[command.index("--cache-size") + 1] = "64M"
    process = await asyncio.create_subprocess_exec(
        *command, *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _answering(port)
        yield port
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def _answering(port: int) -> None:
    db = await open_database(f"mongodb://127.0.0.1:{port}/", "x", timeout_s=1)
    async with asyncio.timeout(_WITHIN_S):
        await retry(db.ping, SystemClock(), [0.1] * 10 * _WITHIN_S, StoreUnavailable)
    await close_database()


async def opened(port: int, user: str = "") -> Database:
    """Open the database "shop" there, as `user`, whose password is its name."""
    who = f"{user}:{user}@" if user else ""
    return await open_database(f"mongodb://{who}127.0.0.1:{port}/?authSource=admin", "shop")
