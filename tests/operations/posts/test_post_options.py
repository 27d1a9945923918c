"""A post's own options: changed only from the value that was shown, and said who changed them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from core.posts import SOURCES_MAX, UNDO_FOR, Cover, CoverKind, FieldChange, Post, PostAccess, PostField
from database.connection import Database
from database.operations.posts import post_ops
from database.operations.posts.post_ops import OPENINGS_KEPT, OptionChanged, OptionDiffers
from tests.operations.conftest import StepIn
from tests.operations.posts.making import BOB, MADE_AT, OLIVE, STORAGE, found, make
from tests.posts import set_field

OWN = Cover(kind=CoverKind.OWN, chat_id=STORAGE, message_id=9)
NO_COVER = Cover(kind=CoverKind.NONE)
LATER = MADE_AT + timedelta(minutes=1)
MS = timedelta(milliseconds=1)
CHANGES: list[tuple[PostField, Any, Any]] = [
    (PostField.TITLE, "Holiday", "Summer"),
    (PostField.DESCRIPTION, "", "By the sea"),
    (PostField.PROTECT, None, True),
    (PostField.DELETE_AFTER, None, 60),
    (PostField.ACCESS, PostAccess.SETTINGS, PostAccess.FREE),
    (PostField.LABEL, None, "Open"),
    (PostField.COVER, None, OWN),
    (PostField.PASSWORD, None, "secret"),
]


async def change(post: Post, field: PostField, value: Any, expected: Any, by: int = OLIVE) -> object:
    return await post_ops.set_option(post.code, field, value, expected=expected, by=by, at=LATER)


@pytest.mark.parametrize(("field", "before", "after"), CHANGES)
async def test_an_option_changes_from_the_value_that_was_shown(
    db: Database, field: PostField, before: Any, after: Any
) -> None:
    post = await make()
    changed = await change(post, field, after, before)
    assert isinstance(changed, OptionChanged) and changed.before == before
    stored = await found(post)
    assert getattr(stored, field) == after
    assert stored == changed.post
    assert stored.changes == {field.value: FieldChange(by=OLIVE, at=LATER)}


@pytest.mark.parametrize(("field", "before", "after"), CHANGES)
async def test_an_option_somebody_else_changed_stays_and_says_who(
    db: Database, field: PostField, before: Any, after: Any
) -> None:
    post = await make()
    await change(post, field, after, before, BOB)
    third = {PostField.COVER: NO_COVER, PostField.ACCESS: PostAccess.FREE_WITHOUT_CHANNELS}.get(field, 7)
    differs = await change(post, field, third, before)
    assert isinstance(differs, OptionDiffers)
    assert differs.change == FieldChange(by=BOB, at=LATER)
    assert getattr(await found(post), field) == after


async def test_pressed_twice_is_once_and_keeps_who_was_first(db: Database) -> None:
    post = await make()
    await change(post, PostField.LABEL, "Open", None, BOB)
    again = await change(post, PostField.LABEL, "Open", None)
    assert isinstance(again, OptionChanged)
    assert (await found(post)).changes["label"].by == BOB


async def test_a_change_between_the_read_and_the_write_is_seen(db: Database, step_in: StepIn) -> None:
    post = await make()
    step_in("posts", "find_one_and_update", lambda: change(post, PostField.LABEL, "Bob's", None, BOB))
    differs = await change(post, PostField.LABEL, "Olive's", None)
    assert isinstance(differs, OptionDiffers) and differs.post.label == "Bob's"


async def test_title_and_text_changed_at_once_are_both_searched(db: Database, step_in: StepIn) -> None:
    post = await make()
    step_in("posts", "find_one_and_update", lambda: set_field(post.code, PostField.DESCRIPTION, "by the sea"))
    await set_field(post.code, PostField.TITLE, "Summer")
    document = await db.collection("posts").find_one({"code": post.code})
    assert document is not None
    assert document["words"] == ["1", "summer", "by", "the", "sea"]


async def test_an_option_of_a_post_of_an_older_version_changes_from_its_default(db: Database) -> None:
    post = await make()
    await db.collection("posts").update_one(
        {"code": post.code}, {"$unset": dict.fromkeys(("access", "label", "cover", "changes", "sources"), "")}
    )
    for field, before, after in CHANGES:
        assert isinstance(await change(post, field, after, before), OptionChanged), field
    assert await post_ops.add_source(post.code, "insta") is not None


async def test_changing_an_option_costs_two_commands(db: Database) -> None:
    post = await make()
    for field, before, after in CHANGES:
        db.calls.clear()
        await change(post, field, after, before)
        assert db.calls == {"find_one posts": 1, "find_one_and_update posts": 1}


async def test_an_option_of_no_post_is_none(db: Database) -> None:
    assert await post_ops.set_option("nope", PostField.LABEL, "x", expected=None, by=1, at=LATER) is None
    assert await post_ops.add_source("nope", "insta") is None
    assert not await post_ops.note_announcements("nope", planned=1, published=1)
    assert await post_ops.discard("nope", LATER) is None
    assert await db.collection("posts").count({}) == 0


# links for places


async def opened(post: Post) -> dict[str, int]:
    return {source.name: source.opened for source in (await found(post)).sources}


async def test_an_opening_of_a_known_source_is_counted_in_the_same_command(db: Database) -> None:
    post = await make()
    await post_ops.add_source(post.code, "insta")
    await post_ops.add_source(post.code, "ch1")
    await post_ops.add_source(post.code, "insta")
    db.calls.clear()
    await post_ops.open_post(post.code, "ch1", opening=1)
    await post_ops.open_post(post.code, opening=2)
    assert db.calls == {"find_one_and_update posts": 2}
    assert await opened(post) == {"insta": 0, "ch1": 1}
    assert (await found(post)).opened == 2


@pytest.mark.parametrize("source", ["insta", "made0up", None])
async def test_an_update_that_comes_again_opens_once(db: Database, source: str | None) -> None:
    post = await make()
    await post_ops.add_source(post.code, "insta")
    for opening in (7, 8, 7, 8, 7):
        assert await post_ops.open_post(post.code, source, opening=opening) is not None
    assert (await found(post)).opened == 2
    assert (await opened(post))["insta"] == (2 if source == "insta" else 0)


async def test_only_the_last_openings_are_remembered(db: Database) -> None:
    post = await make()
    for opening in range(OPENINGS_KEPT + 5):
        await post_ops.open_post(post.code, opening=opening)
    document = await db.collection("posts").find_one({"code": post.code})
    assert document is not None and document["openings"] == list(range(5, OPENINGS_KEPT + 5))


async def test_a_made_up_source_is_opened_but_not_stored(db: Database) -> None:
    post = await make()
    for number in range(20):
        assert await post_ops.open_post(post.code, f"x{number}", opening=number) is not None
    assert await opened(post) == {}
    assert (await found(post)).opened == 20
    assert await post_ops.open_post("nope", "x", opening=1) is None


async def test_a_post_has_a_bounded_number_of_sources(db: Database) -> None:
    post = await make()
    for number in range(SOURCES_MAX):
        await post_ops.add_source(post.code, f"x{number}")
    full = await post_ops.add_source(post.code, "more")
    assert full is not None and len(full.sources) == SOURCES_MAX
    assert "more" not in await opened(post)


@pytest.mark.parametrize("name", ["", "a b", "a.b", "$x", "x" * 25, "ä"])
async def test_what_no_link_can_name_is_no_source(db: Database, name: str) -> None:
    post = await make()
    with pytest.raises(ValueError, match="source"):
        await post_ops.add_source(post.code, name)
    with pytest.raises(ValueError, match="source"):
        await post_ops.open_post(post.code, name, opening=1)


# a stray "thanks!"


async def test_a_post_made_by_accident_is_discarded_for_good(db: Database) -> None:
    post = await make()
    assert await post_ops.discard(post.code, MADE_AT + UNDO_FOR - MS) == post
    assert await post_ops.find(post.code) is None
    assert await post_ops.discard(post.code, MADE_AT) is None


async def _open(post: Post) -> None:
    await post_ops.open_post(post.code, opening=1)


async def _plan(post: Post) -> None:
    await post_ops.note_announcements(post.code, planned=1, published=0)


async def _publish(post: Post) -> None:
    await post_ops.note_announcements(post.code, planned=0, published=1)


@pytest.mark.parametrize("happens", [_open, _plan, _publish])
async def test_a_post_somebody_may_have_seen_is_not_discarded(
    db: Database, happens: Callable[[Post], Awaitable[None]]
) -> None:
    post = await make()
    await happens(post)
    assert await post_ops.discard(post.code, MADE_AT) is None
    assert await post_ops.find(post.code) is not None


async def test_a_post_is_not_discarded_after_ten_minutes(db: Database) -> None:
    post = await make()
    assert await post_ops.discard(post.code, MADE_AT + UNDO_FOR) is None
    assert await post_ops.find(post.code) is not None
