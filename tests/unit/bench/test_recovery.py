"""What `make bench` sees of a recovery and of a server; nothing here is timed and no other process is started."""

import inspect
import json
import math
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench import backlog, recovered
from bench.__main__ import _show
from bench.commands import COMMANDS, DUE, TimeCommands, as_commands
from bench.ledger import DELETED, TOLD, Ledger
from bench.numbers import with_ticks
from bench.plan import FULL, QUICK
from bench.recovered import Recovered, Run, figure
from bench.stores import IN_MEMORY, Store, database_of, find_server, stores
from bench.telegram import BARE, PRODUCT, telegram
from database.collection import Collection
from database.connection import Database, close_database, open_database
from database.operations import deletion_ops
from sandbox.errors import NOT_MODIFIED
from schedulers.jobs import message_deleter

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    yield await open_database("memory://", "tollgate_bench_test")
    await close_database()


def _done(ledger: Ledger, method: str, chat: str, error: str | None = None, bot: int = PRODUCT) -> None:
    ledger.start(bot, method, chat, 0.0)
    ledger.finish(bot, method, chat, error, None, 1)


def test_a_second_deletion_of_a_chat_is_a_repetition_also_in_the_next_process() -> None:
    ledger = Ledger(PRODUCT)
    _done(ledger, DELETED, "1")
    first_at = ledger.first_kept_at
    ledger.begin()
    _done(ledger, DELETED, "1")
    assert (ledger.kept, ledger.repeated(DELETED), ledger.repeated(TOLD)) == (1, 1, 0)
    assert first_at is not None and ledger.first_kept_at is ledger.last_kept_at is None
    _done(ledger, DELETED, "2")
    assert (ledger.kept, ledger.repeated(DELETED)) == (2, 1)
    assert ledger.first_kept_at == ledger.last_kept_at is not None


def test_what_had_no_effect_is_no_repetition_and_the_same_text_again_is_one() -> None:
    ledger = Ledger(PRODUCT)
    for error in ("the connection was cut", None, f"Bad Request: {NOT_MODIFIED}", "Too Many Requests"):
        _done(ledger, TOLD, "1", error)
        _done(ledger, DELETED, "1", "the connection was cut")
    assert (ledger.kept, ledger.repeated(DELETED), ledger.repeated(TOLD)) == (0, 0, 1)


def test_calls_and_polling_are_those_of_the_bot_alone() -> None:
    ledger = Ledger(PRODUCT)
    _done(ledger, "getUpdates", "", bot=BARE)
    _done(ledger, "sendMessage", "1", bot=BARE)
    assert not ledger.polling.is_set() and not ledger.calls
    _done(ledger, "getUpdates", "")
    polling_at = ledger.polling_at
    _done(ledger, "getUpdates", "")
    assert ledger.polling.is_set() and ledger.polling_at == polling_at is not None and not ledger.calls


async def test_rows_of_the_backlog_are_those_the_product_writes_and_due_in_order(database: Database) -> None:
    async with telegram() as world:
        deliveries = [world.put_delivery(PRODUCT, 2) for _ in range(3)]
        assert world.count_content(PRODUCT, [one.user for one in deliveries]) == 6
    await backlog.write(database, deliveries, NOW)
    claimed = await deletion_ops.claim_due(NOW, "me", MINUTE, 100, bot_id=PRODUCT)
    assert [(one.chat_id, one.message_ids, one.notice_message_id) for one in claimed] == [
        (one.user.id, one.message_ids, one.notice_id) for one in deliveries
    ]
    assert await deletion_ops.find_interrupted(PRODUCT, NOW, NOW - timedelta(days=1), 100) == []
    await deletion_ops.promise(PRODUCT, 1, 1, "code", NOW, NOW)
    rows = await database.collection(backlog.ROWS).find({}, limit=10)
    assert len(rows) == 4 and len({frozenset(row) for row in rows}) == 1


async def test_a_backlog_larger_than_one_insert_is_written_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "BATCH", 2)
    async with telegram() as world:
        deliveries = [world.put_delivery(PRODUCT, 1) for _ in range(5)]
    await backlog.write(database, deliveries, NOW)
    assert [one.chat_id for one in await deletion_ops.claim_due(NOW, "me", MINUTE, 100)] == [
        one.user.id for one in deliveries
    ]


@pytest.mark.parametrize(
    ("runs_s", "seconds"),
    [([], 0), ([10], 10), ([10, 10], 70), ([60, 10], 70), ([61, 10], 71), ([59, 59, 1], 121), ([207, 207, 69], 483)],
)
def test_a_run_begins_at_the_next_tick_or_right_after_the_one_that_was_longer(
    runs_s: list[float], seconds: float
) -> None:
    assert with_ticks(runs_s) == seconds


SEEN = Recovered(
    name="product",
    due=500,
    held=100,
    polling_s=4.0,
    first_s=5.0,
    last_s=9.0,
    runs=[Run(3.0, 4.5, 400, "succeeded", None), Run(1.0, 64.0, 100, "succeeded", None)],
    calls={DELETED: 500, TOLD: 500},
    commands={
        f"find pending_deletions{DUE}": {"count": 6, "seconds": 1.5, "longest_s": 0.5},
        "find pending_deletions": {"count": 6, "seconds": 0.25, "longest_s": 0.1},
    },
    cpu_s=2.0,
    server_s=math.nan,
    deleted_again=50,
    told_again=40,
    lost=0,
    left=0,
)


def test_a_recovery_is_shown_with_its_three_clocks_and_without_the_looks() -> None:
    made = figure(QUICK, SEEN, replace(SEEN, name="naive script", polling_s=math.nan))
    rows = {name.strip(): cells for name, *cells in made.rows}
    assert rows["start to polling"] == ["4.0 s", "-"]
    assert rows["last promise kept with a tick a minute (computed)"] == ["65.5 s"] * 2
    # 400 promises of two calls each at 29 a second take 27.6 s, 100 take 6.9 s
    assert rows["and 29 calls a second (computed)"] == ["71.4 s"] * 2
    assert rows["of it claiming (all of claim_due)"] == ["1.8 s"] * 2
    assert rows["messages in them"] == [str(50 * QUICK.promise_items)] * 2
    assert any("after 7.5 s" in note for note in made.notes)
    assert [goal.is_met for goal in made.goals] == [True]
    assert json.dumps(made.as_json(), allow_nan=False)


@pytest.mark.parametrize(
    "worse",
    [{"lost": 1}, {"left": 1}, {"runs": [Run(3.0, 4.5, 500, "failed", "StoreUnavailable: find")]}],
)
def test_a_lost_promise_an_open_one_and_a_failed_run_miss_the_goal(worse: dict[str, Any]) -> None:
    assert [goal.is_met for goal in figure(QUICK, replace(SEEN, **worse)).goals] == [False]


def test_what_the_recovery_knows_of_the_deleter_is_true() -> None:
    assert message_deleter.MessageDeleter.name == recovered.JOB
    assert (message_deleter.BATCH, message_deleter.AT_ONCE) == (recovered.BATCH, recovered.AT_ONCE)
    assert message_deleter.RUN_MAX == recovered.RUN_MAX
    assert timedelta(minutes=recovered.CLAIM_MINUTES) == message_deleter.CLAIM_FOR
    assert FULL.due > message_deleter.RUN_MAX and QUICK.due > message_deleter.BATCH


class Event:
    """A command as pymongo's listeners see it."""

    def __init__(self, number: int, name: str, command: dict[str, Any], micros: int = 0) -> None:
        self.request_id = number
        self.command_name = name
        self.command = {name: command.pop("to"), **command}
        self.duration_micros = micros


def test_commands_are_named_by_collection_and_the_look_for_what_is_due_apart() -> None:
    listener = TimeCommands()
    due, later = {"delete_at": {"$lte": NOW}}, {"delete_at": {"$gt": NOW}}
    sent: list[tuple[str, dict[str, Any]]] = [
        ("find", {"to": "pending_deletions", "filter": due}),
        ("find", {"to": "pending_deletions", "filter": {"_id": {"$in": []}, **due}}),
        ("find", {"to": "pending_deletions", "filter": later}),
        ("getMore", {"to": 123456, "collection": "pending_deletions"}),
        ("update", {"to": "pending_deletions"}),
        ("endSessions", {"to": []}),
    ]
    for number, (name, command) in enumerate(sent):
        event: Any = Event(number, name, command, (number + 1) * 1000)
        listener.started(event)
        (listener.failed if name == "update" else listener.succeeded)(event)
    found = {name: (waited.count, round(waited.seconds, 6)) for name, waited in listener.waited.items()}
    assert found == {
        f"find pending_deletions{DUE}": (1, 0.001),
        "find pending_deletions": (2, 0.005),
        "getMore pending_deletions": (1, 0.004),
        "update pending_deletions": (1, 0.005),
        "endSessions": (1, 0.006),
    }
    assert listener.counts["find pending_deletions"] == 3


def test_every_call_of_a_collection_has_its_name_on_the_wire() -> None:
    methods = {name for name, _ in inspect.getmembers(Collection, inspect.iscoroutinefunction) if name[0] != "_"}
    assert methods == set(COMMANDS)
    calls = {"find_one users": 1, "find users": 2, "count users": 4, "ping": 1}
    assert as_commands(calls) == {"find users": 3, "aggregate users": 4, "ping": 1}


@pytest.mark.parametrize("uri", ["", "memory://"])
def test_without_a_server_there_is_one_column_and_no_recovery(
    uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONGO_URI", uri)
    assert find_server() is None and stores() == (IN_MEMORY,)
    assert _show("recovery", QUICK) is None
    assert "needs a server" in capsys.readouterr().out


def test_a_server_is_the_second_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URI", "mongodb://127.0.0.1:9/")
    assert [store.name for store in stores()] == ["in memory", "server"]


def test_the_servers_cpu_is_that_of_its_pid_file_or_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = Store("server", "mongodb://127.0.0.1:9/")
    monkeypatch.delenv("MONGO_DIR", raising=False)
    assert math.isnan(server.cpu_s()) and math.isnan(IN_MEMORY.cpu_s())
    monkeypatch.setenv("MONGO_DIR", str(tmp_path))
    (tmp_path / "pid").write_text(str(os.getpid()), encoding="ascii")
    assert server.cpu_s() > 0
    (tmp_path / "pid").write_text("nobody", encoding="ascii")
    assert math.isnan(server.cpu_s())


async def test_databases_have_names_of_their_own() -> None:
    async with database_of(IN_MEMORY) as one, database_of(IN_MEMORY) as other:
        assert one != other and {one[:15], other[:15]} == {"tollgate_bench_"}
