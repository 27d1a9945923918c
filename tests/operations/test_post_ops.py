"""Posts: unique numbers, counted views, and a search in which no text is a pattern."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import AlreadyThere
from core.ids import is_code
from core.posts import Post, PostField, PostFilter, PostStatus
from database.connection import Database
from database.operations.posts import post_ops, post_search
from tests.posts import set_field

MADE_AT = datetime(2026, 3, 1, tzinfo=UTC)


async def count_live(db: Database) -> int:
    return await db.collection("posts").count({"status": "live"})


async def make(title: str = "Holiday", status: PostStatus = PostStatus.LIVE) -> Post:
    return await post_ops.create(
        title=title, storage_chat_id=-100, message_ids=[4, 5, 6], created_by=1, created_at=MADE_AT, status=status
    )


def numbers(page: tuple[list[Post], bool]) -> list[int]:
    return [post.number for post in page[0]]


async def test_a_new_post_is_stored_as_it_is_returned(db: Database) -> None:
    post = await make()

    assert await post_ops.find(post.code) == post
    assert is_code(post.code)
    assert (post.number, post.message_ids, post.item_count, post.opened) == (1, (4, 5, 6), 3, 0)
    assert (post.status, post.created_at) == (PostStatus.LIVE, MADE_AT)


async def test_the_next_number_follows_the_highest_even_of_a_removed_post(db: Database) -> None:
    await make()
    second = await make()
    await post_ops.remove(second.code)

    assert (await make()).number == 3


async def test_fifty_concurrent_posts_have_fifty_numbers_and_codes(db: Database) -> None:
    posts = await asyncio.gather(*(make(f"post {number}") for number in range(50)))

    assert sorted(post.number for post in posts) == list(range(1, 51))
    assert len({post.code for post in posts}) == 50
    assert await count_live(db) == 50


async def test_a_number_taken_by_another_process_is_skipped(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await make()
    fresh = post_ops._next_number
    stale = iter([1, 1])

    async def another_was_first() -> int:
        return next(stale, None) or await fresh()

    monkeypatch.setattr(post_ops, "_next_number", another_was_first)
    assert (await make()).number == 2
    assert await db.collection("posts").count({}) == 2


async def test_a_code_that_exists_is_generated_again(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await make()
    codes = iter([first.code, "0123456789abcdef"])
    monkeypatch.setattr(post_ops, "new_code", lambda: next(codes))

    second = await make("Other")
    assert (second.code, second.number) == ("0123456789abcdef", 2)
    assert await post_ops.find(first.code) == first


async def test_a_number_that_is_never_free_is_an_error_after_twenty_tries(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make()

    async def stuck() -> int:
        return 1

    monkeypatch.setattr(post_ops, "_next_number", stuck)
    db.calls.clear()
    with pytest.raises(AlreadyThere):
        await make()
    assert db.calls["insert_one posts"] == 20


async def test_opening_a_live_post_counts_a_view_in_one_command(db: Database) -> None:
    post = await make()
    db.calls.clear()

    opened = await post_ops.open_post(post.code, opening=1)
    assert opened is not None
    assert opened.opened == 1
    assert dict(db.calls) == {"find_one_and_update posts": 1}


async def test_fifty_concurrent_openings_are_all_counted(db: Database) -> None:
    post = await make()
    await asyncio.gather(*(post_ops.open_post(post.code, opening=number) for number in range(50)))

    stored = await post_ops.find(post.code)
    assert stored is not None
    assert stored.opened == 50


@pytest.mark.parametrize("status", [PostStatus.REMOVED, PostStatus.DRAFT])
async def test_a_post_that_is_not_live_is_not_opened_or_counted(db: Database, status: PostStatus) -> None:
    post = await make(status=status)

    assert await post_ops.open_post(post.code, opening=1) is None
    assert await post_ops.find(post.code) == post


async def test_a_removed_post_comes_back_with_its_link(db: Database) -> None:
    post = await make()
    removed = await post_ops.remove(post.code)
    assert removed is not None
    assert removed.status is PostStatus.REMOVED
    assert await count_live(db) == 0

    assert await post_ops.restore(post.code) == post
    assert await post_ops.restore(post.code) == post
    assert await post_ops.open_post(post.code) is not None


async def test_a_draft_does_not_go_live_by_restoring_it(db: Database) -> None:
    draft = await make(status=PostStatus.DRAFT)

    assert await post_ops.restore(draft.code) is None
    assert await post_ops.find(draft.code) == draft


async def test_each_change_is_stored_and_returned(db: Database) -> None:
    code = (await make()).code
    await post_ops.open_post(code, opening=1)

    await set_field(code, PostField.TITLE, "Summer")
    await set_field(code, PostField.DESCRIPTION, "By the sea")
    await set_field(code, PostField.PROTECT, True)
    await set_field(code, PostField.DELETE_AFTER, 0)
    post = await post_ops.find(code)

    assert post is not None
    assert post == await post_ops.find(code)
    assert (post.title, post.description, post.protect, post.delete_after_minutes) == ("Summer", "By the sea", True, 0)
    assert (post.number, post.opened) == (1, 1)

    unset = await set_field(code, PostField.PROTECT, None)
    assert unset.protect is None


UNKNOWN: list[Callable[[], Awaitable[Post | None]]] = [
    lambda: post_ops.find("nope"),
    lambda: post_ops.open_post("nope"),
    lambda: post_ops.open_post("nope", opening=1),
    lambda: post_ops.remove("nope"),
    lambda: post_ops.restore("nope"),
]


@pytest.mark.parametrize("operation", UNKNOWN)
async def test_an_unknown_post_is_none_and_is_not_created(
    db: Database, operation: Callable[[], Awaitable[Post | None]]
) -> None:
    assert await operation() is None
    assert await db.collection("posts").count({}) == 0


async def test_pages_are_newest_first_and_say_whether_more_follow(db: Database) -> None:
    for _ in range(5):
        await make()

    assert numbers(await post_search.search(None, skip=0, limit=2)) == [5, 4]
    assert (await post_search.search(None, skip=2, limit=2))[1]
    last, more = await post_search.search("  ", skip=4, limit=2)
    assert ([post.number for post in last], more) == ([1], False)
    assert await post_search.search(None, skip=9, limit=2) == ([], False)
    exactly, more = await post_search.search(None, skip=3, limit=2)
    assert (len(exactly), more) == (2, False)


async def test_removed_posts_show_only_when_asked_for(db: Database) -> None:
    gone = await make()
    await make()
    await post_ops.remove(gone.code)

    assert numbers(await post_search.search(None, skip=0, limit=9)) == [2]
    assert numbers(await post_search.search(None, skip=0, limit=9, show=PostFilter.ALL)) == [2, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("summer", [1]),
        ("  SUMMER   of ", [1]),
        ("of 69", [1]),
        ("69 sum", [1]),
        ("69 sun", []),
        ("ummer", []),
        ("straße", [2]),
        ("STRASSE", [2]),
        (".*", []),
        (".", []),
        ("A-Z", [3]),
        ("(", []),
        ("\\", []),
        ("%%%", []),
        ("2", [2, 4]),
        ("#2", [2]),
        ("#99", []),
        ("9" * 30, []),
        ("²", [4, 2]),
        ("x" * 5000, []),
        ("👩‍👩‍👧", []),
        ("👩‍👩‍👧 fam", [5]),
    ],
)
async def test_a_search_finds_by_number_or_beginning_whatever_is_typed(
    db: Database, text: str, expected: list[int]
) -> None:
    for title in ("Summer  of 69", "Straße", ".*[a-z]", "2 good 2 be true", "👩‍👩‍👧 family"):
        await make(title)

    assert numbers(await post_search.search(text, skip=0, limit=9)) == expected


async def test_a_search_finds_the_new_title_and_not_the_old_one(db: Database) -> None:
    post = await make("Old")
    await set_field(post.code, PostField.TITLE, "New")

    assert numbers(await post_search.search("new", skip=0, limit=9)) == [1]
    assert numbers(await post_search.search("old", skip=0, limit=9)) == []


async def test_times_keep_their_milliseconds(db: Database) -> None:
    post = await post_ops.create(
        title="x", storage_chat_id=-1, message_ids=[1], created_by=1, created_at=MADE_AT + timedelta(microseconds=1999)
    )
    assert post.created_at == MADE_AT + timedelta(milliseconds=1)
    assert post == await post_ops.find(post.code)


async def test_titles_by_code_in_one_read_whatever_the_status(db: Database) -> None:
    first, second, removed = await make("Rome"), await make("Paris"), await make("Oslo")
    await post_ops.remove(removed.code)
    before = db.calls["find posts"]

    found = await post_ops.titles([first.code, removed.code, first.code, "x" * 16])
    assert found == {first.code: "Rome", removed.code: "Oslo"}
    assert second.code not in found
    assert db.calls["find posts"] == before + 1
    assert (await post_ops.find(first.code)) == first


async def test_no_codes_have_no_titles_and_cost_no_read(db: Database) -> None:
    before = db.calls["find posts"]
    assert await post_ops.titles([]) == {}
    assert db.calls["find posts"] == before


async def make_chosen(title: str) -> Post:
    return await post_ops.create(
        title=title,
        storage_chat_id=-100,
        message_ids=[4],
        created_by=1,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        code="A" * 16,
    )


async def test_a_code_that_is_chosen_before_makes_one_post_however_often(db: Database) -> None:
    first = await make_chosen("Once")
    again = await make_chosen("Once more")
    assert again == first and (first.code, first.number) == ("A" * 16, 1)
    assert await count_live(db) == 1


async def test_of_two_calls_with_one_code_at_once_both_have_the_same_post(db: Database) -> None:
    one, other = await asyncio.gather(make_chosen("Once"), make_chosen("Once"))
    assert one == other and await count_live(db) == 1
