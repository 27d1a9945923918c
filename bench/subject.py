"""The processes that are measured, seen from outside: started, asked, ended."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.line import LINE_MAX
from bench.stores import IN_MEMORY, Store, database_of
from bench.telegram import PRODUCT, SERVED, TOKENS

ROOT = Path(__file__).resolve().parent.parent
#: seconds a child gets to come up, and to end
UP_S, END_S = 60.0, 15.0


class SubjectEnded(Exception):
    """The process under measurement ended by itself; its standard error says why."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a subject has used since its start. Seconds are CPU."""

    cpu_s: float
    #: within calls of the in-memory store; 0 with a server
    store_s: float
    rss_bytes: int
    #: commands by name and collection, as on the wire
    commands: dict[str, int]
    #: who counted them
    counted_by: str


class Subject:
    """One process. Not for several callers at once."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, deed: str, **more: Any) -> dict[str, Any]:
        """Do `deed` over there. Raises SubjectEnded."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": deed, **more}).encode() + b"\n")
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise SubjectEnded(f"exit status {await self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def let_end(self) -> None:
        """Nothing more will be asked: it ends by itself. May be repeated."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def usage(self) -> Usage:
        """After the handlers in flight have ended."""
        return Usage(**await self.ask("usage"))

    async def fresh(self, message_ids: Sequence[int], posts: int) -> list[str]:
        """Empty the store and make `posts` posts of the same stored messages; their codes."""
        answer = await self.ask("fresh", message_ids=list(message_ids), posts=posts)
        return list(answer["codes"])


@asynccontextmanager
async def running(kind: str, url: str, token: str, *more: str, store: Store = IN_MEMORY) -> AsyncIterator[Subject]:
    """`python -m bench.product` or `bench.bare` at the sandbox `url`, until the block ends.

    On a server it has a database of its own, dropped afterwards.
    """
    async with (
        database_of(store) as database,
        child(kind, url, token, *more, environment=named(store, database)) as subject,
    ):
        yield subject


def named(store: Store, database: str) -> dict[str, str]:
    """The variables of the environment by which a child finds its database."""
    return {"MONGO_URI": store.uri, "MONGO_DB": database}


@asynccontextmanager
async def child(kind: str, *arguments: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Subject]:
    """`python -m bench.KIND ARGUMENT…`, ready to be asked, until the block ends; `environment` beside our own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"bench.{kind}",
        *arguments,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_MAX,
        # Ctrl-C is the bench's; the end of its input ends a subject
        start_new_session=True,
    )
    subject = Subject(process)
    try:
        async with asyncio.timeout(UP_S):
            await subject.answer()
        yield subject
    except BaseException:
        # cut short: nothing is worth an orderly end
        if process.returncode is None:
            process.terminate()
        raise
    finally:
        await _end(subject, process)


def bot_on(store: Store) -> int:
    """The id of the product's bot that works on `store`."""
    return PRODUCT if store.is_memory else SERVED


def product_on(store: Store, url: str, *more: str) -> AbstractAsyncContextManager[Subject]:
    """The product on `store`; `more` is for the in-memory store alone."""
    return running("product", url, TOKENS[bot_on(store)], *(more if store.is_memory else ()), store=store)


@asynccontextmanager
async def side_by_side(*starts: AbstractAsyncContextManager[Subject]) -> AsyncIterator[list[Subject]]:
    """Several of `running`, started and ended at the same time: either takes a process seconds."""
    async with AsyncExitStack() as stack:
        subjects = await asyncio.gather(*(stack.enter_async_context(start) for start in starts))
        yield subjects
        for subject in subjects:
            subject.let_end()


async def _end(subject: Subject, process: asyncio.subprocess.Process) -> None:
    subject.let_end()
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
