"""The whole product against the sandbox, in one event loop: what journeys and bot tests stand in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

import admin_bot.main
import user_bot.main
from config import Settings
from core.posts import Post
from database.operations import post_ops
from process import Foundation, Part, foundation
from sandbox.client import Person, SandboxClient
from sandbox.server import Sandbox
from user_bot.main import UserBot

ADMIN_BOT, USER_BOT = "house_admin_bot", "house_bot"
ADMIN_TOKEN, USER_TOKEN = "1001:sandbox-admin", "1002:sandbox-user"
OLIVE, ALICE, BOB = 501, 502, 503
STORAGE = -1001000000001
STORAGE_RIGHTS = {"can_post_messages": True, "can_edit_messages": True, "can_delete_messages": True}


@dataclass
class House:
    """Everything that runs, and the people around it."""

    sandbox: Sandbox
    world: SandboxClient
    base: Foundation
    user_bot: UserBot
    parts: list[Part] = field(default_factory=list)

    @property
    def olive(self) -> Person:
        """The owner."""
        return self.world.person(OLIVE)

    @property
    def alice(self) -> Person:
        return self.world.person(ALICE)

    @property
    def bob(self) -> Person:
        return self.world.person(BOB)

    async def advance(self, **span: float) -> None:
        """Move the sandbox's clock and the product's together."""
        state = await self.world.advance(timedelta(**span).total_seconds())
        self.base.clock.shift_to(timedelta(seconds=float(state["offset_s"])))

    async def store(self, items: int = 1, kind: str = "photo", **more: Any) -> Post:
        """A live post of `items` messages, stored by the owner's hand and not through the admin bot."""
        ids = []
        for number in range(items):
            sent = await self.olive.media(STORAGE, kind, caption=f"item {number + 1}")
            ids.append(int(sent["message"]["message_id"]))
        return await self.post(ids, **more)

    async def post(self, message_ids: list[int], title: str = "A post", **more: Any) -> Post:
        """A live post of messages that stand in the storage channel."""
        now = self.base.clock.now()
        return await post_ops.create(
            title=title, storage_chat_id=STORAGE, message_ids=message_ids, created_by=OLIVE, created_at=now, **more
        )

    @staticmethod
    def link(post: Post, source: str = "") -> str:
        return f"https://t.me/{USER_BOT}?start=p_{post.code}" + (f"-s_{source}" if source else "")

    async def settle(self) -> None:
        """Wait until both bots have worked off what they were sent."""
        await self.world.idle(timeout_s=20)

    async def calls(self, method: str | None = None) -> list[dict[str, Any]]:
        """The user bot's calls but getUpdates."""
        found = await self.world.calls(method=method, bot=USER_BOT)
        return [call for call in found if call["method"] != "getUpdates"]


async def people_and_channel(world: SandboxClient) -> None:
    """Both bots, the owner, two subscribers, the storage channel with both bots in it."""
    await world.add_bot(ADMIN_TOKEN, ADMIN_BOT, "House Admin", role="admin bot")
    await world.add_bot(USER_TOKEN, USER_BOT, "House", role="user bot")
    for number, name in ((OLIVE, "Olive"), (ALICE, "Alice"), (BOB, "Bob")):
        await world.add_user(name, id=number, username=name.lower())
    await world.add_chat("channel", "Storage", OLIVE, id=STORAGE)
    for bot in (1001, 1002):
        await world.set_member(STORAGE, bot, "administrator", **STORAGE_RIGHTS)
    # owners have opened the admin bot once: a bot cannot write first
    await world.person(OLIVE).text(ADMIN_BOT, "/start")


def settings_for(url: str, **more: Any) -> Settings:
    """The configuration of the house; nothing of the environment applies."""
    values: dict[str, Any] = {
        "USER_BOT_TOKEN": USER_TOKEN,
        "ADMIN_BOT_TOKEN": ADMIN_TOKEN,
        "ADMIN_IDS": (OLIVE,),
        "STORAGE_CHANNEL_ID": STORAGE,
        "MONGO_URI": "memory://",
        "TELEGRAM_API_URL": url,
        "SEND_RATE_PER_SECOND": 1000,
        "BULK_RATE_PER_SECOND": 1000,
    }
    return Settings(_env_file=None, **(values | more))


def _sleep_by_moving(world: SandboxClient) -> Callable[[float], Awaitable[None]]:
    """Waiting takes no real time: the sandbox's clock moves instead, and every other task gets a turn."""

    async def sleep(seconds: float) -> None:
        await world.advance(max(seconds, 0.001))

    return sleep


@asynccontextmanager
async def running_house(
    *, timers: bool = True, before: Callable[[SandboxClient], Awaitable[None]] | None = None, **more: Any
) -> AsyncIterator[House]:
    """Start everything, end everything; the bots poll until the block ends. Without `timers` no job runs by itself.

    `before` arranges the world (faults, say) before the bots start.
    """
    async with Sandbox(seed=1).running(port=0) as sandbox, SandboxClient(sandbox.url) as world:
        await people_and_channel(world)
        if before is not None:
            await before(world)
        async with foundation(
            settings_for(sandbox.url, **more), sleep=_sleep_by_moving(world), monotonic=sandbox.world.clock.now
        ) as base:
            users = user_bot.main.build(base)
            schedulers = user_bot.main.schedulers_of(users) if timers else ()
            parts = [
                Part("user bot", users.dispatcher, user_bot.main.serve(users, schedulers)),
                await admin_bot.main.part(base),
            ]
            serving = [base.tasks.spawn(part.serve, part.name) for part in parts]
            house = House(sandbox, world, base, users, parts)
            await house.settle()
            try:
                yield house
            finally:
                await stop(house)
                for task in serving:
                    await task


async def stop(house: House) -> None:
    """Stop both bots as SIGTERM does; a second stop does nothing."""
    for part in house.parts:
        if part.dispatcher._running_lock.locked():
            await part.dispatcher.stop_polling()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A house for one test, in which jobs run when the test says so."""
    async with running_house(timers=False) as house:
        yield house


@pytest.fixture
async def ticking_house() -> AsyncIterator[House]:
    """A house whose jobs run at their ticks."""
    async with running_house() as house:
        yield house
