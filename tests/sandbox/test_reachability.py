"""Rows 8 to 10: message ids, who can be written to, blocking."""

from typing import Any

import pytest

from tests.sandbox.conftest import Town

STORAGE_TITLE = "Storage"


async def test_ids_of_one_bot_grow_over_all_private_chats(town: Town) -> None:
    await town.bob.link("https://t.me/shop_bot")
    first = await town.send()
    to_bob = (await town.shop("sendMessage", chat_id=town.bob.id, text="x")).result["message_id"]
    from_alice = (await town.alice.text("shop_bot", "hi"))["message"]["message_id"]
    assert first < to_bob < from_alice


async def test_ids_have_gaps_unless_disabled(town: Town) -> None:
    ids = [await town.send() for _ in range(20)]
    assert ids != list(range(ids[0], ids[0] + 20))
    await town.client.configure(id_gaps=0)
    ids = [await town.send() for _ in range(20)]
    assert ids == list(range(ids[0], ids[0] + 20))


async def test_a_channel_numbers_its_messages_from_its_creation_message(town: Town) -> None:
    assert await town.post() == 2
    assert (await town.shop("sendMessage", chat_id=town.storage, text="x")).result["message_id"] == 3
    seen = (await town.other("getUpdates")).result[-1]["channel_post"]["message_id"]
    assert seen == 3


async def test_group_messages_have_another_id_for_every_bot(town: Town) -> None:
    group = await town.client.add_chat("group", "Group", town.olga.id)
    for bot_id in (1001, 1002):
        await town.client.set_member(group, bot_id, "administrator", can_manage_chat=True)
    await town.shop.updates()
    await town.other.updates()
    await town.send()
    await town.olga.text(group, "hi all")
    ours = (await town.shop.updates())[0]["message"]["message_id"]
    theirs = (await town.other.updates())[0]["message"]["message_id"]
    assert ours != theirs
    assert (await town.shop("deleteMessage", chat_id=group, message_id=ours)).result is True


async def test_id_of_another_private_chat_is_not_found(town: Town) -> None:
    await town.bob.link("https://t.me/shop_bot")
    message_id = await town.send()
    reply = await town.shop("deleteMessage", chat_id=town.bob.id, message_id=message_id)
    assert reply.error == "Bad Request: message to delete not found"


async def _send(town: Town, chat_id: int) -> tuple[int, Any]:
    reply = await town.shop("sendMessage", chat_id=chat_id, text="x")
    return reply.status, reply.body.get("description")


async def test_never_seen_person_is_chat_not_found(town: Town) -> None:
    assert await _send(town, town.bob.id) == (400, "Bad Request: chat not found")
    assert await _send(town, 999_999) == (400, "Bad Request: chat not found")


async def test_persons_username_is_chat_not_found(town: Town) -> None:
    reply = await town.shop("sendMessage", chat_id="@alice", text="x")
    assert reply.error == "Bad Request: chat not found"


async def test_seen_but_not_started_cannot_be_written_to(town: Town) -> None:
    await town.bob.join(town.storage)
    assert await _send(town, town.bob.id) == (403, "Forbidden: bot can't initiate conversation with a user")


async def test_join_request_opens_the_chat_for_five_minutes(town: Town) -> None:
    await town.bob.request_join(town.storage)
    assert (await _send(town, town.bob.id))[0] == 200
    await town.client.advance(301)
    assert await _send(town, town.bob.id) == (403, "Forbidden: bot can't initiate conversation with a user")


async def test_a_blocked_bot_gets_403_and_an_update(town: Town) -> None:
    await town.alice.block("shop_bot")
    change = (await town.shop.updates())[0]["my_chat_member"]
    assert (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) == ("member", "kicked")
    assert (change["chat"]["type"], change["from"]["id"]) == ("private", town.alice.id)
    assert await _send(town, town.alice.id) == (403, "Forbidden: bot was blocked by the user")


async def test_unblocking_sends_an_update_and_allows_writing(town: Town) -> None:
    await town.alice.block("shop_bot")
    await town.alice.unblock("shop_bot")
    kinds = await town.shop.kinds()
    assert kinds == ["my_chat_member", "my_chat_member"]
    assert (await _send(town, town.alice.id))[0] == 200


async def test_unblocking_with_restart_sends_start(town: Town) -> None:
    await town.alice.block("shop_bot")
    await town.alice.unblock("shop_bot", restart=True)
    updates = await town.shop.updates()
    assert updates[-1]["message"]["text"] == "/start"


async def test_deactivated_person_is_forbidden(town: Town) -> None:
    await town.alice.deactivate()
    assert await _send(town, town.alice.id) == (403, "Forbidden: user is deactivated")


@pytest.mark.parametrize("chat_id", [1002, "@other_bot"])
async def test_bots_do_not_write_to_bots(town: Town, chat_id: int | str) -> None:
    reply = await town.shop("sendMessage", chat_id=chat_id, text="x")
    assert (reply.status, reply.error) == (403, "Forbidden: the bot can't send messages to the bot")


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("channel", "kicked", "Forbidden: bot was kicked from the channel chat"),
        ("channel", "left", "Forbidden: bot is not a member of the channel chat"),
        ("supergroup", "kicked", "Forbidden: bot was kicked from the supergroup chat"),
        ("group", "left", "Forbidden: bot is not a member of the group chat"),
        ("channel", "member", "Bad Request: need administrator rights in the channel chat"),
        ("supergroup", "restricted", "Bad Request: not enough rights to send text messages to the chat"),
    ],
)
async def test_chats_refuse_bots_that_are_no_members(town: Town, kind: str, status: str, error: str) -> None:
    chat = await town.client.add_chat(kind, "Chat", town.olga.id)
    await town.client.set_member(chat, 1001, "administrator")
    await town.client.set_member(chat, 1001, status)
    assert (await town.shop("sendMessage", chat_id=chat, text="x")).error == error


async def test_a_chat_without_contact_to_the_bot_is_not_found(town: Town) -> None:
    chat = await town.client.add_chat("channel", "Far", town.olga.id)
    assert (await town.shop("getChat", chat_id=chat)).error == "Bad Request: chat not found"


async def test_a_deleted_channel_is_forbidden(town: Town) -> None:
    await town.client.delete_chat(town.storage)
    reply = await town.shop("sendMessage", chat_id=town.storage, text="x")
    assert reply.error == "Forbidden: bot was kicked from the channel chat"


async def test_public_chat_can_be_read_by_name(town: Town) -> None:
    await town.client.add_chat("channel", "News", town.olga.id, username="news")
    assert (await town.shop("getChat", chat_id="@News")).result["title"] == "News"


async def test_typing_is_shown_until_the_message(town: Town) -> None:
    assert (await town.shop("sendChatAction", chat_id=town.alice.id, action="typing")).result is True
    assert (await town.alice.transcript("shop_bot"))["typing"] is True
    await town.send()
    assert (await town.alice.transcript("shop_bot"))["typing"] is False
