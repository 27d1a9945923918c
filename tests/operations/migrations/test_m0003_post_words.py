"""The third migration: every post of an older version is found by its words, and stands in the lists it belongs to."""

import pytest

from core.errors import StoreUnavailable
from core.posts import PostFilter
from database.connection import Database
from database.migrations import runner
from database.migrations.m0003_post_words import MIGRATION
from database.migrations.runner import migrate
from database.operations.posts import post_ops, post_search
from database.values import Document
from tests.operations.conftest import NOW, StepIn, away_after


def old_post(number: int, title: str = "Spring album", **more: object) -> Document:
    """A post as the previous version wrote it."""
    return {
        "code": f"{number:016}",
        "number": number,
        "title": title,
        "title_key": title.casefold(),
        "description": "From Rome",
        "storage_chat_id": -100,
        "message_ids": [4, 5],
        "item_count": 2,
        "protect": None,
        "delete_after_minutes": None,
        "password": None,
        "status": "live",
        "views": 7,
        "created_by": 1,
        "created_at": NOW,
        "published": [],
        **more,
    }


async def found(text: str | None, show: PostFilter = PostFilter.LIVE) -> list[int]:
    posts, _ = await post_search.search(text, skip=0, limit=100, show=show)
    return [post.number for post in posts]


async def test_old_posts_are_found_and_keep_what_they_had(bare_db: Database) -> None:
    await bare_db.collection("posts").insert_many([old_post(1), old_post(2, "Café"), old_post(3, status="removed")])
    await migrate(bare_db)
    assert (await found("alb rom"), await found("cafe"), await found("rome")) == ([1], [2], [2, 1])
    assert (await found(None, PostFilter.NOT_ANNOUNCED), await found("spring", PostFilter.REMOVED)) == ([2, 1], [3])
    post = await post_ops.find(f"{1:016}")
    assert post is not None and (post.opened, post.delivered, post.known_items[0].kind) == (0, 0, "")
    document = await bare_db.collection("posts").find_one({"number": 1})
    assert document is not None and not document.keys() & {"title_key", "published"}


async def test_a_post_of_this_version_is_left_alone(bare_db: Database) -> None:
    await post_ops.create(title="New", storage_chat_id=-1, message_ids=[1], created_by=1, created_at=NOW)
    (step,) = MIGRATION.steps
    page = await bare_db.bulk("posts").find({}, limit=10, projection=step.fields)
    bare_db.calls.clear()
    await step.apply(bare_db, page)
    assert bare_db.calls.total() == 0


async def test_a_title_changed_meanwhile_is_the_one_that_is_searched(bare_db: Database, step_in: StepIn) -> None:
    await bare_db.collection("posts").insert_one(old_post(1, "Old"))
    renamed = {"$set": {"title": "Newer", "title_key": "newer"}}
    step_in("posts", "find_one_and_update", lambda: bare_db.collection("posts").update_one({}, renamed))
    await migrate(bare_db)
    assert (await found("old"), await found("newer")) == ([], [1])


async def test_an_announcement_counted_meanwhile_is_kept(bare_db: Database, step_in: StepIn) -> None:
    await bare_db.collection("posts").insert_one(old_post(1))
    step_in("posts", "find_one_and_update", lambda: post_ops.note_announcements(f"{1:016}", planned=1, published=0))
    await migrate(bare_db)
    assert await found(None, PostFilter.SCHEDULED) == [1]


@pytest.mark.parametrize("edited", [{"title": None}, {"title": 7}, {"description": ["x"]}, {"number": "12"}])
async def test_a_post_edited_by_hand_stops_no_other(bare_db: Database, edited: Document) -> None:
    await bare_db.collection("posts").insert_many([old_post(1) | edited, old_post(2)])
    await migrate(bare_db)
    documents = await bare_db.collection("posts").find({"words": "rome"}, limit=10)
    assert len(documents) == 2 - ("description" in edited)


async def test_pages_killed_at_every_command_are_done_in_the_end(
    bare_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PAGE", 3)
    await bare_db.collection("posts").insert_many([old_post(number) for number in range(1, 8)])
    for commands in range(1, 40):
        bare_db.before_call = away_after(commands)
        try:
            await migrate(bare_db)
            break
        except StoreUnavailable:
            # another process takes over when the lease of this one has run out
            bare_db.before_call = None
            await bare_db.collection("migrations").update_one({}, {"$set": {"until": NOW}})
    bare_db.before_call = None
    assert await found("spring") == list(range(7, 0, -1))
