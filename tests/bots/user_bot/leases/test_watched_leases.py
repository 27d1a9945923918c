"""Two processes whose clocks differ or jump: who is alive keeps its delivery, that of who died is explained."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from aiogram.methods import SendMessage
from pymongo.errors import AutoReconnect

from core.delivery_states import LEASE_FOR
from core.processes.lease_watch import DEAD_AFTER_S
from database.connection import close_database, current_database, open_database
from database.operations import delivery_ops
from database.operations.delivery_ops import Claim, NewDelivery
from database.owners import identify_this_process
from tests.recording import RecordingBot, recording_bot
from tests.unit.sender.virtual import VirtualTime
from user_bot.delivery.interruptions import Interruptions
from user_bot.delivery.lapses import Lapses
from user_bot.delivery.ownership import HELD_FOR_S, Ownership
from user_bot.delivery.recovery import ROUND_EVERY_S, Recovery

BOT, CODE = 1002, "aB3dE6gH9jK2mN5p"
LEASE_S = LEASE_FOR.total_seconds()
#: of a process of which nobody here can tell whether it lives
ELSEWHERE = "another-boot pid:[1] 7 7"
#: until the last of three: the round that finds it, and the look at which it was first seen
TOLD_AFTER_S = DEAD_AFTER_S + 2 * ROUND_EVERY_S


class MachineOf:
    """The clock of one machine: all seconds pass equally, its date is its own."""

    def __init__(self, time: VirtualTime, apart_s: float = 0.0) -> None:
        self._time = time
        self.apart = timedelta(seconds=apart_s)

    def now(self) -> datetime:
        return self._time.now() + self.apart

    def monotonic(self) -> float:
        return self._time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._time.sleep(seconds)


@dataclass
class Scene:
    """A process that delivers, and another one that recovers."""

    time: VirtualTime
    owner: Ownership
    owners_clock: MachineOf
    clock: MachineOf
    bot: RecordingBot
    recovery: Recovery

    @property
    def told(self) -> int:
        return sum(isinstance(call, SendMessage) for call in self.bot.calls)

    async def start(self, process: str) -> Claim:
        now, owner = self.owners_clock.now(), self.owner.owner
        claim = await delivery_ops.start(NewDelivery(BOT, 7, CODE, "message 7", owner, now, None, process=process))
        assert claim is not None
        return claim

    @contextmanager
    def delivering(self, claim: Claim) -> Iterator[None]:
        renewing = asyncio.create_task(self.owner.run())
        with self.owner.hold(claim.id, self.owners_clock.monotonic()):
            yield
        renewing.cancel()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    time, bot = VirtualTime(1_800_000_000.0), recording_bot()
    await open_database("memory://", "test", clock=time)
    owners_clock, clock = MachineOf(time), MachineOf(time)
    own = Ownership(clock)
    recovery = Recovery(bot, clock, ZoneInfo("UTC"), Lapses(BOT, clock, own), Interruptions(bot, clock, own))
    running = asyncio.create_task(recovery.run())
    await time.settle()
    yield Scene(time, Ownership(owners_clock), owners_clock, clock, bot, recovery)
    running.cancel()
    await asyncio.wait([running])
    await close_database()


@pytest.mark.parametrize("process", [identify_this_process(), ELSEWHERE], ids=["this machine", "another"])
@pytest.mark.parametrize("apart_s", [0, 5, 30, 31, 120, 86_400, -5, -30, -120])
async def test_a_delivery_under_way_is_left_alone_however_far_the_clocks_are_apart(
    scene: Scene, apart_s: float, process: str
) -> None:
    scene.clock.apart = timedelta(seconds=apart_s)
    with scene.delivering(await scene.start(process)):
        await scene.time.advance(180)
    assert scene.told == 0


@pytest.mark.parametrize("jump_s", [31, 120, 7200])
@pytest.mark.parametrize("whose", ["another's", "the owner's, back", "both"])
async def test_a_delivery_under_way_is_left_alone_when_a_clock_jumps(scene: Scene, jump_s: float, whose: str) -> None:
    with scene.delivering(await scene.start(ELSEWHERE)):
        for _ in range(20):
            await scene.time.advance(7)
            if whose != "another's":
                scene.owners_clock.apart += timedelta(seconds=jump_s if whose == "both" else -jump_s)
            if whose != "the owner's, back":
                scene.clock.apart += timedelta(seconds=jump_s)
    assert scene.told == 0


@pytest.mark.parametrize("apart_s", [0, 31, 120])
async def test_a_delivery_of_a_machine_that_is_gone_is_explained_within_a_minute(scene: Scene, apart_s: float) -> None:
    scene.clock.apart = timedelta(seconds=apart_s)
    await scene.start(ELSEWHERE)
    await scene.time.advance(DEAD_AFTER_S - 1)
    assert scene.told == 0
    await scene.time.advance(TOLD_AFTER_S - DEAD_AFTER_S + 1)
    assert scene.told == 1


async def test_a_process_that_was_killed_on_this_machine_is_explained_when_its_lease_has_run_out(scene: Scene) -> None:
    *surroundings, start = identify_this_process().split(" ")
    await scene.start(" ".join([*surroundings, str(int(start) - 1)]))
    await scene.time.advance(LEASE_S - 1)
    assert scene.told == 0
    await scene.time.advance(2 * ROUND_EVERY_S)
    assert scene.told == 1


async def test_a_process_that_starts_long_after_the_crash_explains_at_once_what_it_knows_to_be_dead(
    scene: Scene,
) -> None:
    *surroundings, start = identify_this_process().split(" ")
    await scene.start(" ".join([*surroundings, str(int(start) - 1)]))
    scene.clock.apart = timedelta(hours=1)
    await scene.time.advance(ROUND_EVERY_S)
    assert scene.told == 1


async def test_an_outage_of_the_database_in_which_nobody_can_renew_makes_no_owner_dead(scene: Scene) -> None:
    away = False

    def outage(operation: str, collection: str) -> None:
        if away:
            raise AutoReconnect("connection closed")

    current_database().before_call = outage
    with scene.delivering(await scene.start(ELSEWHERE)):
        await scene.time.advance(12)
        away = True
        await scene.time.advance(60)
        away = False
        await scene.time.advance(60)
    assert scene.told == 0


async def test_an_owner_that_slept_asks_whether_the_delivery_is_still_its_own(scene: Scene) -> None:
    claim = await scene.start(ELSEWHERE)
    calls = current_database().calls
    with scene.owner.hold(claim.id, scene.owners_clock.monotonic()):
        await scene.time.advance(HELD_FOR_S - 1)
        calls.clear()
        assert await scene.owner.is_still_ours(claim.id)
        assert calls.total() == 0
        await scene.time.advance(TOLD_AFTER_S)
        assert scene.told == 1
        assert not await scene.owner.is_still_ours(claim.id)
