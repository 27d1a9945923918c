"""Three real processes of both bots on one database: a rolling restart, and a kill -9, while people press."""

import asyncio
import itertools
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.delivery_states import LEASE_FOR
from database.connection import close_database, open_database
from database.indexes import ensure_indexes
from sender.updates.places import PLACES
from tests.chaos.bots import BotProcesses
from tests.chaos.plan import Shape
from tests.house import ADMIN_BOT, OLIVE, USER_BOT
from tests.journeys.rush import Rush, rush
from tests.journeys.test_stop_and_start import a_link, environment

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]

#: real seconds between two people
EVERY_S = 0.1
#: people of the kill, more than a process takes in at a time, and how many of them are served before it
PRESSING, SERVED = 100, 10


@pytest.fixture
async def bots(tmp_path: Path) -> AsyncIterator[tuple[Rush, BotProcesses]]:
    name = f"tollgate_test_{secrets.token_hex(6)}"
    store = {"MONGO_URI": os.environ["MONGO_URI"], "MONGO_DB": name}
    database = await open_database(store["MONGO_URI"], name)
    await ensure_indexes(database)
    async with rush() as scene:
        more = {"DATA_DIR": str(tmp_path), "SEND_RATE_PER_SECOND": "30", "BULK_RATE_PER_SECOND": "29"}
        processes = BotProcesses(environment(scene.sandbox.url, **store, **more), tmp_path, shape=Shape.STANDBY)
        try:
            await processes.start_all()
            await scene.until_polled()
            yield scene, processes
        finally:
            processes.end_all()
    await database.drop()
    await close_database()


async def test_a_rolling_restart_and_a_kill_of_the_process_that_polls_leave_nobody_without_an_answer(
    bots: tuple[Rush, BotProcesses],
) -> None:
    scene, processes = bots
    code = (await a_link(scene.client)).rpartition("=")[2]
    people = itertools.count(2000)

    def press() -> int:
        person = next(people)
        scene.add(range(person, person + 1))
        scene.do(person, "link", url=f"https://t.me/{USER_BOT}?start={code}")
        return person

    rolling = asyncio.create_task(processes.restart())
    while not rolling.done():
        press()
        await asyncio.sleep(EVERY_S)
    await rolling
    rolled = range(2000, press() + 1)
    await scene.until(lambda: scene.served >= set(rolled))
    assert not scene.interrupted
    assert set(scene.copies.values()) == {1}

    before = await processes.polling()
    in_rush = {press() for _ in range(PRESSING)}
    await scene.until(lambda: len(scene.served & in_rush) >= SERVED)
    await processes.kill(0, 0.0, lambda: None)
    # whom the dead one had in hand is told when its leases run out; the others are served by the one that took over
    await scene.until(lambda: not scene.kept() and processes.is_taking_updates())
    await scene.client.advance(LEASE_FOR.total_seconds() + 1)
    await scene.until(lambda: scene.served | scene.interrupted >= in_rush)
    assert set(scene.copies.values()) == {1}
    assert len(scene.interrupted) <= PLACES
    assert (await processes.polling()) not in (None, before)
    assert processes.surprises == []

    # a poll that hung on at Telegram when the next process began is ended; that is no second program
    told = await scene.client.person(OLIVE).transcript(ADMIN_BOT)
    assert not [message for message in told["messages"] if "second program" in message.get("text", "")]
