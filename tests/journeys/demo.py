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
OPEN = re.compile(r"Open (http://127\.0\.0\.1:\d+) in a browser")
WEB_APP = re.compile(r"web app: (http://127\.0\.0\.1:\d+),")


@dataclass(frozen=True)
class Demo:
    """A running demo: its launcher, the sandbox page, the web app's address, and the lines printed during the start."""

    process: asyncio.subprocess.Process
    address: str
    web_app: str
    printed: list[str]


@asynccontextmanager
async def running_demo(port: int, folder: Path = ROOT, *, files: int | None = None, **more: str) -> AsyncIterator[Demo]:
    """Start `make demo`'s process in the checkout `folder`; stop it at the end unless it has ended.

    `files`: how many each of its processes may open at most.
    """
    limited = () if files is None else ("sh", "-c", f'ulimit -n {files} && exec "$@"', "sh")
    process = await asyncio.create_subprocess_exec(
        *limited,
        sys.executable,
        "-m",
        "scripts.demo",
        cwd=folder,
        env=os.environ | {"DEMO_PORT": str(port)} | more,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        printed = await _until_it_may_be_opened(process)
        text = "\n".join(printed)
        address, web_app = OPEN.search(text), WEB_APP.search(text)
        assert address is not None and web_app is not None, text
        yield Demo(process, address[1], web_app[1], printed)
    finally:
        if process.returncode is None:
            await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.communicate(), 20)
    except TimeoutError:
        process.kill()
        raise


async def _until_it_may_be_opened(process: asyncio.subprocess.Process) -> list[str]:
    assert process.stdout is not None
    printed: list[str] = []
    async with asyncio.timeout(90):
        while not printed or not OPEN.match(printed[-1]):
            line = (await process.stdout.readline()).decode()
            assert line, (await process.communicate())[1].decode()
            printed.append(line.strip())
    return printed
