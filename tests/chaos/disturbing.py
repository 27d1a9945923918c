"""Carries out a plan's disturbances, each at its moment."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from tests.chaos.bots import BotProcesses
from tests.chaos.moments import AtCall, AtCommand, AtStep, Disturbance, What
from tests.chaos.plan import TWO_DAYS_S
from tests.chaos.proxy import StoreProxy
from tests.chaos.stage import Store
from tests.chaos.world import World
from tests.house import USER_BOT

#: longest wait for the end of one long poll for a call, seconds; the wait is then repeated
MOMENT_S = 60.0
#: downtime of an external store, which must not be killed, seconds
AWAY_INSTEAD_S = 3.0

#: checks, twenty a second, whether all updates are confirmed so that a jump loses no request
CONFIRMED_LOOKS = 200

#: the sandbox's names of the faults
_FAULTS = {
    What.FLOOD: "flood",
    What.BAD_GATEWAY: "html",
    What.HANG: "hang",
    What.LOST_BEFORE: "drop_before",
    What.LOST_AFTER: "drop_after",
    What.TWICE: "duplicate_update",
    What.PARTIAL: "partial",
    What.RESTART_AFTER: "restart_after",
}
#: a growing flood: calls per second, and the longest wait in seconds, which the bot has to sit out
GROWING = {"flood_per_s": 30, "flood_model": "growing", "flood_longest_s": 4}
#: real seconds to wait for a call to be in flight at a restart of the Bot API server, and for more of them
IN_FLIGHT_S, MORE_S = 5.0, 0.2


class Steps:
    """Counts the steps of a phase; disturbances wait for theirs."""

    def __init__(self) -> None:
        self._step = -1
        self._moved = asyncio.Condition()

    async def reach(self, step: int) -> None:
        """Set the current step to `step` and wake the waiters."""
        async with self._moved:
            self._step = step
            self._moved.notify_all()

    @property
    def current(self) -> int:
        """The step last reached."""
        return self._step

    async def until(self, step: int) -> None:
        """Wait until `step` is reached."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._step >= step)


class Disturbing:
    """The disturbances of one phase of an episode, one task each."""

    def __init__(self, world: World, bots: BotProcesses, proxy: StoreProxy, store: Store) -> None:
        self.steps = Steps()
        #: disturbances that were carried out
        self.happened: list[Disturbance] = []
        self._world = world
        self._bots = bots
        self._proxy = proxy
        self._store = store
        self._tasks: list[asyncio.Task[None]] = []
        #: tasks whose moment has come
        self._begun: set[asyncio.Task[None] | None] = set()
        self._rush_ends = 0

    def is_rushing(self, step: int) -> bool:
        """Return whether the request of this step is made at once, without waiting for the one before."""
        return step < self._rush_ends

    def begin(self, disturbances: Sequence[Disturbance]) -> None:
        """Start waiting for the moments of `disturbances`."""
        self._tasks += [asyncio.create_task(self._carry_out(disturbance)) for disturbance in disturbances]

    async def end(self) -> None:
        """Cancel disturbances whose moment did not come, wait for the others, heal. Re-raises their first error."""
        for task in self._tasks:
            if task not in self._begun:
                task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self.heal()

    async def heal(self) -> None:
        """Remove all faults and start all processes that are not running."""
        self._proxy.heal()
        await self._world.client.clear_faults()
        await self._world.client.configure(flood_per_s=0)
        await self._bots.start_all()

    async def _carry_out(self, disturbance: Disturbance) -> None:
        when = disturbance.when
        if isinstance(when, AtStep):
            await self.steps.until(when.step)
            self._begun.add(asyncio.current_task())
            await self._disturb(disturbance)
        elif isinstance(when, AtCommand):
            await self._kill_at_command(disturbance, when)
        else:
            await self._kill_at_call(disturbance, when)
        self.happened.append(disturbance)

    async def _kill_at_command(self, disturbance: Disturbance, when: AtCommand) -> None:
        hold = self._proxy.hold(when.command, when.collection, when.nth, is_answered=when.is_answered)
        try:
            await hold.reached.wait()
            self._begun.add(asyncio.current_task())
            await self._kill(disturbance, lambda: self._proxy.release(hold))
        finally:
            self._proxy.release(hold)

    async def _kill_at_call(self, disturbance: Disturbance, when: AtCall) -> None:
        client = self._world.client
        kind = "hang_after" if when.is_answered else "hang"
        fault = await client.fault(kind, method=when.method, bot=USER_BOT, skip=when.nth - 1)
        while not await client.fault_hit(fault, MOMENT_S):
            continue
        self._begun.add(asyncio.current_task())
        await self._kill(disturbance)
        await client.clear_faults(fault)

    async def _kill(self, disturbance: Disturbance, then: Callable[[], None] = lambda: None) -> None:
        if disturbance.process == 0:
            self._world.evidence.kills.append(await self._world.now())
        await self._bots.kill(disturbance.process, disturbance.seconds, then)

    async def _disturb(self, disturbance: Disturbance) -> None:
        what = disturbance.what
        if what is What.KILL:
            await self._kill(disturbance)
        elif what is What.FREEZE:
            self._world.evidence.freezes.append(await self._world.now())
            await self._bots.freeze(disturbance.process, disturbance.seconds)
        elif what is What.RESTART:
            began = await self._world.now()
            await self._bots.restart()
            await self._was_away(began)
        elif what is What.CLOCK:
            await self._jump(disturbance.seconds)
        elif what is What.RUSH:
            self._rush_ends = self.steps.current + 1 + disturbance.times
        elif what is What.GROWING_FLOOD:
            await self._flood(disturbance.seconds)
        elif what is What.SERVER_RESTART:
            await self._restart_server(disturbance)
        elif what in _FAULTS:
            await self._break_telegram(disturbance)
        else:
            await self._break_store(disturbance)

    async def _jump(self, seconds: float) -> None:
        # Telegram drops updates after a day: unconfirmed requests would be lost
        for _ in range(CONFIRMED_LOOKS):
            if seconds < TWO_DAYS_S or await self._world.is_confirmed():
                await self._world.jump(seconds)
                return
            await asyncio.sleep(0.05)

    async def _break_telegram(self, disturbance: Disturbance) -> None:
        more: dict[str, Any] = {"bot": USER_BOT, "times": disturbance.times}
        if disturbance.method != "*":
            more["method"] = disturbance.method
        if disturbance.what is What.FLOOD:
            more["retry_after"] = int(disturbance.seconds)
        elif disturbance.what is What.BAD_GATEWAY:
            more["status"] = 502
        elif disturbance.what is What.PARTIAL:
            ending = disturbance.ending
            more |= {"deliver": disturbance.deliver, "end": int(ending) if ending.isdigit() else ending}
            more["retry_after"] = int(disturbance.seconds)
        fault = await self._world.client.fault(_FAULTS[disturbance.what], **more)
        if disturbance.what is What.HANG:
            await asyncio.sleep(disturbance.seconds)
            await self._world.client.clear_faults(fault)

    async def _flood(self, seconds: float) -> None:
        client = self._world.client
        await client.configure(**GROWING)
        await asyncio.sleep(seconds)
        await client.configure(flood_per_s=0)

    async def _restart_server(self, disturbance: Disturbance) -> None:
        """Restart the Bot API server while calls are in flight; without any, restart it all the same."""
        client = self._world.client
        kind = "hang_after" if disturbance.is_executed else "hang"
        named = {} if disturbance.method == "*" else {"method": disturbance.method}
        fault = await client.fault(kind, bot=USER_BOT, times=disturbance.times, **named)
        await client.fault_hit(fault, IN_FLIGHT_S)
        await asyncio.sleep(MORE_S)
        await client.restart(down_s=disturbance.seconds, answer=disturbance.ending)
        await client.clear_faults(fault)

    async def _break_store(self, disturbance: Disturbance) -> None:
        proxy, store = self._proxy, self._store
        began_at = await self._world.now()
        if disturbance.what is What.CUT:
            proxy.cut()
        elif disturbance.what is What.STORE_SILENT:
            began = await self._world.now()
            await self._for_a_while(proxy.fall_silent, disturbance.seconds)
            self._world.evidence.silences.append((began, await self._world.now()))
        elif disturbance.what is What.STORE_KILLED and store.folder is not None:
            await store.kill_and_start()
        else:
            await self._for_a_while(proxy.go_away, disturbance.seconds or AWAY_INSTEAD_S)
        await self._was_away(began_at)

    async def _was_away(self, since: float) -> None:
        self._world.evidence.absences.append((since, await self._world.now()))

    async def _for_a_while(self, breaks: Callable[[], None], seconds: float) -> None:
        breaks()
        await asyncio.sleep(seconds)
        self._proxy.heal()
