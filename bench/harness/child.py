"""The measured processes as the bench sees them: started, called, ended."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from bench.harness.actions import LINE_MAX
from bench.harness.stores import Store, database_of

ROOT = Path(__file__).resolve().parents[2]
#: seconds a child may take to start, and to end
START_S, END_S = 60.0, 15.0


class ChildEnded(Exception):
    """A measured process ended by itself; its standard error says why."""


class Child:
    """One process. It takes one call at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def call(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Run one of the child's actions and return its answer. Raises ChildEnded."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"action": action, **arguments}).encode() + b"\n")
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        """Wait for the next line. Raises ChildEnded."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise ChildEnded(f"exit status {await self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def cpu_s(self) -> float:
        """Return the CPU seconds it has used so far, after the handlers under way have ended."""
        return float((await self.call("usage"))["cpu_s"])

    def close_input(self) -> None:
        """Have it end by itself. May be repeated."""
        assert self._process.stdin is not None
        self._process.stdin.close()


@asynccontextmanager
async def running(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Child]:
    """Run `python -m bench.MODULE ARGUMENT…`, ready to be called, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"bench.{module}",
        *arguments,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_MAX,
        # Ctrl-C goes to the bench alone; the end of its input ends a child
        start_new_session=True,
    )
    child = Child(process)
    try:
        async with asyncio.timeout(START_S):
            await child.answer()
        yield child
    except BaseException:
        if process.returncode is None:
            process.terminate()
        raise
    finally:
        await _end(child, process)


@asynccontextmanager
async def running_on(store: Store, module: str, *arguments: str) -> AsyncIterator[Child]:
    """Run the same with a database of its own on `store`, which is dropped afterwards."""
    async with (
        database_of(store) as database,
        running(module, *arguments, environment=store.environment(database)) as child,
    ):
        yield child


@asynccontextmanager
async def side_by_side(*starts: AbstractAsyncContextManager[Child]) -> AsyncIterator[list[Child]]:
    """Start several children at the same time and end them at the same time: either takes a process seconds."""
    async with AsyncExitStack() as stack:
        children = await asyncio.gather(*(stack.enter_async_context(start) for start in starts))
        yield children
        for child in children:
            child.close_input()


async def _end(child: Child, process: asyncio.subprocess.Process) -> None:
    child.close_input()
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
