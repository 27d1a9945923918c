"""Journeys of an owner through the admin bot, against the sandbox: real polling, real HTTP, both bots."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.posts import Post, PostFilter
from database.operations import settings_ops
from database.operations.posts import post_search
from sender.limiting.chat_limits import GROUP_WINDOW_S
from tests.bots.admin_bot.standstill import Time
from tests.house import ADMIN_BOT, OLIVE, STORAGE, USER_BOT, House, running_house
from views import admin_texts
from views.storage import keyboards as storage_keyboards
from views.storage import texts as storage_texts

Json = dict[str, Any]


@pytest.fixture
async def bare_house() -> AsyncIterator[House]:
    """A house without a storage channel, the user bot outside of Olive's channel."""
    async with running_house(timers=False, STORAGE_CHANNEL_ID=None) as house:
        await house.world.set_member(STORAGE, 1001, "left")
        await house.world.set_member(STORAGE, 1002, "left")
        await house.settle()
        yield house


@pytest.fixture
def time(house: House) -> Time:
    """The quiet second of albums passes only when the test moves it; a batch's status message moves at once."""
    time = Time()
    house.clock.in_tasks |= dict.fromkeys(("album ", "following "), time.sleep)
    house.clock.in_tasks.pop("status ")
    return time


async def posts() -> list[Post]:
    found, _ = await post_search.search(None, skip=0, limit=100, show=PostFilter.ALL)
    return found[::-1]


def shown(seen: Json) -> str:
    """The last text of the bot."""
    return str([one for one in seen["messages"] if one["outgoing"] and one.get("text")][-1]["text"])


async def storage_messages(house: House) -> list[Json]:
    everything = await house.world.chat_messages(STORAGE)
    return [one for one in everything if not one.get("deleted_at") and "channel_chat_created" not in one]


async def test_from_a_photo_to_a_subscriber_and_back_to_the_card(house: House) -> None:
    await house.olive.media(ADMIN_BOT, "photo", caption="Rome & <b>")
    seen = await house.olive.wait(ADMIN_BOT, contains="Post 1 is saved")
    (post,) = await posts()
    link = house.link(post)
    assert link in shown(seen)
    assert (await house.olive.press(ADMIN_BOT, "Copy link"))["copied"] == link
    await house.alice.link(link)
    received = await house.alice.wait(USER_BOT, contains="30 min")
    assert "Rome & <b>" in [one.get("caption") for one in received["messages"]]
    await house.olive.press(ADMIN_BOT, "Card")
    seen = await house.olive.wait(ADMIN_BOT, contains="Opened 1,")
    assert "Rome & <b>" in shown(seen)


@pytest.mark.parametrize(
    "kind", ["photo", "video", "audio", "document", "voice", "animation", "sticker", "video_note", "contact", "dice"]
)
async def test_everything_copyable_becomes_a_post(house: House, kind: str) -> None:
    await house.olive.media(ADMIN_BOT, kind)
    await house.olive.wait(ADMIN_BOT, contains="Post 1 is saved")
    assert len(await storage_messages(house)) == 1


@pytest.mark.parametrize("kind", ["poll", "quiz", "invoice", "game", "paid_media"])
async def test_what_cannot_be_copied_is_refused(house: House, kind: str) -> None:
    await house.olive.media(ADMIN_BOT, kind)
    seen = await house.olive.wait(ADMIN_BOT, contains="can't make a post of")
    assert kind.split("_")[0] in shown(seen)
    assert await posts() == []
    assert await storage_messages(house) == []


async def test_an_album_in_any_order_arrives_as_an_album_in_order(house: House, time: Time) -> None:
    items: list[Json] = [{"kind": "photo", "caption": f"page {number}"} for number in range(5)]
    await house.olive.album(ADMIN_BOT, items, order=[3, 0, 4, 2, 1])
    await house.settle()
    await time.move(1)
    await house.olive.wait(ADMIN_BOT, contains="Post 1 is saved")
    (post,) = await posts()
    stored = await storage_messages(house)
    assert [one["caption"] for one in stored] == [f"page {number}" for number in range(5)]
    assert len({one["media_group_id"] for one in stored}) == 1
    assert tuple(one["message_id"] for one in stored) == post.message_ids


async def test_a_2_gb_document_and_the_longest_texts_never_ask_for_the_file(house: House) -> None:
    await house.olive.media(ADMIN_BOT, "document", file_name="film.mkv", file_size=2_147_483_648, caption="<" * 1024)
    await house.olive.wait(ADMIN_BOT, contains="Post 1 is saved")
    await house.olive.text(ADMIN_BOT, "&" * 4096)
    await house.olive.wait(ADMIN_BOT, contains="Post 2 is saved")
    assert await house.world.calls(method="getFile") == []
    stored = await storage_messages(house)
    assert [len(one["caption"] if "caption" in one else one["text"]) for one in stored] == [1024, 4096]


async def test_forwarded_messages_become_posts_with_their_formatting(house: House) -> None:
    sent = await house.olive.act(
        "text", to=STORAGE, text="bold move", entities=[{"type": "bold", "offset": 0, "length": 4}]
    )
    await house.olive.forward(ADMIN_BOT, STORAGE, [sent["message"]["message_id"]])
    await house.olive.wait(ADMIN_BOT, contains="Post 1 is saved")
    stored = (await storage_messages(house))[-1]
    assert (stored["text"], stored["entities"][0]["type"]) == ("bold move", "bold")


async def test_a_batch_from_its_command_to_its_link(house: House, time: Time) -> None:
    await house.olive.text(ADMIN_BOT, "/batch")
    await house.olive.wait(ADMIN_BOT, contains="New post.")
    await house.olive.text(ADMIN_BOT, "Season one")
    await house.olive.album(ADMIN_BOT, [{"kind": "photo"}, {"kind": "photo"}])
    await house.settle()
    await time.move(2)
    await house.olive.wait(ADMIN_BOT, contains="3 messages so far")
    await house.olive.press(ADMIN_BOT, "Done")
    await house.olive.wait(ADMIN_BOT, contains="Post 1 is saved")
    (post,) = await posts()
    assert (post.title, post.item_count) == ("Season one", 3)
    seen = await house.olive.transcript(ADMIN_BOT)
    statuses = [
        one for one in seen["messages"] if "messages, in order" in one.get("text", "") and not one["deleted_at"]
    ]
    assert statuses == []


async def test_a_card_renames_restricts_and_removes(house: House) -> None:
    await house.olive.text(ADMIN_BOT, "Rome")
    await house.olive.wait(ADMIN_BOT, contains="is saved")
    await house.olive.text(ADMIN_BOT, "/posts ro")
    await house.olive.wait(ADMIN_BOT, contains="with “")
    await house.olive.press(ADMIN_BOT, "1 · Rome")
    await house.olive.wait(ADMIN_BOT, contains="saving allowed")
    await house.olive.press(ADMIN_BOT, "Options")
    await house.olive.wait(ADMIN_BOT, contains="Each option")
    await house.olive.press(ADMIN_BOT, "Restrict saving: as in settings ›")
    await house.olive.wait(ADMIN_BOT, contains="neither saved nor forwarded")
    await house.olive.press(ADMIN_BOT, "On")
    await house.olive.wait(ADMIN_BOT, contains="Restrict saving: on.")
    await house.olive.press(ADMIN_BOT, "‹ Post 1")
    await house.olive.wait(ADMIN_BOT, contains="saving restricted")
    await house.olive.press(ADMIN_BOT, "Title")
    await house.olive.wait(ADMIN_BOT, contains="Send the new title")
    await house.olive.text(ADMIN_BOT, "שלום")
    await house.olive.wait(ADMIN_BOT, contains="Title: \u2068שלום\u2069")
    await house.olive.press(ADMIN_BOT, "Remove")
    await house.olive.wait(ADMIN_BOT, contains="Remove post 1?")
    await house.olive.press(ADMIN_BOT, "Remove")
    await house.olive.wait(ADMIN_BOT, contains="its link opens nothing")
    (post,) = await posts()
    assert (post.title, post.protect, post.status) == ("שלום", True, "removed")
    await house.olive.press(ADMIN_BOT, "Undo")
    await house.olive.wait(ADMIN_BOT, contains="1 message, live")


async def test_new_content_takes_the_place_of_the_old_under_the_same_link(house: House, time: Time) -> None:
    await house.olive.text(ADMIN_BOT, "old")
    await house.olive.wait(ADMIN_BOT, contains="is saved")
    await house.olive.press(ADMIN_BOT, "Card")
    await house.olive.wait(ADMIN_BOT, contains="saving allowed")
    await house.olive.press(ADMIN_BOT, "Content")
    await house.olive.wait(ADMIN_BOT, contains="Text × 1")
    await house.olive.press(ADMIN_BOT, "Replace all")
    await house.olive.wait(ADMIN_BOT, contains="New messages for post 1")
    await house.olive.text(ADMIN_BOT, "new")
    await house.olive.wait(ADMIN_BOT, contains="1 message so far")
    await house.olive.press(ADMIN_BOT, "Done")
    await house.olive.wait(ADMIN_BOT, contains="Post 1 has new content")
    (post,) = await posts()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="new")


async def test_the_preview_is_what_a_subscriber_sees_and_counts_nothing(house: House) -> None:
    await settings_ops.change("protect_content", True)
    await house.olive.text(ADMIN_BOT, "Rome")
    await house.olive.wait(ADMIN_BOT, contains="is saved")
    await house.olive.press(ADMIN_BOT, "Preview")
    seen = await house.olive.wait(ADMIN_BOT, contains="Preview.")
    copy = next(one for one in seen["messages"] if one.get("text") == "Rome" and one["outgoing"])
    assert copy["protected"]
    assert "Deleted in 30 min, at" in shown(seen)
    assert (await posts())[0].opened == 0


async def test_the_storage_channel_is_set_up_from_nothing(bare_house: House) -> None:
    house = bare_house
    await house.olive.text(ADMIN_BOT, "too early")
    await house.olive.wait(ADMIN_BOT, contains=storage_texts.no_storage())
    await house.olive.text(ADMIN_BOT, "/start")
    await house.olive.wait(ADMIN_BOT, contains="First: where posts are kept.")
    await house.olive.press(ADMIN_BOT, storage_texts.picker_button(), chat_id=STORAGE)
    seen = await house.olive.wait(ADMIN_BOT, contains=f"Now add @{USER_BOT} to it, too.")
    assert f"@{ADMIN_BOT}" not in shown(seen)
    assert (await settings_ops.load()).storage_channel_id is None
    buttons = [button for row in seen["messages"][-1]["reply_markup"]["inline_keyboard"] for button in row]
    add = next(button["url"] for button in buttons if "startchannel" in button.get("url", ""))
    await house.olive.link(add, chat_id=STORAGE)
    # by itself, without another press
    await house.olive.wait(ADMIN_BOT, contains="Which channel do your subscribers read?")
    assert (await settings_ops.load()).storage_channel_id == STORAGE
    await house.olive.text(ADMIN_BOT, "first")
    await house.olive.wait(ADMIN_BOT, contains="Post 1 is saved")


async def test_lost_rights_are_alerted_once_and_posting_works_again_afterwards(house: House) -> None:
    await house.world.set_member(STORAGE, 1001, "administrator", can_delete_messages=True)
    seen = await house.olive.wait(ADMIN_BOT, contains="I cannot store posts", since=0)
    for text in ("one", "two"):
        await house.olive.text(ADMIN_BOT, text)
        seen = await house.olive.wait(ADMIN_BOT, contains="This was not stored")
        assert "lacks the right “Post messages”" in shown(seen)
    everything = await house.olive.transcript(ADMIN_BOT)
    alerts = [one for one in everything["messages"] if "I cannot store posts" in one.get("text", "")]
    assert len(alerts) == 1
    rights = {"can_post_messages": True, "can_delete_messages": True}
    await house.world.set_member(STORAGE, 1001, "administrator", **rights)
    await house.olive.wait(ADMIN_BOT, contains="works again")
    await house.olive.text(ADMIN_BOT, "three")
    await house.olive.wait(ADMIN_BOT, contains="Post 1 is saved")


async def test_a_deleted_storage_channel_is_named(house: House) -> None:
    await house.world.delete_chat(STORAGE)
    await house.olive.text(ADMIN_BOT, "one")
    seen = await house.olive.wait(ADMIN_BOT, contains="This was not stored")
    assert "/start" in shown(seen)
    assert await posts() == []


async def test_flood_control_while_storing_is_waited_for(house: House) -> None:
    await house.world.fault("flood", method="copyMessages", times=1, retry_after=3)
    await house.olive.text(ADMIN_BOT, "patience")
    await house.olive.wait(ADMIN_BOT, contains="Post 1 is saved")
    assert len(await storage_messages(house)) == 1
    assert (await house.world.counters()).get("ignored_429", 0) == 0


async def copies_into_storage(house: House) -> list[tuple[float, int]]:
    """When each call was made, and Telegram's answer to it."""
    calls = await house.world.calls(method="copyMessages", bot=ADMIN_BOT)
    return [(float(call["at"]), int(call["status"])) for call in calls]


async def test_thirty_posts_in_a_row_are_not_slowed_by_the_limit_for_groups(house: House) -> None:
    for number in range(30):
        await house.olive.text(ADMIN_BOT, f"post {number}")
    await house.settle()
    assert len(await posts()) == len(await storage_messages(house)) == 30
    moments = [at for at, _ in await copies_into_storage(house)]
    assert len(moments) == 30
    # the answers to Olive take a second each; the 21st message to a group waits until a minute after the first
    assert moments[-1] - moments[0] < GROUP_WINDOW_S


async def test_flood_control_of_the_storage_channel_is_obeyed(house: House) -> None:
    await house.world.fault("flood", method="copyMessages", chat_id=STORAGE, skip=5, times=1, retry_after=4)
    for number in range(10):
        await house.olive.text(ADMIN_BOT, f"post {number}")
    await house.settle()
    assert len(await posts()) == len(await storage_messages(house)) == 10
    calls = await copies_into_storage(house)
    refused = [status for _, status in calls].index(429)
    assert calls[refused + 1][0] - calls[refused][0] >= 4
    assert (await house.world.counters()).get("ignored_429", 0) == 0


@pytest.mark.parametrize("kind", ["html", "drop_after"])
async def test_a_lost_answer_while_storing_makes_no_duplicate(house: House, kind: str) -> None:
    more: Json = {"status": 502} if kind == "html" else {}
    await house.world.fault(kind, method="copyMessages", times=1, **more)
    await house.olive.text(ADMIN_BOT, "once")
    await house.olive.wait(ADMIN_BOT, contains="did not confirm")
    assert len(await house.world.calls(method="copyMessages")) == 1
    assert await posts() == []


async def test_updates_delivered_twice_make_one_post(house: House) -> None:
    await house.world.fault("duplicate_update", method="getUpdates", bot=ADMIN_BOT, times=2)
    await house.olive.text(ADMIN_BOT, "once")
    await house.olive.wait(ADMIN_BOT, contains="Post 1 is saved")
    await house.settle()
    assert len(await posts()) == 1


async def test_a_subscriber_is_refused_politely_and_can_press_nothing(house: House) -> None:
    await house.olive.text(ADMIN_BOT, "Rome")
    await house.olive.wait(ADMIN_BOT, contains="is saved")
    (post,) = await posts()
    await house.alice.text(ADMIN_BOT, "/start")
    seen = await house.alice.wait(ADMIN_BOT, contains="for the channel's owners")
    assert len(seen["messages"]) == 2
    forged = await house.alice.forge_callback(ADMIN_BOT, f"ap:{post.code}:0::l:rmyes")
    assert forged["callback_query_id"]
    await house.alice.media(ADMIN_BOT, "photo")
    await house.settle()
    assert (await posts())[0].status == "live"
    everything = await house.alice.transcript(ADMIN_BOT)
    assert len([one for one in everything["messages"] if one["outgoing"]]) == 1


async def test_forged_buttons_are_answered(house: House) -> None:
    for data in ("nonsense", "ap:AAAAAAAAAAAAAAAA:0::l:rmyes", "ap:x", "ab:finish:dead"):
        await house.olive.forge_callback(ADMIN_BOT, data)
    await house.settle()
    counters = await house.world.counters()
    assert counters.get("unanswered_callbacks", 0) == 0
    toasts = (await house.olive.transcript(ADMIN_BOT))["toasts"]
    assert len(toasts) == 4
    assert toasts[0]["text"] == admin_texts.stale_button()


async def test_an_admin_called_like_html_is_greeted() -> None:
    async with running_house(timers=False, STORAGE_CHANNEL_ID=None, ADMIN_IDS=(OLIVE, 777)) as house:
        admin = await house.world.add_user('<3 & "x"', id=777)
        await admin.text(ADMIN_BOT, "/start")
        seen = await admin.wait(ADMIN_BOT, contains="First: where posts are kept.")
        assert '\u2068<3 & "x"\u2069' in shown(seen)


def test_the_picker_offers_private_channels_only() -> None:
    request = storage_keyboards.pick_storage().keyboard[0][0].request_chat
    assert request is not None
    assert (request.chat_is_channel, request.chat_has_username) == (True, False)
