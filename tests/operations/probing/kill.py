"""Durability after kill -9."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from core.errors import AlreadyThere, StoreUnavailable
from database.connection import close_database, current_database, open_database
from database.indexes import ensure_indexes
from tests.operations.probing.table import expect, new_name

ROUNDS = 3


async def _write_until_it_is_gone(uri: str, name: str, acknowledged: set[int], started: asyncio.Event) -> None:
    async def writer(offset: int) -> None:
        with suppress(StoreUnavailable):
            for number in range(offset, 10_000_000, 10):
                await current_database().collection("tokens").insert_one({"token": str(number), "n": number})
                acknowledged.add(number)
                if len(acknowledged) > 300:
                    started.set()

    await open_database(uri, name, timeout_s=1)
    await asyncio.gather(*(writer(offset) for offset in range(10)))
    await close_database()


async def survives_kill(uri: str, pid_file: Path, again: str) -> str:
    """Write, kill -9 and start again, three times: every acknowledged insert and every index must be there."""
    counted, back = 0, []
    for _ in range(ROUNDS):
        name, acknowledged, started = new_name(), set[int](), asyncio.Event()
        await ensure_indexes(await open_database(uri, name, timeout_s=10))
        writing = asyncio.ensure_future(_write_until_it_is_gone(uri, name, acknowledged, started))
        await asyncio.wait_for(started.wait(), 60)
        _kill(pid_file)
        await writing
        back.append(await _start_again(uri, again))
        counted += await _still_there(uri, name, acknowledged)
    return f"{counted} acknowledged inserts; answers again after {max(back):.1f} s"


def _kill(pid_file: Path) -> None:
    os.kill(int(pid_file.read_text()), signal.SIGKILL)


async def _start_again(uri: str, again: str) -> float:
    started = time.perf_counter()
    done = await asyncio.create_subprocess_shell(again, stdout=asyncio.subprocess.DEVNULL)
    await done.wait()
    db = await open_database(uri, "admin", timeout_s=1)
    while time.perf_counter() - started < 60:
        with suppress(StoreUnavailable):
            await db.ping()
            break
    await close_database()
    return time.perf_counter() - started


async def _still_there(uri: str, name: str, acknowledged: set[int]) -> int:
    db = await open_database(uri, name, timeout_s=10)
    rows = db.collection("tokens")
    stored = {row["n"] for row in await rows.find({}, limit=1_000_000, projection=["n"])}
    expect(acknowledged <= stored, f"{len(acknowledged - stored)} of {len(acknowledged)} acknowledged inserts are gone")
    with suppress(AlreadyThere):
        await rows.insert_one({"token": str(min(acknowledged))})
        expect(False, "the unique index is gone")
    await db.drop()
    await close_database()
    return len(acknowledged)
