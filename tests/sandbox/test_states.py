"""Refusals by state (restricted saving, privacy, young dice, revoked links), and service messages of people."""

import pytest
from aiogram.types import Update
from pydantic import ValidationError

from sandbox.client import SandboxError
from tests.sandbox.conftest import Json, Reply, Town

RESTRICTED = "Bad Request: CHAT_FORWARDS_RESTRICTED"
IN_WORDS = "message has protected content and can't be forwarded"


async def _copy(town: Town, method: str, ids: list[int]) -> Reply:
    named: Json = {"message_id": ids[0]} if method.endswith("Message") else {"message_ids": ids}
    return await town.shop(method, chat_id=town.alice.id, from_chat_id=town.storage, **named)


async def _sent(town: Town) -> int:
    found = (await town.alice.transcript("shop_bot"))["messages"]
    return sum(1 for message in found if message["outgoing"])


@pytest.mark.parametrize("method", ["copyMessage", "copyMessages"])
async def test_a_channel_that_restricts_saving_refuses_copies(town: Town, method: str) -> None:
    ids = [await town.post("one"), await town.post("two")]
    await town.client.change_chat(town.storage, protected=True)
    assert (await town.shop("getChat", chat_id=town.storage)).result["has_protected_content"] is True
    assert (await _copy(town, method, ids)).status == 200, "TDLib lets bots copy"
    await town.client.configure(copy_protected=False)
    before = await _sent(town)
    assert (await _copy(town, method, ids)).error == RESTRICTED
    assert await _sent(town) == before
    await town.client.change_chat(town.storage, protected=False)
    assert (await _copy(town, method, ids)).status == 200


async def test_a_switch_is_true_or_false(town: Town) -> None:
    with pytest.raises(SandboxError, match='"protected" must be true or false'):
        await town.client.change_chat(town.storage, protected="no")
    with pytest.raises(SandboxError, match='"forbids_voice" must be true or false'):
        await town.client.change_user(town.alice.id, forbids_voice=1)
    with pytest.raises(SandboxError, match='"executes" must be true or false'):
        await town.client.request("POST", "restart", {"executes": "yes"})


async def test_an_older_telegram_says_it_in_words(town: Town) -> None:
    ids = [await town.post("one"), await town.post("two")]
    await town.client.change_chat(town.storage, protected=True)
    await town.client.configure(copy_protected=False, copy_protected_code=400)
    assert (await _copy(town, "copyMessage", ids)).error == f"Bad Request: {IN_WORDS}"
    said = f'failed to send message #1 with the error message "{IN_WORDS.capitalize()}"'
    assert (await _copy(town, "copyMessages", ids)).error == f"Bad Request: {said}"


async def test_a_blocked_target_is_told_before_restricted_saving(town: Town) -> None:
    source = await town.post()
    await town.client.change_chat(town.storage, protected=True)
    await town.client.configure(copy_protected=False)
    await town.alice.block("shop_bot")
    for method in ("copyMessage", "copyMessages"):
        assert (await _copy(town, method, [source])).error == "Forbidden: bot was blocked by the user"


@pytest.mark.parametrize("kind", ["voice", "video_note"])
async def test_a_person_can_forbid_voice_and_video_messages(town: Town, kind: str) -> None:
    ids = [await town.post("text"), await town.post(kind=kind)]
    await town.client.change_user(town.alice.id, forbids_voice=True)
    for method in ("copyMessage", "forwardMessage"):
        assert (await _copy(town, method, ids[1:])).error == "Bad Request: VOICE_MESSAGES_FORBIDDEN"
    said = 'failed to send message #1 with the error message "VOICE_MESSAGES_FORBIDDEN"'
    for method in ("copyMessages", "forwardMessages"):
        assert (await _copy(town, method, ids)).error == f"Bad Request: {said}"
    assert await _sent(town) == 0
    assert (await _copy(town, "copyMessages", ids[:1])).status == 200
    await town.client.change_user(town.alice.id, forbids_voice=False)
    assert (await _copy(town, "copyMessages", ids)).status == 200


async def test_a_young_dice_keeps_the_whole_batch(town: Town) -> None:
    dice = (await town.alice.media("shop_bot", "dice"))["message"]["message_id"]
    text = await town.send()
    batch: Json = {"chat_id": town.alice.id, "message_ids": [dice, text]}
    refused = await town.shop("deleteMessages", **batch)
    assert refused.error == "Bad Request: message can't be deleted for everyone"
    await town.client.advance(24 * 3600 - 60)
    assert (await town.shop("deleteMessages", **batch)).status == 400
    await town.client.advance(65)
    assert (await town.shop("deleteMessages", **batch)).result is True
    shown = (await town.alice.transcript("shop_bot"))["messages"]
    assert {m["message_id"] for m in shown if m["deleted_at"]} == {dice, text}


@pytest.mark.parametrize("text", ["PARTICIPANT_ID_INVALID", "member not found", "invalid user_id specified"])
async def test_an_unknown_person_is_no_member(town: Town, text: str) -> None:
    await town.client.configure(unknown_member=text)
    reply = await town.shop("getChatMember", chat_id=town.storage, user_id=999_999)
    assert reply.error == f"Bad Request: {text}"


@pytest.mark.parametrize("user_id", [0, -5, "junk", ""])
async def test_an_id_that_is_none_is_refused(town: Town, user_id: object) -> None:
    reply = await town.shop("getChatMember", chat_id=town.storage, user_id=user_id)
    assert reply.error == "Bad Request: invalid user_id specified"


async def test_a_person_revokes_a_bots_link(town: Town) -> None:
    url = (await town.shop("createChatInviteLink", chat_id=town.storage)).result["invite_link"]
    with pytest.raises(SandboxError, match="may not change the links"):
        await town.alice.revoke_link(town.storage, url)
    await town.olga.revoke_link(town.storage, url)
    assert (await town.alice.invitation(url))["works"] is False
    with pytest.raises(SandboxError, match="this invitation has expired"):
        await town.alice.link(url)
    edited = await town.shop("editChatInviteLink", chat_id=town.storage, invite_link=url, name="x")
    assert edited.error == "Bad Request: INVITE_HASH_EXPIRED"
    with pytest.raises(SandboxError, match="no such link"):
        await town.olga.revoke_link(town.storage, url)


async def test_a_revoked_primary_link_is_not_in_the_chat(town: Town) -> None:
    url = (await town.shop("exportChatInviteLink", chat_id=town.storage)).result
    assert (await town.shop("getChat", chat_id=town.storage)).result["invite_link"] == url
    await town.olga.revoke_link(town.storage, url)
    assert "invite_link" not in (await town.shop("getChat", chat_id=town.storage)).result


async def test_a_new_title_is_a_message_for_the_bots(town: Town) -> None:
    await town.client.change_chat(town.storage, title="Vault")
    update = (await town.shop.updates())[-1]
    assert update["channel_post"]["new_chat_title"] == "Vault"
    assert (await town.shop("getChat", chat_id=town.storage)).result["title"] == "Vault"
    Update.model_validate(update)


async def test_a_pin_of_a_person_reaches_the_bot(town: Town) -> None:
    message_id = await town.send("look")
    await town.alice.pin("shop_bot", message_id)
    update = (await town.shop.updates())[-1]
    assert update["message"]["pinned_message"]["message_id"] == message_id
    assert update["message"]["from"]["id"] == town.alice.id
    Update.model_validate(update)
    with pytest.raises(SandboxError, match="no message 999999"):
        await town.alice.pin("shop_bot", 999_999)
    with pytest.raises(SandboxError, match="service messages"):
        await town.alice.pin("shop_bot", update["message"]["message_id"])


@pytest.mark.parametrize("seconds", [0, 86_400])
async def test_a_timer_of_a_person_reaches_the_bot(town: Town, seconds: int) -> None:
    await town.alice.set_timer("shop_bot", seconds)
    update = (await town.shop.updates())[-1]
    assert update["message"]["message_auto_delete_timer_changed"] == {"message_auto_delete_time": seconds}
    Update.model_validate(update)
    with pytest.raises(SandboxError, match="0 seconds to a year"):
        await town.alice.set_timer("shop_bot", -1)


async def test_a_forward_from_a_hidden_person_may_have_no_name(town: Town) -> None:
    source = await town.post()
    await town.shop.updates()
    await town.olga.forward("shop_bot", town.storage, [source], hidden_name="Ghost")
    await town.olga.forward("shop_bot", town.storage, [source], hidden_name="")
    named, nameless = await town.shop.updates()
    assert named["message"]["forward_origin"]["sender_user_name"] == "Ghost"
    Update.model_validate(named)
    assert set(nameless["message"]["forward_origin"]) == {"type", "date"}
    with pytest.raises(ValidationError, match="sender_user_name"):
        Update.model_validate(nameless)
