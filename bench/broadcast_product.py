"""The product that sends broadcasts. `python -m bench.broadcast_product URL TOKEN RATE BULK_RATE [keyed]`.

As `bench.product`, with rates of its own, people who are there already, and the job run by hand.
"""

import asyncio
import contextlib
import secrets
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, TextIO
from unittest.mock import patch

from pymongo import monitoring

import user_bot.main
from bench.broadcast_rows import people, planned
from bench.commands import CountCommands
from bench.keyed import looked_up_by_key
from bench.line import answer_lines, take_stdout
from bench.product import Desk, settings_for
from bench.usage import STORE_CALL, StoreTime, rss_bytes, trimmed_rss_bytes
from core.jobs import RunReport
from database.operations import broadcast_ops, broadcast_rows
from monitoring import logs
from runtime.context import ProcessContext, process_context
from schedulers import create_broadcast_sender_scheduler
from user_bot.main import UserBot

#: seconds between two looks at the memory while sending
LOOK_S = 0.05
#: people in one insert
BATCH = 1000


class BroadcastService(Desk):
    """What the bench may ask of it beside the rest."""

    def __init__(self, base: ProcessContext, bot: UserBot, listener: CountCommands, store: StoreTime) -> None:
        super().__init__(base, bot, listener, store)
        self._sending: asyncio.Task[RunReport] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._broadcast_id = ""
        self._begun_at = 0.0
        self._peak_bytes = 0

    async def settle(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """`count` people from the id `first` on, who came a day ago."""
        users = self._base.database.collection("users")
        joined_at = self._base.clock.now() - timedelta(days=1)
        for start in range(0, wish["count"], BATCH):
            count = min(BATCH, wish["count"] - start)
            await users.insert_many(people(wish["first"] + start, count, joined_at))
        return {}

    async def begin(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """Plan a broadcast of one stored message to everybody and begin to send."""
        now = self._base.clock.now()
        broadcast, _ = await broadcast_ops.create(planned(secrets.token_hex(8), wish["message_id"], now))
        scheduler = create_broadcast_sender_scheduler(self._bot.bot, self._bot.limiter, self._bot.jobs)
        start_bytes = trimmed_rss_bytes()
        self._broadcast_id, self._begun_at, self._peak_bytes = broadcast.id, time.monotonic(), start_bytes
        self._sending = self._base.tasks.spawn(scheduler.send_due_broadcasts(), "broadcast")
        self._watching = self._base.tasks.spawn(self._watch(), "memory")
        return {"begun_at": self._begun_at, "start_bytes": start_bytes}

    async def cancel(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """Enough was sent."""
        await broadcast_ops.cancel(self._broadcast_id, self._base.clock.now())
        return {}

    async def ended(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """Wait for the end of the run; rows by state, and memory in bytes: the most, and at the end.

        With `rows` false nothing is asked of the database.
        """
        assert self._sending is not None
        assert self._watching is not None
        report = await self._sending
        self._watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watching
        return {
            "seconds": time.monotonic() - self._begun_at,
            "outcome": report.outcome.value,
            "error": report.error,
            "counts": await broadcast_rows.count_states(self._broadcast_id) if wish.get("rows", True) else {},
            "peak_bytes": self._peak_bytes,
            "end_bytes": trimmed_rss_bytes(),
        }

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self._peak_bytes = max(self._peak_bytes, rss_bytes())


async def main(url: str, token: str, rates: tuple[float, float], answers: TextIO) -> None:
    update: dict[str, object] = {
        "LOG_LEVEL": "ERROR",
        "SEND_RATE_PER_SECOND": rates[0],
        "BULK_RATE_PER_SECOND": rates[1],
    }
    settings = settings_for(url, token).model_copy(update=update)
    logs.configure(settings.LOG_LEVEL, settings.LOG_FORMAT)
    listener, store = CountCommands(), StoreTime()
    monitoring.register(listener)
    async with process_context(settings) as base:
        bot = user_bot.main.build(base)
        desk = BroadcastService(base, bot, listener, store)
        wanted = (desk.usage, desk.fresh, desk.settle, desk.begin, desk.cancel, desk.ended)
        serving = base.tasks.spawn(user_bot.main.serve(bot, ()), "user bot")
        owner, name = STORE_CALL
        timed = store.timed(getattr(owner, name)) if base.database.is_memory else getattr(owner, name)
        with patch.object(owner, name, timed):
            await answer_lines({deed.__name__: deed for deed in wanted}, answers)
        await bot.dispatcher.stop_polling()
        await serving


if __name__ == "__main__":
    with looked_up_by_key() if "keyed" in sys.argv[5:] else nullcontext():
        asyncio.run(main(sys.argv[1], sys.argv[2], (float(sys.argv[3]), float(sys.argv[4])), take_stdout()))
