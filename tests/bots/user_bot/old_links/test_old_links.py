"""Links of another bot: each becomes one post, however many open it at once and whoever dies in between."""

import asyncio
import base64

from core.exchange.old_links import OldMessages, old_link_code
from core.posts import PostStatus
from core.settings import AccessMode
from database.collection import Collection
from database.connection import current_database
from database.operations import settings_ops, user_ops
from database.operations.exchange import old_link_ops
from database.operations.posts import post_ops
from tests.bots.user_bot.killed import count_copies, texts
from tests.house import ALICE, BOB, OLIVE, USER_BOT, House
from user_bot.old_links import NEW_MAX
from views.subscribers import old_link_texts
from views.subscribers import texts as user_texts


async def vault(house: House, messages: int = 3, *, is_on: bool = True) -> tuple[int, list[int]]:
    """Make the old channel with messages; returns its id and theirs."""
    chat_id = await house.world.add_chat("channel", "Vault", OLIVE)
    await house.world.set_member(chat_id, 1002, "administrator", can_post_messages=True)
    ids = []
    for number in range(messages):
        sent = await house.olive.media(chat_id, "photo", caption=f"item {number + 1}")
        ids.append(int(sent["message"]["message_id"]))
    if is_on:
        await settings_ops.change("old_links_channel", chat_id)
    return chat_id, ids


def link(text: str) -> str:
    return f"https://t.me/{USER_BOT}?start={base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}"


def span(chat_id: int, first: int, last: int) -> str:
    return link(f"get-{first * abs(chat_id)}-{last * abs(chat_id)}")


async def captions(house: House, user_id: int = ALICE) -> list[str]:
    seen = await house.world.person(user_id).transcript(USER_BOT)
    return [message["caption"] for message in seen["messages"] if message["outgoing"] and message.get("caption")]


def posts() -> Collection:
    return current_database().collection("posts")


async def imported() -> tuple[list[str], int]:
    """Return the titles of imported posts, and how many there are."""
    documents = await posts().find({"is_imported": True}, limit=99)
    return sorted(str(one["title"]) for one in documents), len(documents)


async def test_a_span_becomes_a_post_that_is_delivered_from_the_old_channel(house: House) -> None:
    chat_id, ids = await vault(house)
    await house.alice.link(span(chat_id, ids[-1], ids[0]))
    await house.settle()
    assert await captions(house) == ["item 1", "item 2", "item 3"]
    post = await post_ops.find(old_link_code(chat_id, OldMessages(ids[0], ids[-1])))
    assert post is not None
    assert (post.storage_chat_id, post.message_ids, post.is_imported, post.opened) == (chat_id, tuple(ids), True, 1)


async def test_a_padded_parameter_of_the_other_alphabet_opens_it_too(house: House) -> None:
    _, ids = await vault(house, 1)
    await house.alice.text(USER_BOT, "/start " + base64.b64encode(f"filep_{ids[0]}".encode()).decode())
    await house.settle()
    assert await captions(house) == ["item 1"]
    (document,) = await posts().find({}, limit=9)
    assert document["protect"] is True
    assert [call["params"]["protect_content"] for call in await house.calls("copyMessages")]


async def test_many_at_once_in_two_processes_make_one_post(house: House) -> None:
    chat_id, ids = await vault(house)
    for person in (house.alice, house.bob):
        await person.text(USER_BOT, "/start")
    await house.settle()
    parameter = span(chat_id, ids[0], ids[-1]).partition("start=")[2]
    users = [await user_ops.find(user_id) for user_id in (ALICE, BOB)]
    processes = [house.another_process()["old_links"] for _ in range(2)]
    opening = [
        process.open(user, parameter, f"message {number}", number)
        for number in range(250)
        for process in processes
        for user in users
        if user is not None
    ]
    assert len(opening) == 1000
    await asyncio.gather(*opening)
    await house.settle()
    assert await imported() == ([f"{ids[0]}–{ids[-1]}"], 1)
    assert await count_copies(house) == 2


async def test_after_a_kill_between_the_post_and_its_delivery_the_link_opens_that_post(house: House) -> None:
    chat_id, ids = await vault(house)
    code = old_link_code(chat_id, OldMessages(ids[0], ids[-1]))
    await post_ops.create(
        title="x",
        storage_chat_id=chat_id,
        message_ids=ids,
        is_imported=True,
        created_by=0,
        created_at=house.base.clock.now(),
        code=code,
    )
    await house.alice.link(span(chat_id, ids[0], ids[-1]))
    await house.settle()
    assert len(await captions(house)) == 3
    assert (await imported())[1] == 1


async def test_links_that_only_the_other_bot_opens_are_counted_and_said(house: House) -> None:
    chat_id, ids = await vault(house, 1)
    foreign = span(chat_id - 1, ids[0], ids[0])
    for text in (link("BATCH-AgADBAADqbcxG"), link('{"id": 1}'), foreign):
        await house.alice.link(text)
        await house.settle()
    assert (await texts(house))[-3:] == [old_link_texts.of_another_bot()] * 3
    assert await old_link_ops.other_count() == 3
    assert (await imported())[1] == 0


async def test_while_they_are_off_an_old_link_is_a_link_that_does_not_work(house: House) -> None:
    chat_id, ids = await vault(house, 1, is_on=False)
    await house.alice.link(span(chat_id, ids[0], ids[0]))
    await house.settle()
    assert (await texts(house))[-1] == user_texts.invalid_link()
    assert await old_link_ops.other_count() == 0


async def test_100_messages_are_a_post_and_for_101_the_owner_is_told_once(house: House) -> None:
    chat_id, _ = await vault(house, 1)
    await house.alice.link(span(chat_id, 1, 100))
    await house.settle()
    assert await captions(house) == ["item 1"]
    for person in (house.alice, house.bob):
        await person.link(span(chat_id, 1, 101))
        await house.settle()
    for user_id in (ALICE, BOB):
        assert (await texts(house, user_id))[-1] == user_texts.owner_knows(old_link_texts.too_many_messages())
    told = await house.world.calls(method="sendMessage", bot="house_admin_bot")
    assert sum("opens too many messages" in call["params"]["text"] for call in told) == 1
    assert (await imported())[1] == 1


async def test_holes_in_a_span_alarm_nobody_and_are_no_damage(house: House) -> None:
    chat_id, ids = await vault(house)
    await house.world.delete_message(chat_id, ids[1])
    for text in (span(chat_id, ids[0], ids[-1]), span(chat_id, 900, 902)):
        await house.alice.link(text)
        await house.settle()
    assert await captions(house) == ["item 1", "item 3"]
    assert not any("Only" in text for text in await texts(house))
    told = await house.world.calls(method="sendMessage", bot="house_admin_bot")
    assert not any("incomplete" in call["params"]["text"] for call in told)


async def test_what_was_removed_is_not_made_again(house: House) -> None:
    chat_id, ids = await vault(house)
    await house.alice.link(span(chat_id, ids[0], ids[-1]))
    await house.settle()
    await post_ops.remove(old_link_code(chat_id, OldMessages(ids[0], ids[-1])))
    await house.bob.link(span(chat_id, ids[0], ids[-1]))
    await house.settle()
    assert (await texts(house, BOB))[-1] == user_texts.post_gone()
    assert [one["status"] for one in await posts().find({}, limit=9)] == [PostStatus.REMOVED]


async def test_made_up_links_make_only_so_many_posts_an_hour(house: House) -> None:
    chat_id, _ = await vault(house, 1)
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    user = await user_ops.find(ALICE)
    assert user is not None
    old_links = house.another_process()["old_links"]
    for number in range(NEW_MAX + 2):
        parameter = span(chat_id, 500 + number, 500 + number).partition("start=")[2]
        await old_links.open(user, parameter, f"m {number}", number)
    assert (await imported())[1] == NEW_MAX
    assert (await texts(house))[-1] == old_link_texts.too_many_new()


async def test_the_gate_stands_before_an_old_link_and_a_ban_makes_no_post(house: House) -> None:
    chat_id, ids = await vault(house)
    await settings_ops.change("access_mode", AccessMode.CREDITS)
    await house.alice.link(span(chat_id, ids[0], ids[-1]))
    await house.settle()
    assert await count_copies(house) == 0
    await house.bob.text(USER_BOT, "/start")
    await house.settle()
    await user_ops.ban(BOB, house.base.clock.now(), reason=None, until=None)
    await house.bob.link(span(chat_id, ids[0], ids[0]))
    await house.settle()
    assert (await imported())[1] == 1
