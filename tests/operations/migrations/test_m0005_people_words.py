"""The fifth migration: every subscriber of an older version is found by name and username."""

import pytest

from core.users import Visitor
from database.connection import Database
from database.migrations.m0005_people_words import MIGRATION
from database.migrations.runner import migrate
from database.operations import user_ops
from database.operations.people import people_lists
from database.values import Document
from tests.operations.conftest import NOW, StepIn


def old_user(user_id: int, **known: object) -> Document:
    """A subscriber as the previous version wrote it."""
    return {"user_id": user_id, "joined_at": NOW, "last_seen_at": NOW, **known}


async def found(text: str) -> list[int]:
    users, _ = await people_lists.search(text, skip=0, limit=100)
    return sorted(user.user_id for user in users)


async def test_old_subscribers_are_found_and_keep_what_they_had(bare_db: Database) -> None:
    old = [old_user(1, first_name="José", username="Pepe", credits=4), old_user(2, first_name="Ann", username=None)]
    await bare_db.collection("users").insert_many([*old, old_user(3)])
    await migrate(bare_db)
    assert (await found("jos"), await found("@pepe"), await found("ann")) == ([1], [1], [2])
    user = await user_ops.find(1)
    assert user is not None and (user.credits, user.username) == (4, "Pepe")


async def test_a_subscriber_of_this_version_is_left_alone(bare_db: Database) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=1, first_name="Ann"), NOW)
    (step,) = MIGRATION.steps
    page = await bare_db.bulk("users").find({}, limit=10, projection=step.fields)
    bare_db.calls.clear()
    await step.apply(bare_db, page)
    assert bare_db.calls.total() == 0


async def test_a_visit_meanwhile_has_the_newer_name(bare_db: Database, step_in: StepIn) -> None:
    await bare_db.collection("users").insert_one(old_user(1, first_name="Old"))
    visit = Visitor(user_id=1, first_name="Newer")
    step_in("users", "find_one_and_update", lambda: user_ops.upsert_visitor(visit, NOW))
    await migrate(bare_db)
    assert (await found("old"), await found("newer")) == ([], [1])


@pytest.mark.parametrize("edited", [{"first_name": 7}, {"first_name": None}, {"username": ["x"]}])
async def test_a_subscriber_edited_by_hand_stops_no_other(bare_db: Database, edited: Document) -> None:
    await bare_db.collection("users").insert_many([old_user(1, **edited), old_user(2, first_name="Ann")])
    await migrate(bare_db)
    assert await found("ann") == [2]
