"""Every interleaving of two processes over one delivery, with a kill or a lost answer at every step.

Whatever happens: the post is copied at most once for an update; either the copies' ids are stored, or the subscriber
was told and the copies lie within the stored bounds; a credit is spent exactly when the post is there for certain; the
subscriber is never left without a word, and nothing stays in the chat after its time.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, count
from typing import Any, TypeVar

import pytest

from core.clock import ManualClock
from core.delivery import PendingDeletion
from core.delivery_states import LEASE_FOR, DeliveryState
from core.users import Visitor
from database.collection import Collection
from database.connection import Database, close_database, current_database, open_database
from database.operations import deletion_ops, delivery_ops, settings_ops, user_credits, user_ops
from database.operations.posts import post_ops
from schedulers.jobs.message_deleter import MessageDeleter
from schedulers.runner import Run
from tests.bots.user_bot.interleaving.processes import Killed, Process, Trouble, lost, no_trouble, running
from tests.bots.user_bot.interleaving.telegram import Telegram

pytestmark = pytest.mark.sweep

T = TypeVar("T")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UPDATE, SECOND_TAP = "message 100", "message 101"
#: the subscriber's credits before
CREDITS = 3
#: reads that all requests of a process share for five seconds: no steps of a delivery
SHARED = ("admin_config", "channels", "admins", "shorteners")
LAPSE = LEASE_FOR + timedelta(seconds=1)


@dataclass(frozen=True)
class Way:
    """A kind of delivery."""

    name: str
    minutes: int
    costs: bool


#: a subscriber for each scene, so that all share one store
_numbers = count(1_000)
WAYS = (Way("free", 30, costs=False), Way("paid", 30, costs=True), Way("kept", 0, costs=True))


@pytest.fixture(autouse=True)
async def store(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """An empty store that notes each command as a step of the process that gives it."""
    call = Collection._call

    async def noted(self: Collection, operation: str, command: Callable[[], Awaitable[T]]) -> T:
        process = running()
        if process is None:
            return await call(self, operation, command)
        await process.point(f"{operation} {self.name}", False)
        result = await call(self, operation, command)
        await process.point(f"{operation} {self.name}", True)
        return result

    monkeypatch.setattr(Collection, "_call", noted)
    database = await open_database("memory://", "interleavings", clock=ManualClock(NOW))
    yield database
    await close_database()


class Scene:
    """One subscriber, one post, two processes."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.clock = ManualClock(NOW)
        self.telegram = Telegram()
        self.subscriber = next(_numbers)
        self.first = Process(self.telegram, self.clock, self.subscriber)
        self.second = Process(self.telegram, self.clock, self.subscriber)

    async def prepare(self) -> None:
        visitor = Visitor(user_id=self.subscriber, first_name="Ann")
        await user_ops.upsert_visitor(visitor, NOW)
        await user_credits.grant(self.subscriber, "test", NOW, credits=CREDITS)
        await settings_ops.change("access_mode", "credits" if self.way.costs else "open")
        self.post = await post_ops.create(
            title="A post",
            storage_chat_id=-100,
            message_ids=[1, 2, 3],
            created_by=1,
            created_at=NOW,
            delete_after_minutes=self.way.minutes,
        )

    async def end(self) -> None:
        """Let leases run out, the update come again, and recovery look."""
        for _ in range(3):
            self.clock.move(LAPSE)
            await self.second.recover()
            await self.second.handle(self.post, UPDATE)

    async def check_nothing_stays(self, what: str) -> None:
        """Let the deleter of the second process run when the time of every copy is up."""
        if not self.way.minutes:
            return
        self.clock.move(timedelta(minutes=self.way.minutes))
        deleter = MessageDeleter(self.second.bot, self.second.alerts)
        await self.second.run(deleter(Run(self.clock, "deleter")))
        assert not self.telegram.copies, f"{what}: copies stay"

    async def remove(self) -> None:
        """Leave nothing: the store reads whole collections."""
        for name in ("users", "posts", "deliveries", "pending_deletions", "impossible_deletions"):
            await current_database().collection(name).delete_many({})

    async def check(self, what: str, *, updates: int = 1) -> None:
        delivery = await delivery_ops.find(42, self.subscriber, self.post.code)
        user = await user_ops.find(self.subscriber)
        assert user is not None
        spent = CREDITS - user.credits
        assert self.telegram.copyings <= updates, what
        assert self.telegram.messages, f"{what}: not a word"
        assert delivery is not None, what
        assert delivery.state in (DeliveryState.SENT, DeliveryState.UNKNOWN), what
        if delivery.state is DeliveryState.UNKNOWN:
            assert any("interrupted" in text or "did not confirm" in text for text in self.telegram.sentences), what
        certain = delivery.state is DeliveryState.SENT
        if updates == 1:
            assert spent == int(certain and self.way.costs), f"{what}: {spent} credits for {delivery.state}"
        promises = await deletion_ops.open_deliveries(self.subscriber, 9)
        if self.way.minutes:
            uncovered = {one for one in self.telegram.copies if not any(covers(promise, one) for promise in promises)}
            assert not uncovered, f"{what}: nobody will delete {uncovered}"


def covers(promise: PendingDeletion, message_id: int) -> bool:
    if message_id in promise.message_ids:
        return True
    after, before = promise.sweep_after, promise.sweep_before
    return after is not None and before is not None and after < message_id < before


def at(step: int, then: Trouble, *, is_done: bool) -> Trouble:
    """Let `then` happen at one moment: before or after a step."""

    async def trouble(process: Process, number: int, done: bool) -> None:
        if (number, done) == (step, is_done):
            await then(process, number, done)

    return trouble


def both(one: Trouble, other: Trouble) -> Trouble:
    async def trouble(process: Process, number: int, done: bool) -> None:
        await one(process, number, done)
        await other(process, number, done)

    return trouble


async def kill(process: Process, number: int, done: bool) -> None:
    process.is_dead = True
    raise Killed


async def lose(process: Process, number: int, done: bool) -> None:
    raise lost(process.steps[-1])


async def steps_of(way: Way) -> list[str]:
    """The steps of a delivery to which nothing happens."""
    scene = Scene(way)
    await scene.prepare()
    await scene.first.handle(scene.post, UPDATE)
    await scene.check("undisturbed")
    return scene.first.steps


def moments(steps: list[str]) -> list[tuple[int, bool]]:
    """Before and after each step, but those of memories that both processes of this test share."""
    own = [number for number, name in enumerate(steps) if not name.endswith(SHARED)]
    return [(step, is_done) for step in own for is_done in (False, True)]


async def played(way: Way, trouble: Callable[[Scene], Trouble], what: str, **more: Any) -> None:
    scene = Scene(way)
    await scene.prepare()
    scene.first.trouble = trouble(scene)
    await scene.first.handle(scene.post, UPDATE)
    scene.first.trouble = no_trouble
    await scene.end()
    await scene.check(f"{way.name}: {what}", **more)
    await scene.check_nothing_stays(f"{way.name}: {what}")
    await scene.remove()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_an_undisturbed_delivery_takes_its_few_steps(way: Way) -> None:
    steps = await steps_of(way)
    assert steps.count("call copyMessages") == 1
    # the visitor is stored before, by a middleware: here the subscriber is only read
    commands = [one for one in steps if not one.startswith("call") and not one.endswith(SHARED)]
    assert len(commands) <= 4 + way.costs, commands


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("what", [kill, lose], ids=lambda what: what.__name__)
async def test_one_trouble_at_every_step(way: Way, what: Trouble) -> None:
    steps = await steps_of(way)
    for step, is_done in moments(steps):
        name = f"{what.__name__} {'after' if is_done else 'before'} {steps[step]}"
        await played(way, lambda _, s=step, d=is_done: at(s, what, is_done=d), name)  # type: ignore[misc]


def meanwhile(scene: Scene, *, lapsed: bool, update_key: str) -> Trouble:
    """The second process starts, gets the update and looks for what lapsed."""

    async def step_in(process: Process, number: int, done: bool) -> None:
        if lapsed:
            scene.clock.move(LAPSE)
        await scene.second.recover()
        await scene.second.handle(scene.post, update_key)
        await scene.second.recover()

    return step_in


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("lapsed", [False, True], ids=["leased", "lapsed"])
@pytest.mark.parametrize(("update_key", "updates"), [(UPDATE, 1), (SECOND_TAP, 2)], ids=["repeated", "second tap"])
async def test_a_second_process_starts_anywhere(way: Way, lapsed: bool, update_key: str, updates: int) -> None:
    """It gets the same update again, or a second tap."""
    steps = await steps_of(way)
    for step, is_done in moments(steps):
        name = f"second process {'after' if is_done else 'before'} {steps[step]}"
        await played(
            way,
            lambda scene, s=step, d=is_done: at(  # type: ignore[misc]
                s, meanwhile(scene, lapsed=lapsed, update_key=update_key), is_done=d
            ),
            name,
            updates=updates,
        )


# a paid delivery has every step that a free or a kept one has
@pytest.mark.parametrize("way", WAYS[1:2], ids=lambda way: way.name)
@pytest.mark.parametrize("lapsed", [False, True], ids=["leased", "lapsed"])
async def test_a_second_process_starts_anywhere_and_the_first_is_killed_later(way: Way, lapsed: bool) -> None:
    steps = await steps_of(way)
    copying = steps.index("call copyMessages")
    for (step, is_done), (later, later_done) in combinations(moments(steps), 2):
        if lapsed and (step, is_done) == (copying, False) and (later, later_done) > (copying, False):
            # two accidents around one call (0015, Limits): it sleeps longer than its lease, copies, and is killed
            continue
        name = f"second process at {step} {is_done}, kill at {later} {later_done} of {steps}"
        await played(
            way,
            lambda scene, s=step, d=is_done, k=later, e=later_done: both(  # type: ignore[misc]
                at(s, meanwhile(scene, lapsed=lapsed, update_key=UPDATE), is_done=d), at(k, kill, is_done=e)
            ),
            name,
        )


@pytest.mark.parametrize("way", WAYS[1:2], ids=lambda way: way.name)
async def test_two_lost_answers(way: Way) -> None:
    steps = await steps_of(way)
    for (step, is_done), (later, later_done) in combinations(moments(steps), 2):
        name = f"lost at {step} {is_done} and {later} {later_done} of {steps}"
        await played(
            way,
            lambda _, s=step, d=is_done, k=later, e=later_done: both(  # type: ignore[misc]
                at(s, lose, is_done=d), at(k, lose, is_done=e)
            ),
            name,
        )
