"""Row 8: one counter a bot over its private chats and basic groups; ids of another chat delete nothing."""

from tests.sandbox.conftest import Town


async def test_private_chats_and_basic_groups_share_one_counter(town: Town) -> None:
    await town.client.configure(id_gaps=0)
    group = await town.client.add_chat("group", "Friends", town.olga.id)
    await town.client.set_member(group, 1001, "administrator")
    await town.bob.link("https://t.me/shop_bot")
    await town.shop.updates()
    first = await town.send()
    incoming = (await town.bob.text("shop_bot", "hi"))["message"]["message_id"]
    await town.olga.text(group, "in the group")
    seen = [update["message"]["message_id"] for update in await town.shop.updates()]
    own = (await town.shop("sendMessage", chat_id=group, text="x")).result["message_id"]
    source = await town.post()
    copied = await town.shop("copyMessages", chat_id=town.bob.id, from_chat_id=town.storage, message_ids=[source])
    await town.shop("pinChatMessage", chat_id=town.alice.id, message_id=first)
    last = await town.send()
    ids = [first, incoming, seen[-1], own, copied.result[0]["message_id"]]
    assert seen[0] == incoming
    assert ids == list(range(first, first + 5))
    assert last == ids[-1] + 2, "the pin is a message too"


async def test_a_channel_numbers_its_messages_itself(town: Town) -> None:
    before = await town.send()
    ids = [await town.post() for _ in range(3)]
    assert ids == [2, 3, 4]
    assert 0 < await town.send() - before <= 4


async def test_each_bot_has_its_own_counter(town: Town) -> None:
    await town.client.configure(id_gaps=0)
    await town.alice.link("https://t.me/other_bot")
    before = await town.send()
    await town.other("sendMessage", chat_id=town.alice.id, text="x")
    assert await town.send() == before + 1


async def test_ids_of_another_private_chat_are_passed_over_when_deleting(town: Town) -> None:
    await town.bob.link("https://t.me/shop_bot")
    alices = await town.send()
    bobs = (await town.shop("sendMessage", chat_id=town.bob.id, text="x")).result["message_id"]
    reply = await town.shop("deleteMessages", chat_id=town.bob.id, message_ids=[alices, bobs])
    assert reply.result is True
    shown = [(await person.transcript("shop_bot"))["messages"] for person in (town.alice, town.bob)]
    assert [[m["message_id"] for m in found if m["deleted_at"]] for found in shown] == [[], [bobs]]


async def test_one_id_of_another_private_chat_is_not_found(town: Town) -> None:
    await town.bob.link("https://t.me/shop_bot")
    reply = await town.shop("deleteMessage", chat_id=town.bob.id, message_id=await town.send())
    assert reply.error == "Bad Request: message to delete not found"


async def test_a_hundred_ids_around_a_message_delete_it_alone(town: Town) -> None:
    await town.client.configure(id_gaps=0)
    await town.bob.link("https://t.me/shop_bot")
    bobs = [(await town.shop("sendMessage", chat_id=town.bob.id, text="x")).result["message_id"] for _ in range(60)]
    alices = await town.send()
    span = list(range(bobs[0], bobs[0] + 100))
    assert (await town.shop("deleteMessages", chat_id=town.alice.id, message_ids=span)).result is True
    assert (await town.shop("deleteMessage", chat_id=town.alice.id, message_id=alices)).status == 400
    kept = [m for m in (await town.bob.transcript("shop_bot"))["messages"] if m["outgoing"]]
    assert [message["deleted_at"] for message in kept] == [None] * 60
