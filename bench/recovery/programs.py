"""Whole programs under measurement: the product as `main.py` runs it, and the script it is compared with."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.harness.child import ROOT, ChildEnded
from bench.harness.stores import Store
from bench.harness.telegram import ADMIN_TOKEN, OWNER, PRODUCT, STORAGE, TOKENS

#: the most the configuration takes, in calls a second
RATE_PER_S = 1000
#: seconds a program may take to end after SIGTERM
END_S = 30.0


@dataclass(frozen=True, slots=True)
class Program:
    """A module to run, with its arguments and environment."""

    name: str
    module: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


def product(url: str, store: Store, database: str) -> Program:
    """`main.py` at the sandbox `url`, by the sandbox's clock."""
    environment = {
        **_environment(store, database),
        "USER_BOT_TOKEN": TOKENS[PRODUCT],
        "ADMIN_BOT_TOKEN": ADMIN_TOKEN,
        "ADMIN_IDS": str(OWNER),
        "STORAGE_CHANNEL_ID": str(STORAGE),
        "TELEGRAM_API_URL": url,
        "SANDBOX_CLOCK_URL": f"{url}/control/clock",
        "SEND_RATE_PER_SECOND": str(RATE_PER_S),
        "BULK_RATE_PER_SECOND": str(RATE_PER_S),
        "TIMEZONE": "UTC",
        "WEB_PORT": "0",
        "JWT_SECRET": "q7Zr2mKx9TfLw4VbNc8Ps3HdJy6GuEaR",
        "LOG_LEVEL": "ERROR",
    }
    return Program("product", "main", (), environment)


def naive(url: str, store: Store, database: str, at_once: int) -> Program:
    """`bench.recovery.naive`, with the token of the product's bot."""
    arguments = (url, TOKENS[PRODUCT], str(at_once))
    return Program("naive script", "bench.recovery.naive", arguments, _environment(store, database))


def _environment(store: Store, database: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **store.environment(database)}


async def stop(process: Process) -> None:
    """Send SIGTERM and wait. Raises ChildEnded when it ends with an error, TimeoutError when it does not end."""
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(END_S):
        await ended(process)


async def ended(process: Process) -> None:
    """Wait until it ends. Raises ChildEnded when it ends with an error."""
    if await process.wait() != 0:
        raise ChildEnded(f"exit status {process.returncode}")


@asynccontextmanager
async def started(program: Program, folder: Path) -> AsyncIterator[Process]:
    """Run `program` in `folder`, which has no `.env`, until the block ends; or the bench (`scripts/tethered.py`)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "scripts" / "tethered.py"),
        program.module,
        *program.arguments,
        cwd=folder,
        env=program.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        # Ctrl-C goes to the bench alone
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
