"""Rows 11 and 12: the 48 hours, rights, batches."""

import pytest

from tests.sandbox.conftest import Town

HOUR_S = 3600


async def _delete(town: Town, chat_id: int, message_id: int) -> object:
    reply = await town.shop("deleteMessage", chat_id=chat_id, message_id=message_id)
    return reply.body.get("description", True)


async def test_bot_deletes_own_and_incoming_messages(town: Town) -> None:
    own = await town.send()
    incoming = (await town.alice.text("shop_bot", "hi"))["message"]["message_id"]
    assert await _delete(town, town.alice.id, own) is True
    assert await _delete(town, town.alice.id, incoming) is True
    assert await _delete(town, town.alice.id, own) == "Bad Request: message to delete not found"


async def test_private_message_is_deletable_for_48_hours(town: Town) -> None:
    message_id = await town.send()
    await town.client.advance(48 * HOUR_S - 5)
    assert await _delete(town, town.alice.id, message_id) is True


async def test_private_message_is_undeletable_after_48_hours(town: Town) -> None:
    message_id = await town.send()
    await town.client.advance(48 * HOUR_S + 5)
    expected = "Bad Request: message can't be deleted for everyone"
    assert await _delete(town, town.alice.id, message_id) == expected


async def test_edit_does_not_make_a_message_younger(town: Town) -> None:
    message_id = await town.send()
    await town.client.advance(48 * HOUR_S - 60)
    await town.shop("editMessageText", chat_id=town.alice.id, message_id=message_id, text="new")
    await town.client.advance(65)
    assert await _delete(town, town.alice.id, message_id) != True  # noqa: E712 - an error text is no success


async def test_channel_post_is_undeletable_after_48_hours(town: Town) -> None:
    message_id = await town.post()
    await town.client.advance(48 * HOUR_S + 5)
    assert await _delete(town, town.storage, message_id) == "Bad Request: message can't be deleted"


async def test_creation_message_is_never_deletable(town: Town) -> None:
    assert await _delete(town, town.storage, 1) == "Bad Request: message can't be deleted"


async def test_dice_is_deletable_only_after_a_day(town: Town) -> None:
    message_id = (await town.alice.media("shop_bot", "dice"))["message"]["message_id"]
    assert await _delete(town, town.alice.id, message_id) == "Bad Request: message can't be deleted for everyone"
    await town.client.advance(24 * HOUR_S + 5)
    assert await _delete(town, town.alice.id, message_id) is True


@pytest.mark.parametrize(
    ("right", "own", "expected"),
    [
        ("can_post_messages", True, True),
        ("can_edit_messages", True, "Bad Request: message can't be deleted"),
        ("can_delete_messages", True, True),
        ("can_delete_messages", False, True),
        ("can_post_messages", False, "Bad Request: message can't be deleted"),
    ],
)
async def test_channel_rights_decide(town: Town, right: str, own: bool, expected: object) -> None:
    if own:
        message_id = (await town.shop("sendMessage", chat_id=town.storage, text="x")).result["message_id"]
    else:
        message_id = await town.post()
    await town.client.set_member(town.storage, 1001, "administrator", **{right: True})
    assert await _delete(town, town.storage, message_id) == expected


async def test_supergroup_needs_the_right_for_others_messages_only(town: Town) -> None:
    chat = await town.client.add_chat("supergroup", "Group", town.olga.id)
    await town.client.set_member(chat, 1001, "administrator")
    own = (await town.shop("sendMessage", chat_id=chat, text="x")).result["message_id"]
    foreign = (await town.olga.text(chat, "hi"))["message"]["message_id"]
    assert await _delete(town, chat, own) is True
    assert await _delete(town, chat, foreign) == "Bad Request: message can't be deleted"


async def test_deleting_in_the_chat_of_a_deactivated_person_is_forbidden(town: Town) -> None:
    message_id = await town.send()
    await town.alice.deactivate()
    assert await _delete(town, town.alice.id, message_id) == "Forbidden: user is deactivated"


async def test_deleting_in_the_chat_of_a_blocking_person_is_configurable(town: Town) -> None:
    first, second = await town.send(), await town.send()
    await town.alice.block("shop_bot")
    assert await _delete(town, town.alice.id, first) is True
    await town.client.configure(delete_when_blocked=False)
    assert await _delete(town, town.alice.id, second) == "Forbidden: bot was blocked by the user"


async def test_batch_skips_unknown_ids_and_says_true(town: Town) -> None:
    message_id = await town.send()
    reply = await town.shop("deleteMessages", chat_id=town.alice.id, message_ids=[message_id, 88_888, 99_999])
    assert reply.result is True
    assert (await town.alice.wait("shop_bot", deleted=message_id))["messages"]
    assert (await town.shop("deleteMessages", chat_id=town.alice.id, message_ids=[99_999])).result is True


async def test_one_old_id_fails_the_whole_batch(town: Town) -> None:
    old = await town.send("old")
    await town.client.advance(48 * HOUR_S + 5)
    young = await town.send("young")
    reply = await town.shop("deleteMessages", chat_id=town.alice.id, message_ids=[old, young])
    assert reply.error == "Bad Request: message can't be deleted for everyone"
    shown = (await town.alice.transcript("shop_bot"))["messages"]
    assert all(message["deleted_at"] is None for message in shown)


@pytest.mark.parametrize(
    ("ids", "error"),
    [
        ("", "message identifiers are not specified"),
        ("[]", "message identifiers are not specified"),
        ("7", "expected an Array of message identifiers"),
        ("[1", "can't parse message_ids JSON object"),
        ('["x"]', "can't parse message identifier as a Number"),
        ("[null]", "message identifier must be a Number"),
        ("[0]", "invalid message identifier specified"),
        (str(list(range(1, 102))), "too many message identifiers specified"),
    ],
)
async def test_id_lists_are_checked(town: Town, ids: str, error: str) -> None:
    reply = await town.shop("deleteMessages", chat_id=town.alice.id, message_ids=ids)
    assert reply.error == f"Bad Request: {error}"


async def test_a_hundred_ids_pass(town: Town) -> None:
    reply = await town.shop("deleteMessages", chat_id=town.alice.id, message_ids=list(range(1, 101)))
    assert reply.result is True
