"""The disturbances that need only Telegram do to it what the plan says."""

from collections.abc import AsyncIterator
from typing import Any, cast

import aiohttp
import pytest

from sandbox.client import SandboxClient
from sandbox.server import Sandbox
from tests.chaos import disturbing as module
from tests.chaos.bots import BotProcesses
from tests.chaos.disturbing import GROWING, Disturbing
from tests.chaos.moments import AtStep, Disturbance, What
from tests.chaos.plan import make_plan
from tests.chaos.proxy import StoreProxy
from tests.chaos.stage import Store
from tests.chaos.world import World
from tests.house import USER_BOT, USER_TOKEN

ALICE, STORAGE = 7001, -1001000000009
STEP = AtStep(0)


class Telegram:
    """A sandbox with the user bot, a subscriber and a post of three messages, and the disturbances of one phase."""

    def __init__(self, sandbox: Sandbox, client: SandboxClient, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.client = client
        self.world = World(client, make_plan(1))
        nothing = cast(Any, None)
        self.disturbing = Disturbing(
            self.world, cast(BotProcesses, nothing), cast(StoreProxy, nothing), cast(Store, nothing)
        )
        self._session = session
        self.ids: list[int] = []

    async def arrange(self) -> None:
        await self.client.add_bot(USER_TOKEN, USER_BOT)
        alice = await self.client.add_user("Alice", id=ALICE)
        await self.client.add_chat("channel", "Storage", ALICE, id=STORAGE)
        await self.client.set_member(STORAGE, int(USER_TOKEN.partition(":")[0]), "administrator")
        for number in range(3):
            self.ids.append(int((await alice.text(STORAGE, f"item {number}"))["message"]["message_id"]))
        await alice.link(f"https://t.me/{USER_BOT}")

    async def deliver(self) -> tuple[int, str]:
        """Copy the post to the subscriber; returns status and error, 0 for a lost connection."""
        form = {"chat_id": str(ALICE), "from_chat_id": str(STORAGE), "message_ids": str(self.ids)}
        try:
            async with self._session.post(f"{self.sandbox.url}/bot{USER_TOKEN}/copyMessages", data=form) as answer:
                return answer.status, str((await answer.json(content_type=None)).get("description", ""))
        except aiohttp.ClientError:
            return 0, ""

    async def arrived(self) -> int:
        seen = (await self.client.person(ALICE).transcript(USER_BOT))["messages"]
        return sum(1 for message in seen if message["outgoing"])

    async def disturb(self, what: What, **more: Any) -> None:
        self.disturbing.begin([Disturbance(what, STEP, **more)])
        await self.disturbing.steps.reach(0)


@pytest.fixture
async def telegram(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Telegram]:
    monkeypatch.setattr(module, "MORE_S", 0.0)
    async with (
        Sandbox(seed=1).running(port=0) as sandbox,
        SandboxClient(sandbox.url) as client,
        aiohttp.ClientSession() as session,
    ):
        made = Telegram(sandbox, client, session)
        await made.arrange()
        yield made


async def _until(telegram: Telegram, *, has_faults: bool) -> None:
    """Wait, without sleeping, until faults are planned or removed. Fails when the disturbance fails instead."""
    while bool((await telegram.client.request("GET", "faults"))["faults"]) != has_faults:
        for task in telegram.disturbing._tasks:
            assert not task.done() or task.exception() is None


@pytest.mark.parametrize(
    ("ending", "status", "error"),
    [
        ("wrapped", 400, "Bad Request: failed to send message #3 with the error"),
        ("group", 400, "Bad Request: group send failed"),
        ("406", 400, "Bad Request: PAYMENT_UNSUPPORTED"),
        ("429", 429, "Too Many Requests: retry after 3"),
        ("500", 500, "Internal Server Error: restart"),
        ("drop", 0, ""),
    ],
)
async def test_a_partial_send_delivers_some_and_ends_as_planned(
    telegram: Telegram, ending: str, status: int, error: str
) -> None:
    await telegram.disturb(What.PARTIAL, ending=ending, deliver=2, seconds=3, method="copyMessages")
    await _until(telegram, has_faults=True)
    found = await telegram.deliver()
    assert found[0] == status
    assert found[1].startswith(error)
    assert await telegram.arrived() == 2
    assert (await telegram.deliver())[0] == 200


@pytest.mark.parametrize(("is_executed", "arrived"), [(True, 3), (False, 0)])
async def test_a_restart_of_the_server_finds_calls_in_flight(
    telegram: Telegram, is_executed: bool, arrived: int
) -> None:
    await telegram.disturb(
        What.SERVER_RESTART, method="copyMessages", is_executed=is_executed, ending="502", seconds=3600.0
    )
    await _until(telegram, has_faults=True)
    assert await telegram.deliver() == (500, "Internal Server Error: restart")
    assert await telegram.arrived() == arrived
    assert telegram.sandbox.world.restarts.is_down
    telegram.sandbox.world.restarts.end()
    await _until(telegram, has_faults=False)
    assert (await telegram.deliver())[0] == 200


async def test_a_growing_flood_is_switched_on_and_off(telegram: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: list[dict[str, object]] = []
    configure = telegram.client.configure

    async def recorded(**wanted: object) -> dict[str, Any]:
        settings.append(wanted)
        return await configure(**wanted)

    monkeypatch.setattr(telegram.client, "configure", recorded)
    await telegram.disturb(What.GROWING_FLOOD, seconds=0.0)
    while not telegram.disturbing.happened:
        await telegram.client.state()
    assert settings == [GROWING, {"flood_per_s": 0}]
    assert not telegram.sandbox.world.config.has_flood_control
    assert telegram.sandbox.world.config.flood_model == "growing"


async def test_a_rush_is_the_next_requests_without_a_pause(telegram: Telegram) -> None:
    await telegram.disturbing.steps.reach(9)
    telegram.disturbing.begin([Disturbance(What.RUSH, STEP, times=3)])
    while not telegram.disturbing.happened:
        await telegram.client.state()
    assert [step for step in range(20) if telegram.disturbing.is_rushing(step) and step > 9] == [10, 11, 12]
