"""Pages of an export."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from core.exchange.exports import Exported
from core.users import Visitor
from database.connection import Database, current_database
from database.operations import audit_ops, statistics_ops, user_ops
from database.operations.exchange import export_ops
from tests.operations.posts.making import make

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def fill(what: Exported) -> Sequence[object]:
    """Make five of each; returns what the export shall have, in order."""
    match what:
        case Exported.POSTS:
            return [(await make(f"Post {number}")).number for number in range(5)]
        case Exported.SUBSCRIBERS:
            for number in (5, 3, 9, 1, 7):
                await user_ops.upsert_visitor(Visitor(user_id=number, first_name="A"), NOW)
            return [1, 3, 5, 7, 9]
        case Exported.DAYS:
            days = [NOW + timedelta(days=number) for number in (3, 1, 2, 5, 4)]
            for day in days:
                await statistics_ops.add_once(day, "x", {"tries": 1})
            return sorted(days)
        case Exported.ACTIVITY:
            # three of one instant, across a page
            for number, minutes in enumerate((0, 1, 1, 1, 2)):
                await audit_ops.record(NOW + timedelta(minutes=minutes), number, "post.made")
            return [0, 1, 2, 3, 4]


def key_of(record: object) -> object:
    return next(getattr(record, name) for name in ("number", "user_id", "date", "admin_id") if hasattr(record, name))


@pytest.mark.parametrize("size", [1, 2, 5, 6])
@pytest.mark.parametrize("what", Exported)
async def test_every_record_is_read_once_in_order_whatever_the_page(db: Database, what: Exported, size: int) -> None:
    wanted, after = await fill(what), None
    found: list[object] = []
    for _ in range(9):
        page = await export_ops.page(what, after, size)
        found += [key_of(record) for record in page.records]
        after = page.after
        if after is None:
            break
    assert after is None
    assert found == wanted


async def test_one_that_cannot_be_read_ends_no_export(db: Database) -> None:
    await fill(Exported.SUBSCRIBERS)
    await current_database().collection("users").update_one({"user_id": 3}, {"$set": {"credits": "many"}})
    first = await export_ops.page(Exported.SUBSCRIBERS, None, 2)
    rest = await export_ops.page(Exported.SUBSCRIBERS, first.after, 3)
    assert [key_of(one) for one in (*first.records, *rest.records)] == [1, 5, 7, 9]
