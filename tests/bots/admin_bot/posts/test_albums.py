"""An album is one post with its messages in order, in whatever order its updates arrive."""

import asyncio
from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import CopyMessage, CopyMessages, DeleteMessages, SendMessage
from pymongo.errors import AutoReconnect

from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from views.storage import content_texts, copying_texts


def item(group: str = "g1", caption: str | None = None) -> dict[str, Any]:
    photo = [{"file_id": "p", "file_unique_id": "p", "width": 90, "height": 90}]
    return {"photo": photo, "media_group_id": group, **({"caption": caption} if caption else {})}


async def test_an_album_is_one_post_with_its_items_in_order(admin: AdminBot) -> None:
    for message_id in (12, 10, 13, 11):
        await admin.send(message_id=message_id, **item(caption="Rome" if message_id == 10 else None))
    assert admin.copies == []
    await admin.time.move(1)
    post = await admin.only_post()
    assert (post.title, post.item_count) == ("Rome", 4)
    (copy,) = admin.copies
    assert (copy.chat_id, copy.message_ids) == (STORAGE, [10, 11, 12, 13])
    assert f"p_{post.code}" in admin.last_text


async def test_an_album_without_captions_is_named_after_its_size(admin: AdminBot) -> None:
    await admin.send(message_id=1, **item())
    await admin.send(message_id=2, **item())
    await admin.time.move(1)
    assert (await admin.only_post()).title == "Album of 2"


async def test_interleaved_albums_and_singles_stay_apart(admin: AdminBot) -> None:
    await admin.send(message_id=1, **item("a", "A"))
    await admin.send(message_id=4, **item("b", "B"))
    await admin.send(message_id=3, text="single one")
    await admin.send(message_id=2, **item("a"))
    await admin.send(message_id=6, text="single two")
    await admin.send(message_id=5, **item("b"))
    await admin.time.move(1)
    posts = {post.title: post.item_count for post in await admin.posts()}
    assert posts == {"A": 2, "B": 2, "single one": 1, "single two": 1}
    assert sorted(copy.message_ids for copy in admin.copies) == [[1, 2], [3], [4, 5], [6]]


async def test_all_updates_at_once_make_one_post(admin: AdminBot) -> None:
    await asyncio.gather(*(admin.send(message_id=one, **item()) for one in (5, 3, 9, 1, 7, 2, 8, 4, 10, 6)))
    await admin.time.move(1)
    assert (await admin.only_post()).item_count == 10
    assert admin.copies[0].message_ids == list(range(1, 11))


async def test_an_update_delivered_twice_is_one_message_of_the_album(admin: AdminBot) -> None:
    update = await admin.send(message_id=1, **item())
    await admin.again(update)
    await admin.send(message_id=2, **item())
    await admin.time.move(1)
    await admin.again(update)
    await admin.time.move(5)
    assert (await admin.only_post()).item_count == 2
    assert len(admin.texts) == 1


async def test_each_message_restarts_the_quiet_second(admin: AdminBot) -> None:
    await admin.send(message_id=1, **item())
    await admin.time.move(0.9)
    await admin.send(message_id=2, **item())
    await admin.time.move(0.9)
    assert await admin.posts() == []
    await admin.time.move(0.1)
    assert (await admin.only_post()).item_count == 2


async def test_a_late_message_is_added_to_nothing_and_answered_once(admin: AdminBot) -> None:
    await admin.send(message_id=1, **item())
    await admin.send(message_id=2, **item())
    await admin.time.move(1)
    late = await admin.send(message_id=3, **item())
    await admin.again(late)
    await admin.time.move(5)
    assert (await admin.only_post()).item_count == 2
    assert admin.texts.count(content_texts.late_message()) == 1


async def test_an_album_with_a_missing_message_makes_no_post_and_names_it(admin: AdminBot) -> None:
    admin.world.gone.add((OWNER.id, 3))
    for message_id in (1, 2, 3, 4):
        await admin.send(message_id=message_id, **item())
    await admin.time.move(1)
    assert await admin.posts() == []
    assert admin.texts == [copying_texts.some_missing(3, 4, [3])]
    assert "message 3" in admin.last_text
    # the three copies, then the three probes
    assert [len(call.message_ids) for call in admin.world.of(DeleteMessages)] == [3, 3]
    assert {call.chat_id for call in admin.world.of(DeleteMessages)} == {STORAGE}
    assert len(admin.world.of(CopyMessage)) == 4


async def test_an_album_whose_answer_is_lost_is_not_copied_again(admin: AdminBot) -> None:
    admin.world.fail(CopyMessages, lambda call: TelegramNetworkError(method=call, message="reset"))
    await admin.send(message_id=1, **item())
    await admin.time.move(10)
    assert len(admin.copies) == 1
    assert admin.texts == [copying_texts.store_unsure()]


async def test_an_album_survives_the_database_being_away_for_20_seconds(admin: AdminBot) -> None:
    is_away = True

    def away(operation: str, collection: str) -> None:
        if is_away:
            raise AutoReconnect("away")

    await admin.send(message_id=1, **item())
    await admin.send(message_id=2, **item())
    admin.database.before_call = away
    await admin.time.move(20)
    assert admin.texts == [content_texts.album_held()]
    is_away = False
    await admin.time.move(10)
    assert (await admin.only_post()).item_count == 2
    assert len(admin.copies) == 1


async def test_a_stop_dispatches_collected_albums(admin: AdminBot) -> None:
    await admin.send(message_id=1, **item())
    await admin.send(message_id=2, **item())
    await admin.data["albums"].close()
    assert (await admin.only_post()).item_count == 2


async def test_albums_of_two_admins_chats_do_not_mix(admin: AdminBot) -> None:
    """Nothing relies on group ids being unique across chats."""
    await admin.send(message_id=1, **item("same"))
    await admin.time.move(1)
    await admin.send(message_id=2, **item("other"))
    await admin.time.move(1)
    assert len(await admin.posts()) == 2
    assert len(admin.world.of(SendMessage)) == 2


@pytest.mark.parametrize("kind", ["document", "audio"])
async def test_albums_of_files_are_albums(admin: AdminBot, kind: str) -> None:
    file = {"file_id": "f", "file_unique_id": "f", "file_name": "x.bin", "duration": 1}
    content: dict[str, Any] = {kind: file, "media_group_id": "g"}
    await admin.send(message_id=1, **content)
    await admin.send(message_id=2, **content)
    await admin.time.move(1)
    assert (await admin.only_post()).item_count == 2
