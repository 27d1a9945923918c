"""Messages are added to a post, taken out and brought back; copies nobody can bring back are deleted, no others."""

from collections.abc import Sequence

import pytest
from aiogram.methods import CopyMessages, DeleteMessages

from admin_bot.posts.post_maker import Made, NotMade, PostMaker
from core.errors import StoreUnavailable
from core.posts import ITEMS_MAX, UNDO_FOR, Post, PostItem
from database.operations import audit_ops
from database.operations.posts import post_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from tests.bots.admin_bot.telegram import bad_request
from views.posts import content_texts

FILE = {"file_id": "f", "file_unique_id": "f"}


@pytest.fixture
def maker(admin: AdminBot) -> PostMaker:
    made = admin.data["post_maker"]
    assert isinstance(made, PostMaker)
    return made


async def stored(post: Post) -> Post:
    found = await post_ops.find(post.code)
    assert found is not None
    return found


async def new_post(maker: PostMaker, *message_ids: int, items: Sequence[PostItem] = ()) -> Post:
    outcome = await maker.make(OWNER.id, OWNER.id, message_ids or (1, 2, 3), "Holiday", items)
    assert isinstance(outcome, Made)
    return outcome.post


async def append(maker: PostMaker, post: Post, *message_ids: int) -> Made | NotMade | None:
    return await maker.append(OWNER.id, await stored(post), OWNER.id, message_ids)


def deleted(admin: AdminBot) -> list[int]:
    """Messages of the storage channel that were deleted, in order."""
    calls = admin.world.of(DeleteMessages)
    assert {call.chat_id for call in calls} <= {STORAGE}
    return [message_id for call in calls for message_id in call.message_ids]


async def test_what_a_message_is_stays_known(admin: AdminBot) -> None:
    await admin.say("/batch")
    await admin.send(message_id=1002, document={**FILE, "file_name": "Season.ZIP"}, caption="all of it")
    await admin.send(message_id=1001, text="Season one, with everything that belongs to it, told at length")
    await admin.press("Done")
    post = await admin.only_post()
    assert [(item.kind, item.name[:10]) for item in post.items] == [("text", "Season one"), ("document", "Season.ZIP")]
    assert post.has_archive


async def test_the_items_of_an_album_are_known_in_its_order(admin: AdminBot) -> None:
    await admin.send(message_id=302, media_group_id="g", document={**FILE, "file_name": "b.pdf"})
    await admin.send(message_id=301, media_group_id="g", document={**FILE, "file_name": "a.7z"})
    await admin.time.move(1)
    post = await admin.only_post()
    assert ([item.name for item in post.items], post.has_archive) == (["a.7z", "b.pdf"], True)


async def test_added_messages_come_last_and_the_link_stays(admin: AdminBot, maker: PostMaker) -> None:
    post = await new_post(maker)
    outcome = await append(maker, post, 8, 7)
    assert isinstance(outcome, Made)
    after = await stored(post)
    assert after.code == post.code and after.message_ids[:3] == post.message_ids
    assert after.item_count == 5 and list(after.message_ids) == sorted(after.message_ids)
    assert admin.copies[-1].message_ids == [7, 8]
    assert deleted(admin) == []
    assert [entry.action for entry in await audit_ops.last(1)] == ["post.items_added"]


async def test_more_than_a_hundred_messages_are_refused_and_their_copies_deleted(
    admin: AdminBot, maker: PostMaker
) -> None:
    post = await new_post(maker, *range(1, ITEMS_MAX))
    outcome = await append(maker, post, 200, 201)
    assert isinstance(outcome, NotMade) and "100 messages is the most" in outcome.sentence
    assert await stored(post) == post
    assert len(deleted(admin)) == 2 and not set(deleted(admin)) & set(post.message_ids)
    assert isinstance(await append(maker, post, 200), Made)


async def test_messages_do_not_join_a_post_in_an_earlier_storage_channel(admin: AdminBot, maker: PostMaker) -> None:
    post = await new_post(maker)
    await admin.database.collection("posts").update_one({}, {"$set": {"storage_chat_id": -1}})
    outcome = await append(maker, post, 7)
    assert isinstance(outcome, NotMade) and "earlier storage channel" in outcome.sentence
    assert len(deleted(admin)) == 1


async def test_a_message_taken_out_is_deleted_when_it_cannot_come_back(admin: AdminBot, maker: PostMaker) -> None:
    post = await new_post(maker)
    first, second, third = post.message_ids
    assert isinstance(await maker.take_out(OWNER.id, post, second), Made)
    assert (await stored(post)).message_ids == (first, third)
    assert deleted(admin) == []
    # a change of another post, after the time of the undo
    other = await new_post(maker)
    admin.clock.move(UNDO_FOR)
    await append(maker, other, 9)
    assert deleted(admin) == [second]


async def test_of_two_changes_the_last_can_be_undone_and_the_first_is_deleted(
    admin: AdminBot, maker: PostMaker
) -> None:
    post = await new_post(maker)
    first, second, third = post.message_ids
    await maker.take_out(OWNER.id, post, first)
    await maker.take_out(OWNER.id, await stored(post), second)
    assert deleted(admin) == [first]
    assert isinstance(await maker.undo(OWNER.id, await stored(post)), Made)
    assert (await stored(post)).message_ids == (second, third)
    assert deleted(admin) == [first]


async def test_an_undo_deletes_what_was_added(admin: AdminBot, maker: PostMaker) -> None:
    post = await new_post(maker)
    await append(maker, post, 7)
    added = (await stored(post)).message_ids[-1]
    assert isinstance(await maker.undo(OWNER.id, await stored(post)), Made)
    assert (await stored(post)).message_ids == post.message_ids
    assert deleted(admin) == [added]


async def test_too_late_an_undo_says_so_and_changes_nothing(admin: AdminBot, maker: PostMaker) -> None:
    post = await new_post(maker)
    await maker.take_out(OWNER.id, post, post.message_ids[0])
    admin.clock.move(UNDO_FOR)
    assert await maker.undo(OWNER.id, await stored(post)) == NotMade(content_texts.undo_over())
    assert (await stored(post)).item_count == 2


async def test_the_last_message_stays_and_one_that_is_out_is_out(maker: PostMaker) -> None:
    post = await new_post(maker, 1)
    assert await maker.take_out(OWNER.id, post, post.message_ids[0]) == NotMade(content_texts.last_one())
    assert await maker.take_out(OWNER.id, post, 999) == Made(post)


async def test_of_two_admins_the_second_is_told_and_their_copies_are_deleted(admin: AdminBot, maker: PostMaker) -> None:
    post = await new_post(maker)
    await maker.take_out(OWNER.id, post, post.message_ids[0])
    outcome = await maker.append(OWNER.id, post, OWNER.id, (7,))
    assert outcome == NotMade(content_texts.changed_meanwhile())
    assert (await stored(post)).item_count == 2
    assert len(deleted(admin)) == 1 and not set(deleted(admin)) & set(post.message_ids)


async def test_a_post_that_is_gone_gets_no_messages(admin: AdminBot, maker: PostMaker) -> None:
    post = await new_post(maker)
    await admin.database.collection("posts").delete_one({"code": post.code})
    assert await maker.append(OWNER.id, post, OWNER.id, (7,)) is None
    assert len(deleted(admin)) == 1
    assert await maker.take_out(OWNER.id, post, post.message_ids[0]) is None
    assert await maker.undo(OWNER.id, post) is None


@pytest.mark.parametrize("is_written", [False, True])
async def test_an_outage_while_adding_copies_once_and_adds_once(
    admin: AdminBot, maker: PostMaker, is_written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await new_post(maker)
    before = len(admin.world.of(CopyMessages))
    posts = admin.database.collection("posts")
    write = posts.find_one_and_update

    async def lost(*args: object, **options: object) -> object:
        if is_written:
            await write(*args, **options)  # type: ignore[arg-type]
        raise StoreUnavailable("lost")

    with monkeypatch.context() as patch:
        patch.setattr(posts, "find_one_and_update", lost)
        with pytest.raises(StoreUnavailable):
            await append(maker, post, 7)
    assert isinstance(await append(maker, post, 7), Made)
    assert (await stored(post)).item_count == 4
    assert len(admin.world.of(CopyMessages)) == before + 1
    assert deleted(admin) == []


async def test_copies_that_cannot_be_deleted_stop_nothing(admin: AdminBot, maker: PostMaker) -> None:
    post = await new_post(maker)
    await append(maker, post, 7)
    admin.world.fail(DeleteMessages, bad_request("message can't be deleted"))
    assert isinstance(await maker.undo(OWNER.id, await stored(post)), Made)
    assert (await stored(post)).message_ids == post.message_ids


async def test_a_stray_thanks_is_discarded_with_its_copy_and_a_read_one_stays(
    admin: AdminBot, maker: PostMaker
) -> None:
    stray, read = await new_post(maker, 1), await new_post(maker, 2)
    await post_ops.open_post(read.code, opening=1)
    assert await maker.discard(OWNER.id, stray.code)
    assert not await maker.discard(OWNER.id, stray.code)
    assert not await maker.discard(OWNER.id, read.code)
    assert deleted(admin) == list(stray.message_ids)
    assert [post.code for post in await admin.posts()] == [read.code]
    assert [entry.action for entry in await audit_ops.last(1)] == ["post.discarded"]
