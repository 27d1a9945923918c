"""Whole programs under measurement: the product as `main.py` runs it, and what it is compared with."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.stores import Store
from bench.subject import ROOT, SubjectEnded
from bench.telegram import ADMIN_TOKEN, OWNER, PRODUCT, STORAGE, TOKENS

#: the most the configuration takes, in calls a second
RATE_PER_S = 1000
#: seconds a program gets to end by itself once it is asked to
END_S = 30.0


@dataclass(frozen=True, slots=True)
class Program:
    """A file of ours with its arguments and environment."""

    name: str
    file: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


def product(url: str, store: Store, database: str) -> Program:
    """`main.py` at the sandbox `url`, which keeps the sandbox's time."""
    environment = {
        **_store(store, database),
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
        "JWT_SECRET": "bench" * 8,
        "LOG_LEVEL": "ERROR",
    }
    return Program("product", "main.py", (), environment)


def naive(url: str, store: Store, database: str, at_once: int) -> Program:
    """`bench.naive`, in the name of the product's bot."""
    return Program("naive script", "bench/naive.py", (url, TOKENS[PRODUCT], str(at_once)), _store(store, database))


def _store(store: Store, database: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "MONGO_URI": store.uri, "MONGO_DB": database}


class Running:
    """A program at work. It ends with the bench, however that ends (`scripts/tethered.py`)."""

    def __init__(self, process: asyncio.subprocess.Process, written: Path) -> None:
        self._process = process
        self._written = written

    async def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> dict[str, Any]:
        """Ask it to stop; what it wrote down (`bench.watched`). Raises SubjectEnded when it does not end well."""
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(END_S):
            return await self.ended()

    async def ended(self) -> dict[str, Any]:
        """Wait for its end; what it wrote down. Raises SubjectEnded when it did not end well."""
        if await self._process.wait() != 0:
            raise SubjectEnded(f"exit status {self._process.returncode}")
        written: dict[str, Any] = json.loads(self._written.read_text(encoding="utf-8"))
        return written

    def check(self) -> None:
        """Raises SubjectEnded when it has ended."""
        if self._process.returncode is not None:
            raise SubjectEnded(f"exit status {self._process.returncode}")


@asynccontextmanager
async def started(program: Program, folder: Path) -> AsyncIterator[Running]:
    """`program` in `folder`, where no `.env` of ours is read, until the block ends."""
    written = folder / "watched.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "scripts" / "tethered.py"),
        "bench.watched",
        str(written),
        str(ROOT / program.file),
        *program.arguments,
        cwd=folder,
        env=program.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        # Ctrl-C is the bench's
        start_new_session=True,
    )
    try:
        yield Running(process, written)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
