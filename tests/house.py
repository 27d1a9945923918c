"""The house: the whole product against the sandbox in one event loop, for the journeys and the bot tests."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog

import admin_bot.main
import user_bot.main
from config import Settings
from core.jobs import JobRun
from core.posts import Post
from core.subscriptions import Channel, ChannelMode
from database.connection import close_database, open_database
from database.erasing.tombstones import fleeting_tombstones
from database.operations import channel_ops, run_ops, settings_ops, user_credits
from database.operations.posts import post_ops
from runtime.context import ProcessContext, process_context
from runtime.updates.source import BotComponent
from sandbox.client import Person, SandboxClient
from sandbox.server import Sandbox
from schedulers.job_scheduler import JobScheduler
from tests.clocks import PERIODIC, SteeredClock, never
from tests.start_costs import spare_bot_costs
from tests.unlocking import no_shorteners
from user_bot.data import UserBotData, build_data
from user_bot.delivery.deliverer import Deliverer
from user_bot.gate.unlock_links import UnlockConfig
from user_bot.main import UserBot

ADMIN_BOT, USER_BOT = "house_admin_bot", "house_bot"
ADMIN_TOKEN, USER_TOKEN = "1001:sandbox-admin", "1002:sandbox-user"
OLIVE, ALICE, BOB = 501, 502, 503
STORAGE = -1001000000001
SHORTENER_KEY = "stub-key-0123456789"
spare_bot_costs()

STORAGE_RIGHTS = {"can_post_messages": True, "can_edit_messages": True, "can_delete_messages": True}


#: real seconds in which a house comes to rest on a busy machine, and between two looks
SETTLED_WITHIN_S, LOOK_EVERY_S = 40.0, 0.02


def everyone_has_ended(process: str) -> bool:
    """Take every other process for one that was killed on this machine."""
    return True


@dataclass
class House:
    """The running product, the sandbox, and the users who act in it."""

    sandbox: Sandbox
    world: SandboxClient
    base: ProcessContext
    user_bot: UserBot
    parts: list[BotComponent] = field(default_factory=list)
    #: the scheduled jobs; empty when the test runs jobs itself
    jobs: Sequence[JobScheduler] = ()

    @property
    def clock(self) -> "HouseClock":
        """The clock of the process; a test may replace how it waits."""
        assert isinstance(self.base.clock, HouseClock)
        return self.base.clock

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
        offset = timedelta(seconds=float(state["offset_s"]))
        # of two moves at once, the answers may come in either order
        if offset > self.base.clock.offset:
            self.base.clock.shift_to(offset)

    async def store(self, items: int = 1, kind: str = "photo", **more: Any) -> Post:
        """Create a live post of `items` messages, sent to the storage channel by the owner without the admin bot."""
        ids = []
        for number in range(items):
            sent = await self.olive.media(STORAGE, kind, caption=f"item {number + 1}")
            ids.append(int(sent["message"]["message_id"]))
        return await self.post(ids, **more)

    async def post(self, message_ids: list[int], title: str = "A post", **more: Any) -> Post:
        """Create a live post of messages that are in the storage channel already."""
        now = self.base.clock.now()
        return await post_ops.create(
            title=title, storage_chat_id=STORAGE, message_ids=message_ids, created_by=OLIVE, created_at=now, **more
        )

    async def channel(self, title: str = "News", **more: Any) -> Channel:
        """Add a channel to join, with the user bot as an administrator and an invite link."""
        chat_id = await self.world.add_chat("channel", title, OLIVE)
        await self.world.set_member(chat_id, 1002, "administrator", can_invite_users=True)
        asks = more.get("mode") is ChannelMode.REQUEST
        link = await self.base.user_bot.create_chat_invite_link(chat_id, name="Tollgate", creates_join_request=asks)
        channel = Channel(chat_id=chat_id, title=title, invite_link=link.invite_link, **more)
        assert await channel_ops.add(channel)
        return channel

    @staticmethod
    def link(post: Post, source: str = "") -> str:
        return f"https://t.me/{USER_BOT}?start=p_{post.code}" + (f"-s_{source}" if source else "")

    def another_process(self, is_ended: Callable[[str], bool] = everyone_has_ended) -> UserBotData:
        """What a process that starts now and shares the bot and the database is built from; nothing of it runs.

        By itself it takes all others for killed: it waits only for their leases to run out.
        """
        base = self.base
        unlock_config = UnlockConfig(no_shorteners(base.clock, base.alerts), "", timedelta(days=2))
        return build_data(
            base.user_bot,
            base.clock,
            base.settings.zone,
            base.alerts,
            team=base.team,
            unlock_config=unlock_config,
            is_ended=is_ended,
            tombstones=fleeting_tombstones(),
        )

    def another_deliverer(self) -> Deliverer:
        """The deliverer of a process that starts now."""
        return self.another_process()["deliverer"]

    async def settle(self) -> None:
        """Wait until both bots have handled all updates, except those held by a database outage.

        An idle sandbox is not enough: a handler that waits for another server makes no Telegram call for a while.
        """
        async with asyncio.timeout(SETTLED_WITHIN_S):
            await self.world.idle(timeout_s=SETTLED_WITHIN_S)
            while len(handling := self._handling()) > self.base.outage_retry.held:
                # one that comes to be held ends no task
                await asyncio.wait(handling, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                await self.world.idle(timeout_s=SETTLED_WITHIN_S)

    def _handling(self) -> set[asyncio.Task[Any]]:
        return {task for part in self.parts for task in part.updates.served.dispatcher._handle_update_tasks}

    async def ended_run(self, job: str, **counts: int) -> JobRun:
        """Wait until a run of `job` has ended with these counts; return it."""
        async with asyncio.timeout(20):
            while True:
                for run in await run_ops.last_runs(10, job):
                    if run.outcome is not None and run.counts == counts:
                        return run
                await asyncio.sleep(0)

    async def calls(self, method: str | None = None) -> list[dict[str, Any]]:
        """The user bot's calls, without getUpdates."""
        found = await self.world.calls(method=method, bot=USER_BOT)
        return [call for call in found if call["method"] != "getUpdates"]


async def people_and_channel(world: SandboxClient) -> None:
    """Add both bots, the owner, two subscribers, and the storage channel with both bots in it."""
    await world.add_bot(ADMIN_TOKEN, ADMIN_BOT, "House Admin", role="admin bot")
    await world.add_bot(USER_TOKEN, USER_BOT, "House", role="user bot")
    for number, name in ((OLIVE, "Olive"), (ALICE, "Alice"), (BOB, "Bob")):
        await world.add_user(name, id=number, username=name.lower())
    await world.add_chat("channel", "Storage", OLIVE, id=STORAGE)
    for bot in (1001, 1002):
        await world.set_member(STORAGE, bot, "administrator", **STORAGE_RIGHTS)
    # the owner starts the admin bot, because a bot cannot write first
    await world.person(OLIVE).text(ADMIN_BOT, "/start")


@asynccontextmanager
async def own_store() -> AsyncIterator[dict[str, str]]:
    """Environment variables of a database for one test: in memory, or on MONGO_URI's server and dropped at the end."""
    store = {
        "MONGO_URI": os.environ.get("MONGO_URI") or "memory://",
        "MONGO_DB": f"tollgate_test_{secrets.token_hex(6)}",
    }
    try:
        yield store
    finally:
        # with a new client: the test has closed its own, so it writes nothing any more
        if store["MONGO_URI"] != "memory://":
            await (await open_database(store["MONGO_URI"], store["MONGO_DB"])).drop()
            await close_database()


@asynccontextmanager
async def _own_folder() -> AsyncIterator[Path]:
    """A temporary folder for the backups of one test."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


def settings_for(url: str, **more: Any) -> Settings:
    """The configuration of the house; environment variables are ignored."""
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


def _log_plainly() -> None:
    """Log tracebacks without local variables: structlog's default takes seconds to render the house in each."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


class HouseClock(SteeredClock):
    """A clock that moves the sandbox's clock instead of waiting; periodic tasks and due ticks wait in real time.

    A due tick waits for other jobs by the product's own clock, which the sandbox's does not move: it would only spin,
    and hours pass in the sandbox. Without `timers` those of deliveries wait for ever: a test renews leases and recovers
    itself.
    """

    def __init__(self, sandbox: Sandbox, world: SandboxClient, *, timers: bool = True) -> None:
        async def by_moving(seconds: float) -> None:
            await world.advance(max(seconds, 0.001))

        super().__init__(by_moving, in_tasks=dict.fromkeys((*PERIODIC, "tick ", "album ", "status "), asyncio.sleep))
        if not timers:
            self.in_tasks |= dict.fromkeys(("delivery leases", "recovery", "event counts"), never)
        self._sandbox = sandbox

    def monotonic(self) -> float:
        return self._sandbox.world.clock.now()


@asynccontextmanager
async def running_house(
    *,
    timers: bool = True,
    before: Callable[[SandboxClient], Awaitable[None]] | None = None,
    shortener: bool = False,
    beside: Callable[[ProcessContext], AbstractAsyncContextManager[object]] = nullcontext,
    **more: Any,
) -> AsyncIterator[House]:
    """Run the product until the block ends. Without `timers` no job runs by itself.

    `before` prepares the sandbox (faults, for example) before the bots start. `shortener`: verification links lead
    through the sandbox's link shortener. `beside` runs in the process beside the bots.
    """
    _log_plainly()
    async with (
        Sandbox(seed=1).running(port=0) as sandbox,
        SandboxClient(sandbox.url) as world,
        own_store() as store,
        _own_folder() as folder,
    ):
        more.setdefault("DATA_DIR", folder)
        await people_and_channel(world)
        if before is not None:
            await before(world)
        if shortener:
            stub = {"name": "stub", "api_url": f"{sandbox.url}/shortener/api", "api_key": SHORTENER_KEY}
            more["SHORTENERS"] = (stub,)
        settings = settings_for(sandbox.url, **(store | more))
        async with process_context(settings, HouseClock(sandbox, world, timers=timers)) as base, beside(base):
            users = user_bot.main.build(base)
            schedulers = user_bot.main.schedulers_of(users) if timers else ()
            parts = [
                BotComponent("user bot", users.updates, user_bot.main.serve(users, schedulers)),
                await admin_bot.main.component(base),
            ]
            serving = [base.tasks.spawn(part.serve, part.name) for part in parts]
            house = House(sandbox, world, base, users, parts, schedulers)
            await house.settle()
            try:
                yield house
            finally:
                # a part that waits for its turn to poll takes no stop yet: it is asked again
                for part, task in zip(parts, serving, strict=True):
                    while not task.done():
                        await part.stop()
                        await asyncio.wait({task}, timeout=0.05)
                    task.result()


@asynccontextmanager
async def house_with_credits(credits: int) -> AsyncIterator[House]:
    """A house without timers in which posts cost credits and Alice has some."""
    async with running_house(timers=False) as house:
        await settings_ops.change("access_mode", "credits")
        await house.alice.text(USER_BOT, "/start")
        await house.settle()
        await user_credits.grant(ALICE, "test", house.base.clock.now(), credits=credits)
        yield house


async def stop(house: House) -> None:
    """Stop both bots as SIGTERM does. Idempotent."""
    for part in house.parts:
        await part.stop()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A house for one test, without timers: jobs run only when the test runs them."""
    async with running_house(timers=False) as house:
        yield house


@pytest.fixture
async def ticking_house() -> AsyncIterator[House]:
    """A house whose jobs run at their ticks."""
    async with running_house() as house:
        yield house
