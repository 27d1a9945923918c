"""A database outage of 20 seconds: no update is lost, no chat is notified twice, nothing is delivered twice."""

import asyncio
from collections import Counter

from pymongo.errors import AutoReconnect

from database.connection import current_database
from database.operations.posts import post_search
from tests.house import ADMIN_BOT, ALICE, BOB, OLIVE, SETTLED_WITHIN_S, USER_BOT, House
from views.common_texts import held

AWAY_S = 20.0


class Outage:
    """Every database call fails until the sandbox's clock has moved by AWAY_S; a test can stop it at half-time."""

    def __init__(self, house: House) -> None:
        self._now = house.sandbox.world.clock.now
        self._sleep = house.clock.on_sleep
        self._began_at = self._now()
        self.half_over = asyncio.Event()
        self.go_on = asyncio.Event()

    def __call__(self, operation: str, collection: str) -> None:
        if self._now() < self._began_at + AWAY_S:
            raise AutoReconnect("connection closed")

    async def sleep(self, seconds: float) -> None:
        """Sleep as the house does, but wait for `go_on` before sleeping past half-time."""
        if self._now() + seconds > self._began_at + AWAY_S / 2:
            self.half_over.set()
            await self.go_on.wait()
        await self._sleep(seconds)


async def sentences(house: House) -> Counter[tuple[str, int]]:
    """How often each bot sent each chat the outage notice."""
    told: Counter[tuple[str, int]] = Counter()
    for bot in (USER_BOT, ADMIN_BOT):
        for call in await house.world.calls(method="sendMessage", bot=bot):
            told[bot, int(call["params"]["chat_id"])] += call["params"]["text"] == held()
    return +told


async def test_a_database_away_for_20_seconds_delays_both_bots_and_loses_nothing(house: House) -> None:
    first, second = await house.store(), await house.store(items=2)
    before, _ = await post_search.search(None, skip=0, limit=100)
    outage = Outage(house)
    house.clock.on_sleep = outage.sleep
    current_database().before_call = outage

    # updates at the start and again at half-time; the owner has the same chat id with both bots
    for person in (house.alice, house.olive):
        await person.link(house.link(first))
    await house.olive.text(ADMIN_BOT, "Rome")
    await asyncio.wait_for(outage.half_over.wait(), SETTLED_WITHIN_S)
    await house.bob.link(house.link(first))
    await house.alice.link(house.link(second))
    await house.olive.text(ADMIN_BOT, "Paris")
    await house.settle()
    assert house.base.outage_retry.held == 6
    outage.go_on.set()

    # all are answered: three subscribers opened the first post, one the second, and the owner sent two new posts
    for person in (house.alice, house.bob, house.olive):
        await person.wait(USER_BOT, contains="30 min")
    await house.settle()
    copied = Counter(int(call["params"]["chat_id"]) for call in await house.calls("copyMessages"))
    assert copied == {ALICE: 2, BOB: 1, OLIVE: 1}
    after, _ = await post_search.search(None, skip=0, limit=100)
    assert sorted(post.title for post in after[: len(after) - len(before)]) == ["Paris", "Rome"]
    answers = [m for m in (await house.olive.transcript(ADMIN_BOT))["messages"] if "is saved" in m.get("text", "")]
    assert len(answers) == 2
    assert await sentences(house) == {
        (USER_BOT, ALICE): 1,
        (USER_BOT, BOB): 1,
        (USER_BOT, OLIVE): 1,
        (ADMIN_BOT, OLIVE): 1,
    }
    assert house.base.outage_retry.held == 0
