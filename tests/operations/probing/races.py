"""Atomicity of operations with 50 coroutines and with 3 processes."""

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.delivery_states import LEASE_FOR
from core.errors import TollgateError
from core.subscriptions import MembershipStatus
from core.users import Visitor
from core.verification import Token
from database.connection import Database, close_database, current_database, open_database
from database.indexes import ensure_indexes
from database.operations import (
    deletion_ops,
    delivery_ops,
    membership_ops,
    run_ops,
    statistics_ops,
    token_counts,
    token_ops,
    user_credits,
    user_ops,
)
from database.operations.delivery_ops import NewDelivery
from database.operations.posts import post_ops
from tests.operations.probing.table import DAY, HOLD, NOW, Finding, attempt, expect, new_name, promise

COROUTINES, PROCESSES, ROUNDS = 50, 3, 5


@dataclass(frozen=True, slots=True)
class Race:
    """Many concurrent calls of `call`; `check` raises AssertionError for wrong results or documents."""

    name: str
    prepare: Callable[[], Awaitable[object]]
    call: Callable[[int], Awaitable[Any]]
    check: Callable[[list[Any]], Awaitable[None]]


async def _nothing() -> None:
    return None


def _sole_winner(results: list[Any]) -> None:
    winners = sum(bool(result) for result in results)
    expect(winners == 1, f"{winners} of {len(results)} won")


async def _check_sole(results: list[Any]) -> None:
    _sole_winner(results)


async def _fill_purse() -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7), NOW)
    await current_database().collection("users").update_one({"user_id": 7}, {"$set": {"credits": 10}})


async def _spend(index: int) -> bool:
    return await user_credits.spend_credit(7, f"{index:016}", f"m{index}", NOW) is not None


async def _check_purse(results: list[Any]) -> None:
    user = await user_ops.find(7)
    expect(user is not None, "no user")
    assert user is not None
    expect(
        sum(results) == 10 and user.credits == 0 and len(user.charges) == 10,
        f"{sum(results)} of 10 spent, {user.credits} left, {len(user.charges)} charges",
    )


async def _spend_the_same(_: int) -> bool:
    return await user_credits.spend_credit(7, "A" * 16, "m", NOW) is not None


async def _check_one_spent(results: list[Any]) -> None:
    user = await user_ops.find(7)
    expect(all(results) and user is not None and user.credits == 9, f"{sum(results)} succeeded, {user}")


async def _charged() -> None:
    await _fill_purse()
    await user_credits.spend_credit(7, "A" * 16, "m", NOW)


async def _give_back(_: int) -> bool:
    return await user_credits.give_back_credit(7, "A" * 16, "m")


async def _known_user() -> None:
    await user_ops.upsert_visitor(Visitor(user_id=7), NOW)


async def _grant(_: int) -> bool:
    granted = await user_credits.grant(7, "t", NOW, credits=5, pass_for=HOLD)
    return granted is not None and granted.is_new


async def _check_granted(results: list[Any]) -> None:
    _sole_winner(results)
    user = await user_ops.find(7)
    expect(user is not None and (user.credits, user.pass_until) == (5, NOW + HOLD), f"{user}")


async def _count_link(_: int) -> int | None:
    return await token_counts.count_link(7, DAY, 15)


async def _check_links(results: list[Any]) -> None:
    counted = sorted(count for count in results if count is not None)
    days = await current_database().collection("token_generator_count").count({})
    expect(counted == list(range(1, 16)) and days == 1, f"{counted} counted, {days} days")


async def _record_membership(index: int) -> bool:
    status = MembershipStatus.MEMBER if index == 0 else MembershipStatus.LEFT
    return await membership_ops.record(-1, 7, status, NOW - index * timedelta(seconds=1))


async def _check_newest(_: list[Any]) -> None:
    known = await membership_ops.find_memberships(7, [-1])
    expect(known[-1].status == MembershipStatus.MEMBER and known[-1].seen_at == NOW, f"{known}")


async def _add(index: int) -> None:
    for number in range(10):
        await statistics_ops.add_once(DAY, f"{index}:{number}", {"opened": 1})


async def _check_sum(results: list[Any]) -> None:
    counted = await statistics_ops.read_day(DAY)
    days = await current_database().collection("daily_stats").count({})
    expect(counted == {"opened": 10 * len(results)} and days == 1, f"{counted} after {10 * len(results)}, {days} days")


async def _upsert(_: int) -> bool:
    return (await user_ops.upsert_visitor(Visitor(user_id=7), NOW))[1]


def _delivery(index: int, now: datetime) -> NewDelivery:
    return NewDelivery(1, 7, "a" * 16, f"message {index}", f"owner{index}", now, now + HOLD)


async def _start_delivery(index: int) -> bool:
    return await delivery_ops.start(_delivery(index, NOW)) is not None


async def _check_first_start(results: list[Any]) -> None:
    await _check_count(results, 1)


async def _check_count(results: list[Any], count: int) -> None:
    _sole_winner(results)
    row = await current_database().collection("deliveries").find_one({})
    expect((row or {})["count"] == count, f"{row}")


async def _delivered_long_ago() -> None:
    claim = await delivery_ops.start(_delivery(-1, NOW - 2 * HOLD))
    assert claim is not None
    await delivery_ops.record_sent(claim, [], None, sent_at=NOW, delete_at=None, paid_until=None)


async def _abandoned() -> None:
    await delivery_ops.start(_delivery(-1, NOW - LEASE_FOR - timedelta(seconds=1)))


async def _take_over_delivery(index: int) -> bool:
    found = await delivery_ops.find(1, 7, "a" * 16)
    return found is not None and await delivery_ops.take_over(found, f"owner{index}", NOW) is not None


async def _check_second_start(results: list[Any]) -> None:
    await _check_count(results, 2)


async def _start_run(index: int) -> bool:
    return await run_ops.start_run("cleanup", DAY, f"owner{index}", NOW) is not None


async def _verified() -> None:
    token = Token(token="T" * 32, user_id=7, created_at=NOW, expires_at=NOW + HOLD, has_page=True)
    await token_ops.add(token)
    await token_ops.mark_verified(token.token, NOW, 40.0)


async def _redeem(_: int) -> bool:
    return await token_ops.redeem("T" * 32, 7, NOW) is not None


async def _bypassed() -> None:
    await token_ops.add(Token(token="T" * 32, user_id=7, created_at=NOW, expires_at=NOW + HOLD))
    await token_ops.mark_bypassed("T" * 32, NOW)


async def _replace(_: int) -> bool:
    return await token_ops.take_replacement(7, NOW) is not None


async def _promises() -> None:
    rows = [{"_id": n, **promise(n)} for n in range(300)]
    await current_database().collection("pending_deletions").insert_many(rows)


async def _claim(index: int) -> list[str]:
    return [mine.id for mine in await deletion_ops.claim_due(NOW, f"owner{index}", HOLD, 20)]


async def _check_claims(results: list[Any]) -> None:
    claimed = [key for keys in results for key in keys]
    expect(len(claimed) == len(set(claimed)), f"{len(claimed) - len(set(claimed))} promises claimed twice")
    expect(bool(claimed), "nobody claimed anything")


async def _write_post(index: int) -> int:
    post = await post_ops.create(title=f"{index}", storage_chat_id=-1, message_ids=[1], created_by=1, created_at=NOW)
    return post.number


async def _check_numbers(results: list[Any]) -> None:
    expect(sorted(results) == list(range(1, len(results) + 1)), f"numbers {sorted(results)[:60]}")


RACES = {
    race.name: race
    for race in (
        Race("ten credits are spent ten times", _fill_purse, _spend, _check_purse),
        Race("no $inc is lost, also in a first upsert", _nothing, _add, _check_sum),
        Race("one upsert inserts the new user", _nothing, _upsert, _check_sole),
        Race("one of many taps starts the delivery", _nothing, _start_delivery, _check_first_start),
        Race("one starts it again", _delivered_long_ago, _start_delivery, _check_second_start),
        Race("one takes over a delivery whose owner is gone", _abandoned, _take_over_delivery, _check_second_start),
        Race("one insert starts the tick", _nothing, _start_run, _check_sole),
        Race("a token is redeemed once", _verified, _redeem, _check_sole),
        Race("a bypassed token is replaced once", _bypassed, _replace, _check_sole),
        Race("fifteen links a day are fifteen", _nothing, _count_link, _check_links),
        Race("one request costs one credit", _fill_purse, _spend_the_same, _check_one_spent),
        Race("a credit is given back once", _charged, _give_back, _check_sole),
        Race("a grant is paid out once", _known_user, _grant, _check_granted),
        Race("the newest status is stored", _nothing, _record_membership, _check_newest),
        Race("no promise is claimed twice", _promises, _claim, _check_claims),
    )
}
#: only within one process: between processes numbers may collide, and `create` raises after 20 attempts
NUMBERS = Race("posts are numbered without a gap", _nothing, _write_post, _check_numbers)


async def _tapped(race: Race, indexes: Iterable[int]) -> list[Any]:
    async def one(index: int) -> Any:
        try:
            return await race.call(index)
        except TollgateError as error:
            return f"{type(error).__name__}: {error}"

    return list(await asyncio.gather(*(one(index) for index in indexes)))


async def _warm() -> None:
    # open connections first: without them the first call would end before the last one starts
    for _ in range(2):
        await asyncio.gather(*(current_database().ping() for _ in range(COROUTINES)))


async def _in_process(uri: str, name: str, race: str, first: int, starts_at: float) -> list[Any]:
    await open_database(uri, name)
    try:
        await _warm()
        await asyncio.sleep(max(0.0, starts_at - time.time()))
        return await _tapped(RACES[race], range(first, first + COROUTINES))
    finally:
        await close_database()


def _process(uri: str, name: str, race: str, first: int, starts_at: float) -> list[Any]:
    return asyncio.run(_in_process(uri, name, race, first, starts_at))


async def _checked(race: Race, results: list[Any]) -> None:
    refused = [result for result in results if isinstance(result, str)]
    expect(not refused, f"{len(refused)} refused, first {refused[:1]}")
    await race.check(results)


async def run_race(uri: str, race: Race, pool: ProcessPoolExecutor | None) -> str:
    """Run the race `ROUNDS` times in a new database: 50 coroutines here, or 50 in each process of the pool."""
    took = 0.0
    for _ in range(ROUNDS):
        db = await open_database(uri, new_name(), timeout_s=10)
        try:
            await ensure_indexes(db)
            await race.prepare()
            await _warm()
            started = time.perf_counter()
            results = await _tapped(race, range(COROUTINES)) if pool is None else await _spread(uri, db, race, pool)
            took += time.perf_counter() - started
            await _checked(race, results)
        finally:
            await db.drop()
            await close_database()
    return f"{took / ROUNDS:.2f} s a round"


async def _spread(uri: str, db: Database, race: Race, pool: ProcessPoolExecutor) -> list[Any]:
    loop, starts_at = asyncio.get_running_loop(), time.time() + 1.5
    firsts = range(0, PROCESSES * COROUTINES, COROUTINES)
    tasks = [loop.run_in_executor(pool, _process, uri, db.name, race.name, first, starts_at) for first in firsts]
    return [result for results in await asyncio.gather(*tasks) for result in results]


async def check_races(uri: str) -> list[Finding]:
    lines = []
    alone = f"{COROUTINES} coroutines"
    for race in (*RACES.values(), NUMBERS):
        lines.append(await attempt(alone, race.name, lambda race=race: run_race(uri, race, None)))  # type: ignore[misc]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
        for race in RACES.values():
            check = lambda race=race: run_race(uri, race, pool)  # noqa: E731
            lines.append(await attempt(f"{PROCESSES} processes", race.name, check))
    return lines
