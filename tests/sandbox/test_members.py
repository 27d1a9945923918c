"""Row 22: members, administrators."""

import pytest

from sandbox.client import SandboxError
from tests.sandbox.conftest import ADMIN_RIGHTS, Town


async def _status(town: Town, user_id: int) -> str:
    return str((await town.shop("getChatMember", chat_id=town.storage, user_id=user_id)).result["status"])


async def test_never_joined_is_left_and_not_an_error(town: Town) -> None:
    assert await _status(town, town.alice.id) == "left"


async def test_a_person_without_contact_to_the_bot_is_no_participant(town: Town) -> None:
    reply = await town.shop("getChatMember", chat_id=town.storage, user_id=town.bob.id)
    assert (reply.status, reply.error) == (400, "Bad Request: PARTICIPANT_ID_INVALID")
    await town.bob.link("https://t.me/shop_bot")
    assert await _status(town, town.bob.id) == "left"


async def test_joining_and_leaving_changes_the_status(town: Town) -> None:
    await town.bob.join(town.storage)
    assert await _status(town, town.bob.id) == "member"
    await town.bob.leave(town.storage)
    assert await _status(town, town.bob.id) == "left"


async def test_creator_banned_and_restricted_have_their_own_status(town: Town) -> None:
    assert await _status(town, town.olga.id) == "creator"
    await town.client.set_member(town.storage, town.bob.id, "kicked")
    banned = (await town.shop("getChatMember", chat_id=town.storage, user_id=town.bob.id)).result
    assert (banned["status"], banned["until_date"]) == ("kicked", 0)
    await town.client.set_member(town.storage, town.bob.id, "restricted", is_member=False)
    outside = (await town.shop("getChatMember", chat_id=town.storage, user_id=town.bob.id)).result
    assert (outside["status"], outside["is_member"]) == ("restricted", False)


async def test_members_of_a_channel_are_unreadable_without_being_administrator(town: Town) -> None:
    await town.client.set_member(town.storage, 1001, "member")
    reply = await town.shop("getChatMember", chat_id=town.storage, user_id=town.bob.id)
    assert (reply.status, reply.error) == (400, "Bad Request: member list is inaccessible")
    assert (await town.shop("getChatAdministrators", chat_id=town.storage)).error == reply.error


async def test_unknown_person_is_no_participant(town: Town) -> None:
    reply = await town.shop("getChatMember", chat_id=town.storage, user_id=999_999)
    assert reply.error == "Bad Request: PARTICIPANT_ID_INVALID"


async def test_banned_people_cannot_join(town: Town) -> None:
    await town.client.set_member(town.storage, town.bob.id, "kicked")
    with pytest.raises(SandboxError, match="banned"):
        await town.bob.join(town.storage)


async def test_administrators_are_people_and_the_calling_bot(town: Town) -> None:
    found = (await town.shop("getChatAdministrators", chat_id=town.storage)).result
    assert {member["user"]["id"] for member in found} == {town.olga.id, 1001}
    reply = await town.shop("getChatAdministrators", chat_id=7002)
    assert reply.error == "Bad Request: there are no administrators in the private chat"


async def test_members_are_counted(town: Town) -> None:
    await town.bob.join(town.storage)
    assert (await town.shop("getChatMemberCount", chat_id=town.storage)).result == 4


async def test_losing_rights_sends_an_update(town: Town) -> None:
    await town.client.set_member(town.storage, 1001, "administrator", can_invite_users=True)
    await town.client.set_member(town.storage, 1001, "kicked")
    changes = [update["my_chat_member"]["new_chat_member"] for update in await town.shop.updates()]
    assert (changes[0]["can_post_messages"], changes[0]["can_invite_users"]) == (False, True)
    assert changes[1]["status"] == "kicked"


async def test_setting_the_same_membership_sends_no_update(town: Town) -> None:
    await town.client.set_member(town.storage, 1001, "administrator", **ADMIN_RIGHTS)
    assert await town.shop.kinds() == []


async def test_leaving_bot_is_out(town: Town) -> None:
    assert (await town.shop("leaveChat", chat_id=town.storage)).result is True
    reply = await town.shop("sendMessage", chat_id=town.storage, text="x")
    assert reply.error == "Forbidden: bot is not a member of the channel chat"
