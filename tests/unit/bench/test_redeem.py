"""What `make bench` sees of a token that many redeem; nothing here is timed and no other process is started."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bench import redeem
from bench.naive_redeem import redeem_naively
from bench.plan import QUICK
from bench.redeem import NAIVE, PAY_OUT, REDEEM, Raced
from bench.redeemers import Desk
from bench.stores import IN_MEMORY, Store
from core.settings import BotSettings
from database.connection import Database, close_database, open_database

SERVER = Store("server", "mongodb://127.0.0.1:9/")


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    yield await open_database("memory://", "tollgate_bench_test")
    await close_database()


@pytest.mark.parametrize(("calls", "processes", "shares"), [(10, 4, [3, 3, 2, 2]), (2, 3, [1, 1, 0]), (7, 1, [7])])
def test_calls_are_divided_evenly_and_none_is_lost(calls: int, processes: int, shares: list[int]) -> None:
    assert redeem._shares(calls, processes) == shares


def _raced(what: str, winners: int, credits: int, store: Store = SERVER) -> Raced:
    return Raced(store, what, calls=1000, processes=4, seconds=1.5, winners=winners, credits=credits, earned=10)


@pytest.mark.parametrize(
    ("winners", "credits", "is_met"), [(1, 10, True), (2, 10, False), (1, 20, False), (0, 0, False), (1, 0, False)]
)
def test_a_redeem_is_judged_by_its_winners_and_by_what_was_paid(winners: int, credits: int, is_met: bool) -> None:
    assert [goal.is_met for goal in redeem._figure(QUICK, [_raced(REDEEM, winners, credits)]).goals] == [is_met]


@pytest.mark.parametrize(("credits", "is_met"), [(10, True), (20, False), (0, False)])
def test_paying_out_is_judged_by_what_was_paid_alone(credits: int, is_met: bool) -> None:
    assert [goal.is_met for goal in redeem._figure(QUICK, [_raced(PAY_OUT, 1000, credits)]).goals] == [is_met]


def test_the_naive_way_is_shown_and_not_judged() -> None:
    figure = redeem._figure(QUICK, [_raced(REDEEM, 1, 10, IN_MEMORY), _raced(REDEEM, 1, 10), _raced(NAIVE, 28, 280)])
    assert len(figure.goals) == 2
    assert figure.rows[-1] == (f"server: {NAIVE}", "1,000", "4", "1.50", "28", "280", "28")
    assert json.loads(json.dumps(figure.as_json()))["numbers"]["server"][NAIVE]["winners"] == 28


async def test_of_many_redeems_one_wins_and_one_verification_is_paid(database: Database) -> None:
    desk = Desk(database, BotSettings())
    wish = {"token": (await desk.arrange({}))["token"], "calls": 20, "start_at": 0.0}
    assert (await desk.redeem(wish))["winners"] == 1
    assert await desk.credits({}) == {"credits": 10, "earned": 10}
    assert (await desk.redeem(wish))["winners"] == 0


async def test_a_token_that_was_taken_and_not_paid_is_paid_once_and_the_next_one_begins_at_nothing(
    database: Database,
) -> None:
    desk = Desk(database, BotSettings())
    for _ in range(2):
        wish = {"token": (await desk.arrange({}))["token"], "calls": 20, "start_at": 0.0}
        assert (await desk.credits({}))["credits"] == 0
        assert await desk.take(wish) == {"winners": True}
        assert (await desk.pay_out(wish))["winners"] == 20
        assert (await desk.credits({}))["credits"] == 10


class Rows:
    """One token and one person; a look is answered when `lookers` have looked."""

    def __init__(self, lookers: int) -> None:
        self.credits = 0
        self._redeemed_at: object = None
        self._barrier = asyncio.Barrier(lookers)

    def __getitem__(self, _: str) -> "Rows":
        return self

    async def find_one(self, _: Any) -> dict[str, Any]:
        found = {"status": "verified", "redeemed_at": self._redeemed_at}
        await self._barrier.wait()
        return found

    async def update_one(self, _: Any, update: dict[str, Any]) -> None:
        self._redeemed_at = update.get("$set", {}).get("redeemed_at", self._redeemed_at)
        self.credits += update.get("$inc", {}).get("credits", 0)


@pytest.mark.parametrize(("lookers", "paid"), [(1, 10), (3, 30)])
async def test_the_naive_way_pays_everybody_who_looked_before_the_first_wrote(lookers: int, paid: int) -> None:
    rows: Any = Rows(lookers)
    for _ in range(2):
        await asyncio.gather(*(redeem_naively(rows, "t", 1, 10) for _ in range(lookers)))
    assert rows.credits == paid
