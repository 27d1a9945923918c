"""kill -9 of the process that sends a broadcast, with a database that survives it (MONGO_URI; CI starts one)."""

import random
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.broadcasts import Broadcast, BroadcastStatus, NewBroadcast, RecipientState
from core.users import User
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import broadcast_ops
from sandbox.client import SandboxClient
from sandbox.server import Sandbox
from sandbox.state.records import User as Person
from tests.house import OLIVE, STORAGE, people_and_channel
from tests.journeys.test_kill import store
from tests.journeys.test_stop_and_start import product

__all__ = ["store"]

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

USER_BOT_ID = 1002
PEOPLE = range(50_001, 50_241)
#: seconds after which the killed process's lease has expired
LEASE_S = 31
#: copies a second, and latency: several calls are in flight at each kill
RATE, LATENCY_MS = "100", 50
PATIENCE_S = 60.0


@dataclass
class Scene:
    """A sandbox with an audience, and a broadcast to it in the database."""

    sandbox: Sandbox
    client: SandboxClient
    database: Database
    broadcast: Broadcast

    def copies(self, user_id: int) -> int:
        dialog = self.sandbox.world.dialogs[USER_BOT_ID, user_id]
        return len(dialog.messages)

    @property
    def reached(self) -> int:
        return sum(self.copies(user_id) > 0 for user_id in PEOPLE)

    async def until_reached(self, count: int) -> None:
        assert await self.sandbox.world.changed.until(lambda: self.reached >= count, PATIENCE_S), self.reached

    async def ended(self) -> Broadcast:
        """Wait until the broadcast has finished, polling once a second; return it."""
        for _ in range(int(PATIENCE_S)):
            found = await broadcast_ops.find(self.broadcast.id)
            assert found is not None
            if found.finished_at is not None:
                return found
            await self.sandbox.world.changed.until(lambda: False, 1.0)
        raise AssertionError(f"{self.reached} reached, and it was not over")

    async def states(self) -> dict[int, str]:
        rows = await self.database.collection("broadcast_recipients").find({}, limit=2 * len(PEOPLE))
        return {row["user_id"]: row["state"] for row in rows}


@pytest.fixture
async def scene(store: dict[str, Any]) -> AsyncIterator[Scene]:
    database, now = await open_database(store["MONGO_URI"], store["MONGO_DB"]), datetime.now(UTC)
    async with Sandbox(seed=1).running(port=0) as sandbox, SandboxClient(sandbox.url) as client:
        await people_and_channel(client)
        await client.configure(latency_ms=LATENCY_MS)
        sent = await client.person(OLIVE).media(STORAGE, "photo")
        for user_id in PEOPLE:
            person = sandbox.world.add_user(Person(user_id, "Alice"))
            sandbox.world.dialog(sandbox.world.bots[USER_BOT_ID], person).is_started = True
        await ensure_indexes(database)
        joined_at = now - timedelta(days=1)
        known = [User(user_id=user_id, joined_at=joined_at, last_seen_at=joined_at) for user_id in PEOPLE]
        await database.collection("users").insert_many([user.model_dump() for user in known])
        new = NewBroadcast(
            key=secrets.token_hex(8),
            title="News",
            source_chat_id=STORAGE,
            message_ids=(int(sent["message"]["message_id"]),),
            created_by=OLIVE,
            created_at=now,
            send_at=now,
            progress_chat_id=OLIVE,
        )
        broadcast, _ = await broadcast_ops.create(new)
        yield Scene(sandbox, client, database, broadcast)
    await close_database()


async def test_a_broadcast_killed_three_times_reaches_each_recipient_at_most_once_and_skips_none(
    scene: Scene, store: dict[str, Any]
) -> None:
    chance = random.Random(5)
    environment = store | {"BULK_RATE_PER_SECOND": RATE, "SEND_RATE_PER_SECOND": RATE}
    for _ in range(3):
        async with product(scene.sandbox.url, **environment) as process:
            await scene.until_reached(scene.reached + chance.randint(1, 40))
            process.kill()
            await process.wait()
        await scene.client.advance(LEASE_S)
    async with product(scene.sandbox.url, **environment):
        ended = await scene.ended()
    states = await scene.states()
    assert sorted(states) == list(PEOPLE), "everybody has one row"
    assert [user_id for user_id in PEOPLE if scene.copies(user_id) > 1] == [], "nobody twice"
    unknown = [user_id for user_id in PEOPLE if states[user_id] == RecipientState.UNKNOWN]
    assert [user_id for user_id in PEOPLE if not scene.copies(user_id) and user_id not in unknown] == [], (
        "nobody skipped"
    )
    assert set(states.values()) <= {RecipientState.SENT, RecipientState.UNKNOWN}
    assert ended.status is BroadcastStatus.SENT
    assert ended.counts == {
        state: count
        for state in (RecipientState.SENT, RecipientState.UNKNOWN)
        if (count := list(states.values()).count(state))
    }
