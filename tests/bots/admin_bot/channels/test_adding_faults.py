"""Adding a channel with missing rights, without answers from Telegram, during outages: nothing is stored in part."""

from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import CreateChatInviteLink, EditMessageText, GetChat, GetChatMember
from aiogram.types import ChatMemberLeft
from pymongo.errors import AutoReconnect

from core.errors import StoreRefused, StoreUnavailable
from core.subscriptions import Channel
from database.operations import audit_ops, channel_ops, settings_ops
from tests.bots.admin_bot.channels.known_channels import NEWS, ODD, VIP, allow, audited, channel_of
from tests.bots.admin_bot.channels.test_adding import asked, nothing_stored, pick
from tests.bots.admin_bot.conftest import USER_BOT, AdminBot
from tests.bots.admin_bot.telegram import administrator, bad_request
from views.channels import keyboards
from views.storage.keyboards import STORAGE_REQUEST_ID

# --- rights


async def test_a_user_bot_without_rights_is_named_and_added_after_check_again(admin: AdminBot) -> None:
    admin.world.own[NEWS, USER_BOT.id] = ChatMemberLeft(user=USER_BOT)
    admin.world.chats[NEWS] = {"title": ODD}
    await asked(admin)
    await pick(admin)
    assert "In \u2068&lt;3 &amp; &quot;x&quot; مريم\u2069:" in admin.last_text
    assert "@tollgate_bot is not an administrator there" in admin.last_text
    assert admin.buttons() == ["Add @tollgate_bot", "Check again", "‹ Channels", "Menu"]
    await nothing_stored(admin)
    admin.world.own[NEWS, USER_BOT.id] = administrator(USER_BOT)
    await admin.press("Check again")
    assert "lacks the right “Add subscribers”" in admin.last_text
    await nothing_stored(admin)
    allow(admin, NEWS)
    await admin.press("Check again")
    assert (await channel_of(NEWS)).invite_link in admin.world.links
    assert "number 1 of 1" in next(call.text or "" for call in admin.world.of(EditMessageText)[::-1])


async def test_a_group_gets_the_link_for_groups(admin: AdminBot) -> None:
    admin.world.own[VIP, USER_BOT.id] = ChatMemberLeft(user=USER_BOT)
    admin.world.chats[VIP] = {"type": "supergroup", "title": "Friends"}
    await pick(admin, VIP, keyboards.GROUP_REQUEST_ID)
    for _ in range(2):
        screen = list(admin.world.screens.values())[-1]
        assert screen.reply_markup is not None
        button = screen.reply_markup.inline_keyboard[0][0]
        assert button.text == "Add @tollgate_bot"
        assert button.url == "https://t.me/tollgate_bot?startgroup&admin=invite_users"
        await admin.press("Check again")


@pytest.mark.parametrize("description", ["chat not found", "member list is inaccessible"])
async def test_a_channel_out_of_sight_is_a_missing_bot_not_an_error(admin: AdminBot, description: str) -> None:
    admin.world.fail(GetChat, bad_request(description), times=2)
    await pick(admin, title=ODD)
    assert "In \u2068&lt;3" in admin.last_text
    assert "is not an administrator there" in admin.last_text
    await admin.press("Check again")
    assert "In \u2068the channel\u2069:" in admin.last_text
    await nothing_stored(admin)


@pytest.mark.parametrize("method", [GetChat, GetChatMember])
async def test_no_answer_from_telegram_is_not_called_missing(admin: AdminBot, method: Any) -> None:
    allow(admin, NEWS)
    admin.world.fail(method, lambda call: TelegramNetworkError(method=call, message="timeout"))
    await pick(admin)
    assert "could not be checked just now" in admin.last_text
    assert admin.buttons() == ["Check again", "‹ Channels", "Menu"]
    await nothing_stored(admin)
    await admin.press("Check again")
    assert len(await channel_ops.load()) == 1


async def test_rights_lost_between_the_check_and_the_link_are_named(admin: AdminBot) -> None:
    allow(admin, NEWS)
    admin.world.fail(CreateChatInviteLink, bad_request("not enough rights to manage chat invite link"))
    await pick(admin)
    assert "lacks the right “Add subscribers”" in admin.last_text
    await nothing_stored(admin)
    await admin.press("Check again")
    assert len(await channel_ops.load()) == 1


async def test_a_storage_channel_picked_meanwhile_is_the_storage_channel(admin: AdminBot) -> None:
    await asked(admin)
    await pick(admin, VIP, STORAGE_REQUEST_ID)
    assert (await settings_ops.current(admin.clock.now())).storage_channel_id == VIP
    assert [action for action, _ in await audited(admin) if action.startswith("channel.")] == []


# --- outages of the database


@pytest.mark.parametrize("is_stored", [False, True], ids=["not stored", "answer lost"])
async def test_an_outage_after_the_link_was_made_adds_the_channel_once_with_one_link(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    allow(admin, NEWS)
    real, failures = channel_ops.add, [StoreUnavailable("away")]

    async def away_once(channel: Channel) -> bool:
        if not failures:
            return await real(channel)
        if is_stored:
            await real(channel)
        raise failures.pop()

    monkeypatch.setattr(channel_ops, "add", away_once)
    picking = admin.supervisor.spawn(pick(admin), "pick")
    await admin.time.move(5)
    await picking
    assert list(admin.world.links) == [(await channel_of(NEWS)).invite_link]
    assert len(admin.world.of(CreateChatInviteLink)) == 1
    assert await audited(admin) == [("channel.added", str(NEWS))]
    assert sum("is connected" in text for text in admin.texts) == 1


async def test_an_insert_whose_answer_was_lost_inside_the_driver_keeps_its_link(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver repeats a write by itself and finds its own row: False, although this call stored it."""
    allow(admin, NEWS)
    real = channel_ops.add

    async def met_itself(channel: Channel) -> bool:
        await real(channel)
        return await real(channel)

    monkeypatch.setattr(channel_ops, "add", met_itself)
    await pick(admin)
    assert list(admin.world.links) == [(await channel_of(NEWS)).invite_link]
    assert await audited(admin) == [("channel.added", str(NEWS))]


@pytest.mark.parametrize("problem", [StoreRefused("no"), ValueError("full"), None], ids=["refused", "full", "twin"])
async def test_a_link_that_was_not_stored_is_revoked(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch, problem: Exception | None
) -> None:
    allow(admin, NEWS)
    real = channel_ops.add

    async def no(channel: Channel) -> bool:
        if problem is not None:
            raise problem
        # another admin was faster
        await real(channel.model_copy(update={"invite_link": "https://t.me/+theirs"}))
        return False

    monkeypatch.setattr(channel_ops, "add", no)
    await pick(admin)
    assert len(admin.world.of(CreateChatInviteLink)) == 1
    assert admin.world.links == {}
    assert await audited(admin) == []


@pytest.mark.parametrize(
    "place", ["find_one admin_config", "find_one channels", "find channels", "insert_one channels"]
)
async def test_an_outage_at_any_call_ends_in_one_channel(admin: AdminBot, place: str) -> None:
    allow(admin, NEWS)
    failures = [AutoReconnect("away")]

    def away(operation: str, collection: str) -> None:
        if f"{operation} {collection}".startswith(place) and failures:
            raise failures.pop()

    admin.database.before_call = away
    picking = admin.supervisor.spawn(pick(admin), "pick")
    await admin.time.move(5)
    await picking
    assert failures == [], "no call was hit"
    assert list(admin.world.links) == [(await channel_of(NEWS)).invite_link]
    assert len(await audit_ops.last(10)) == 1


async def test_the_same_pick_delivered_twice_adds_once(admin: AdminBot) -> None:
    allow(admin, NEWS)
    update = await admin.send(
        chat_shared={"request_id": keyboards.CHANNEL_REQUEST_ID, "chat_id": NEWS, "title": "News"}
    )
    await admin.again(update)
    assert len(admin.world.of(CreateChatInviteLink)) == 1
    assert len(await audit_ops.last(10)) == 1
