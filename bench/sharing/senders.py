"""Processes of one bot that call Telegram as fast as their limiters let them.

`python -m bench.sharing.senders PLAN` with a plan as JSON (`Work`), the database in MONGO_URI and MONGO_DB. Put
together as the command line's jobs are (`schedulers/bots.py`). aiogram takes seconds to import: it is imported once,
and the processes are forked from it. Prints a JSON array: of each process, of each phase, when its calls succeeded
(`time.monotonic`, which processes share).
"""

import asyncio
import json
import math
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiogram.exceptions import TelegramAPIError
from pydantic import SecretStr

from bench.harness.child import START_S
from bench.harness.telegram import ADMIN_TOKEN
from core.timing.job_times import JobTimes
from database.connection import close_database, open_database
from monitoring import logs
from schedulers import bots
from schedulers.run_once import JobConfig
from sender.limiting.send_limiter import SendLimiter

#: calls under way to each person; a chat takes five in a row, then one a second
AT_ONCE = 2
#: seconds between two phases, in which the shares come to rest
REST_S = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """What the processes do: in each phase those named call for some seconds."""

    url: str
    token: str
    rate_per_s: float
    #: the people of each process
    people: Sequence[Sequence[int]]
    #: of each phase, which processes have a rush
    phases: Sequence[Sequence[int]]
    seconds: float
    #: whether they share one ceiling, as the product does
    is_shared: bool


class Unshared:
    """Takes the place of `SharedCeilings`: every process has the whole ceiling."""

    def __init__(self, *_: Any) -> None: ...

    async def join(self, bot_id: int, limiter: SendLimiter) -> None:
        """Let the limiter have everything."""

    async def run(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


async def rush(work: Work, me: int, barrier: Barrier) -> list[list[float]]:
    """Take part in every phase; return the moments of the calls that succeeded, by phase."""
    await open_database(os.environ["MONGO_URI"], os.environ["MONGO_DB"])
    phases: list[list[float]] = []
    async with bots.telegram(_config(work)) as telegram:
        for busy in work.phases:
            moments: list[float] = []
            phases.append(moments)
            await asyncio.to_thread(barrier.wait)
            await asyncio.sleep(REST_S)
            until = time.monotonic() + work.seconds

            async def press(chat_id: int, until: float = until, moments: list[float] = moments) -> None:
                while time.monotonic() < until:
                    try:
                        await telegram.user_bot.send_message(chat_id, "x")
                    except TelegramAPIError:
                        continue
                    moments.append(time.monotonic())

            if me in busy:
                await asyncio.gather(*(press(chat_id) for chat_id in work.people[me] for _ in range(AT_ONCE)))
        # one without work stays until the others have ended
        await asyncio.to_thread(barrier.wait)
    await close_database()
    return phases


def _config(work: Work) -> JobConfig:
    token = SecretStr(work.token)
    return JobConfig(
        zone=ZoneInfo("UTC"),
        times=JobTimes(),
        batch_size=100,
        timeout_s=60.0,
        pause_ms=0,
        data_dir=Path(),
        backup_keep=1,
        user_token=token,
        admin_token=SecretStr(ADMIN_TOKEN),
        owner_ids=(),
        api_url=work.url,
        alert_webhook_url=SecretStr(""),
        rate_per_s=work.rate_per_s,
        bulk_rate_per_s=work.rate_per_s,
    )


def _process(work: Work, me: int, barrier: Barrier, found: "Queue[tuple[int, list[list[float]]]]") -> None:
    _end_by(work)
    logs.configure("ERROR", "console")
    if not work.is_shared:
        setattr(bots, "SharedCeilings", Unshared)  # noqa: B010 - mypy refuses to assign a class
    found.put((me, asyncio.run(rush(work, me, barrier))))


def _end_by(work: Work) -> None:
    """Let the kernel end this process, whatever it waits for, when its launcher has given it up."""
    signal.alarm(math.ceil(START_S + len(work.phases) * (work.seconds + REST_S)))


def main(plan: str) -> None:
    work = Work(**json.loads(plan))
    _end_by(work)
    context = multiprocessing.get_context("fork")
    count = len(work.people)
    barrier, found = context.Barrier(count), context.Queue()
    processes = [context.Process(target=_process, args=(work, me, barrier, found)) for me in range(count)]
    for process in processes:
        process.start()
    results = dict(found.get() for _ in processes)
    for process in processes:
        process.join()
    print(json.dumps([results[me] for me in range(count)]))


if __name__ == "__main__":
    main(sys.argv[1])
