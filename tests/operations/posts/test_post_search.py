"""The lists of posts and the search: what they show, in which order, and how little they read."""

import pytest

from core.posts import Post, PostField, PostFilter, PostStatus
from database.connection import Database, current_database
from database.operations.posts import post_ops, post_search
from database.operations.searching.word_search import FEW, rarest_first
from tests.operations.posts.making import MADE_AT, OLIVE, make
from tests.posts import set_field

SHOP = "https://t.me/shop_bot?start=p_"


async def numbers(text: str | None = None, show: PostFilter = PostFilter.LIVE, *, skip: int = 0) -> list[int]:
    found, _ = await post_search.search(text, skip=skip, limit=6, show=show)
    return [post.number for post in found]


async def gallery() -> list[Post]:
    """One post for each list, and one for none."""
    fresh, planned, published, both = [await make(f"Post {name}") for name in ("one", "two", "three", "four")]
    removed, draft = await make("Post five"), await make("Post six", status=PostStatus.DRAFT)
    imported = await make("Post seven", is_imported=True)
    await post_ops.note_announcements(planned.code, planned=1, published=0)
    await post_ops.note_announcements(published.code, planned=0, published=2)
    await post_ops.note_announcements(both.code, planned=1, published=1)
    await post_ops.note_announcements(imported.code, planned=0, published=1)
    await post_ops.remove(removed.code)
    return [fresh, planned, published, both, removed, draft, imported]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        (PostFilter.LIVE, [7, 4, 3, 2, 1]),
        (PostFilter.SCHEDULED, [4, 2]),
        (PostFilter.NOT_ANNOUNCED, [1]),
        (PostFilter.REMOVED, [5]),
        (PostFilter.IMPORTED, [7]),
        (PostFilter.ALL, [7, 6, 5, 4, 3, 2]),
    ],
)
async def test_each_list_shows_its_posts_newest_first(db: Database, show: PostFilter, expected: list[int]) -> None:
    await gallery()
    assert await numbers(show=show) == expected
    # and a search within it
    assert await numbers("pos", show) == expected


async def test_a_post_moves_between_the_lists_with_its_announcements(db: Database) -> None:
    post = await make()
    await post_ops.note_announcements(post.code, planned=1, published=0)
    assert (await numbers(show=PostFilter.SCHEDULED), await numbers(show=PostFilter.NOT_ANNOUNCED)) == ([1], [])
    await post_ops.note_announcements(post.code, planned=0, published=0)
    assert (await numbers(show=PostFilter.SCHEDULED), await numbers(show=PostFilter.NOT_ANNOUNCED)) == ([], [1])


async def test_each_word_must_begin_a_word_of_title_text_or_number(db: Database) -> None:
    await make("Spring album", description="Photos from Rome")
    await make("Autumn album", description="Photos from Oslo")
    assert await numbers("alb") == [2, 1]
    assert await numbers("rom ALB") == [1]
    assert await numbers("oslo spring") == []
    assert await numbers("2 phot") == [2]


async def test_changed_texts_are_found_by_their_new_words_and_not_by_the_old(db: Database) -> None:
    post = await make("Old", description="first")
    await set_field(post.code, PostField.TITLE, "New")
    await set_field(post.code, PostField.DESCRIPTION, "second")
    assert [await numbers(word) for word in ("old", "first", "new", "second", "1")] == [[], [], [1], [1], [1]]
    changed = await post_ops.set_option(post.code, PostField.TITLE, "Tulips", expected="New", by=OLIVE, at=MADE_AT)
    assert isinstance(changed, post_ops.OptionChanged)
    assert [await numbers(word) for word in ("new", "tul", "second")] == [[], [1], [1]]


async def test_a_number_a_hash_and_a_link_find_that_post_in_any_status(db: Database) -> None:
    posts = [await make(f"Post {number}") for number in range(1, 4)]
    await post_ops.remove(posts[0].code)
    assert await numbers("#1") == await numbers(f"{SHOP}{posts[0].code}") == [1]
    assert await numbers(f"see t.me/shop_bot?start=p_{posts[1].code}-s_insta") == [2]
    assert await numbers("#9") == await numbers(f"{SHOP}{'A' * 16}") == []
    assert await numbers("#1", skip=6) == await numbers(f"{SHOP}{posts[0].code}", skip=6) == []


async def test_a_number_comes_first_and_then_what_begins_so_page_by_page(db: Database) -> None:
    for _ in range(25):
        await make()
    first, more = await post_search.search("2", skip=0, limit=3)
    second, _ = await post_search.search("2", skip=3, limit=3)
    last, is_over = await post_search.search("2", skip=6, limit=3)
    assert [[post.number for post in page] for page in (first, second, last)] == [[2, 25, 24], [23, 22, 21], [20]]
    assert (more, is_over) == (True, False)
    assert await post_search.search("2", skip=0, limit=1) == ([first[0]], True)


async def test_a_search_without_a_word_finds_nothing_and_asks_nothing(db: Database) -> None:
    await make()
    db.calls.clear()
    assert await post_search.search("\u200b\u2067", skip=0, limit=6) == ([], False)
    assert db.calls.total() == 0


@pytest.mark.parametrize("text", [".*", "^", "$where", "\\", "(", "[a-z]", "a" * 5_000, "9" * 30, "🎁" * 500])
async def test_no_text_is_a_pattern_and_none_is_too_long(db: Database, text: str) -> None:
    await make("Plain title")
    assert await numbers(text) == []


async def test_a_page_costs_one_command_and_a_search_at_most_three(db: Database) -> None:
    for _ in range(20):
        await make("Spring album")
    costs = {}
    for text in (None, "spring", "spring album", "2", "#2", f"{SHOP}{'A' * 16}", "a b c d e f g h i"):
        db.calls.clear()
        await post_search.search(text, skip=6, limit=6)
        costs[text] = db.calls.total()
    assert costs[None] == costs["spring"] == 1
    assert max(costs.values()) <= 3


async def test_several_words_are_looked_up_by_the_rarer_one_in_whatever_order(db: Database) -> None:
    for number in range(FEW // 50):
        await make(f"Photographs {number}")
    await make("Photographs tulips")
    posts = current_database().collection("posts")
    assert await rarest_first(posts, ("photographs", "tulips", "a")) == ("tulips", "photographs", "a")
    assert await numbers("photographs tulips") == await numbers("tulips photographs") == [11]
