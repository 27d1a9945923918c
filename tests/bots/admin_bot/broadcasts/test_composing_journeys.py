"""Composing a broadcast from start to end, against the sandbox: real polling, real HTTP, both bots."""

from typing import Any

import pytest

from core.broadcasts import Broadcast, BroadcastStatus
from database.operations import broadcast_ops, settings_ops, user_ops
from tests.bots.admin_bot.standstill import Time
from tests.house import ADMIN_BOT, ALICE, STORAGE, USER_BOT, House
from views.broadcasts import compose_texts as texts
from views.broadcasts.keyboards import stop_news

Json = dict[str, Any]


@pytest.fixture
def time(house: House) -> Time:
    """The quiet second of albums passes only when the test moves it."""
    time = Time()
    house.clock.in_tasks |= dict.fromkeys(("album ", "status ", "following "), time.sleep)
    return time


async def subscribers(house: House) -> None:
    for person in (house.alice, house.bob):
        await person.text(USER_BOT, "/start")
    await house.settle()


async def started(house: House) -> None:
    await subscribers(house)
    await house.olive.text(ADMIN_BOT, "/broadcast")
    await house.olive.wait(ADMIN_BOT, contains="New broadcast.")


async def made() -> list[Broadcast]:
    return await broadcast_ops.last(10)


async def in_storage(house: House) -> list[Json]:
    everything = await house.world.chat_messages(STORAGE)
    return [one for one in everything if not one.get("deleted_at") and "channel_chat_created" not in one]


def from_bot(seen: Json) -> list[Json]:
    return [one for one in seen["messages"] if one["outgoing"]]


def buttons_of(message: Json) -> list[tuple[str, str | None]]:
    rows = (message.get("reply_markup") or {}).get("inline_keyboard") or []
    return [(one["text"], one.get("url")) for row in rows for one in row]


async def test_from_a_formatted_photo_with_buttons_to_the_row_of_a_broadcast(house: House) -> None:
    await settings_ops.change("broadcast_stop_button", True)
    await started(house)
    bold = [{"type": "bold", "offset": 0, "length": 4}]
    await house.olive.media(ADMIN_BOT, "photo", caption="Rome & <b>", caption_entities=bold)
    await house.olive.wait(ADMIN_BOT, contains="2 people")
    await house.olive.press(ADMIN_BOT, "Buttons")
    await house.olive.wait(ADMIN_BOT, contains="Send the buttons")
    await house.olive.text(ADMIN_BOT, "Shop - https://example.org/shop")
    seen = await house.olive.wait(ADMIN_BOT, contains="Buttons: \u2068Shop\u2069")
    previews = [one for one in from_bot(seen) if one.get("caption") == "Rome & <b>" and not one.get("deleted_at")]
    assert len(previews) == 1
    assert previews[0]["caption_entities"] == bold
    assert buttons_of(previews[0]) == [("Shop", "https://example.org/shop"), (stop_news(), None)]
    await house.olive.press(ADMIN_BOT, "Send to 2 people…")
    await house.olive.wait(ADMIN_BOT, contains="Send this broadcast to 2 people?")
    await house.olive.press(ADMIN_BOT, "Yes, send to 2 people")
    await house.settle()
    (row,) = await made()
    (stored,) = await in_storage(house)
    assert (row.status, row.message_ids, row.has_stop_button) == (
        BroadcastStatus.QUEUED,
        (stored["message_id"],),
        True,
    )
    # the admin bot only writes the row: no subscriber got anything yet
    sends = [call for call in await house.calls() if "opy" in call["method"]]
    assert sends == []


async def test_ban_typed_while_the_message_is_awaited_bans_and_broadcasts_nothing(house: House) -> None:
    await started(house)
    await house.olive.text(ADMIN_BOT, f"/ban {ALICE}")
    await house.settle()
    user = await user_ops.find(ALICE)
    assert user is not None and user.is_banned
    assert (await made(), await in_storage(house)) == ([], [])
    await house.olive.text(ADMIN_BOT, "/broadcast")
    await house.settle()
    await house.olive.media(ADMIN_BOT, "photo", caption="/ban 5")
    await house.olive.wait(ADMIN_BOT, contains="1 person")
    assert [one["caption"] for one in await in_storage(house)] == ["/ban 5"]


async def test_an_album_is_previewed_as_an_album_and_cancelled_without_a_trace(house: House, time: Time) -> None:
    await started(house)
    items: list[Json] = [{"kind": "photo", "caption": f"page {number}"} for number in range(10)]
    await house.olive.album(ADMIN_BOT, items, order=[3, 0, 4, 2, 1, 9, 8, 7, 6, 5])
    await house.settle()
    await time.move(1)
    seen = await house.olive.wait(ADMIN_BOT, contains="albums cannot have any")
    assert len(await in_storage(house)) == 10
    copies = [one for one in from_bot(seen) if one.get("caption", "").startswith("page")]
    assert [one["caption"] for one in copies] == [f"page {number}" for number in range(10)]
    assert len({one["media_group_id"] for one in copies}) == 1
    await house.olive.press(ADMIN_BOT, "Cancel")
    await house.olive.wait(ADMIN_BOT, contains=texts.cancelled())
    assert (await in_storage(house), await made()) == ([], [])


async def test_a_test_copy_needs_the_user_bot_to_be_open(house: House) -> None:
    await started(house)
    await house.olive.text(ADMIN_BOT, "Big news")
    await house.olive.wait(ADMIN_BOT, contains="2 people")
    await house.olive.press(ADMIN_BOT, "Test copy to me")
    await house.olive.wait(ADMIN_BOT, contains=f"https://t.me/{USER_BOT}")
    await house.olive.text(USER_BOT, "/start")
    await house.settle()
    await house.olive.press(ADMIN_BOT, "Test copy to me")
    await house.olive.wait(ADMIN_BOT, contains="A test copy is in your chat")
    seen = await house.olive.wait(USER_BOT, contains="Big news")
    assert [one["text"] for one in from_bot(seen)][-1] == "Big news"
    await house.olive.block(USER_BOT)
    await house.settle()
    await house.olive.press(ADMIN_BOT, "Test copy to me")
    await house.olive.wait(ADMIN_BOT, contains="cannot write to you")
    assert await made() == []


async def test_the_preview_says_when_the_storage_message_was_deleted_by_hand(house: House) -> None:
    await started(house)
    await house.olive.text(ADMIN_BOT, "Big news")
    await house.olive.wait(ADMIN_BOT, contains="2 people")
    (stored,) = await in_storage(house)
    await house.world.delete_message(STORAGE, stored["message_id"])
    await house.olive.press(ADMIN_BOT, "Preview")
    await house.olive.wait(ADMIN_BOT, contains="not in the storage channel any more")
