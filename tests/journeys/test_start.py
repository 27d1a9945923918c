"""Which outages a start waits out, for how long, and which errors stop it; in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.clock import SystemClock
from database.operations import pause_ops
from database.operations.pause_ops import Pause
from runtime.context import process_context
from runtime.lifecycle import START_PATIENCE_S, CannotStart
from sandbox.client import SandboxClient
from sandbox.server import Sandbox
from sender.failures import HeldBack
from sender.limiting.limits import EVERY_CHAT
from tests.clocks import PERIODIC, never
from tests.house import ADMIN_BOT, OLIVE, USER_BOT, people_and_channel, running_house, settings_for
from views.catalogues import SOURCE, TEAM_LANGUAGES, Catalogues

pytestmark = pytest.mark.sweep

NOBODY = "http://127.0.0.1:9"
OUTAGES: dict[str, dict[str, Any]] = {"drop_before": {}, "html": {"status": 502}, "no_description": {"status": 500}}


class Time(SystemClock):
    """A monotonic clock that advances only when the start sleeps; tasks that wait periodically never go on."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    async def sleep(self, seconds: float) -> None:
        task = asyncio.current_task()
        if task is not None and task.get_name().startswith(PERIODIC):
            await never(seconds)
        self.passed_s += seconds
        await asyncio.sleep(0)

    def monotonic(self) -> float:
        return self.passed_s


@asynccontextmanager
async def refused_start(url: str, time: Time, **more: Any) -> AsyncIterator[CannotStart]:
    with pytest.raises(CannotStart) as refused:
        async with process_context(settings_for(url, **more), time):
            pass
    yield refused.value


@asynccontextmanager
async def refusing_world(*faults: dict[str, Any]) -> AsyncIterator[SandboxClient]:
    """A sandbox with both bots and their users, and these faults planned."""
    async with Sandbox(seed=1).running(port=0) as sandbox, SandboxClient(sandbox.url) as world:
        await people_and_channel(world)
        await planned(*faults)(world)
        yield world


def planned(*faults: dict[str, Any]) -> Callable[[SandboxClient], Awaitable[None]]:
    async def plan(world: SandboxClient) -> None:
        for fault in faults:
            await world.fault(**fault)

    return plan


@pytest.mark.parametrize("kind", OUTAGES)
async def test_a_start_waits_for_telegram_through_ten_failed_calls(kind: str) -> None:
    # ten failed calls: more than the limiter retries in one attempt, fewer than START_PATIENCE_S allows
    away = planned({"kind": kind, "method": "getMe", "bot": USER_BOT, "times": 10, **OUTAGES[kind]})
    async with running_house(timers=False, before=away) as house:
        assert len(await house.calls("getMe")) == 11
        await house.alice.text(USER_BOT, "/help")
        await house.alice.wait(USER_BOT, contains="A post may ask you")


async def test_a_start_gives_up_when_telegram_does_not_answer_in_time() -> None:
    time = Time()
    async with refused_start(NOBODY, time) as problem:
        assert "no answer from Telegram" in str(problem)
        assert "\n" not in str(problem)
        assert problem.status == 1
        assert START_PATIENCE_S <= time.passed_s < START_PATIENCE_S + 10


async def test_a_start_does_not_wait_for_the_end_of_a_stored_pause_of_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()

    async def load(bot_id: int, now: datetime) -> list[Pause]:
        return [Pause(bot_id, EVERY_CHAT, now + timedelta(hours=1))]

    monkeypatch.setattr(pause_ops, "load", load)
    async with refusing_world() as world, process_context(settings_for(world.url), time) as base:
        assert time.passed_s < 1
        with pytest.raises(HeldBack):
            await base.user_bot.send_message(OLIVE, "hello")


@pytest.mark.parametrize("status", [401, 404])
async def test_a_token_unknown_to_telegram_stops_the_start_without_a_retry(status: int) -> None:
    time, described = Time(), {401: "Unauthorized", 404: "Not Found"}[status]
    error = {"kind": "error", "method": "getMe", "bot": ADMIN_BOT, "status": status, "description": described}
    async with refusing_world(error) as world, refused_start(world.url, time) as problem:
        assert str(problem) == "ADMIN_BOT_TOKEN: Telegram does not know this bot token"
        assert problem.status == 2
        assert time.passed_s < 1


async def test_a_start_fails_when_the_sandbox_clock_cannot_be_read() -> None:
    async with refusing_world() as world:
        for address in (f"{world.url}/control/nothing", f"{world.url}/", f"{NOBODY}/clock"):
            async with refused_start(world.url, Time(), SANDBOX_CLOCK_URL=address) as problem:
                assert str(problem).startswith("SANDBOX_CLOCK_URL: no time from the sandbox")
                assert "\n" not in str(problem)


async def test_a_429_on_the_first_call_of_each_method_is_waited_out() -> None:
    methods = ("getMe", "setMyCommands", "getUpdates", "sendMessage")
    floods = [
        {"kind": "flood", "method": method, "bot": bot, "retry_after": 3}
        for bot in (USER_BOT, ADMIN_BOT)
        for method in methods
    ]
    async with running_house(timers=False, before=planned(*floods)) as house:
        await house.alice.text(USER_BOT, "/help")
        await house.alice.wait(USER_BOT, contains="A post may ask you")
        await house.olive.text(ADMIN_BOT, "/help")
        await house.olive.wait(ADMIN_BOT, contains="/posts")
        faults = (await house.world.request("GET", "faults"))["faults"]
        assert [fault["hits"] for fault in faults] == [1] * len(floods)
        assert (await house.world.counters())["ignored_429"] == 0
        for bot in (USER_BOT, ADMIN_BOT):
            menus = await house.world.calls(method="setMyCommands", bot=bot)
            # each language has its list; the owner has pressed Start and gets commands of her own
            languages = (SOURCE, *TEAM_LANGUAGES) if bot == ADMIN_BOT else Catalogues().languages
            assert len(menus) == 1 + len(languages) + (bot == ADMIN_BOT)
