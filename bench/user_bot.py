"""The user bot under measurement. `python -m bench.user_bot URL TOKEN RATE BULK_RATE`.

Put together as `user_bot.main` and `runtime.lifecycle` do, without jobs at ticks: a broadcast is started by an action.
Logs at ERROR. The store is that of MONGO_URI and MONGO_DB; one in memory finds documents by key
(`bench.harness.keyed`).
"""

import asyncio
import gc
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, TextIO

from bson import encode

import user_bot.main
from bench.bare_bot import handlers_ended
from bench.harness.actions import Answer, serve_actions, take_stdout
from bench.harness.keyed import looked_up_by_key
from bench.harness.stores import Store, client_of, drop
from bench.harness.telegram import ADMIN_TOKEN, OWNER, STORAGE
from bench.harness.usage import cpu, watched_memory
from config import Settings
from core.announcements import AnnouncementState, CoverMessage, NewAnnouncement
from core.broadcasts import NewBroadcast
from core.ids import new_token
from core.subscriptions import MembershipStatus
from core.users import User
from core.verification import Token
from database.indexes import ensure_indexes
from database.operations import announcement_ops, broadcast_ops, membership_ops, token_counts, token_ops
from database.operations.posts import post_ops
from monitoring import logs
from runtime.context import ProcessContext, process_context
from runtime.lifecycle import spare_collections
from schedulers import registry
from schedulers.admission import by_hand
from schedulers.factory import create_scheduler
from schedulers.job_scheduler import JobScheduler
from user_bot.main import UserBot

#: documents in one insert
BATCH = 1000


def settings_for(url: str, token: str, rates_per_s: tuple[float, float]) -> Settings:
    """The configuration: the two rates as they are, the store from the environment, nothing else from there."""
    settings = Settings(
        _env_file=None,
        USER_BOT_TOKEN=token,
        ADMIN_BOT_TOKEN=ADMIN_TOKEN,
        ADMIN_IDS=(OWNER,),
        STORAGE_CHANNEL_ID=STORAGE,
        MONGO_URI=os.environ["MONGO_URI"],
        MONGO_DB=os.environ["MONGO_DB"],
        TELEGRAM_API_URL=url,
        TIMEZONE="UTC",
        SANDBOX_CLOCK_URL="",
        LOG_LEVEL="ERROR",
    )
    rate, bulk_rate = rates_per_s
    return settings.model_copy(update={"SEND_RATE_PER_SECOND": rate, "BULK_RATE_PER_SECOND": bulk_rate})


def _subscribers(first: int, count: int, joined_at: datetime) -> Iterator[list[dict[str, Any]]]:
    """Batches of documents of `count` subscribers with ascending ids from `first` on."""
    for start in range(first, first + count, BATCH):
        yield [_subscriber(user_id, joined_at) for user_id in range(start, min(start + BATCH, first + count))]


def _subscriber(user_id: int, joined_at: datetime) -> dict[str, Any]:
    user = User(
        user_id=user_id,
        username=f"alice{user_id}",
        first_name="Alice",
        language="en",
        joined_at=joined_at,
        last_seen_at=joined_at,
    )
    return user.model_dump()


def _new_token(user_id: int, now: datetime) -> Token:
    """A link through a shortener, as the gate makes one."""
    return Token(
        token=new_token(),
        user_id=user_id,
        post_code="A" * 16,
        shortener="short",
        has_page=True,
        bot_username="bench_1_bot",
        language="en",
        created_at=now,
        expires_at=now + timedelta(days=2),
    )


def _new_broadcast(key: str, message_id: int, now: datetime) -> NewBroadcast:
    """One stored message to everyone, now, without a progress message."""
    return NewBroadcast(
        key=key,
        title="A broadcast",
        source_chat_id=STORAGE,
        message_ids=(message_id,),
        created_by=OWNER,
        created_at=now,
        send_at=now,
        progress_chat_id=OWNER,
    )


def _code_of(post: int) -> str:
    return f"post{post:012}"


def _new_announcement(post: int, chat_id: int, message_id: int, now: datetime) -> NewAnnouncement:
    """One of a post's announcements, for which somebody waits."""
    return NewAnnouncement(
        key=f"draft {post}",
        post_code=_code_of(post),
        chat_id=chat_id,
        publish_at=now,
        is_now=True,
        source="ch1",
        text="<b>A post</b>",
        cover=CoverMessage(chat_id=STORAGE, message_id=message_id),
        label="Open",
        url="https://t.me/bench_1_bot",
        created_by=OWNER,
        created_at=now,
    )


class Actions:
    """The child's actions."""

    def __init__(self, base: ProcessContext, bot: UserBot) -> None:
        self._base = base
        self._bot = bot
        self._watching = AsyncExitStack()
        self._memory: dict[str, int] = {}

    async def watch_memory(self) -> Answer:
        """Sample the memory from now on until `watched_memory`."""
        self._memory = await self._watching.enter_async_context(watched_memory())
        return self._memory

    async def watched_memory(self) -> Answer:
        """Return the memory at the start and at its peak."""
        await self._watching.aclose()
        return self._memory

    async def usage(self) -> Answer:
        await handlers_ended(self._bot.dispatcher)
        return cpu()

    async def fresh(self, message_ids: list[int], posts: int) -> Answer:
        """Empty the store and make `posts` posts of the same stored messages."""
        await handlers_ended(self._bot.dispatcher)
        await self._drop()
        await ensure_indexes(self._base.database)
        codes = [await self._new_post(message_ids) for _ in range(posts)]
        gc.collect()
        return {"codes": codes}

    async def _drop(self) -> None:
        """A large database takes a server longer to drop than the product's own client waits."""
        database, uri = self._base.database, self._base.settings.MONGO_URI.get_secret_value()
        if database.is_memory:
            await database.drop()
        else:
            await drop(Store("server", uri), database.name)

    async def _new_post(self, message_ids: list[int], code: str | None = None) -> str:
        post = await post_ops.create(
            title="A post",
            storage_chat_id=STORAGE,
            message_ids=message_ids,
            created_by=OWNER,
            created_at=self._base.clock.now(),
            code=code,
        )
        return post.code

    async def broadcast(self, first: int, count: int, message_id: int) -> Answer:
        """Send one stored message to `count` subscribers with ids from `first` on, who are all there are.

        Returns the moment at which it started, of `time.monotonic`, and the memory from then on.
        """
        await self.fresh([message_id], posts=0)
        database, now = self._base.database, self._base.clock.now()
        for documents in _subscribers(first, count, joined_at=now - timedelta(days=1)):
            await database.collection("users").insert_many(documents)
        await broadcast_ops.create(_new_broadcast(secrets.token_hex(8), message_id, now))
        scheduler: JobScheduler = create_scheduler(registry.BROADCAST_SENDER, self._bot.jobs)
        async with watched_memory() as memory:
            started_at = time.monotonic()
            report = await scheduler.runner.run(by_hand())
            return {"started_at": started_at, "outcome": report.outcome.value, "error": report.error, **memory}

    async def announce(self, chats: list[int], message_id: int, posts: int) -> Answer:
        """Announce `posts` posts in all of `chats`, as somebody who waits; return the seconds."""
        await self.fresh([message_id], posts=0)
        for post in range(posts):
            await self._new_post([message_id], _code_of(post))
            for chat_id in chats:
                await announcement_ops.create(_new_announcement(post, chat_id, message_id, self._base.clock.now()))
        scheduler: JobScheduler = create_scheduler(registry.PUBLISHER, self._bot.jobs)
        started_at = time.monotonic()
        while await announcement_ops.count_in(AnnouncementState.PLANNED):
            await scheduler.runner.run(by_hand())
        return {"seconds": time.monotonic() - started_at}

    async def commands(self) -> Answer:
        """Return how many commands were sent to the database so far, after the handlers under way have ended."""
        await handlers_ended(self._bot.dispatcher)
        return {"commands": self._base.database.calls.total()}

    async def delete_now(self) -> Answer:
        """Let the time of every delivery be up, and run the deleter until none is left."""
        due = {"$set": {"delete_at": self._base.clock.now()}}
        await self._base.database.collection("deliveries").update_many({"delete_at": {"$ne": None}}, due)
        scheduler: JobScheduler = create_scheduler(registry.MESSAGE_DELETER, self._bot.jobs)
        report = await scheduler.runner.run(by_hand())
        return {"outcome": report.outcome.value, "error": report.error}

    async def verify(self, users: int) -> Answer:
        """Give so many subscribers a verification link and an answer of a channel to join, as the gate stores them."""
        now = self._base.clock.now()
        for user_id in range(1, users + 1):
            await membership_ops.record(STORAGE, user_id, MembershipStatus.MEMBER, now)
            await token_counts.count_link(user_id, now, limit=15, update_key=f"1002:{user_id}")
            await token_ops.add(_new_token(user_id, now))
        return {}

    async def stored(self) -> Answer:
        """Return of each collection with documents the mean bytes of one, and of its indexes on a server."""
        database = self._base.database
        found = {}
        for name in await database.collection_names():
            if documents := await database.collection(name).find({}, limit=BATCH):
                sizes = [len(encode(document)) for document in documents]
                found[name] = {"document_bytes": sum(sizes) / len(sizes), **await self._index_bytes(name)}
        return found

    async def _index_bytes(self, name: str) -> dict[str, float]:
        database, uri = self._base.database, self._base.settings.MONGO_URI.get_secret_value()
        if database.is_memory:
            return {}
        async with client_of(Store("server", uri)) as client:
            stats = await client[database.name].command("collStats", name)
        return {"index_bytes": stats["totalIndexSize"] / stats["count"]}


async def main(url: str, token: str, rates_per_s: tuple[float, float], answers: TextIO) -> None:
    settings = settings_for(url, token, rates_per_s)
    logs.configure(settings.LOG_LEVEL, settings.LOG_FORMAT)
    async with process_context(settings) as base:
        bot = user_bot.main.build(base)
        its = Actions(base, bot)
        serving = base.tasks.spawn(user_bot.main.serve(bot, ()), "user bot")
        spare_collections()
        actions = (its.usage, its.fresh, its.broadcast, its.announce, its.watch_memory, its.watched_memory)
        await serve_actions(answers, *actions, its.commands, its.delete_now, its.verify, its.stored)
        await bot.dispatcher.stop_polling()
        await serving


if __name__ == "__main__":
    with looked_up_by_key():
        asyncio.run(main(sys.argv[1], sys.argv[2], (float(sys.argv[3]), float(sys.argv[4])), take_stdout()))
