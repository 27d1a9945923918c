"""The product under measurement, put together as `user_bot.main` does. `python -m bench.product URL TOKEN [keyed]`.

The user bot alone, its timers off (a figure says itself when a job runs), logs at WARNING, the send rate
so high that the ceiling of 30 calls a second is not what is measured. `keyed`: an
in-memory store is helped by `bench.keyed`.
"""

import asyncio
import cProfile
import gc
import os
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta
from typing import Any, TextIO
from unittest.mock import patch

from pymongo import monitoring

import user_bot.main
from bench.commands import CountCommands
from bench.keyed import looked_up_by_key
from bench.line import answer_lines, take_stdout
from bench.profile import hot_spots
from bench.settled import settle
from bench.stores import Store, drop
from bench.telegram import ADMIN_TOKEN, OWNER, STORAGE
from bench.usage import STORE_CALL, StoreTime, live_bytes, trimmed_rss_bytes, usage
from config import MEMORY_STORE, Settings
from core.settings import AccessMode
from core.subscriptions import Channel
from database.indexes import ensure_indexes
from database.operations import channel_ops, post_ops, settings_ops
from monitoring import logs
from runtime.context import ProcessContext, process_context
from schedulers import create_message_deleter_scheduler
from user_bot.main import UserBot

#: calls a second, far above what any of the figures reaches; more than the configuration would take
RATE_PER_S = 100_000.0


def settings_for(url: str, token: str) -> Settings:
    """Only the store is taken from the environment (`bench.subject.running` names it)."""
    settings = Settings(
        _env_file=None,
        USER_BOT_TOKEN=token,
        ADMIN_BOT_TOKEN=ADMIN_TOKEN,
        ADMIN_IDS=(OWNER,),
        STORAGE_CHANNEL_ID=STORAGE,
        MONGO_URI=os.environ.get("MONGO_URI") or MEMORY_STORE,
        MONGO_DB=os.environ.get("MONGO_DB", "tollgate_bench"),
        TELEGRAM_API_URL=url,
        TIMEZONE="UTC",
        SANDBOX_CLOCK_URL="",
        LOG_LEVEL="WARNING",
    )
    return settings.model_copy(update={"SEND_RATE_PER_SECOND": RATE_PER_S, "BULK_RATE_PER_SECOND": RATE_PER_S})


class Desk:
    """What the bench may ask of the product."""

    def __init__(self, base: ProcessContext, bot: UserBot, listener: CountCommands, store: StoreTime) -> None:
        self._base = base
        self._bot = bot
        self._listener = listener
        self._store = store
        self._profile = cProfile.Profile(time.thread_time)

    async def usage(self, _: dict[str, Any]) -> Mapping[str, Any]:
        await settle(self._bot.dispatcher)
        return usage(self._base.database, self._listener, self._store)

    async def fresh(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        await settle(self._bot.dispatcher)
        await self._drop()
        await ensure_indexes(self._base.database)
        codes = [await self._new_post(wish["message_ids"]) for _ in range(wish["posts"])]
        gc.collect()
        return {"codes": codes}

    async def _drop(self) -> None:
        """A database that has grown large takes a server longer than the product's clients wait."""
        database, uri = self._base.database, self._base.settings.MONGO_URI.get_secret_value()
        if database.is_memory:
            await database.drop()
        else:
            await drop(Store("server", uri), database.name)

    async def _new_post(self, message_ids: list[int]) -> str:
        post = await post_ops.create(
            title="A post",
            storage_chat_id=STORAGE,
            message_ids=message_ids,
            created_by=OWNER,
            created_at=self._base.clock.now(),
        )
        return post.code

    async def ask_for_channels(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """From now on people must have joined these."""
        for chat_id in wish["chat_ids"]:
            await channel_ops.add(Channel(chat_id=chat_id, title="A channel", invite_link="https://t.me/+bench"))
        return {}

    async def charge(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """From now on a delivery costs a credit; everybody who is there has `credits` of them."""
        await settings_ops.change("access_mode", AccessMode.CREDITS.value)
        people = self._base.database.collection("users")
        return {"people": await people.update_many({}, {"$set": {"credits": wish["credits"]}})}

    async def shift(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        self._base.clock.shift_to(timedelta(seconds=wish["offset_s"]))
        return {}

    async def take_back(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """One run of the deleter, by hand."""
        scheduler = create_message_deleter_scheduler(self._bot.bot, self._bot.jobs, self._bot.alerts)
        started = time.perf_counter()
        report = await scheduler.delete_due_messages()
        seconds = time.perf_counter() - started
        return {
            "seconds": seconds,
            "outcome": report.outcome.value,
            "counts": report.counts,
            "error": report.error,
        }

    async def empty_store(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """Throw the store's contents away."""
        await settle(self._bot.dispatcher)
        await self._drop()
        return {}

    async def live(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """The bytes of Python objects alive."""
        await settle(self._bot.dispatcher)
        return {"bytes": live_bytes()}

    async def trim(self, _: dict[str, Any]) -> Mapping[str, Any]:
        return {"rss_bytes": trimmed_rss_bytes()}

    async def profile(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """Begin to profile this thread."""
        self._profile.enable()
        return {}

    async def hot_spots(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """End it; see `bench.profile`."""
        self._profile.disable()
        return hot_spots(self._profile, wish["limit"])


async def main(url: str, token: str, answers: TextIO) -> None:
    settings = settings_for(url, token)
    logs.configure(settings.LOG_LEVEL, settings.LOG_FORMAT)
    listener, store = CountCommands(), StoreTime()
    monitoring.register(listener)
    async with process_context(settings) as base:
        bot = user_bot.main.build(base)
        desk = Desk(base, bot, listener, store)
        deeds = {
            deed.__name__: deed
            for deed in (
                desk.usage,
                desk.fresh,
                desk.ask_for_channels,
                desk.charge,
                desk.shift,
                desk.take_back,
                desk.empty_store,
                desk.live,
                desk.trim,
                desk.profile,
                desk.hot_spots,
            )
        }
        serving = base.tasks.spawn(user_bot.main.serve(bot, ()), "user bot")
        owner, name = STORE_CALL
        timed = store.timed(getattr(owner, name)) if base.database.is_memory else getattr(owner, name)
        with patch.object(owner, name, timed):
            await answer_lines(deeds, answers)
        await bot.dispatcher.stop_polling()
        await serving


if __name__ == "__main__":
    with looked_up_by_key() if "keyed" in sys.argv[3:] else nullcontext():
        asyncio.run(main(sys.argv[1], sys.argv[2], take_stdout()))
