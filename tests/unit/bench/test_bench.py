"""The arithmetic and the tables of `make bench`; nothing here is timed and no other process is started."""

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

from bench import counts, memory, profile, taking_back, throughput
from bench.__main__ import FIGURES, TOOLS
from bench.commands import CountCommands
from bench.keyed import Keys, looked_up_by_key
from bench.numbers import grown, median, percentile, ratio
from bench.plan import FULL, ITEMS, QUICK, Plan
from bench.report import Figure, Goal, shown, table
from bench.stores import IN_MEMORY, Store
from bench.subject import Usage
from bench.telegram import BARE, MEASURED, OWNER, PRODUCT, Telegram, telegram
from bench.usage import StoreTime, live_bytes, rss_bytes, usage
from sandbox.chats.posting import post
from sandbox.state.world import Content

USED = Usage(cpu_s=1.0, store_s=0.5, rss_bytes=1, commands={}, counted_by="Database.calls")
SERVER = Store("server", "mongodb://127.0.0.1:9/")


@pytest.mark.parametrize(("percent", "value"), [(1, 1), (25, 1), (26, 2), (50, 2), (75, 3), (76, 4), (99, 4), (100, 4)])
def test_percentile_is_the_nearest_rank(percent: float, value: float) -> None:
    assert percentile([4, 1, 3, 2], percent) == value


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.1, 100))
def test_percentile_is_one_of_the_values_and_enough_are_not_above_it(values: list[float], percent: float) -> None:
    found = percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values) - 1e-9


@pytest.mark.parametrize("percent", [0, -1, 100.1])
def test_percentile_outside_its_range_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile([1.0], percent)


def test_nothing_measured_is_not_a_number() -> None:
    assert all(math.isnan(value) for value in (percentile([], 50), median([]), ratio(1, 0)))
    assert shown(math.nan, 2, " MB") == "-"


def test_grown_counts_only_what_grew() -> None:
    assert grown({"a": 1, "b": 2}, {"b": 2, "c": 4, "a": 3}) == {"a": 2, "c": 4}


def test_table_aligns_names_left_and_numbers_right() -> None:
    assert table(("what", "n"), [("a", "10"), ("bcdef", "7")]) == [
        "  what    n",
        "  -----  --",
        "  a      10",
        "  bcdef   7",
    ]


@pytest.mark.parametrize(("is_met", "word"), [(True, "met"), (False, "MISSED"), (None, "not judged")])
def test_goal_says_what_came_out(is_met: bool | None, word: str) -> None:
    assert Goal("at most 2", "3", is_met).line().endswith(f"got 3: {word}")


def test_every_situation_counts_at_least_the_fewest_deliveries() -> None:
    plan = Plan(fewest=20, rounds=2)
    assert [plan.measured_with(users) for users in (1, 10, 11)] == [20, 20, 22]


def test_the_quick_plan_is_smaller_in_everything() -> None:
    assert QUICK.people < FULL.people and QUICK.promises < FULL.promises
    assert QUICK.gated < FULL.gated and QUICK.page_s < FULL.page_s and QUICK.redeems < FULL.redeems
    assert max(QUICK.users) < max(FULL.users) and QUICK.repeats < FULL.repeats
    assert set(FIGURES).isdisjoint(TOOLS)


@asynccontextmanager
async def stub_bot(world: Telegram, bot_id: int, items: int) -> AsyncIterator[None]:
    """Answers every message with `items` messages and a last one, inside the sandbox."""
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


async def test_a_closed_loop_counts_what_follows_the_warm_up_and_forgets_its_people() -> None:
    async with telegram() as world, stub_bot(world, PRODUCT, 2):
        load = await world.closed_loop(PRODUCT, ["a", "b"], 2, users=3, warm_up=4, counted=6)
        assert (load.done, len(load.waits)) == (10, 6)
        assert load.seconds > 0 and load.per_second > 0 and min(load.waits) > 0
        assert {user for _, user in world.world.dialogs} == {OWNER} == set(world.world.users)


async def test_one_post_reaches_everybody_once() -> None:
    async with telegram() as world, stub_bot(world, BARE, 1):
        people = [world.new_person() for _ in range(5)]
        await world.deliver_to_all(BARE, people, "code", 1, 2)
        chats = [world.world.dialog(world.bot(BARE), user) for user in people]
        assert [len(chat.messages) for chat in chats] == [3] * 5
        assert world.count_content(BARE, people) == 0


async def test_the_storage_channel_is_known_to_every_bot_and_nobody_has_updates() -> None:
    async with telegram() as world:
        ids = world.store(ITEMS)
        assert len(ids) == ITEMS and ids == sorted(set(ids))
        assert [len(world.bot(bot).queue) for bot in MEASURED] == [ITEMS] * len(MEASURED)
        assert world.calls_of(PRODUCT) == {}


def _side(rate: float, cpu_s: float, store_s: float) -> throughput.Side:
    rates, waits = [rate, rate * 3, rate * 2], [0.01, 0.03, 0.02]
    return throughput.Side(rates, waits, [cpu_s], [store_s], [cpu_s - store_s], [0.001])


def _throughput(*sides: tuple[str, throughput.Side]) -> Figure:
    situation = throughput.Situation(50, 0)
    subject: Any = None
    bots = [
        throughput.Contestant(throughput.Entry(name, number, "product"), subject, {situation: side})
        for number, (name, side) in enumerate(sides)
    ]
    return throughput._figure(QUICK, [situation], bots)


@pytest.mark.parametrize(("rate", "is_met"), [(70.0, True), (69.9, False)])
def test_throughput_is_judged_by_the_ratio_of_medians(rate: float, is_met: bool) -> None:
    figure = _throughput(
        (throughput.PRODUCT_NAME, _side(rate, 0.004, 0.002)), (throughput.BARE_NAME, _side(100.0, 0.001, 0.0))
    )
    assert [goal.is_met for goal in figure.goals] == [is_met]
    cells = dict(zip(figure.columns, figure.rows[0], strict=True))
    assert (cells["CPU ms"], cells["store CPU ms"], cells["CPU of bare"]) == ("4.00", "2.00", "2.00")
    assert (cells["p50 ms"], cells["p99 ms"]) == ("20.0", "30.0")


def test_throughput_on_a_server_is_judged_beside_that_in_memory() -> None:
    figure = _throughput(
        (throughput.PRODUCT_NAME, _side(80.0, 0.004, 0.002)),
        (throughput.SERVED_NAME, _side(20.0, 0.004, math.nan)),
        (throughput.BARE_NAME, _side(100.0, 0.001, 0.0)),
    )
    assert [(goal.got, goal.is_met) for goal in figure.goals] == [("80%", True), ("20%", False)]
    assert [row[1] for row in figure.rows] == ["in memory", "server", "bare aiogram"]
    assert figure.rows[1][7] == "-" and "MONGO_URI" in figure.notes[-1]
    assert json.dumps(figure.as_json(), allow_nan=False)


def test_counts_of_two_stores_stand_side_by_side_and_the_shared_reads_are_not_judged() -> None:
    calls = {"copyMessages": 20, "sendMessage": 20}
    commands = {
        "find admin_config": 1,
        "find channels": 1,
        "insert pending_deletions": 20,
        "update pending_deletions": 100,
    }
    figure = counts._figure(
        [
            counts.Counted(IN_MEMORY, 20, calls, commands, "Database.calls"),
            counts.Counted(SERVER, 20, calls, {**commands, "getMore users": 20}, "a listener"),
        ]
    )
    assert [goal.is_met for goal in figure.goals] == [True, True, True, False]
    numbers = [figure.numbers[name] for name in ("in memory", "server")]
    assert [(one["commands_per_delivery"], one["shared_reads"]) for one in numbers] == [(6, 2), (7, 2)]
    assert ("MongoDB: getMore users", "0", "0.000", "20", "1.000") in figure.rows
    assert len(set(figure.columns)) == len(figure.columns) == 5


@pytest.mark.parametrize(("deleted", "calls", "met"), [(100, 210, [True, True]), (99, 211, [False, False])])
def test_taking_back_is_judged_by_calls_and_by_what_is_left(deleted: int, calls: int, met: list[bool]) -> None:
    report = {"seconds": 1.0, "outcome": "succeeded", "counts": {"deleted": deleted}, "error": None}
    found = [
        taking_back.Taken(store, report, {"deleteMessages": calls}, USED, USED, 0, math.nan)
        for store in (IN_MEMORY, SERVER)
    ]
    figure = taking_back._figure(QUICK, found)
    assert [goal.is_met for goal in figure.goals] == met * 2
    assert ("CPU of the store", "0.0 s", "0.00 ms", "-", "-") in figure.rows
    assert json.dumps(figure.as_json(), allow_nan=False)


def test_memory_tells_what_was_reached_and_whose_it_is() -> None:
    live = memory.Live(5_000_000, 9_000_000, 6_000_000)
    points = {0: 100_000_000, 100: 101_000_000, 200: 101_500_000}
    whole = memory.Growth(SERVER, {**points, 400: 102_500_000}, live)
    figure = memory._figure(Plan(people=400), [memory.Growth(IN_MEMORY, points, live), whole], 90_000_000)
    assert figure.numbers["in memory"]["bytes_per_person"] == figure.numbers["server"]["bytes_per_person"] == 5000
    assert "200 of 400 people" in figure.notes[0] and "102 MB" in figure.notes[0] and "3.0 MB went" in figure.notes[0]
    assert "all 400 people" in figure.notes[1] and "of its own" in figure.notes[1]
    assert figure.rows[-2] == ("400", "-", "-", "102.5", "2.5")
    assert json.loads(json.dumps(figure.as_json()))["numbers"]["in memory"]["people"] == 200


def test_a_figure_is_printed_with_goals_and_wrapped_notes() -> None:
    figure = Figure("Title", ("a",), [("x",)], [Goal("1", "2", False)], ["word " * 60])
    lines = figure.text().splitlines()
    assert lines[:2] == ["Title", "====="] and "MISSED" in lines[5]
    assert max(map(len, lines)) <= 110


def test_usage_counts_operations_of_the_open_store_alone() -> None:
    found = Usage(**usage(None, CountCommands(), StoreTime()))
    assert found.commands == {} and found.counted_by == "no database"
    assert found.rss_bytes == pytest.approx(rss_bytes(), rel=0.5) and live_bytes() > 1_000_000


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("~", "built-in"),
        ("<frozen abc>", "built-in"),
        ("/x/.venv/lib/python3.11/site-packages/mongomock/store.py", "mongomock"),
        (profile.__file__, "ours: bench"),
        (json.__file__, "python: json"),
    ],
)
def test_a_profile_names_the_package(file: str, package: str) -> None:
    assert profile.package_of(file) == package


def _play(store: Any) -> list[Any]:
    """What a person's coming, a double and a taking back answer."""
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


def test_looking_up_by_key_changes_no_answer() -> None:
    plain = _play(mongomock.MongoClient().db.people)
    with looked_up_by_key():
        assert _play(mongomock.MongoClient().db.people) == plain


def test_only_conditions_on_a_key_are_looked_up() -> None:
    people: Any = mongomock.MongoClient().db.people
    people.create_index([("user_id", 1)], unique=True)
    people.insert_many([{"_id": number, "user_id": number} for number in range(5)])
    keys, store = Keys(), people._store
    assert keys.candidates(store, {"_id": 3, "user_id": 4}) == [{"_id": 3, "user_id": 3}]
    assert keys.candidates(store, {"user_id": 4}) == [{"_id": 4, "user_id": 4}]
    assert keys.candidates(store, {"_id": {"$gt": 3}}) is None
    assert keys.candidates(store, {"user_id": {"$gt": 3}}) is None
