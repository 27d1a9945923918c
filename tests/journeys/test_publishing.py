"""A post is published from the chat: connected channel, preview, announcement, subscriber, withdrawal."""

from typing import Any

from core.announcements import AnnouncementState
from core.jobs import JobOutcome
from core.posts import Post
from database.operations import announcement_ops, channel_ops, user_ops
from database.operations.posts import post_search
from schedulers import registry
from schedulers.admission import by_hand
from schedulers.factory import create_scheduler
from schedulers.registry import JobRow
from tests.house import ADMIN_BOT, ALICE, USER_BOT, House
from views.navigation import OpenPublish, Section, data_of


async def _run(house: House, row: JobRow) -> None:
    report = await create_scheduler(row, house.user_bot.jobs).runner.run(by_hand())
    assert report.outcome is JobOutcome.SUCCEEDED, report.error


async def _there(house: House, chat_id: int) -> list[dict[str, Any]]:
    messages = await house.world.chat_messages(chat_id)
    return [one for one in messages if one["deleted_at"] is None and ("text" in one or "photo" in one)]


async def _post(house: House, caption: str) -> Post:
    await house.olive.media(ADMIN_BOT, "photo", caption=caption)
    await house.settle()
    ((newest, *_), _) = await post_search.search(None, skip=0, limit=1)
    return newest


async def _open(house: House, code: str) -> None:
    await house.olive.forge_callback(ADMIN_BOT, OpenPublish(code=code).pack())
    await house.settle()


async def _press(house: House, text: str, **chosen: Any) -> None:
    await house.olive.press(ADMIN_BOT, text, **chosen)
    await house.settle()


async def _shown(house: House) -> list[str]:
    transcript = await house.olive.transcript(ADMIN_BOT)
    return [str(one.get("text", "")) for one in transcript["messages"] if one["deleted_at"] is None]


async def test_a_post_is_published_in_a_new_channel_opened_and_withdrawn(house: House) -> None:
    post = await _post(house, "Spring album")
    await _open(house, post.code)
    await _press(house, "Connect a channel")
    await _press(house, "Choose a channel", new_chat={"title": "Olive's Garden", "username": "olives_garden"})
    (channel,) = await channel_ops.load()
    assert channel.is_published_to and channel.username == "olives_garden"

    await _press(house, "Cover ›")
    await _press(house, "From the post")
    await _press(house, "Publish now")
    await _run(house, registry.PUBLISHER)
    (message,) = await _there(house, channel.chat_id)
    link = message["reply_markup"]["inline_keyboard"][0][0]["url"]
    assert message["caption"] == "\u2068Spring album\u2069" and "photo" in message
    assert link == house.link(post, "ch1")

    await house.alice.link(link)
    await house.settle()
    alice = await user_ops.find(ALICE)
    assert alice is not None and alice.source == "ch1"
    assert any("photo" in one for one in (await house.alice.transcript(USER_BOT))["messages"])

    await house.olive.forge_callback(ADMIN_BOT, data_of(Section.SCHEDULE))
    await house.settle()
    (announcement,) = await announcement_ops.find_of_post(post.code)
    assert announcement.state is AnnouncementState.PUBLISHED
    await _open(house, post.code)
    assert any("is there since" in text for text in await _shown(house))
    await house.olive.forge_callback(ADMIN_BOT, f"an:gone!:{announcement.id}:s")
    await house.settle()
    await _run(house, registry.ANNOUNCEMENT_DELETER)
    assert await _there(house, channel.chat_id) == []


async def test_the_preview_is_what_stands_in_the_channel(house: House) -> None:
    post = await _post(house, "<b>Spring</b> & album")
    chat_id = await house.world.add_chat("channel", "Olive's Garden", house.olive.id)
    rights = {"can_post_messages": True, "can_edit_messages": True, "can_delete_messages": True}
    await house.world.set_member(chat_id, 1001, "administrator", **rights)
    now = house.base.clock.now()
    await channel_ops.connect(chat_id, title="Olive's Garden", username=None, added_by=1, added_at=now)
    await _open(house, post.code)
    await _press(house, "Text ›")
    await house.olive.text(ADMIN_BOT, "Out now: <i>the</i> whole album")
    await house.settle()
    await _press(house, "Publish now")
    await _run(house, registry.PUBLISHER)
    (message,) = await _there(house, chat_id)
    assert message["text"] == "Out now: <i>the</i> whole album"
    assert message["text"] in await _shown(house)
