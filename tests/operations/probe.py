"""Is this server fit for the suites? `python -m tests.operations.probe URI [--pid-file F --again COMMAND]`.

Asks a MongoDB-protocol server, over the wire, exactly what `database/` asks: the shapes of its commands, what must be
one step under 50 coroutines and under 3 processes, what must be there after kill -9 (only with `--pid-file`, which
holds the server's pid, and `--again`, which starts it again), and how long things take at 200,000 documents.
Prints a table; exit 0 when everything held, 1 when something did not, 2 for wrong usage. It works in databases named
`tollgate_probe_*`, of its own, and drops them.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import secrets
import signal
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from core.errors import AlreadyThere, StoreRefused, StoreUnavailable, TollgateError
from core.users import Visitor
from database.connection import Database, close_database, current_database, open_database
from database.indexes import ensure_indexes
from database.operations import deletion_ops, post_ops, run_ops, stats_ops, user_ops
from database.values import Document

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
DAY = datetime(2026, 3, 1, tzinfo=UTC)
HOLD = timedelta(minutes=5)
COROUTINES, PROCESSES, ROUNDS = 50, 3, 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table."""

    group: str
    name: str
    is_held: bool
    note: str


def expect(is_true: bool, what: str) -> None:
    """Raise AssertionError with what was seen, unless it holds."""
    if not is_true:
        raise AssertionError(what)


async def attempt(group: str, name: str, check: Callable[[], Awaitable[str]]) -> Finding:
    """Run one check; whatever the server did wrong becomes a line."""
    try:
        return Finding(group, name, True, await asyncio.wait_for(check(), 600))
    except (AssertionError, TollgateError, TimeoutError, KeyError, TypeError) as error:
        return Finding(group, name, False, f"{type(error).__name__}: {error}"[:160])


# --- the shapes of our commands


async def times_come_back_whole() -> str:
    rows = current_database().collection("shapes")
    await rows.insert_one(
        {"_id": "t", "at": NOW, "none": None, "chat": -1_001_234_567_890, "list": [], "deep": {"a": 1}}
    )
    row = await rows.find_one({"_id": "t"})
    wanted = {"_id": "t", "at": NOW, "none": None, "chat": -1_001_234_567_890, "list": [], "deep": {"a": 1}}
    expect(row == wanted, f"got {row}")
    return "aware, milliseconds; null, 64 bits, lists"


async def finds_match_as_documented() -> str:
    rows = current_database().collection("finds")
    late = NOW + HOLD
    fields: list[Document] = [{}, {"until": None}, {"until": NOW}, {"until": late}]
    await rows.insert_many([{"_id": n, "n": 9 - n, "s": "ab"[n % 2], "t": f"x.{n}", **f} for n, f in enumerate(fields)])
    cases: dict[str, tuple[Document, list[int]]] = {
        "$not $gt": ({"until": {"$not": {"$gt": NOW}}}, [0, 1, 2]),
        "null or absent": ({"until": None}, [0, 1]),
        "$ne null": ({"until": {"$ne": None}}, [2, 3]),
        "$lt is strict and typed": ({"until": {"$lt": late}}, [2]),
        "$lte": ({"until": {"$lte": late}}, [2, 3]),
        "$in": ({"_id": {"$in": [3, 1, 77]}}, [1, 3]),
        "$or": ({"$or": [{"n": 9}, {"t": {"$regex": r"^x\.3"}}]}, [0, 3]),
        "anchored and escaped": ({"t": {"$regex": r"^x\.1"}}, [1]),
    }
    for what, (condition, wanted) in cases.items():
        found = [row["_id"] for row in await rows.find(condition, limit=50, sort=[("_id", 1)])]
        expect(found == wanted, f"{what}: {found} instead of {wanted}")
    page = await rows.find({}, limit=2, skip=1, sort=[("s", -1), ("n", 1)], projection=["n"])
    expect(page == [{"_id": 1, "n": 8}, {"_id": 2, "n": 7}], f"page: {page}")
    expect(await rows.count({"s": "a"}) == 2, "count")
    return f"{len(cases) + 2} shapes"


async def updates_tell_what_they_did() -> str:
    rows = current_database().collection("updates")
    expect(not await rows.update_one({"_id": 1}, {"$set": {"a": 1}}), "matched nothing, said it did")
    expect(await rows.update_one({"_id": 1}, {"$inc": {"c.x": 2}, "$set": {"a": 1}}, upsert=True), "upsert said no")
    expect(await rows.update_one({"_id": 1}, {"$set": {"a": 1}}), "an update that changes nothing still matches")
    before = await rows.find_one_and_update({"_id": 1}, {"$set": {"a": 2}}, before=True)
    after = await rows.find_one_and_update({"_id": 1}, {"$inc": {"c.x": 1, "c.y": 1}})
    expect((before or {}).get("a") == 1 and after == {"_id": 1, "a": 2, "c": {"x": 3, "y": 1}}, f"{before} {after}")
    gone = await rows.find_one_and_update({"_id": 2}, {"$set": {"a": 2}})
    new = await rows.find_one_and_update(
        {"_id": 3}, {"$setOnInsert": {"b": 1}, "$set": {"a": 1}}, upsert=True, before=True
    )
    expect(gone is None and new is None, f"{gone} {new}")
    expect(await rows.update_many({"a": {"$gte": 1}}, {"$set": {"z": NOW}}) == 2, "update_many count")
    expect(not await rows.delete_one({"_id": 1, "a": 1}) and await rows.delete_one({"_id": 1, "a": 2}), "delete_one")
    expect(await rows.delete_many({"_id": {"$in": [1, 3]}, "a": 1}) == 1, "delete_many count")
    return "matched, upserted, before, after, counts"


async def a_taken_key_is_named() -> str:
    rows = current_database().collection("keys")
    await rows.create_index([("a", 1), ("b", 1)], unique=True)
    await rows.insert_one({"_id": 1, "a": 1, "b": 1})
    with suppress(AlreadyThere):
        await rows.insert_many([{"_id": 2, "a": 1, "b": 2}, {"_id": 3, "a": 1, "b": 1}, {"_id": 4, "a": 1, "b": 4}])
        expect(False, "insert_many let a second one through")
    expect(
        [row["_id"] for row in await rows.find({}, limit=9, sort=[("_id", 1)])] == [1, 2], "not stopped at the first"
    )
    for tries in (
        lambda: rows.update_one({"_id": 1, "a": 5}, {"$set": {"z": 1}}, upsert=True),
        lambda: rows.update_one({"_id": 2}, {"$set": {"b": 1}}),
        lambda: rows.find_one_and_update({"a": 1, "b": 1, "z": 7}, {"$set": {"q": 1}}, upsert=True),
    ):
        with suppress(AlreadyThere):
            await tries()
            expect(False, "an update or upsert let a second one through")
    return "insert, insert_many, update, upsert, upsert on _id"


async def indexes_stand_and_explain_themselves() -> str:
    db = current_database()
    expect(await ensure_indexes(db) == await ensure_indexes(db), "built twice is not built once")
    expect(await db.collection("nowhere").indexes() == {}, "indexes of nothing")
    double = db.collection("doubles")
    await double.insert_many([{"a": 1}, {"a": 1}])
    with suppress(AlreadyThere):
        await double.create_index([("a", 1)], unique=True)
        expect(False, "a unique index over duplicates was built")
    await double.create_index([("a", 1)])
    try:
        await double.create_index([("a", 1)], unique=True)
    except (AlreadyThere, StoreRefused):
        return "twice is once; duplicates are AlreadyThere; other options are refused"
    expect(not (await double.indexes())["a_1"], "a plain index became unique over duplicates")
    return "twice is once; duplicates are AlreadyThere; other options pass unheard"


SHAPES = (
    times_come_back_whole,
    finds_match_as_documented,
    updates_tell_what_they_did,
    a_taken_key_is_named,
    indexes_stand_and_explain_themselves,
)


# --- what must be one step


@dataclass(frozen=True, slots=True)
class Race:
    """Many do `tap` at once; `judge` looks at what they got and at what is stored, and raises AssertionError."""

    name: str
    prepare: Callable[[], Awaitable[object]]
    tap: Callable[[int], Awaitable[Any]]
    judge: Callable[[list[Any]], Awaitable[None]]


async def _nothing() -> None:
    return None


def _sole_winner(results: list[Any]) -> None:
    winners = sum(bool(result) for result in results)
    expect(winners == 1, f"{winners} of {len(results)} won")


async def _judge_sole(results: list[Any]) -> None:
    _sole_winner(results)


async def _fill_purse() -> None:
    await current_database().collection("users").insert_one({"user_id": 1, "credits": 10})


async def _spend(_: int) -> bool:
    condition = {"user_id": 1, "credits": {"$gt": 0}}
    return await current_database().collection("users").update_one(condition, {"$inc": {"credits": -1}})


async def _judge_purse(results: list[Any]) -> None:
    row = await current_database().collection("users").find_one({"user_id": 1})
    expect(sum(results) == 10 and (row or {})["credits"] == 0, f"{sum(results)} of 10 spent, {row} left")


async def _bump(_: int) -> None:
    for _again in range(10):
        await stats_ops.bump(DAY, "opened")


async def _judge_bumps(results: list[Any]) -> None:
    counted = await stats_ops.read(DAY)
    days = await current_database().collection("daily_stats").count({})
    expect(counted == {"opened": 10 * len(results)} and days == 1, f"{counted} after {10 * len(results)}, {days} days")


async def _meet(_: int) -> bool:
    return (await user_ops.meet(Visitor(user_id=7), NOW))[1]


async def _claim_delivery(_: int) -> bool:
    return await deletion_ops.claim_delivery(1, 7, "a" * 16, NOW, HOLD) is not None


async def _judge_held(results: list[Any]) -> None:
    _sole_winner(results)
    row = await current_database().collection("deliveries").find_one({})
    expect((row or {})["count"] == 1, f"{row}")


async def _held_once() -> None:
    await deletion_ops.claim_delivery(1, 7, "a" * 16, NOW - 2 * HOLD, HOLD)


async def _judge_second_hold(results: list[Any]) -> None:
    _sole_winner(results)
    row = await current_database().collection("deliveries").find_one({})
    expect((row or {})["count"] == 2, f"{row}")


async def _start_run(index: int) -> bool:
    return await run_ops.start_run("cleanup", DAY, f"owner{index}", NOW) is not None


async def _verified() -> None:
    await current_database().collection("tokens").insert_one({"token": "t", "status": "verified"})


async def _redeem(index: int) -> bool:
    change = {"$set": {"status": "redeemed", "by": index}}
    found = (
        await current_database().collection("tokens").find_one_and_update({"token": "t", "status": "verified"}, change)
    )
    return found is not None and found["by"] == index


async def _promises() -> None:
    rows = [{"_id": n, **_promise(n)} for n in range(300)]
    await current_database().collection("pending_deletions").insert_many(rows)


async def _claim(index: int) -> list[str]:
    return [mine.id for mine in await deletion_ops.claim_due(NOW, f"owner{index}", HOLD, 20)]


async def _judge_claims(results: list[Any]) -> None:
    claimed = [key for keys in results for key in keys]
    expect(len(claimed) == len(set(claimed)), f"{len(claimed) - len(set(claimed))} promises claimed twice")
    expect(bool(claimed), "nobody claimed anything")


async def _write_post(index: int) -> int:
    post = await post_ops.create(title=f"{index}", storage_chat_id=-1, message_ids=[1], created_by=1, created_at=NOW)
    return post.number


async def _judge_numbers(results: list[Any]) -> None:
    expect(sorted(results) == list(range(1, len(results) + 1)), f"numbers {sorted(results)[:60]}")


RACES = {
    race.name: race
    for race in (
        Race("ten credits are spent ten times", _fill_purse, _spend, _judge_purse),
        Race("no $inc is lost, also in a first upsert", _nothing, _bump, _judge_bumps),
        Race("one upsert meets the new person", _nothing, _meet, _judge_sole),
        Race("one of many taps gets the delivery", _nothing, _claim_delivery, _judge_held),
        Race("one takes over a hold that ran out", _held_once, _claim_delivery, _judge_second_hold),
        Race("one insert begins the tick", _nothing, _start_run, _judge_sole),
        Race("a token is redeemed once", _verified, _redeem, _judge_sole),
        Race("no promise is claimed twice", _promises, _claim, _judge_claims),
    )
}
#: only within one process: between processes numbers may collide and `create` gives up after 20 tries, loudly
NUMBERS = Race("posts are numbered without a gap", _nothing, _write_post, _judge_numbers)


async def _tapped(race: Race, indexes: Iterable[int]) -> list[Any]:
    async def one(index: int) -> Any:
        try:
            return await race.tap(index)
        except TollgateError as error:
            return f"{type(error).__name__}: {error}"

    return list(await asyncio.gather(*(one(index) for index in indexes)))


async def _in_process(uri: str, name: str, race: str, first: int, starts_at: float) -> list[Any]:
    await open_database(uri, name)
    try:
        await current_database().ping()
        await asyncio.sleep(max(0.0, starts_at - time.time()))
        return await _tapped(RACES[race], range(first, first + COROUTINES))
    finally:
        await close_database()


def _process(uri: str, name: str, race: str, first: int, starts_at: float) -> list[Any]:
    return asyncio.run(_in_process(uri, name, race, first, starts_at))


async def _judged(race: Race, results: list[Any]) -> None:
    refused = [result for result in results if isinstance(result, str)]
    expect(not refused, f"{len(refused)} refused, first {refused[:1]}")
    await race.judge(results)


async def run_race(uri: str, race: Race, pool: ProcessPoolExecutor | None) -> str:
    """`ROUNDS` times in a fresh database: 50 coroutines here, or 50 in each process of the pool."""
    took = 0.0
    for _ in range(ROUNDS):
        db = await open_database(uri, _new_name(), timeout_s=10)
        try:
            await ensure_indexes(db)
            await race.prepare()
            begun = time.perf_counter()
            results = await _tapped(race, range(COROUTINES)) if pool is None else await _spread(uri, db, race, pool)
            took += time.perf_counter() - begun
            await _judged(race, results)
        finally:
            await db.drop()
            await close_database()
    return f"{took / ROUNDS:.2f} s a round"


async def _spread(uri: str, db: Database, race: Race, pool: ProcessPoolExecutor) -> list[Any]:
    loop, starts_at = asyncio.get_running_loop(), time.time() + 0.5
    firsts = range(0, PROCESSES * COROUTINES, COROUTINES)
    tasks = [loop.run_in_executor(pool, _process, uri, db.name, race.name, first, starts_at) for first in firsts]
    return [result for results in await asyncio.gather(*tasks) for result in results]


# --- what must be there after kill -9


async def _write_until_it_is_gone(uri: str, name: str, acknowledged: set[int], begun: asyncio.Event) -> None:
    async def writer(offset: int) -> None:
        with suppress(StoreUnavailable):
            for number in range(offset, 10_000_000, 10):
                await current_database().collection("tokens").insert_one({"token": str(number), "n": number})
                acknowledged.add(number)
                if len(acknowledged) > 300:
                    begun.set()

    await open_database(uri, name, timeout_s=1)
    await asyncio.gather(*(writer(offset) for offset in range(10)))
    await close_database()


async def survives_kill(uri: str, pid_file: Path, again: str) -> str:
    """Three times: write, kill -9 in the middle, start again; everything acknowledged is there, so are the indexes."""
    counted, back = 0, []
    for _ in range(ROUNDS):
        name, acknowledged, begun = _new_name(), set[int](), asyncio.Event()
        await ensure_indexes(await open_database(uri, name, timeout_s=10))
        writing = asyncio.ensure_future(_write_until_it_is_gone(uri, name, acknowledged, begun))
        await asyncio.wait_for(begun.wait(), 60)
        _kill(pid_file)
        await writing
        back.append(await _start_again(uri, again))
        counted += await _still_there(uri, name, acknowledged)
    return f"{counted} acknowledged inserts; answers again after {max(back):.1f} s"


def _kill(pid_file: Path) -> None:
    os.kill(int(pid_file.read_text()), signal.SIGKILL)


async def _start_again(uri: str, again: str) -> float:
    begun = time.perf_counter()
    done = await asyncio.create_subprocess_shell(again, stdout=asyncio.subprocess.DEVNULL)
    await done.wait()
    db = await open_database(uri, "admin", timeout_s=1)
    while time.perf_counter() - begun < 60:
        with suppress(StoreUnavailable):
            await db.ping()
            break
    await close_database()
    return time.perf_counter() - begun


async def _still_there(uri: str, name: str, acknowledged: set[int]) -> int:
    db = await open_database(uri, name, timeout_s=10)
    rows = db.collection("tokens")
    stored = {row["n"] for row in await rows.find({}, limit=1_000_000, projection=["n"])}
    expect(acknowledged <= stored, f"{len(acknowledged - stored)} of {len(acknowledged)} acknowledged inserts are gone")
    with suppress(AlreadyThere):
        await rows.insert_one({"token": str(min(acknowledged))})
        expect(False, "the unique index is gone")
    await db.drop()
    await close_database()
    return len(acknowledged)


# --- how long it takes


def _promise(number: int) -> Document:
    # a third is due, ten belong to each person; the order in time is not the order of insertion
    return {
        "bot_id": 1, "user_id": number // 10, "chat_id": number // 10, "message_ids": [number], "post_code": "c",
        "notice_message_id": None, "sent_at": NOW, "attempts": 0, "not_before": None, "last_error": None,
        "delete_at": NOW + timedelta(seconds=(number * 7919) % 3000 - 1000), "claimed_by": None, "claimed_until": None,
        "claim": None,
    }  # fmt: skip


async def _grow(size: int, has: int) -> float:
    rows, begun = current_database().collection("pending_deletions"), time.perf_counter()
    for first in range(has, size, 1000):
        await rows.insert_many([{"_id": n, **_promise(n)} for n in range(first, min(first + 1000, size))])
    return (size - has) / (time.perf_counter() - begun)


async def _median_ms(call: Callable[[int], Awaitable[object]], times: int, size: int) -> float:
    took = []
    for number in range(times):
        begun = time.perf_counter()
        await call(number * 7919 % size)
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


async def _measure(size: int) -> dict[str, float]:
    rows = current_database().collection("pending_deletions")
    far = NOW - timedelta(seconds=990)
    return {
        "find one by _id": await _median_ms(lambda n: rows.find_one({"_id": n}), 200, size),
        "open_deliveries of a person": await _median_ms(lambda n: deletion_ops.open_deliveries(n // 10, 20), 200, size),
        "conditional update by _id": await _median_ms(
            lambda n: rows.update_one({"_id": n, "claimed_by": None}, {"$inc": {"attempts": 1}}), 200, size
        ),
        "next_due": await _median_ms(lambda n: deletion_ops.next_due(), 50, size),
        "claim_due of 100": await _median_ms(lambda n: deletion_ops.claim_due(NOW, f"o{n}", HOLD, 100), 10, size),
        "claim_due, nothing due": await _median_ms(
            lambda n: deletion_ops.claim_due(far - HOLD, "o", HOLD, 100), 20, size
        ),
        "count_overdue": await _median_ms(lambda n: deletion_ops.count_overdue(far), 20, size),
    }


async def _plan(uri: str, name: str, find: Document) -> str:
    client: AsyncMongoClient[Document] = AsyncMongoClient(uri)
    try:
        answer = await client[name].command(
            "explain", {"find": "pending_deletions", **find}, verbosity="executionStats"
        )
    finally:
        await client.close()
    text = json.dumps(answer.get("queryPlanner", {}).get("winningPlan", {}), default=str)
    stages = [stage for stage in ("COLLSCAN", "IXSCAN", "IDHACK", "SORT") if f'"{stage}"' in text]
    examined = answer.get("executionStats", {}).get("totalDocsExamined", "?")
    return f"{'+'.join(stages) or 'no plan named'}, {examined} examined"


async def measure_speed(uri: str, size: int) -> list[Finding]:
    """The operations at 1/100 of `size` and at `size`: what an index carries does not grow with the collection."""
    db = await open_database(uri, _new_name(), timeout_s=10)
    try:
        await ensure_indexes(db)
        await _grow(size // 100, 0)
        small = await _measure(size // 100)
        rate = await _grow(size, size // 100)
        large = await _measure(size)
        plans = [
            await attempt("explain", what, lambda find=find: _plan(uri, db.name, find))  # type: ignore[misc]
            for what, find in (
                ("a person's promises", {"filter": {"user_id": 77}, "sort": {"delete_at": 1}, "limit": 20}),
                (
                    "due promises in order",
                    {"filter": {"delete_at": {"$lte": NOW}}, "sort": {"delete_at": 1}, "limit": 100},
                ),
            )
        ]
    finally:
        await db.drop()
        await close_database()
    lines = [Finding("speed", f"insert_many, {size} in all", True, f"{rate:.0f} documents/s")]
    for name, late in large.items():
        grew = late > 5 * small[name] and late > 20
        lines.append(
            Finding("speed", name, not grew, f"{small[name]:.1f} ms at {size // 100}, {late:.1f} ms at {size}")
        )
    return lines + plans


# --- the table


def _new_name() -> str:
    return f"tollgate_probe_{secrets.token_hex(4)}"


async def _check_shapes(uri: str) -> list[Finding]:
    db = await open_database(uri, _new_name(), timeout_s=10)
    try:
        return [await attempt("shapes", check.__name__.replace("_", " "), check) for check in SHAPES]
    finally:
        await db.drop()
        await close_database()


async def _check_races(uri: str) -> list[Finding]:
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


async def probe(uri: str, size: int, pid_file: Path | None, again: str) -> list[Finding]:
    """Every check, in order; the server must answer."""
    lines = await _check_shapes(uri)
    lines += await _check_races(uri)
    if pid_file is not None:
        lines.append(
            await attempt("kill -9", "what was acknowledged is there", lambda: survives_kill(uri, pid_file, again))
        )
    if size:
        lines += await measure_speed(uri, size)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.operations.probe", description=__doc__)
    parser.add_argument("uri")
    parser.add_argument("--documents", type=int, default=200_000, help="0 leaves the figures out")
    parser.add_argument("--pid-file", type=Path, help="holds the server's pid: allows kill -9")
    parser.add_argument("--again", default="", help="shell command that starts the killed server on the same data")
    given = parser.parse_args()
    lines = asyncio.run(probe(given.uri, given.documents, given.pid_file, given.again))
    for line in lines:
        print(f"{'ok   ' if line.is_held else 'WRONG'} {line.group:14} {line.name:42} {line.note}")
    wrong = sum(not line.is_held for line in lines)
    print(f"{len(lines) - wrong} held, {wrong} did not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
