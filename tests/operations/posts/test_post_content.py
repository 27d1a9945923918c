"""The messages of a post: changed from what was read, brought back for ten minutes, and never deleted while used."""

from datetime import timedelta

import pytest

from core.posts import UNDO_FOR, Content, Cover, CoverKind, Post, PostField, PostItem, appended, without
from database.connection import Database
from database.operations.posts import post_content, post_ops
from database.operations.posts.post_content import ContentChanged, Unused
from tests.operations.conftest import StepIn
from tests.operations.posts.making import BOB, MADE_AT, OLIVE, STORAGE, content, found, make

MS, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)
FROM_POST = Cover(kind=CoverKind.POST, chat_id=STORAGE, message_id=5)
OWN = Cover(kind=CoverKind.OWN, chat_id=STORAGE, message_id=4)


async def change(post: Post, to: Content, *, minutes: int = 0) -> ContentChanged:
    changed = await post_content.change_content(post, to, by=OLIVE, at=MADE_AT + minutes * MINUTE)
    assert changed is not None
    return changed


def more(post: Post, *message_ids: int) -> Content:
    longer = appended(post.content, content(*message_ids))
    assert longer is not None
    return longer


def less(post: Post, message_id: int) -> Content:
    shorter = without(post.content, message_id)
    assert shorter is not None
    return shorter


async def with_cover(post: Post, cover: Cover) -> Post:
    await post_ops.set_option(post.code, PostField.COVER, cover, expected=post.cover, by=OLIVE, at=MADE_AT)
    return await found(post)


async def test_added_messages_keep_link_number_and_counts(db: Database) -> None:
    post = await make(items=[PostItem(kind="photo")] * 3)
    await post_ops.open_post(post.code, opening=1)
    changed = await change(await found(post), more(post, 7, 8))
    assert changed.post == await found(post)
    assert (changed.post.message_ids, changed.post.item_count) == ((4, 5, 6, 7, 8), 5)
    assert [item.kind for item in changed.post.items] == ["photo", "photo", "photo", "", ""]
    assert (changed.post.code, changed.post.number, changed.post.opened) == (post.code, 1, 1)
    assert changed.unused == ()


async def test_each_change_can_be_undone_until_its_ten_minutes_are_over(db: Database) -> None:
    post = await make()
    for wanted in (more(post, 7), less(post, 5), content(9)):
        before = await found(post)
        await change(before, wanted)
        changed = await found(post)
        assert await post_content.undo_content(changed, MADE_AT + UNDO_FOR) is None
        undone = await post_content.undo_content(changed, MADE_AT + UNDO_FOR - MS)
        assert undone is not None
        assert undone.post.content == post.content
        # done once
        assert await post_content.undo_content(undone.post, MADE_AT) is None


async def test_messages_are_unused_when_neither_the_post_nor_its_undo_has_them(db: Database) -> None:
    post = await make()
    taken_out = await change(post, less(post, 5))
    assert taken_out.unused == ()
    replaced = await change(taken_out.post, content(9), minutes=1)
    assert replaced.unused == (Unused(STORAGE, (5,)),)
    undone = await post_content.undo_content(replaced.post, MADE_AT + 2 * MINUTE)
    assert undone is not None
    assert undone.unused == (Unused(STORAGE, (9,)),)
    assert undone.post.message_ids == (4, 6)


async def test_messages_of_another_storage_channel_are_unused_there(db: Database) -> None:
    post = await make()
    moved = await change(post, content(4, 5, 6, chat_id=-200))
    again = await change(moved.post, content(7, chat_id=-200), minutes=1)
    assert again.unused == (Unused(STORAGE, (4, 5, 6)),)


async def test_undos_that_are_over_give_up_their_messages_once(db: Database) -> None:
    post = await make()
    await change(post, less(post, 5))
    assert await post_content.pop_expired_undos(MADE_AT + UNDO_FOR - MS, 10) == []
    assert await post_content.pop_expired_undos(MADE_AT + UNDO_FOR, 10) == [Unused(STORAGE, (5,))]
    assert await post_content.pop_expired_undos(MADE_AT + UNDO_FOR, 10) == []
    assert (await found(post)).message_ids == (4, 6)


async def test_an_undo_between_reading_and_giving_up_keeps_its_messages(db: Database, step_in: StepIn) -> None:
    post = await make()
    changed = (await change(post, less(post, 5))).post
    step_in("posts", "update_one", lambda: post_content.undo_content(changed, MADE_AT))
    assert await post_content.pop_expired_undos(MADE_AT + UNDO_FOR, 10) == []
    assert (await found(post)).message_ids == (4, 5, 6)


async def test_an_undo_made_again_meanwhile_has_its_own_ten_minutes(db: Database, step_in: StepIn) -> None:
    post = await make()
    changed = (await change(post, less(post, 5))).post

    async def again() -> None:
        undone = await post_content.undo_content(changed, MADE_AT)
        assert undone is not None
        await change(undone.post, less(undone.post, 5), minutes=9)

    # the same messages as before, and another undo
    step_in("posts", "update_one", again)
    assert await post_content.pop_expired_undos(MADE_AT + UNDO_FOR, 10) == []
    undone = await post_content.undo_content(await found(post), MADE_AT + UNDO_FOR)
    assert undone is not None and undone.post.message_ids == (4, 5, 6)


async def test_of_two_changes_at_once_the_second_is_refused(db: Database, step_in: StepIn) -> None:
    post = await make()
    step_in("posts", "find_one_and_update", lambda: change(post, less(post, 5)))
    assert await post_content.change_content(post, more(post, 7), by=BOB, at=MADE_AT) is None
    assert (await found(post)).message_ids == (4, 6)
    assert await post_content.change_content(post, content(4, 5, 6, 8), by=BOB, at=MADE_AT) is None


async def test_a_change_and_an_undo_at_once_leave_one_of_them(db: Database, step_in: StepIn) -> None:
    post = await make()
    changed = (await change(post, less(post, 5))).post
    step_in("posts", "find_one_and_update", lambda: change(changed, content(9)))
    assert await post_content.undo_content(changed, MADE_AT) is None
    assert (await found(post)).message_ids == (9,)


async def test_the_same_messages_again_change_nothing_and_keep_the_undo(db: Database) -> None:
    post = await make()
    changed = (await change(post, less(post, 5))).post
    db.calls.clear()
    assert (await change(changed, changed.content, minutes=5)).post == changed
    assert db.calls.total() == 0
    undone = await post_content.undo_content(changed, MADE_AT + MINUTE)
    assert undone is not None and undone.post.message_ids == (4, 5, 6)


async def test_a_cover_from_the_post_goes_and_comes_back_with_its_message(db: Database) -> None:
    post = await with_cover(await make(), FROM_POST)
    without_it = (await change(post, less(post, 5))).post
    assert without_it.cover is None
    undone = await post_content.undo_content(without_it, MADE_AT)
    assert undone is not None and undone.post.cover == FROM_POST
    kept = (await change(undone.post, less(undone.post, 4))).post
    assert kept.cover == FROM_POST


async def test_a_cover_chosen_since_is_not_undone(db: Database) -> None:
    post = await with_cover(await make(), FROM_POST)
    changed = await with_cover((await change(post, less(post, 5))).post, OWN)
    undone = await post_content.undo_content(changed, MADE_AT)
    assert undone is not None and undone.post.cover == OWN


async def test_a_message_that_is_the_cover_is_never_unused(db: Database) -> None:
    post = await with_cover(await make(), OWN)
    await change(post, content(9))
    assert await post_content.pop_expired_undos(MADE_AT + UNDO_FOR, 10) == [Unused(STORAGE, (5, 6))]


async def test_a_post_that_is_gone_has_no_content_to_change(db: Database) -> None:
    post = await make()
    await post_ops.discard(post.code, MADE_AT)
    assert await post_content.change_content(post, content(9), by=OLIVE, at=MADE_AT) is None
    assert await post_content.undo_content(post, MADE_AT) is None
    assert await db.collection("posts").count({}) == 0


@pytest.mark.parametrize("operation", ["change", "undo"])
async def test_a_change_costs_one_command(db: Database, operation: str) -> None:
    post = await make()
    changed = (await change(post, less(post, 5))).post
    db.calls.clear()
    if operation == "change":
        await change(changed, content(9))
    else:
        await post_content.undo_content(changed, MADE_AT)
    assert db.calls == {"find_one_and_update posts": 1}


def test_unused_messages_are_joined_by_channel() -> None:
    found = post_content.joined([Unused(-1, (5, 4)), Unused(-2, (1,)), Unused(-1, (4, 6))])
    assert found == [Unused(-1, (4, 5, 6)), Unused(-2, (1,))]
