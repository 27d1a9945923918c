"""The figures of `make bench`, as far as they run in this process, at tiny sizes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from aiogram.types import Update

from bench import cleanup, user_bot, waiting
from bench.broadcasts import speed
from bench.broadcasts.speed import Sent
from bench.harness.report import Figure
from bench.harness.stores import IN_MEMORY
from bench.harness.telegram import PRODUCT, telegram
from bench.plan import FULL, QUICK
from bench.publishing import channels
from bench.recovery import backlog, recovery, takeover
from bench.throughput import COLUMNS, Side, _cells
from bench.web import app, visitors
from core.clock import SystemClock
from core.users import User
from core.verification import TokenStatus
from database.connection import Database, close_database, open_database
from database.operations import deletion_ops, delivery_ops, token_ops
from schedulers import registry
from schedulers.jobs import message_deleter
from web_app.app import build_app

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
async def database(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setenv("MONGO_URI", "memory://")
    monkeypatch.setenv("MONGO_DB", "tollgate_bench_test")
    yield await open_database("memory://", "tollgate_bench_test")
    await close_database()


def test_throughput_is_shown_beside_the_bare_bot() -> None:
    product = Side([70.0, 210.0, 140.0], [0.01, 0.03, 0.02], [0.004])
    row = ("50 at 0 ms", "in memory", *_cells(product, Side([200.0], [0.01], [0.001])))
    figure = Figure("", COLUMNS, [row])
    assert figure.text().splitlines()[-1].split()[-6:] == ["140.0", "0.70", "20.0", "30.0", "4.00", "4.00"]


def test_a_takeover_is_the_longest_pause_whose_end_is_behind_the_event() -> None:
    assert takeover._longest_pause([1.0, 5.0, 6.0, 8.5, 9.0], happened_at=5.5) == 2.5
    assert takeover._longest_pause([1.0, 5.0], happened_at=2.0) == 4.0


def test_broadcast_is_shown_by_its_rate_between_the_copies_and_from_its_start() -> None:
    product = [Sent(recipients=4, copies=4, first_s=1.0, spread_s=1.5, refused=0)]
    naive = [Sent(recipients=4, copies=3, first_s=0.0, spread_s=0.5, refused=2)]
    first = next(iter(speed.LIMITED.naive))
    figure = speed._figure(QUICK, speed.LIMITED, 4, {"product": product, first: naive})
    assert figure.rows == [("product", 2.0, 0.5, 1.6, 0, 4, 4), (first, 4.0, 1.0, 6.0, 2, 3, 4)]


def test_subscribers_of_a_broadcast_are_as_the_product_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_bot, "BATCH", 2)
    batches = [[User.model_validate(one).user_id for one in batch] for batch in user_bot._subscribers(100, 3, NOW)]
    assert batches == [[100, 101], [102]]


async def test_people_who_wait_are_queued_at_telegram_and_the_first_can_be_answered() -> None:
    async with telegram() as world:
        users = waiting._queue(world, 100, "post0123456789ab", served=10)
        queue = world.bot(PRODUCT).queue
        texts = [Update.model_validate(raw).message for raw in queue.take(100, 0.0)]
        assert [message.chat.id for message in texts if message] == list(range(users[0].id, users[0].id + 100))
        assert len(users) == 20
        assert len(queue) == 100


def test_memory_is_shown_beside_that_with_the_fewest_people_waiting() -> None:
    few, many = ({"start_bytes": 1, "peak_bytes": peak, "left": 7} for peak in (2_000_000, 3_000_000))
    assert waiting._row(1000, many, few) == ("1,000", "7", 0.000001, 3.0, 1.5)


@pytest.mark.parametrize("how", cleanup.WAYS)
async def test_each_way_of_the_cleanup_delete_all_that_is_expired(how: str) -> None:
    found = await cleanup.deletion(IN_MEMORY, 50, cleanup.WAYS[how])
    assert (found.deleted, found.error) == (50, "")
    assert found.waits_s


async def test_rows_of_the_backlog_are_as_the_product_writes_them_and_due_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "BATCH", 2)
    async with telegram() as world:
        deliveries = [world.put_delivery(PRODUCT, 2) for _ in range(3)]
    await backlog.write(database, deliveries, NOW)
    claimed = await deletion_ops.claim_due(NOW, "me", timedelta(minutes=1), 100, bot_id=PRODUCT)
    assert [(one.chat_id, one.message_ids, one.notice_message_id) for one in claimed] == [
        (one.user.id, one.message_ids, one.notice_id) for one in deliveries
    ]
    claim = await delivery_ops.start(delivery_ops.NewDelivery(PRODUCT, 1, "code", "m", "a process", NOW, NOW))
    assert claim is not None
    await delivery_ops.record_sent(claim, [1], 2, sent_at=NOW, delete_at=NOW, paid_until=None)
    rows = await database.collection(backlog.ROWS).find(backlog.STANDING, limit=10)
    assert len(rows) == 4
    assert len({frozenset(row) for row in rows}) == 1
    await deletion_ops.finish([one.id for one in claimed], "me")
    assert await database.collection(backlog.ROWS).count(backlog.STANDING) == 1


def test_what_the_recovery_knows_of_the_deleter_is_true() -> None:
    assert registry.MESSAGE_DELETER.name == recovery.JOB
    assert (message_deleter.BATCH, message_deleter.AT_ONCE) == (recovery.BATCH, recovery.AT_ONCE)
    assert message_deleter.RUN_MAX == recovery.RUN_MAX
    assert FULL.due > message_deleter.RUN_MAX
    assert QUICK.due > message_deleter.BATCH


async def test_requests_that_are_measured_are_answered(database: Database) -> None:
    made = await app.Actions(database, "http://bench.example").fresh(tokens=2)
    transport = httpx.ASGITransport(build_app(app.services(SystemClock())))
    async with httpx.AsyncClient(transport=transport, headers=made["headers"]) as client:
        assert (await client.get(made["status"])).status_code == 200
        page, other = made["pages"]
        token = page.rpartition("/")[2]
        for method, status in (("GET", TokenStatus.UNUSED), ("POST", TokenStatus.VERIFIED)):
            data = visitors.FORM if method == "POST" else None
            assert (await client.request(method, page, data=data)).status_code == 200
            found = await token_ops.find(token)
            assert found is not None
            assert (found.status, found.shortener) == (status, "bench")
        assert page != other


def test_publishing_is_shown_with_its_refusals_and_what_came_twice() -> None:
    once = channels.Published(wanted=40, messages=40, twice=0, calls=40, refused=0, seconds=1.5)
    naive = channels.Published(wanted=40, messages=41, twice=1, calls=55, refused=14, seconds=2.0)
    figure = channels.figure(QUICK, {"product": [once], "naive": [naive, naive]})
    assert figure.rows == [("product", 1.5, 40, 0, 40, 0, 40), ("naive", 2.0, 110, 28, 82, 2, 80)]


async def test_the_channels_of_a_figure_can_be_published_in_and_are_removed() -> None:
    async with telegram() as sandbox:
        chats = sandbox.new_channels(3)
        assert (len(set(chats)), sandbox.messages_in(chats)) == (3, [0, 0, 0])
        sandbox.forget_chats(chats)
        assert not set(chats) & sandbox.world.chats.keys()
