"""The sixth migration: openings are counted anew, and posts say since when."""

from database.connection import Database
from database.migrations.m0006_openings import MIGRATION
from database.migrations.runner import migrate
from database.operations.posts import post_ops
from tests.operations.conftest import StepIn
from tests.operations.posts.making import found, make


async def older(db: Database, views: object) -> str:
    """A post as the previous version wrote it."""
    post = await make()
    update = {"$set": {"views": views}, "$unset": {"opened": ""}}
    await db.collection("posts").update_one({"code": post.code}, update)
    return post.code


async def test_an_opened_post_begins_anew_and_an_unopened_one_never_lost_a_count(bare_db: Database) -> None:
    codes = [await older(bare_db, views) for views in (12, 0, "many")]
    for _ in range(2):
        await migrate(bare_db)
    posts = [await post_ops.find(code) for code in codes]
    assert [(post.opened, post.opened_since is not None) for post in posts if post] == [
        (0, True),
        (0, False),
        (0, True),
    ]
    assert await bare_db.collection("posts").count({"views": {"$exists": True}}) == 0


async def test_a_post_of_this_version_is_left_alone(bare_db: Database) -> None:
    post = await make()
    await post_ops.open_post(post.code, opening=1)
    (step,) = MIGRATION.steps
    page = await bare_db.bulk("posts").find({}, limit=10, projection=step.fields)
    bare_db.calls.clear()
    await step.apply(bare_db, page)
    assert bare_db.calls.total() == 0
    assert ((await found(post)).opened, (await found(post)).opened_since) == (1, None)


async def test_an_opening_meanwhile_is_kept(bare_db: Database, step_in: StepIn) -> None:
    code = await older(bare_db, 5)
    step_in("posts", "find_one_and_update", lambda: post_ops.open_post(code, opening=1))
    await migrate(bare_db)
    post = await post_ops.find(code)
    assert post is not None and post.opened == 1
