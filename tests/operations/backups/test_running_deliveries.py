"""A backup taken while deliveries run misses no promise made before it came to them, and returns no credit twice."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.delivery_states import LEASE_FOR
from core.users import Visitor
from database.backups.manifest import in_order
from database.collection import Collection
from database.connection import Database
from database.operations import deletion_ops, delivery_ops, user_credits, user_ops
from database.values import Document
from tests.operations.backups.backing_up import backed_up, restore
from tests.operations.conftest import NOW
from tests.operations.deliveries.delivering import BOT, ID, LIFE, READER, A, B, new, sent, standing, started

CODE = "A" * 16
Meanwhile = Callable[[], Awaitable[object]]


@pytest.fixture
def before_reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Meanwhile], None]:
    """`before_reading(collection, action)`: run `action` right before a backup reads the collection."""

    def arrange(collection: str, action: Meanwhile) -> None:
        original = Collection.pages

        async def pages(self: Collection, at_most: Callable[[], int]) -> AsyncGenerator[list[Document], None]:
            if self.name == collection:
                await action()
            async for page in original(self, at_most):
                yield page

        monkeypatch.setattr(Collection, "pages", pages)

    return arrange


async def restored(db: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the database by a backup of it."""
    backup = (await backed_up(folder)).path
    monkeypatch.undo()
    await db.drop()
    await restore(backup)


async def promised_ids() -> list[tuple[int, ...]]:
    return [promise.message_ids for promise in await deletion_ops.open_deliveries(READER, 10)]


async def open_again() -> None:
    row = await standing()
    await delivery_ops.put_aside(row)
    claim = await delivery_ops.restart(row, new(NOW, owner=B, update_key="message 2"))
    assert claim is not None
    assert await delivery_ops.record_sent(claim, [21, 22], 23, sent_at=NOW, delete_at=NOW + LIFE, paid_until=None)


#: collections that stand in the database before anything is read
FILLED = ("admin_config", "posts", "users", "pending_deletions", "deliveries")


@pytest.fixture
async def filled(db: Database) -> None:
    for name in FILLED:
        await db.collection(name).insert_one({"_id": "something"})


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("reading", [name for name in in_order(FILLED) if name != "pending_deletions"])
async def test_a_delivery_sent_while_other_collections_are_read_is_promised_in_the_backup(
    db: Database,
    tmp_path: Path,
    before_reading: Callable[[str, Meanwhile], None],
    monkeypatch: pytest.MonkeyPatch,
    reading: str,
) -> None:
    async def deliver() -> None:
        assert await sent(await started(NOW), NOW)

    before_reading(reading, deliver)
    await restored(db, tmp_path, monkeypatch)
    assert await promised_ids() == [(11, 12)]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("reading", in_order(FILLED))
async def test_copies_of_a_post_opened_again_while_the_backup_runs_are_promised_in_it(
    db: Database,
    tmp_path: Path,
    before_reading: Callable[[str, Meanwhile], None],
    monkeypatch: pytest.MonkeyPatch,
    reading: str,
) -> None:
    assert await sent(await started(NOW - timedelta(minutes=1)), NOW)
    before_reading(reading, open_again)
    await restored(db, tmp_path, monkeypatch)
    ids = await promised_ids()
    assert (11, 12) in ids
    # the later copies are missing only when the deliveries had been read before they were sent
    assert ((21, 22) in ids) is (reading != "pending_deletions")


@pytest.mark.parametrize("reading", ["users", "deliveries"])
async def test_a_delivery_that_is_being_sent_gives_its_credit_back_once_after_the_restore(
    db: Database,
    tmp_path: Path,
    before_reading: Callable[[str, Meanwhile], None],
    monkeypatch: pytest.MonkeyPatch,
    reading: str,
) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=READER), NOW)
    await user_credits.grant(READER, "k", NOW, credits=5)
    await db.collection("deliveries").insert_one({"_id": "something"})

    async def start() -> None:
        assert await delivery_ops.start(new(NOW, post_code=CODE, owner=A))
        assert await user_credits.spend_credit(READER, CODE, "message 1", NOW) is not None

    before_reading(reading, start)
    await restored(db, tmp_path, monkeypatch)
    (lapsed,) = await delivery_ops.find_lapsed(BOT, NOW + 2 * LEASE_FOR, 10)
    assert lapsed.update_key == "message 1"
    # spent after the users were read, it is not spent in the backup
    was_spent = reading == "users"
    assert await user_credits.give_back_credit(READER, CODE, lapsed.update_key) is was_spent
    assert not await user_credits.give_back_credit(READER, CODE, lapsed.update_key)
    user = await user_ops.find(READER)
    assert user is not None and user.credits == 5


async def test_a_promise_that_ended_as_impossible_while_the_backup_ran_does_not_return(
    db: Database, tmp_path: Path, before_reading: Callable[[str, Meanwhile], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.collection("pending_deletions").insert_one({"_id": "something"})
    assert await sent(await started(NOW - LIFE), NOW - LIFE)
    await deletion_ops.claim_due(NOW, "deleter", LIFE, 10)

    async def end() -> None:
        assert await deletion_ops.finish([ID], "deleter") == 1

    before_reading("deliveries", end)
    await restored(db, tmp_path, monkeypatch)
    assert await promised_ids() == []
