"""What the figures of `make bench` share; no other process is started and nothing is timed."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import mongomock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import __main__ as bench
from bench.harness.call_times import CallTimes
from bench.harness.keyed import Keys, looked_up_by_key
from bench.harness.numbers import median, percentile, ratio
from bench.harness.report import Figure
from bench.harness.stores import IN_MEMORY, database_of, find_server, stores
from bench.harness.telegram import BARE, OWNER, PRODUCT, Telegram, telegram
from bench.plan import QUICK, Plan
from bench.recovery import recovery
from sandbox.chats.posting import post
from sandbox.errors import NOT_MODIFIED
from sandbox.state.records import Content


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.1, 100))
def test_percentile_is_the_smallest_value_that_enough_do_not_exceed(values: list[float], percent: float) -> None:
    found = percentile(values, percent)
    enough = percent / 100 * len(values) - 1e-9
    assert found in values
    assert sum(value <= found for value in values) >= enough
    assert sum(value < found for value in values) < enough + 1e-6


def test_nothing_measured_is_not_a_number() -> None:
    assert all(math.isnan(value) for value in (percentile([], 50), median([]), ratio(1, 0)))


def test_figure_is_printed_rounded_and_written_to_json_unrounded() -> None:
    figure = Figure("Title", {"what": 0, "ms": 1}, [("short", 1234.56), ("longer", math.nan)], ["word " * 60])
    title, underline, *lines = figure.text().splitlines()
    assert (title, underline) == ("Title", "=====")
    assert lines[:4] == [
        "  what         ms",
        "  ------  -------",
        "  short   1,234.6",
        "  longer        -",
    ]
    assert max(map(len, lines)) <= 110
    assert json.loads(json.dumps(figure.as_json(), allow_nan=False))["rows"] == [
        {"what": "short", "ms": 1234.56},
        {"what": "longer", "ms": None},
    ]


def test_help_names_the_figures_and_an_unknown_one_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, status in ((["--help"], 0), (["nonsense"], 2)):
        monkeypatch.setattr("sys.argv", ["bench", *arguments])
        with pytest.raises(SystemExit) as end:
            bench.main()
        assert end.value.code == status
        shown = capsys.readouterr()
        assert all(name in shown.out + shown.err for name in bench.FIGURES)


def test_every_situation_counts_at_least_the_fewest_deliveries() -> None:
    plan = Plan(fewest=20, rounds=2)
    assert [plan.counted(users) for users in (1, 10, 11)] == [20, 20, 22]


async def test_memory_is_the_only_store_without_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for uri in ("", "memory://"):
        monkeypatch.setenv("MONGO_URI", uri)
        assert find_server() is None
        assert stores() == (IN_MEMORY,)
    async with telegram() as world:
        (figure,) = await recovery.measure(world, QUICK)
    assert "needs a server" in figure.text()
    monkeypatch.setenv("MONGO_URI", "mongodb://127.0.0.1:9/")
    assert [store.name for store in stores()] == ["in memory", "server"]


async def test_databases_have_names_of_their_own() -> None:
    async with database_of(IN_MEMORY) as one, database_of(IN_MEMORY) as other:
        assert one != other
        assert {one[:15], other[:15]} == {"tollgate_bench_"}


@asynccontextmanager
async def stub_bot(world: Telegram, bot_id: int, items: int) -> AsyncIterator[None]:
    """Answers every message with `items` messages and a notice, inside the sandbox."""
    bot = world.bot(bot_id)

    async def work() -> None:
        while True:
            if not bot.queue.has_unseen:
                await bot.queue.wait(30)
            updates = bot.queue.take(100, world.world.clock.now())
            for update in updates:
                user = world.world.users[update["message"]["from"]["id"]]
                for _ in range(items + 1):
                    post(world.world, world.world.dialog(bot, user), Content("text", "x"), bot)
            if updates:
                bot.queue.confirm(updates[-1]["update_id"] + 1)

    working = asyncio.ensure_future(work())
    try:
        yield
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def test_closed_loop_counts_after_the_warm_up_and_forgets_its_subscribers() -> None:
    async with telegram() as world, stub_bot(world, PRODUCT, 2):
        load = await world.closed_loop(PRODUCT, ["a", "b"], 2, users=3, warm_up=4, counted=7)
        assert (load.done, len(load.waits_s)) == (11, 7)
        assert load.per_second > 0 < min(load.waits_s)
        assert {user for _, user in world.world.dialogs} == {OWNER} == set(world.world.users)


async def test_delivery_that_was_put_there_is_seen_until_its_subscriber_is_forgotten() -> None:
    async with telegram() as world:
        delivery = world.put_delivery(PRODUCT, 2)
        assert len({*delivery.message_ids, delivery.notice_id}) == 3
        assert world.sees_content(PRODUCT, delivery.user)
        assert not world.sees_content(BARE, delivery.user)
        world.forget([delivery.user])
        assert delivery.user.id not in world.world.users


def test_only_calls_that_took_effect_have_a_moment_and_repeating_one_is_counted() -> None:
    calls, key = CallTimes(), (PRODUCT, "editMessageText")
    for error in ("the connection was cut", None, f"Bad Request: {NOT_MODIFIED}"):
        calls.start(*key, "7", 0.0)
        calls.finish(*key, "7", error, None, 1)
    calls.finish(*key, "8", "Too Many Requests: retry after 1", (0.0, 1.0), 1)
    assert (len(calls.moments[key]), calls.by_chat[key], calls.refused[key]) == (1, {"7": 2}, 1)
    assert calls.repeated(key) == 1
    assert set(calls.first_started) == {key}


def _play(store: Any) -> list[Any]:
    """What a collection answers to visits, a double key, deletions and claims."""
    store.create_index([("user_id", 1)], unique=True)
    seen: list[Any] = []
    for number in (1, 2, 1, 3):
        found = store.find_one_and_update({"user_id": number}, {"$inc": {"n": 1}, "$set": {"at": number}}, upsert=True)
        seen.append(found and found["n"])
    try:
        store.insert_one({"_id": "x", "user_id": 2})
    except mongomock.DuplicateKeyError:
        seen.append("taken")
    seen.append(store.delete_many({"user_id": 2}).deleted_count)
    store.insert_one({"_id": "y", "user_id": 2})
    seen.append(store.update_many({"_id": {"$in": ["y", "none"]}}, {"$set": {"n": 7}}).matched_count)
    seen += [store.find_one({"_id": "y", "n": {"$lt": 7}}), store.find_one({"user_id": 2})["n"]]
    seen.append([document["user_id"] for document in store.find({"at": {"$gte": 1}}).sort("user_id", 1)])
    store.drop()
    return [*seen, store.find_one({"user_id": 1}), store.count_documents({})]


def test_finding_by_key_changes_no_answer() -> None:
    plain = _play(mongomock.MongoClient().db.users)
    with looked_up_by_key():
        assert _play(mongomock.MongoClient().db.users) == plain


def test_only_conditions_with_all_fields_of_a_key_are_found_by_it() -> None:
    rows: Any = mongomock.MongoClient().db.rows
    rows.create_index([("broadcast", 1), ("user", 1)], unique=True)
    rows.insert_many([{"_id": 10 * b + u, "broadcast": b, "user": u} for b in (1, 2) for u in range(5)])
    keys, store = Keys(), rows._store

    def found(condition: dict[str, Any]) -> list[int] | None:
        documents = keys.candidates(store, condition)
        return None if documents is None else [document["_id"] for document in documents]

    assert found({"_id": 13, "user": 4}) == [13]
    assert found({"broadcast": 1, "user": {"$in": [1, 2, 2, 9]}, "state": "pending"}) == [11, 12]
    assert found({"_id": {"$gt": 13}}) is found({"broadcast": 1, "user": {"$gt": 2}}) is found({"user": 3}) is None
    rows.delete_one({"_id": 11})
    assert found({"broadcast": 1, "user": 1}) == []
