"""Three hundred people at a process of the product at once, with kill -9, with SIGTERM, and with Telegram's limits."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from core.delivery_states import LEASE_FOR, DeliveryState
from core.users import User
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import settings_ops
from sender.lanes import SHARES, Lane
from tests.house import USER_BOT
from tests.journeys.rush import FLOOD_CONTROL, Rush, press_again, rush
from tests.journeys.test_kill import store
from tests.journeys.test_stop_and_start import a_link, product

__all__ = ["store"]

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

CROWD = range(2000, 2300)
CREDITS = 3
#: people whose updates a process takes at once
PLACES = 64
#: people who have the post when the process is killed or stopped: about three seconds after the first press
SERVED_BEFORE = 40
#: real seconds from a start's first getUpdates to its first answer
FIRST_ANSWER_S = 3.0
#: a bot makes so many calls a second (docs/decisions/0003-sender.md)
CALLS_PER_S = 29.35
#: a pipe nobody reads holds 64 KiB
QUIET: dict[str, Any] = {"LOG_LEVEL": "WARNING"}


@pytest.fixture
async def scene() -> AsyncIterator[Rush]:
    async with rush() as found:
        yield found


@pytest.fixture
async def database(store: dict[str, Any]) -> AsyncIterator[Database]:
    """The database of the product: a post costs a credit, and everybody in the crowd has some."""
    opened, now = await open_database(store["MONGO_URI"], store["MONGO_DB"]), datetime.now(UTC)
    await ensure_indexes(opened)
    await settings_ops.change("access_mode", "credits")
    known = [User(user_id=one, joined_at=now, last_seen_at=now, credits=CREDITS) for one in CROWD]
    await opened.collection("users").insert_many([user.model_dump() for user in known])
    yield opened
    await close_database()


async def spent(database: Database) -> dict[int, int]:
    found = await database.collection("users").find({"user_id": {"$in": list(CROWD)}}, limit=2 * len(CROWD))
    return {row["user_id"]: CREDITS - row["credits"] for row in found}


async def everybody_presses(scene: Rush, model: str = "growing") -> None:
    """Make a post, switch flood control on, and let all of the crowd open its link in the same instant."""
    scene.add(CROWD)
    await scene.until_polled()
    link = await a_link(scene.client)
    await scene.client.configure(flood_model=model, **FLOOD_CONTROL)
    for person in CROWD:
        scene.do(person, "link", url=link)


async def stopped(process: asyncio.subprocess.Process) -> None:
    """Stop the process with SIGTERM, and let it finish."""
    process.send_signal(signal.SIGTERM)
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, b"Traceback" in errors) == (0, False), errors.decode()


@pytest.mark.server
async def test_after_kill_9_in_a_rush_at_most_64_press_again_and_each_has_the_post_once(
    scene: Rush, store: dict[str, Any], database: Database
) -> None:
    environment = store | QUIET
    async with product(scene.sandbox.url, **environment) as process:
        await everybody_presses(scene)
        await scene.until(lambda: len(scene.served) >= SERVED_BEFORE)
        process.kill()
        await process.wait()
    await scene.until(lambda: scene.sandbox.world.calls.in_flight == 0)
    # the lease of the killed process runs out
    await scene.client.advance(LEASE_FOR.total_seconds() + 1)
    scene.next_process()
    async with product(scene.sandbox.url, **environment) as process:
        await scene.until(lambda: scene.served | scene.interrupted >= set(CROWD))
        without = sorted(scene.interrupted - set(scene.copies))
        for person in without:
            press_again(scene, person)
        await scene.until(lambda: set(scene.copies) >= set(CROWD) and scene.served >= set(without))
        await stopped(process)
    assert scene.polled_at is not None and scene.answered_at is not None
    first_answer_s = scene.answered_at - scene.polled_at
    print(f"\n{scene.summary()}; first answer {first_answer_s:.2f} s after the first getUpdates")
    assert scene.copies == dict.fromkeys(CROWD, 1)
    assert (await scene.refused(), len(scene.queue)) == ({}, 0)
    assert scene.most_in_hand <= PLACES
    assert len(scene.interrupted) <= PLACES
    assert first_answer_s <= FIRST_ANSWER_S
    # who had the copy already when its process was killed was told that it may be missing, and paid nothing
    free = scene.interrupted - set(without)
    assert await spent(database) == {person: int(person not in free) for person in CROWD}


@pytest.mark.server
async def test_sigterm_in_a_rush_confirms_only_what_is_finished_and_the_next_start_serves_the_others(
    scene: Rush, store: dict[str, Any], database: Database
) -> None:
    environment = store | QUIET
    async with product(scene.sandbox.url, **environment) as process:
        await everybody_presses(scene)
        await scene.until(lambda: len(scene.served) >= SERVED_BEFORE)
        await stopped(process)
    kept = scene.kept()
    confirmed = {person for update, person in scene.requests.items() if update not in kept}
    assert confirmed <= scene.served
    assert await database.collection("deliveries").count({"state": DeliveryState.SENDING}) == 0
    print(f"\nat the stop: {scene.summary()}")
    scene.next_process()
    async with product(scene.sandbox.url, **environment) as process:
        await scene.until(lambda: scene.served >= set(CROWD))
        await stopped(process)
    assert scene.copies == dict.fromkeys(CROWD, 1)
    assert (scene.interrupted, await scene.refused(), len(scene.queue)) == (set(), {}, 0)
    assert scene.most_in_hand <= PLACES
    assert await spent(database) == dict.fromkeys(CROWD, 1)


@pytest.mark.parametrize(
    "model",
    ["growing", pytest.param("window", marks=pytest.mark.sweep), pytest.param("bucket", marks=pytest.mark.sweep)],
)
async def test_a_rush_meets_no_limit_of_telegram(scene: Rush, model: str) -> None:
    async with product(scene.sandbox.url, **QUIET) as process:
        await everybody_presses(scene, model)
        since = time.monotonic()
        await scene.until(lambda: scene.served >= set(CROWD))
        took_s = time.monotonic() - since
        await stopped(process)
    ideal_s = 2 * len(CROWD) / CALLS_PER_S
    print(f"\n{model}: {scene.summary()}, {took_s:.1f} s; at {CALLS_PER_S} calls a second {ideal_s:.1f} s")
    assert await scene.refused() == {}
    assert scene.copies == dict.fromkeys(CROWD, 1)
    assert scene.most_in_hand <= PLACES


@pytest.mark.sweep
async def test_people_who_never_stop_writing_leave_deletions_their_share(scene: Rush) -> None:
    due, writers = range(2000, 2060), range(2100, 2140)
    scene.add(due)
    scene.add(writers)

    def write(person: int) -> None:
        if person in writers:
            scene.do(person, "text", to=USER_BOT, text="/me")

    def answers() -> int:
        return sum(scene.answers[person] for person in writers)

    async with product(scene.sandbox.url, **QUIET) as process:
        await scene.until_polled()
        link = await a_link(scene.client)
        for person in due:
            scene.do(person, "link", url=link)
        await scene.until(lambda: scene.served >= set(due))
        scene.on_answer = write
        for person in writers:
            # one is being answered while another one waits
            write(person)
            write(person)
        await scene.until(lambda: answers() >= 2 * len(writers))
        await scene.client.advance(31 * 60)
        await scene.until(lambda: bool(scene.deleted))
        before, since = answers(), time.monotonic()
        await scene.until(lambda: scene.deleted >= set(due))
        between, took_s = answers() - before, time.monotonic() - since
        scene.on_answer = lambda person: None
        await stopped(process)
    print(f"\n{len(scene.deleted)} deliveries deleted in {took_s:.1f} s, {between} answers to people meanwhile")
    # a deletion is two calls: the messages, and the notice
    share = SHARES[Lane.INTERACTIVE] / SHARES[Lane.DELETION]
    assert len(due) <= between <= 2 * 2 * len(due) * share
