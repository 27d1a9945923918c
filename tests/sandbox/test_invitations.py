"""Rows 22 and 23: invitations, join requests and the updates about them."""

import pytest

from sandbox.client import SandboxError
from tests.sandbox.conftest import ADMIN_RIGHTS, Json, Town

GATE_UPDATES = ["message", "my_chat_member", "chat_member", "chat_join_request"]


async def make_link(town: Town, **more: object) -> Json:
    link: Json = (await town.shop("createChatInviteLink", chat_id=town.storage, **more)).result
    return link


async def status(town: Town, user_id: int) -> str:
    return str((await town.shop("getChatMember", chat_id=town.storage, user_id=user_id)).result["status"])


async def answer(town: Town, verb: str, user_id: int) -> object:
    reply = await town.shop(f"{verb}ChatJoinRequest", chat_id=town.storage, user_id=user_id)
    return reply.body.get("description", True)


async def watch(town: Town) -> None:
    """Let both bots receive the updates that a subscription check needs."""
    for bot in (town.shop, town.other):
        await bot("getUpdates", allowed_updates=GATE_UPDATES)


# links


async def test_link_has_a_name_and_a_creator_and_can_be_used_to_join(town: Town) -> None:
    link = await make_link(town, name="n" * 40)
    assert (len(link["name"]), link["creator"]["id"], link["is_primary"], link["is_revoked"]) == (
        32,
        1001,
        False,
        False,
    )
    await town.bob.link(link["invite_link"])
    assert await status(town, town.bob.id) == "member"


@pytest.mark.parametrize(
    "form", ["https://t.me/+{}", "t.me/+{}", "https://telegram.me/joinchat/{}", "tg://join?invite={}"]
)
async def test_every_form_of_an_invitation_can_be_used_to_join(town: Town, form: str) -> None:
    url = (await make_link(town))["invite_link"]
    await town.bob.link(form.format(url.removeprefix("https://t.me/+")))
    assert await status(town, town.bob.id) == "member"


async def test_links_need_the_right_to_invite_and_exclude_limit_with_approval(town: Town) -> None:
    reply = await town.shop("createChatInviteLink", chat_id=town.storage, member_limit=1, creates_join_request=True)
    assert reply.error == "Bad Request: member limit can't be specified for links requiring administrator approval"
    await town.client.set_member(town.storage, 1001, "administrator", can_post_messages=True)
    for method, more in (("create", {}), ("edit", {"invite_link": "x"}), ("revoke", {"invite_link": "x"})):
        reply = await town.shop(f"{method}ChatInviteLink", chat_id=town.storage, **more)
        assert reply.error == "Bad Request: not enough rights to manage chat invite link"


async def test_link_expires_at_its_member_limit_and_at_its_date(town: Town) -> None:
    full = (await make_link(town, member_limit=1))["invite_link"]
    await town.bob.link(full)
    over = (await make_link(town, expire_date=town.sandbox.world.now() + 60))["invite_link"]
    await town.client.advance(62)
    for link in (full, over):
        assert (await town.alice.invitation(link))["works"] is False
        with pytest.raises(SandboxError, match="expired"):
            await town.alice.link(link)


async def test_edited_link_has_the_last_settings(town: Town) -> None:
    url = (await make_link(town, name="old", member_limit=5))["invite_link"]
    params = {"chat_id": town.storage, "invite_link": url}
    edited = (await town.shop("editChatInviteLink", **params, creates_join_request=True)).result
    assert (edited["creates_join_request"], "name" in edited, "member_limit" in edited) == (True, False, False)
    assert (await town.bob.link(url))["requested"] is True
    foreign = await town.other("editChatInviteLink", **params)
    assert foreign.error == "Bad Request: INVITE_HASH_EXPIRED"


async def test_revoked_link_cannot_be_used(town: Town) -> None:
    url = (await make_link(town))["invite_link"]
    revoked = (await town.shop("revokeChatInviteLink", chat_id=town.storage, invite_link=url)).result
    assert revoked["is_revoked"] is True
    with pytest.raises(SandboxError, match="expired"):
        await town.bob.link(url)
    assert await town.shop.kinds() == []


async def test_revoked_primary_link_is_replaced(town: Town) -> None:
    first = (await town.shop("exportChatInviteLink", chat_id=town.storage)).result
    second = (await town.shop("exportChatInviteLink", chat_id=town.storage)).result
    assert (await town.shop("getChat", chat_id=town.storage)).result["invite_link"] == second
    with pytest.raises(SandboxError, match="expired"):
        await town.bob.link(first)
    await town.shop("revokeChatInviteLink", chat_id=town.storage, invite_link=second)
    third = (await town.shop("getChat", chat_id=town.storage)).result["invite_link"]
    assert third not in (first, second)


async def test_pressing_an_invitation_returns_what_the_dialog_shows(town: Town) -> None:
    link = (await make_link(town))["invite_link"]
    await town.send("join", reply_markup={"inline_keyboard": [[{"text": "Join", "url": link}]]})
    done = await town.alice.press("shop_bot", "Join")
    expected = {"chat_id": town.storage, "title": "Storage", "type": "channel", "members": 3}
    expected |= {"creates_join_request": False, "is_member": False, "is_requested": False, "works": True}
    assert (done["url"], done["invitation"]) == (link, expected)
    assert await town.alice.invitation(link) == expected
    await town.alice.link(link)
    assert (await town.alice.invitation(link))["is_member"] is True
    with pytest.raises(SandboxError) as caught:
        await town.alice.invitation("https://t.me/+nothing")
    assert caught.value.status == 404


# the updates about joining


async def test_joining_by_link_sends_chat_member_to_administrators_that_asked_for_it(town: Town) -> None:
    await watch(town)
    await town.client.add_bot("1003:reader", "reader_bot")
    await town.client.set_member(town.storage, 1003, "member")
    await town.shop.updates()
    await town.other.updates()
    link = await make_link(town, name="from the site")
    await town.bob.link(link["invite_link"])
    (update,) = await town.shop.updates()
    change = update["chat_member"]
    statuses = (change["old_chat_member"]["status"], change["new_chat_member"]["status"])
    assert (statuses, change["invite_link"]) == (("left", "member"), link)
    (foreign,) = await town.other.updates()
    seen = foreign["chat_member"]["invite_link"]
    assert (seen["invite_link"], seen["name"]) == (link["invite_link"][:22] + "...", "from the site")
    assert town.sandbox.world.bots[1003].queue.has_unseen is True  # its own my_chat_member, nothing else
    assert len(town.sandbox.world.bots[1003].queue) == 1


async def test_joining_sends_no_update_unless_asked_for(town: Town) -> None:
    await town.bob.link((await make_link(town))["invite_link"])
    assert await town.shop.kinds() == []


async def test_updates_about_leaving_and_banning_have_no_link(town: Town) -> None:
    await watch(town)
    await town.bob.link((await make_link(town))["invite_link"])
    await town.shop.updates()
    await town.bob.leave(town.storage)
    await town.client.set_member(town.storage, town.bob.id, "kicked")
    changes = [update["chat_member"] for update in await town.shop.updates()]
    assert [change["new_chat_member"]["status"] for change in changes] == ["left", "kicked"]
    assert not any("invite_link" in change for change in changes)
    assert changes[1]["from"]["id"] == town.olga.id


async def test_a_group_sends_the_same_updates_and_a_service_message(town: Town) -> None:
    group = await town.client.add_chat("supergroup", "Club", town.olga.id)
    await town.client.set_member(group, 1001, "administrator", **ADMIN_RIGHTS)
    await watch(town)
    await town.shop.updates()
    link = (await town.shop("createChatInviteLink", chat_id=group, creates_join_request=True)).result
    await town.bob.link(link["invite_link"])
    await town.olga.approve(group, town.bob.id)
    asked, joined, service = await town.shop.updates()
    assert asked["chat_join_request"]["chat"]["type"] == "supergroup"
    assert joined["chat_member"]["via_join_request"] is True
    message = service["message"]
    assert (message["from"]["id"], message["new_chat_members"][0]["id"]) == (town.bob.id, town.bob.id)
    assert (await town.shop("getChatMember", chat_id=group, user_id=town.bob.id)).result["status"] == "member"


# requests


async def test_a_join_request_names_its_link_and_opens_the_chat_for_five_minutes(town: Town) -> None:
    link = await make_link(town, name="site", creates_join_request=True)
    assert (await town.bob.link(link["invite_link"]))["requested"] is True
    request = (await town.shop.updates())[0]["chat_join_request"]
    assert (request["from"]["id"], request["user_chat_id"]) == (town.bob.id, town.bob.id)
    assert request["invite_link"] == link | {"pending_join_request_count": 1}
    for seconds, expected in ((298, 200), (4, 403)):
        await town.client.advance(seconds)
        reply = await town.shop("sendMessage", chat_id=request["user_chat_id"], text="hello")
        assert reply.status == expected
    assert reply.error == "Forbidden: bot can't initiate conversation with a user"


async def test_the_bot_can_approve_a_request_once(town: Town) -> None:
    await watch(town)
    await town.bob.request_join(town.storage)
    await town.shop.updates()
    assert await answer(town, "approve", town.bob.id) is True
    change = (await town.shop.updates())[0]["chat_member"]
    assert (change["via_join_request"], change["from"]["id"]) == (True, 1001)
    assert await answer(town, "approve", town.bob.id) == "Bad Request: USER_ALREADY_PARTICIPANT"


async def test_an_approval_by_the_owner_names_the_link(town: Town) -> None:
    await watch(town)
    link = await make_link(town, name="site", creates_join_request=True)
    await town.bob.link(link["invite_link"])
    shown = (await town.client.state())["chats"][0]["join_requests"]
    assert shown == [{"user": town.bob.id, "link": "site"}]
    await town.shop.updates()
    await town.olga.approve(town.storage, town.bob.id)
    (update,) = await town.shop.updates()
    change = update["chat_member"]
    assert (change["via_join_request"], change["invite_link"]["name"]) == (True, "site")
    assert (change["from"]["id"], change["new_chat_member"]["user"]["id"]) == (town.olga.id, town.bob.id)
    assert "join_requests" not in (await town.client.state())["chats"][0]


async def test_a_decline_by_the_owner_sends_no_update(town: Town) -> None:
    await watch(town)
    await town.bob.request_join(town.storage)
    await town.shop.updates()
    await town.olga.decline(town.storage, town.bob.id)
    assert await town.shop.kinds() == []
    assert await status(town, town.bob.id) == "left"
    assert await answer(town, "decline", town.bob.id) == "Bad Request: HIDE_REQUESTER_MISSING"


async def test_deciding_needs_the_right_to_invite_and_an_open_request(town: Town) -> None:
    await town.alice.join(town.storage)
    await town.bob.request_join(town.storage)
    with pytest.raises(SandboxError, match="may not decide"):
        await town.alice.approve(town.storage, town.bob.id)
    with pytest.raises(SandboxError, match="may not decide"):
        await town.bob.approve(town.storage, town.bob.id)
    with pytest.raises(SandboxError, match="nobody of that id"):
        await town.olga.approve(town.storage, town.alice.id)
    assert await status(town, town.bob.id) == "left"


async def test_bots_need_the_right_to_invite_to_receive_and_decide_requests(town: Town) -> None:
    await town.client.set_member(town.storage, 1001, "administrator", can_post_messages=True)
    await town.shop.updates()
    await town.bob.request_join(town.storage)
    assert await town.shop.kinds() == []
    expected = "Bad Request: not enough rights to manage chat join requests"
    assert await answer(town, "approve", town.bob.id) == expected


async def test_deactivated_requester_is_forbidden(town: Town) -> None:
    await town.bob.request_join(town.storage)
    await town.bob.deactivate()
    assert await answer(town, "approve", town.bob.id) == "Forbidden: user is deactivated"


@pytest.mark.parametrize("way", ["member", "kicked"])
async def test_a_request_ends_when_the_person_joins_or_is_banned(town: Town, way: str) -> None:
    await town.bob.request_join(town.storage)
    await town.client.set_member(town.storage, town.bob.id, way)
    with pytest.raises(SandboxError, match="nobody of that id"):
        await town.olga.approve(town.storage, town.bob.id)


# a bot that loses its membership


@pytest.mark.parametrize(
    ("place", "is_public", "error"),
    [
        ("member", False, "Bad Request: member list is inaccessible"),
        ("left", True, "Bad Request: member list is inaccessible"),
        ("left", False, "Forbidden: bot is not a member of the channel chat"),
        ("kicked", True, "Forbidden: bot was kicked from the channel chat"),
    ],
)
async def test_a_bot_that_loses_its_rights_gets_an_update_and_cannot_read_members(
    town: Town, place: str, is_public: bool, error: str
) -> None:
    name = {"username": "gate"} if is_public else {}
    channel = await town.client.add_chat("channel", "Gate", town.olga.id, **name)
    await town.client.set_member(channel, 1001, "administrator", **ADMIN_RIGHTS)
    await town.alice.join(channel)
    await town.shop.updates()
    await town.client.set_member(channel, 1001, place)
    (update,) = await town.shop.updates()
    change = update["my_chat_member"]
    assert (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) == ("administrator", place)
    reply = await town.shop("getChatMember", chat_id=channel, user_id=town.alice.id)
    assert reply.error == error
    await town.client.set_member(channel, 1001, "administrator", **ADMIN_RIGHTS)
    assert (await town.shop("getChatMember", chat_id=channel, user_id=town.alice.id)).result["status"] == "member"
