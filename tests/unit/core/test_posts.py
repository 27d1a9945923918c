"""Rules of posts: what a message is, content that is added to and taken from, covers, links, archive passwords."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.delivery import password_of
from core.payloads import find_post_code
from core.posts import (
    ITEM_NAME_MAX,
    ITEMS_MAX,
    Content,
    ContentUndo,
    Cover,
    CoverKind,
    Post,
    PostItem,
    appended,
    cover_from_content,
    is_archive_name,
    item_of,
    left_over,
    post_words,
    undoable,
    without,
)
from core.settings import BotSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODE = "aB3dE6gH9jK2mN5p"
PHOTO, ZIP = PostItem(kind="photo"), PostItem(kind="document", name="a.zip", is_archive=True)


def content(*message_ids: int, chat_id: int = -100, items: tuple[PostItem, ...] | None = None) -> Content:
    known = (PostItem(),) * len(message_ids) if items is None else items
    return Content(storage_chat_id=chat_id, message_ids=message_ids, items=known)


def post(*message_ids: int, **fields: Any) -> Post:
    ids = message_ids or (4, 5)
    usual: dict[str, Any] = {"code": CODE, "number": 12, "storage_chat_id": -100, "created_by": 1, "created_at": NOW}
    return Post(**(usual | {"message_ids": ids, "item_count": len(ids)} | fields))


# content


def test_added_messages_come_last_with_what_they_are() -> None:
    assert appended(content(4, 5), content(9, items=(PHOTO,))) == content(
        4, 5, 9, items=(PostItem(), PostItem(), PHOTO)
    )


def test_a_hundred_messages_fit_and_one_more_does_not() -> None:
    full = content(*range(1, ITEMS_MAX))
    longer = appended(full, content(200))
    assert longer is not None and len(longer.message_ids) == ITEMS_MAX
    assert appended(full, content(200, 201)) is None
    assert appended(longer, content(300)) is None


@pytest.mark.parametrize("added", [content(5), content(3), content(6, chat_id=-200), content()])
def test_messages_that_do_not_follow_or_lie_elsewhere_are_not_added(added: Content) -> None:
    assert appended(content(4, 5), added) is None


def test_one_message_is_taken_out_with_what_it_is_but_not_the_last_one() -> None:
    assert without(content(4, 5, 6, items=(PHOTO, ZIP, PHOTO)), 5) == content(4, 6, items=(PHOTO, PHOTO))
    assert without(content(4, 5), 9) is None
    assert without(content(4), 4) is None


def test_messages_no_content_and_no_cover_has_are_left_over() -> None:
    assert left_over(content(4, 5, 6), content(5)) == (4, 6)
    assert left_over(content(4, 5), content(4, 5, chat_id=-200)) == (4, 5)
    cover = Cover(kind=CoverKind.OWN, chat_id=-100, message_id=4)
    assert left_over(content(4, 5), content(9), cover=cover) == (5,)
    assert left_over(content(4), content(9), cover=Cover(kind=CoverKind.OWN, chat_id=-200, message_id=4)) == (4,)


def test_a_change_can_be_undone_until_the_moment_it_cannot() -> None:
    undo = ContentUndo(content=content(4), until=NOW, by=1)
    assert undoable(post(content_undo=undo), NOW - timedelta(milliseconds=1)) == undo
    assert undoable(post(content_undo=undo), NOW) is None
    assert undoable(post(), NOW) is None


def test_items_of_an_older_post_are_unknown_and_as_many_as_its_messages() -> None:
    assert post(4, 5, 6).known_items == (PostItem(),) * 3
    assert post(4, 5, items=(PHOTO, ZIP)).content == content(4, 5, items=(PHOTO, ZIP))


# what a message is


@pytest.mark.parametrize(
    ("name", "packed"),
    [("a.zip", True), ("A.ZIP ", True), ("b.tar.rar", True), ("c.7z", True), ("zip", False), ("a.zip.pdf", False)],
)
def test_files_with_the_endings_of_archives_are_archives(name: str, packed: bool) -> None:
    assert is_archive_name(name) is item_of("document", None, name).is_archive is packed


def test_an_item_is_named_after_its_file_or_its_first_words() -> None:
    assert item_of("document", "caption", "book.pdf").name == "book.pdf"
    assert item_of("photo", " two\n words ", None).name == "two words"
    assert item_of("photo", None, None) == PHOTO
    assert len(item_of("text", "x" * 500, None).name) == ITEM_NAME_MAX
    assert not is_archive_name(None)


def test_the_cover_from_the_post_is_its_first_picture_or_film() -> None:
    found = cover_from_content(post(4, 5, 6, items=(ZIP, PHOTO, PHOTO)))
    assert found == Cover(kind=CoverKind.POST, chat_id=-100, message_id=5)
    assert cover_from_content(post(4, items=(ZIP,))) is None
    assert cover_from_content(post(4, 5)) is None


# search


def test_the_words_of_a_post_begin_with_its_number() -> None:
    assert post_words(12, "Spring album", "From Rome") == ("12", "spring", "album", "from", "rome")


@pytest.mark.parametrize(
    "text",
    [
        f"https://t.me/shop_bot?start=p_{CODE}",
        f"t.me/shop_bot?start=p_{CODE}-s_insta",
        f"look: https://telegram.me/shop_bot?startapp=x&start=p_{CODE} !",
        f"tg://resolve?domain=shop_bot&start=p_{CODE}",
    ],
)
def test_the_code_is_read_from_every_form_of_a_link(text: str) -> None:
    assert find_post_code(text) == CODE


@pytest.mark.parametrize("text", ["", CODE, f"p_{CODE}", "?start=newtoken", f"?start=p_{CODE}x", "?start=p_"])
def test_a_text_without_a_link_to_a_post_has_no_code(text: str) -> None:
    assert find_post_code(text) is None


# archive passwords

DEFAULT = BotSettings(post_password="tollgate")


@pytest.mark.parametrize(
    ("own", "items", "shown"),
    [
        (None, (ZIP,), "tollgate"),
        (None, (PHOTO,), None),
        (None, (), None),
        ("own", (PHOTO,), "own"),
        ("own", (ZIP,), "own"),
        ("", (ZIP,), None),
    ],
)
def test_the_default_password_is_for_archives_and_a_posts_own_for_all(
    own: str | None, items: tuple[PostItem, ...], shown: str | None
) -> None:
    assert password_of(post(4, password=own, items=items), DEFAULT) == shown
    assert password_of(post(4, items=(ZIP,)), BotSettings()) is None
