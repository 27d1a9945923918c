"""Plays one episode, from its plan to its verdict."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pymongo import AsyncMongoClient

from core.errors import StoreUnavailable
from database.connection import close_database, current_database, open_database
from database.indexes import ensure_indexes
from sandbox.client import SandboxClient
from sender.limiting.pauses import FOLLOW_S
from tests.chaos import checks
from tests.chaos.balancer import Balancer
from tests.chaos.bots import BotProcesses
from tests.chaos.crowd import Carry, Crowd, nobody
from tests.chaos.disturbing import Disturbing
from tests.chaos.evidence import moment
from tests.chaos.gate.looking import look_at_people, look_at_questions
from tests.chaos.plan import FIRE_MINUTES, LATEST_MINUTES, POSTS, Act, Plan, make_plan
from tests.chaos.proxy import StoreProxy
from tests.chaos.stage import Store, free_port
from tests.chaos.world import World
from tests.journeys.test_stop_and_start import environment

#: real seconds between two acts of subscribers
ACT_EVERY_S = 0.008
#: real seconds to wait for a condition before the checks report it
SETTLE_S = 60.0
#: real seconds to wait for a tick while disturbances are active
TICK_S = 5.0
#: real seconds between two polls of a condition
LOOK_EVERY_S = 0.05
#: a second tap within three seconds counts as the same request
DOUBLE_TAP_S = 10.0
#: the lease of a killed process lasts 30 s; nobody waits for that in real time
LEASE_S = 31.0
#: when the first and the last of the short-lived posts are due, in minutes
FIRST_DUE, LAST_DUE = 30, max(content.minutes for content in POSTS if content.minutes < 60)
#: with the gate on the jump also covers the back-off for a broken channel
GATE_PAUSE_S = 70.0
#: processes of an episode at most
PROCESSES_MAX = 3
#: real seconds the bots may take to start polling, and to confirm all updates
START_S, QUEUE_S = 30.0, 15.0


@dataclass(slots=True)
class Verdict:
    """The result of an episode; `problems` by the name of the check."""

    seed: int
    plan: str
    seconds: float = 0.0
    asks: int = 0
    deliveries: int = 0
    #: names of the disturbances that were carried out
    happened: list[str] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)


class Episode:
    """Plays a plan. The sandbox and the store are running already; the bots belong to this episode."""

    def __init__(self, plan: Plan, client: SandboxClient, store: Store, folder: Path, sabotage: str | None) -> None:
        self.plan = plan
        self.world = World(client, plan)
        self._crowd = Crowd(self.world, plan.gate) if plan.gate is not None else None
        self.happened: list[str] = []
        self.problems: dict[str, list[str]] = {}
        self._store = store
        self._folder = folder
        self._sabotage = sabotage
        self._database = f"tollgate_chaos_{plan.seed}"

    async def play(self) -> None:
        """Play the whole episode; violations are in `problems` afterwards."""
        ports = [free_port() for _ in range(PROCESSES_MAX)]
        async with self._open_store(), StoreProxy(self._store.port) as proxy, Balancer(ports) as balancer:
            await self.world.arrange()
            if self._crowd is not None:
                await self._crowd.arrange()
            bots = BotProcesses(
                self._environment(proxy, balancer),
                self._folder,
                shape=self.plan.shape,
                sabotage=self._sabotage,
                ports=ports,
            )
            self.world.evidence.travels_s = FOLLOW_S if self.plan.shape.runs_all_in_each else 0.0
            try:
                self.world.evidence.began = await self.world.now()
                await bots.start_all()
                await self._until(self.world.is_polled, bots, START_S)
                await self._under_fire(bots, proxy)
                await self._until(self._has_begun_its_ticks, bots)
                await bots.stop_all()
            finally:
                bots.end_all()
            await self._judge(bots)

    async def _under_fire(self, bots: BotProcesses, proxy: StoreProxy) -> None:
        asking = Disturbing(self.world, bots, proxy, self._store)
        asking.begin(self.plan.asking)
        async with nobody() if self._crowd is None else self._crowd.at_large() as move:
            await self._ask_all(asking, move)
            # disturbances planned for the bots' work must not end before the work is done
            await self._until(self.world.is_confirmed, bots, QUEUE_S)
        await asking.end()
        await self._settle(bots)
        await self._ask_again(bots)
        taking_back = Disturbing(self.world, bots, proxy, self._store)
        taking_back.begin(self.plan.taking_back)
        await self._take_back(bots, taking_back)
        self.happened = [disturbance.what.value for disturbance in (*asking.happened, *taking_back.happened)]

    # the request phase

    async def _ask_all(self, asking: Disturbing, move: Carry) -> None:
        """Make the requests one after the other, those of a rush at once."""
        at_once: list[asyncio.Task[None]] = []
        for step, act in enumerate(self.plan.acts):
            await asking.steps.reach(step)
            await move(step)
            if asking.is_rushing(step):
                at_once.append(asyncio.create_task(self.world.ask(act)))
                continue
            await self.world.ask(act)
            await asyncio.sleep(ACT_EVERY_S)
        await asyncio.gather(*at_once)

    async def _settle(self, bots: BotProcesses) -> None:
        """Let leases run out; wait until every request is answered and every delivery ended, with its promise.

        Whoever asks for a post whose delivery was interrupted and not yet taken over is told that instead.
        """
        evidence = self.world.evidence
        await self.world.rest()
        await self.world.jump(LEASE_S)

        async def settled() -> bool:
            await self._look()
            if evidence.gate is not None and checks.unanswered(evidence, evidence.asked):
                await look_at_questions(evidence.gate, self.world)  # these calls may explain a missing answer
            if evidence.in_progress or checks.unanswered(evidence, evidence.asked) or any(checks.promised(evidence)):
                return False
            return await self._is_calm(bots)

        await self._until(settled, bots)
        self._note("answered", checks.answered(evidence))
        self._note("promised", checks.promised(evidence))

    async def _is_calm(self, bots: BotProcesses) -> bool:
        """Return whether the bots are polling and have confirmed all updates.

        A start after a kill first notifies the subscribers whose requests were interrupted, and Telegram repeats those
        updates. Without this wait a subscriber who had an answer before the kill would repeat the request during that
        start, and get the same notice.
        """
        return await asyncio.to_thread(bots.is_taking_updates) and await self.world.is_confirmed()

    async def _ask_again(self, bots: BotProcesses) -> None:
        """Repeat the request of every subscriber who has no post yet, and wait for the posts."""
        evidence, crowd = self.world.evidence, self._crowd
        if crowd is not None:
            await crowd.calm_down()
        # deliveries of held requests may still be in flight: for them it is a jump like any other
        await self.world.jump(DOUBLE_TAP_S if crowd is None else GATE_PAUSE_S)
        missed = {(asked.act.person, asked.act.post) for asked in checks.without_post(evidence, evidence.asked)}
        for person, post in sorted(missed):
            await self.world.ask(Act(person, post), again=True)
            await asyncio.sleep(ACT_EVERY_S)

        async def settled() -> bool:
            if crowd is not None:
                await crowd.look()
            await self._look()
            return not checks.without_post(evidence, evidence.asked_again) and not any(checks.promised(evidence))

        await self._until(settled, bots)
        if crowd is not None:
            await crowd.end()
        self._note("answered", checks.answered(evidence))
        self._note("promised", checks.promised(evidence))

    # the deletion phase

    async def _take_back(self, bots: BotProcesses, disturbing: Disturbing) -> None:
        """Play the due times of the short-lived posts with disturbances, then those of the long ones."""
        await self.world.rest()  # a delivery in flight would use the old time
        await self.world.client.advance((FIRST_DUE - 1) * 60)
        for minute in range(FIRE_MINUTES):
            await disturbing.steps.reach(minute)
            await self._next_minute(bots, TICK_S)
        await disturbing.end()
        await self._minutes(bots, LAST_DUE - FIRST_DUE + LATEST_MINUTES - FIRE_MINUTES + 2)
        await self._check_times()
        await self.world.jump(await self._until_long_ones_are_due())
        await self._minutes(bots, LATEST_MINUTES + 1)
        await self._check_times()

    async def _minutes(self, bots: BotProcesses, count: int) -> None:
        """Advance `count` minutes one by one while a deletion is due, and the rest in one step."""
        for passed in range(1, count + 1):
            await self._next_minute(bots, SETTLE_S)
            await self.world.look_at_store()
            now = moment(await self.world.now())
            if passed < count and not any(promise["delete_at"] <= now for promise in self.world.evidence.promises):
                await self.world.client.advance((count - passed) * 60)
                return

    async def _until_long_ones_are_due(self) -> float:
        """Return the seconds until all deliveries are due; the oldest is then under two days old without a jump."""
        times = [delivery.due_at for delivery in self.world.evidence.deliveries() if delivery.due_at is not None]
        return max(0.0, max(times, default=0.0) - await self.world.now())

    async def _next_minute(self, bots: BotProcesses, wait_s: float) -> None:
        """Move the clock to the next full minute and wait for the deleter's run of that tick."""
        tick = await self.world.go_to_next_minute()

        async def ran() -> bool:
            return await _has_ended("message_deleter", tick)

        await self._until(ran, bots, wait_s)

    async def _has_begun_its_ticks(self) -> bool:
        """Return whether each job has a row for its latest tick: a stop must not precede those of the full hour."""
        await self._look()
        return not any(checks.missing_ticks(self.world.evidence))

    async def _check_times(self) -> None:
        await self._look()
        await self.world.look_at_calls()
        for name in ("gone_in_time", "swept", "not_too_soon"):
            self._note(name, checks.CHECKS[name](self.world.evidence))

    # polling

    async def _look(self) -> None:
        await self.world.look_at_conversations()
        await self.world.look_at_store()
        await self.world.look_at_calls()

    async def _until(
        self, condition: Callable[[], Awaitable[bool]], bots: BotProcesses, wait_s: float = SETTLE_S
    ) -> bool:
        """Wait for a condition; return False when it is not true within `wait_s` real seconds."""
        ends = time.monotonic() + wait_s
        while time.monotonic() < ends:
            with suppress(StoreUnavailable):  # the store may be unavailable to this process as well
                if await condition():
                    return True
            bots.look()
            await asyncio.sleep(LOOK_EVERY_S)
        return False

    def _note(self, name: str, problems: checks.Problems) -> None:
        known = self.problems.setdefault(name, [])
        known += [problem for problem in problems if problem not in known]
        if not known:
            del self.problems[name]

    async def _judge(self, bots: BotProcesses) -> None:
        await self._look()
        await self.world.look_at_every_call()
        evidence = self.world.evidence
        if evidence.gate is not None:
            await look_at_people(evidence.gate, self.world)
        evidence.surprises, evidence.killed_pids = bots.surprises, bots.killed
        self.world.read_logs(sorted(self._folder.glob("*.log")))
        for name, check in checks.CHECKS.items():
            self._note(name, check(evidence))

    # setup

    def _environment(self, proxy: StoreProxy, balancer: Balancer) -> dict[str, str]:
        gate = self.plan.gate
        page = {"PUBLIC_BASE_URL": "https://gate.example"} if gate and gate.has_page else {}
        if self.plan.shape.is_posted_to:
            page = {"PUBLIC_BASE_URL": f"http://127.0.0.1:{balancer.port}", "UPDATES": "webhook"}
        return environment(
            self.world.client.url,
            **page,
            MONGO_URI=f"mongodb://127.0.0.1:{proxy.port}/",
            MONGO_DB=self._database,
            LOG_FORMAT="json",
            DATA_DIR=str(self._folder),
            SEND_RATE_PER_SECOND="1000",
            BULK_RATE_PER_SECOND="1000",
        )

    @asynccontextmanager
    async def _open_store(self) -> AsyncIterator[None]:
        async with AsyncMongoClient[dict[str, object]](self._store.uri) as client:
            await client.drop_database(self._database)
            await ensure_indexes(await open_database(self._store.uri, self._database))
            try:
                yield
            finally:
                await close_database()
                await client.drop_database(self._database)


async def _has_ended(job: str, tick: float) -> bool:
    runs = current_database().collection("job_runs")
    found = await runs.find({"job": job}, limit=1, sort=[("scheduled_at", -1)])
    return bool(found) and found[0]["scheduled_at"].timestamp() >= tick and found[0]["finished_at"] is not None


async def play(seed: int, client: SandboxClient, store: Store, kept: Path, sabotage: str | None = None) -> Verdict:
    """Play the episode of `seed`; its logs are copied to `kept` when a check failed."""
    plan = make_plan(seed)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tollgate-chaos-") as name:
        episode = Episode(plan, client, store, Path(name), sabotage)
        await episode.play()
        if episode.problems:
            (Path(name) / "people.txt").write_text(episode.world.evidence.in_words(), encoding="utf-8")
            shutil.copytree(name, kept / f"seed-{seed}", dirs_exist_ok=True)
    evidence = episode.world.evidence
    return Verdict(
        seed=seed,
        plan=str(plan),
        seconds=time.monotonic() - started,
        asks=len(evidence.asked) + len(evidence.asked_again),
        deliveries=len(evidence.deliveries()),
        happened=episode.happened,
        problems=episode.problems,
    )
