"""A post is delivered: complete, once, with a promise to delete it."""

import asyncio
from datetime import timedelta

from core.delivery import PendingDeletion
from core.posts import PostField
from database.connection import current_database
from database.operations import deletion_ops, settings_ops, user_ops
from database.operations.posts import post_ops
from tests.bots.user_bot.killed import count_copies, reader
from tests.house import ALICE, STORAGE, USER_BOT, House
from tests.posts import set_field
from user_bot.delivery.request import Outcome


async def promises(user_id: int = ALICE) -> list[PendingDeletion]:
    return await deletion_ops.open_deliveries(user_id, 50)


async def test_a_post_arrives_with_a_warning_and_a_promise(house: House) -> None:
    post = await house.store(items=3)
    await house.alice.link(house.link(post))
    seen = await house.alice.wait(USER_BOT, contains="30 min")
    copies = [message for message in seen["messages"] if message.get("photo")]
    warning = next(message for message in seen["messages"] if "30 min" in message.get("text", ""))
    assert [message["caption"] for message in copies] == ["item 1", "item 2", "item 3"]
    await house.settle()
    (promise,) = await promises()
    assert promise.message_ids == tuple(message["message_id"] for message in copies)
    assert promise.notice_message_id == warning["message_id"]
    # the half hour is counted from when the messages have arrived
    assert 1800 <= (promise.delete_at - promise.sent_at).total_seconds() < 1810


async def test_a_delivery_takes_two_calls_and_four_commands(house: House) -> None:
    post = await house.store(items=10)
    await house.bob.text(USER_BOT, "/start")
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    database = current_database()
    database.calls.clear()
    before = len(await house.calls())
    await house.bob.link(house.link(post))
    await house.bob.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert [call["method"] for call in (await house.calls())[before:]] == ["copyMessages", "sendMessage"]
    assert database.calls.total() == 4, database.calls


async def test_a_double_tap_is_delivered_once(house: House) -> None:
    post = await house.store()
    await asyncio.gather(*(house.alice.link(house.link(post)) for _ in range(5)))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1
    assert len(await promises()) == 1


async def test_a_second_tap_within_three_seconds_sends_nothing_whichever_process_gets_it(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    for deliverer in (house.user_bot.dispatcher["deliverer"], house.another_deliverer()):
        assert await deliverer.deliver(await reader(), post.code, "message 99") is Outcome.DOUBLE_TAP
    assert await count_copies(house) == 1


async def test_an_opening_noted_before_the_clock_was_put_back_is_no_second_tap(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    house.clock.move(-timedelta(hours=1))
    assert await house.another_deliverer().deliver(await reader(), post.code, "message 99") is Outcome.POINTED


async def test_two_first_starts_at_once_store_one_user(house: House) -> None:
    first, second = await house.store(), await house.store()
    await asyncio.gather(house.bob.link(house.link(first, "ad1")), house.bob.link(house.link(second, "ad2")))
    await house.bob.wait(USER_BOT, count=4)
    await house.settle()
    assert await user_ops.count() == 1
    user = await user_ops.find(house.bob.id)
    assert user is not None
    assert user.source in ("ad1", "ad2")
    assert len(await house.calls("copyMessages")) == 2


async def test_garbage_after_start_gets_one_sentence(house: House) -> None:
    # a Telegram client sends 5,000 characters as a message of 4,096 and one with the rest
    for typed in ("p_", "%%%", "🎁🎁", "x" * (4096 - len("/start ")), "p_aaaaaaaaaaaaaaaa extra"):
        await house.alice.text(USER_BOT, f"/start {typed}")
        seen = await house.alice.wait(USER_BOT, count=1)
        await house.settle()
        answers = [message["text"] for message in seen["messages"] if message["outgoing"]]
        assert answers == ["This link does not work. Check that you copied all of it."]


async def test_unknown_and_removed_posts_get_one_sentence(house: House) -> None:
    post = await house.store()
    await post_ops.remove(post.code)
    unknown = f"https://t.me/{USER_BOT}?start=p_AAAAAAAAAAAAAAAA"
    for link, said in ((house.link(post), "not available any more"), (unknown, "link does not work")):
        await house.alice.link(link)
        seen = await house.alice.wait(USER_BOT, contains=said)
        assert len([message for message in seen["messages"] if message["outgoing"]]) == 1
    assert await house.calls("copyMessages") == []
    assert await promises() == []


async def test_protected_and_undeleted_posts_are_delivered_as_set(house: House) -> None:
    post = await house.store()
    await set_field(post.code, PostField.PROTECT, True)
    await set_field(post.code, PostField.DELETE_AFTER, 0)
    await house.alice.link(house.link(post))
    seen = await house.alice.wait(USER_BOT, count=1)
    await house.settle()
    assert seen["messages"][-1]["protected"]
    assert await promises() == []
    assert [call["method"] for call in await house.calls()][-1] == "copyMessages"


async def test_settings_apply_where_the_post_sets_nothing(house: House) -> None:
    await settings_ops.change("delete_after_minutes", 60)
    await settings_ops.change("protect_content", True)
    post = await house.store()
    await house.alice.link(house.link(post))
    seen = await house.alice.wait(USER_BOT, contains="Deleted in 1 h, at")
    assert any(message["protected"] for message in seen["messages"] if message.get("photo"))


async def test_an_album_arrives_as_an_album(house: House) -> None:
    sent = await house.olive.album(STORAGE, [{"kind": "photo"} for _ in range(4)])
    post = await house.post([message["message_id"] for message in sent["messages"]])
    await house.alice.link(house.link(post))
    seen = await house.alice.wait(USER_BOT, contains="30 min")
    groups = {message.get("media_group_id") for message in seen["messages"] if message.get("photo")}
    assert len(groups) == 1
    assert None not in groups


async def test_a_name_full_of_markup_is_greeted(house: House) -> None:
    user = await house.world.add_user('<3 & "x"')
    await user.text(USER_BOT, "/start")
    seen = await user.wait(USER_BOT, contains="Hi ")
    assert '<3 & "x"' in seen["messages"][-1]["text"]


async def test_me_and_help_answer_and_anything_else_is_explained(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    for typed, expected in (("/me", "Here until"), ("/help", "A post may ask you"), ("hello", "only send posts")):
        await house.alice.text(USER_BOT, typed)
        assert await house.alice.wait(USER_BOT, contains=expected)


async def test_forged_and_old_buttons_are_answered_and_do_nothing(house: House) -> None:
    await house.alice.text(USER_BOT, "/start")
    await house.alice.wait(USER_BOT, contains="Hi ")
    for forged in ("again:p_", "again:" + "x" * 50, "nonsense", "again:", ":::"):
        await house.alice.forge_callback(USER_BOT, forged)
    await house.settle()
    assert await house.calls("copyMessages") == []
    counters = await house.world.counters()
    assert counters["unanswered_callbacks"] == 0


async def test_groups_get_no_answer(house: House) -> None:
    group = await house.world.add_chat("supergroup", "Chatter", ALICE)
    await house.world.set_member(group, 1002, "administrator")
    before = len(await house.calls())
    await house.alice.text(group, "/start")
    await house.settle()
    assert len(await house.calls()) == before
