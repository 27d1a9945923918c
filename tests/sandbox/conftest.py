"""A running sandbox with two bots, an owner, two subscribers and a storage channel."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from sandbox.client import Person, SandboxClient
from sandbox.server import Sandbox

Json = dict[str, Any]

ADMIN_RIGHTS = {
    "can_post_messages": True,
    "can_edit_messages": True,
    "can_delete_messages": True,
    "can_invite_users": True,
}


@dataclass
class Reply:
    """An answer of the Bot API."""

    status: int
    body: Json = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def result(self) -> Any:
        assert self.status == 200, self.body
        return self.body["result"]

    @property
    def error(self) -> str:
        assert self.status == self.body["error_code"]
        return str(self.body["description"])


@dataclass
class BotAccount:
    """Calls the Bot API as one bot, over HTTP."""

    url: str
    token: str
    session: aiohttp.ClientSession
    offset: int = 0

    @property
    def id(self) -> int:
        return int(self.token.partition(":")[0])

    async def __call__(self, method: str, **params: object) -> Reply:
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()}
        async with self.session.post(f"{self.url}/bot{self.token}/{method}", data=form) as response:
            return Reply(response.status, await response.json(), dict(response.headers))

    async def updates(self, **params: object) -> list[Json]:
        """Fetch and confirm all queued updates."""
        found: list[Json] = (await self("getUpdates", offset=self.offset, **params)).result
        if found:
            self.offset = found[-1]["update_id"] + 1
            await self("getUpdates", offset=self.offset, limit=1)
        return found

    async def kinds(self) -> list[str]:
        """The kinds of all queued updates."""
        return [next(name for name in update if name != "update_id") for update in await self.updates()]


@dataclass
class Town:
    """The world of the tests."""

    sandbox: Sandbox
    client: SandboxClient
    session: aiohttp.ClientSession
    shop: BotAccount
    other: BotAccount
    olga: Person
    alice: Person
    bob: Person
    storage: int

    async def post(self, text: str = "post", kind: str | None = None, **more: object) -> int:
        """Post into the storage channel as the owner. Returns the message id."""
        if kind is None:
            done = await self.olga.text(self.storage, text)
        else:
            done = await self.olga.media(self.storage, kind, **more)
        return int(done["message"]["message_id"])

    async def until_polling(self) -> None:
        """Wait, without sleeping, until the shop's getUpdates waits."""
        while self.sandbox.world.bots[1001].queue._waiter is None:
            await self.client.state()

    async def send(self, text: str = "hello", **more: object) -> int:
        """Send a message from the shop bot to Alice. Returns the message id."""
        return int((await self.shop("sendMessage", chat_id=self.alice.id, text=text, **more)).result["message_id"])


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with (
        Sandbox(seed=1).running(port=0) as sandbox,
        SandboxClient(sandbox.url) as client,
        aiohttp.ClientSession() as session,
    ):
        await client.add_bot("1001:shop", "shop_bot")
        await client.add_bot("1002:other", "other_bot")
        olga = await client.add_user("Olga")
        alice = await client.add_user("Alice", username="alice")
        bob = await client.add_user("Bob")
        storage = await client.add_chat("channel", "Storage", olga.id)
        for bot_id in (1001, 1002):
            await client.set_member(storage, bot_id, "administrator", **ADMIN_RIGHTS)
        await alice.link("https://t.me/shop_bot?start=hello")
        shop, other = (BotAccount(sandbox.url, token, session) for token in ("1001:shop", "1002:other"))
        await shop.updates()
        await other.updates()
        yield Town(sandbox, client, session, shop, other, olga, alice, bob, storage)
