"""Buttons that ask for people or a chat: what they offer, refuse and tell the bot; channels made in the picker."""

from typing import Any

import pytest

from sandbox.client import SandboxError
from tests.sandbox.conftest import Json, Town


def request_chat(**more: object) -> Json:
    button = {"text": "Choose", "request_chat": {"request_id": 5, "chat_is_channel": True, **more}}
    return {"keyboard": [[button]]}


async def test_sharing_a_channel_makes_the_bot_an_administrator_with_the_requested_rights(town: Town) -> None:
    channel = await town.client.add_chat("channel", "News", town.olga.id, username="news")
    await town.olga.link("https://t.me/shop_bot")
    rights = {"is_anonymous": False, "can_manage_chat": True, "can_post_messages": True, "can_edit_stories": False}
    markup = request_chat(bot_administrator_rights=rights, request_title=True, request_username=True)
    await town.shop("sendMessage", chat_id=town.olga.id, text="which?", reply_markup=markup)
    await town.shop.updates()
    await town.olga.press("shop_bot", "Choose", chat_id=channel)
    added, shared = await town.shop.updates()
    assert added["my_chat_member"]["new_chat_member"]["can_post_messages"] is True
    expected = {"request_id": 5, "chat_id": channel, "title": "News", "username": "news"}
    assert shared["message"]["chat_shared"] == expected
    assert (await town.shop("sendMessage", chat_id=channel, text="hi")).status == 200


async def test_a_picker_is_found_below_the_text_field_also_beside_an_inline_button_of_the_same_text(town: Town) -> None:
    await town.olga.link("https://t.me/shop_bot")
    await town.shop("sendMessage", chat_id=town.olga.id, text="which?", reply_markup=request_chat())
    twin = {"inline_keyboard": [[{"text": "Choose", "callback_data": "x"}]]}
    await town.shop("sendMessage", chat_id=town.olga.id, text="menu", reply_markup=twin)
    await town.shop.updates()
    await town.olga.press("shop_bot", "Choose", chat_id=town.storage)
    (shared,) = await town.shop.updates()
    assert shared["message"]["chat_shared"]["chat_id"] == town.storage
    await town.olga.press("shop_bot", "Choose")
    assert await town.shop.kinds() == ["callback_query"]


@pytest.mark.parametrize("request_id", [1, 2**31 - 1, -(2**31)])
async def test_every_request_shares_a_private_and_a_second_channel(town: Town, request_id: int) -> None:
    await town.olga.link("https://t.me/shop_bot")
    rights = {"can_invite_users": True}
    more = {
        "request_id": request_id,
        "request_title": True,
        "request_username": True,
        "bot_administrator_rights": rights,
    }
    for title, name in (("First", None), ("Second", "second")):
        chat = await town.client.add_chat("channel", title, town.olga.id, username=name)
        markup = request_chat(**more)
        await town.shop("sendMessage", chat_id=town.olga.id, text="which?", reply_markup=markup)
        await town.shop.updates()
        await town.olga.press("shop_bot", "Choose", chat_id=chat)
        added, shared = await town.shop.updates()
        assert added["my_chat_member"]["new_chat_member"]["can_invite_users"] is True
        expected = {"request_id": request_id, "chat_id": chat, "title": title} | ({"username": name} if name else {})
        assert shared["message"]["chat_shared"] == expected
        assert (await town.shop("createChatInviteLink", chat_id=chat)).status == 200


async def test_sharing_keeps_rights_the_bot_has(town: Town) -> None:
    await town.olga.link("https://t.me/shop_bot")
    markup = request_chat(bot_administrator_rights={"can_post_messages": True})
    await town.shop("sendMessage", chat_id=town.olga.id, text="which?", reply_markup=markup)
    await town.shop.updates()
    await town.olga.press("shop_bot", "Choose", chat_id=town.storage)
    assert await town.shop.kinds() == ["message"]
    own = (await town.shop("getChatMember", chat_id=town.storage, user_id=1001)).result
    assert own["can_delete_messages"] is True


@pytest.mark.parametrize(
    ("kind", "wanted", "why"),
    [
        ("supergroup", {}, "kind of chat"),
        ("channel", {"chat_has_username": True}, "username"),
        ("channel", {"chat_is_forum": True}, "forums"),
        ("channel", {"chat_is_channel": False}, "kind of chat"),
    ],
)
async def test_chats_that_do_not_match_the_request_cannot_be_shared(
    town: Town, kind: str, wanted: Json, why: str
) -> None:
    chat = await town.client.add_chat(kind, "Chat", town.olga.id)
    await town.olga.link("https://t.me/shop_bot")
    await town.shop("sendMessage", chat_id=town.olga.id, text="which?", reply_markup=request_chat(**wanted))
    with pytest.raises(SandboxError, match=why):
        await town.olga.press("shop_bot", "Choose", chat_id=chat)


async def test_subscribers_cannot_add_bots(town: Town) -> None:
    channel = await town.client.add_chat("channel", "News", town.olga.id)
    await town.alice.join(channel)
    markup = request_chat(bot_administrator_rights={"can_post_messages": True})
    await town.send(reply_markup=markup)
    with pytest.raises(SandboxError, match="may not add the bot"):
        await town.alice.press("shop_bot", "Choose", chat_id=channel)


async def _asked(town: Town, person: Any, **request: object) -> None:
    """Show the person a button that asks for a chat, and forget the updates so far."""
    await person.link("https://t.me/shop_bot")
    await town.shop("sendMessage", chat_id=person.id, text="which?", reply_markup=request_chat(**request))
    await town.shop.updates()


RIGHTS = {"can_manage_chat": True, "can_post_messages": True, "can_delete_messages": True}


async def test_a_channel_made_in_the_picker_has_the_bot_with_the_requested_rights(town: Town) -> None:
    wanted = {"bot_administrator_rights": RIGHTS, "user_administrator_rights": RIGHTS, "request_title": True}
    await _asked(town, town.olga, chat_has_username=False, **wanted)
    await town.olga.press("shop_bot", "Choose", new_chat={"title": "Vault"})
    added, shared = await town.shop.updates()
    chat = shared["message"]["chat_shared"]["chat_id"]
    assert shared["message"]["chat_shared"] == {"chat_id": chat, "title": "Vault", "request_id": 5}
    member = added["my_chat_member"]["new_chat_member"]
    assert (added["my_chat_member"]["chat"]["title"], member["status"]) == ("Vault", "administrator")
    assert (member["can_post_messages"], member["can_edit_messages"]) == (True, False)
    created = (await town.client.chat_messages(chat))[0]
    assert (created["message_id"], created["channel_chat_created"]) == (1, True)
    assert (await town.shop("getChatMember", chat_id=chat, user_id=town.olga.id)).result["status"] == "creator"
    assert (await town.shop("sendMessage", chat_id=chat, text="kept")).result["message_id"] == 2


async def test_a_public_channel_is_made_with_its_username(town: Town) -> None:
    await _asked(town, town.olga, chat_has_username=True, request_username=True)
    with pytest.raises(SandboxError, match="chat with a username"):
        await town.olga.press("shop_bot", "Choose", new_chat={"title": "News"})
    with pytest.raises(SandboxError, match="taken"):
        await town.olga.press("shop_bot", "Choose", new_chat={"title": "News", "username": "alice"})
    await town.olga.press("shop_bot", "Choose", new_chat={"title": "News", "username": "news"})
    shared = (await town.shop.updates())[-1]["message"]["chat_shared"]
    assert (shared["username"], "title" in shared) == ("news", False)


async def test_a_refused_new_chat_is_not_made(town: Town) -> None:
    await _asked(town, town.olga, chat_has_username=False)
    before = len((await town.client.state())["chats"])
    for wanted in ({}, {"title": "x" * 129}, {"title": "News", "username": "news"}, "Vault"):
        with pytest.raises(SandboxError):
            await town.olga.press("shop_bot", "Choose", new_chat=wanted)
    assert len((await town.client.state())["chats"]) == before
    assert await town.shop.kinds() == []


async def test_without_rights_the_bot_does_not_reach_what_was_shared(town: Town) -> None:
    await _asked(town, town.olga)
    await town.olga.press("shop_bot", "Choose", new_chat={"title": "Vault"})
    chat = (await town.shop.updates())[-1]["message"]["chat_shared"]["chat_id"]
    assert (await town.shop("getChat", chat_id=chat)).error == "Bad Request: chat not found"


async def test_a_group_that_needs_the_bot_inside_gets_it_as_a_member(town: Town) -> None:
    group = await town.client.add_chat("supergroup", "Talk", town.olga.id)
    await _asked(town, town.olga, chat_is_channel=False, bot_is_member=True)
    await town.olga.press("shop_bot", "Choose", chat_id=group)
    added = (await town.shop.updates())[0]["my_chat_member"]["new_chat_member"]
    assert added["status"] == "member"


async def test_a_person_who_may_not_invite_cannot_share_a_group_that_needs_the_bot_inside(town: Town) -> None:
    group = await town.client.add_chat("supergroup", "Talk", town.olga.id)
    await town.alice.join(group)
    await _asked(town, town.alice, chat_is_channel=False, bot_is_member=True)
    with pytest.raises(SandboxError, match="can't be added"):
        await town.alice.press("shop_bot", "Choose", chat_id=group)


async def test_of_a_channel_a_bot_is_no_mere_member(town: Town) -> None:
    channel = await town.client.add_chat("channel", "News", town.olga.id)
    await _asked(town, town.olga, bot_is_member=True)
    await town.olga.press("shop_bot", "Choose", chat_id=channel)
    assert await town.shop.kinds() == ["message"]


async def test_an_admin_gives_no_rights_they_lack(town: Town) -> None:
    channel = await town.client.add_chat("channel", "News", town.olga.id)
    await town.client.set_member(channel, town.alice.id, "administrator", can_promote_members=True)
    await _asked(town, town.alice, bot_administrator_rights={"can_post_messages": True})
    assert (await town.alice.choices("shop_bot", "Choose"))["chats"] == []
    with pytest.raises(SandboxError, match="may not add the bot"):
        await town.alice.press("shop_bot", "Choose", chat_id=channel)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"chat_is_created": True}, "does not own"),
        ({"user_administrator_rights": {"can_post_messages": True, "can_change_info": True}}, "lacks rights"),
        ({"user_administrator_rights": {"can_post_messages": True, "can_change_info": False}}, None),
    ],
)
async def test_an_admin_shares_only_where_they_have_what_the_button_asks(
    town: Town, wanted: Json, why: str | None
) -> None:
    await town.client.set_member(town.storage, town.alice.id, "administrator", can_post_messages=True)
    await _asked(town, town.alice, **wanted)
    assert (await town.alice.choices("shop_bot", "Choose"))["chats"] == ([] if why else [town.storage])
    if why is None:
        await town.alice.press("shop_bot", "Choose", chat_id=town.storage)
        return
    with pytest.raises(SandboxError, match=why):
        await town.alice.press("shop_bot", "Choose", chat_id=town.storage)


async def test_choices_are_the_chats_that_fit(town: Town) -> None:
    public = await town.client.add_chat("channel", "News", town.olga.id, username="news")
    await town.client.add_chat("supergroup", "Talk", town.olga.id)
    gone = await town.client.add_chat("channel", "Old", town.olga.id)
    await town.client.delete_chat(gone)
    await _asked(town, town.olga, chat_has_username=False, chat_is_created=True)
    found = await town.olga.choices("shop_bot", "Choose")
    assert found == {"chats": [town.storage], "creates": "channel", "public": False}
    await _asked(town, town.olga, chat_has_username=True)
    assert (await town.olga.choices("shop_bot", "Choose"))["chats"] == [public]
    await _asked(town, town.olga)
    assert (await town.olga.choices("shop_bot", "Choose"))["chats"] == [town.storage, public]


async def test_choices_leave_out_chats_where_the_person_may_not_add_the_bot(town: Town) -> None:
    await town.client.add_chat("channel", "News", town.olga.id, username="news")
    await town.alice.join((await town.client.state())["chats"][-1]["id"])
    await _asked(town, town.alice, bot_administrator_rights={"can_post_messages": True})
    assert (await town.alice.choices("shop_bot", "Choose"))["chats"] == []


async def test_there_are_no_choices_for_other_buttons(town: Town) -> None:
    await town.send(reply_markup={"keyboard": [["Menu"]]})
    for text in ("Menu", "Nothing"):
        with pytest.raises(SandboxError):
            await town.alice.choices("shop_bot", text)


# --------------------------------------------------------------------------------------------------------------- people


async def _asks_for_people(town: Town, **request: object) -> None:
    button = {"text": "Who", "request_users": {"request_id": 9, **request}}
    await town.send(reply_markup={"keyboard": [[button]]})
    await town.shop.updates()


async def test_shared_people_come_as_ids_only(town: Town) -> None:
    await _asks_for_people(town, max_quantity=10)
    await town.alice.press("shop_bot", "Who", user_ids=[town.bob.id, town.alice.id])
    message = (await town.shop.updates())[0]["message"]
    assert message["users_shared"] == {
        "user_ids": [town.bob.id, town.alice.id],
        "users": [{"user_id": town.bob.id}, {"user_id": town.alice.id}],
        "request_id": 9,
    }
    assert "user_shared" not in message


async def test_names_and_usernames_come_when_asked_for(town: Town) -> None:
    mary = await town.client.add_user("Mary", last_name="Rose", username="rose")
    await _asks_for_people(town, max_quantity=3, request_name=True, request_username=True, request_photo=True)
    await town.alice.press("shop_bot", "Who", user_ids=[mary.id, town.bob.id])
    shared = (await town.shop.updates())[0]["message"]["users_shared"]
    rose = {"user_id": mary.id, "first_name": "Mary", "last_name": "Rose", "username": "rose"}
    assert shared["users"] == [rose, {"user_id": town.bob.id, "first_name": "Bob"}]


@pytest.mark.parametrize("most", [{}, {"max_quantity": 0}, {"max_quantity": 5}])
async def test_one_person_comes_in_the_older_field_too(town: Town, most: Json) -> None:
    await _asks_for_people(town, **most)
    await town.alice.press("shop_bot", "Who", user_ids=[town.bob.id])
    message = (await town.shop.updates())[0]["message"]
    assert message["user_shared"] == {"user_id": town.bob.id, "request_id": 9}


async def test_a_shared_person_stays_unreachable(town: Town) -> None:
    await _asks_for_people(town)
    await town.alice.press("shop_bot", "Who", user_ids=[town.bob.id])
    assert (await town.shop("sendMessage", chat_id=town.bob.id, text="hi")).error == "Bad Request: chat not found"


@pytest.mark.parametrize(
    ("request_", "ids", "why"),
    [
        ({}, [], "too few"),
        ({}, [7001, 7003], "too many"),
        ({"max_quantity": 0}, [7001, 7003], "too many"),
        ({"max_quantity": 2}, [7001, 7002, 7003], "too many"),
        ({}, [9999], "no person 9999"),
        ({}, ["x"], "whole number"),
        ({"user_is_bot": True}, [7003], "bots only"),
        ({"user_is_bot": False}, [1002], "does not offer bots"),
        ({"user_is_premium": True}, [7003], "Premium"),
    ],
)
async def test_people_who_do_not_match_the_request_cannot_be_shared(
    town: Town, request_: Json, ids: list[object], why: str
) -> None:
    await _asks_for_people(town, **request_)
    with pytest.raises(SandboxError, match=why):
        await town.alice.press("shop_bot", "Who", user_ids=ids)
    assert await town.shop.kinds() == []


async def test_choices_are_the_people_who_fit(town: Town) -> None:
    await town.bob.deactivate()
    await _asks_for_people(town, user_is_bot=False, max_quantity=4)
    assert await town.alice.choices("shop_bot", "Who") == {"users": [7001, 7002], "max_quantity": 4}
    await _asks_for_people(town, user_is_bot=True)
    assert (await town.alice.choices("shop_bot", "Who"))["users"] == [1001, 1002]


@pytest.mark.parametrize(
    ("button", "error"),
    [
        ({"request_users": {}}, 'Can\'t find field "request_id"'),
        ({"request_users": 5}, 'Field "request_users" must be of type Object'),
        ({"request_users": {"request_id": 2**31}}, 'Field "request_id" must be a valid Number'),
        ({"request_users": {"request_id": 1.5}}, 'Field "request_id" must be a valid Number'),
        ({"request_users": {"request_id": True}}, 'Field "request_id" must be a Number'),
        ({"request_users": {"request_id": 1, "max_quantity": []}}, 'Field "max_quantity" must be a Number'),
        ({"request_users": {"request_id": 1, "request_name": 1}}, 'Field "request_name" must be of type Boolean'),
        ({"request_chat": {"chat_is_channel": True}}, 'Can\'t find field "request_id"'),
        (
            {"request_chat": {"request_id": 1, "chat_is_channel": "yes"}},
            'Field "chat_is_channel" must be of type Boolean',
        ),
        (
            {"request_chat": {"request_id": 1, "bot_administrator_rights": []}},
            "ChatAdministratorRights must be an Object",
        ),
        (
            {"request_chat": {"request_id": 1, "user_administrator_rights": {"can_post_messages": 1}}},
            'Field "can_post_messages" must be of type Boolean',
        ),
        ({"request_contact": "yes"}, 'Field "request_contact" must be of type Boolean'),
    ],
)
async def test_wrong_fields_of_a_request_are_named(town: Town, button: Json, error: str) -> None:
    markup = {"keyboard": [[{"text": "A", **button}]]}
    reply = await town.shop("sendMessage", chat_id=7002, text="x", reply_markup=markup)
    assert reply.error == f"Bad Request: can't parse keyboard button: {error}"
