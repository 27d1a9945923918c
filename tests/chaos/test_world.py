"""Changes of an episode's clock are serialized."""

import asyncio
from typing import Any, cast

from sandbox.client import SandboxClient
from tests.chaos.plan import TWO_DAYS_S, make_plan
from tests.chaos.world import World


class Clock:
    """A sandbox that only has a clock, and yields to other tasks between reading it and answering."""

    def __init__(self, now: float) -> None:
        self.now = now

    async def request(self, verb: str, _: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if body is not None:
            self.now = float(body["set"])
        found = {"now": self.now}
        for _tick in range(3):
            await asyncio.sleep(0)
        return found

    async def advance(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


async def test_concurrent_jump_and_next_minute_both_take_effect() -> None:
    clock = Clock(now=30.0)
    world = World(cast("SandboxClient", clock), make_plan(1))
    minute, _ = await asyncio.gather(world.go_to_next_minute(), world.jump(TWO_DAYS_S))
    assert minute == 60.0
    assert clock.now == 60.1 + TWO_DAYS_S
    assert world.evidence.jumps == [(60.1, 60.1 + TWO_DAYS_S)]
