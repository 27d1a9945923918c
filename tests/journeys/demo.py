"""A running `make demo` for tests."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Demo:
    """A running demo: its launcher, its address, and what it printed until both bots ran."""

    process: asyncio.subprocess.Process
    address: str
    printed: list[str]


@asynccontextmanager
async def running_demo(port: int, folder: Path = ROOT, **more: str) -> AsyncIterator[Demo]:
    """`make demo`'s process, started in the checkout `folder`; killed at the end unless it has ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scripts.demo",
        cwd=folder,
        env=os.environ | {"DEMO_PORT": str(port)} | more,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        printed = await _until_both_run(process)
        address = re.search(r"http://127\.0\.0\.1:\d+", "\n".join(printed))
        assert address is not None
        yield Demo(process, address.group(), printed)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def _until_both_run(process: asyncio.subprocess.Process) -> list[str]:
    assert process.stdout is not None
    printed: list[str] = []
    async with asyncio.timeout(90):
        while not {"user bot: running", "admin bot: running"} <= set(printed):
            line = (await process.stdout.readline()).decode()
            assert line, (await process.communicate())[1].decode()
            printed.append(line.strip())
    return printed
