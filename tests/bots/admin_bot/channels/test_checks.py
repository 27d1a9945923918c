"""“Check”: marks a channel as working or broken by what the user bot sees, and alerts the owners once."""

from datetime import timedelta

import pytest
from aiogram.exceptions import TelegramMigrateToChat, TelegramNetworkError
from aiogram.methods import EditChatInviteLink, GetChat, GetChatMember
from aiogram.types import ChatMemberLeft

from core.subscriptions import ChannelMode
from database.operations import channel_ops
from tests.bots.admin_bot.channels.known_channels import NEWS, ODD, OLD_LINK, VIP, allow, channel_of, given, opened
from tests.bots.admin_bot.conftest import USER_BOT, AdminBot
from tests.bots.admin_bot.telegram import Session, administrator, bad_request
from views.channels import texts


async def test_a_working_channel_is_answered_as_working(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    await admin.press("Check")
    assert admin.toasts[-1] == texts.checked_fine()
    assert admin.alerts == []


async def test_a_removed_user_bot_breaks_the_channel_until_its_rights_are_back(admin: AdminBot) -> None:
    await given(admin, NEWS, title=ODD)
    admin.world.own[NEWS, USER_BOT.id] = ChatMemberLeft(user=USER_BOT)
    await opened(admin)
    await admin.press("Check")
    assert (await channel_of(NEWS)).broken_since == admin.clock.now()
    assert "@tollgate_bot is not an administrator there" in admin.last_text
    assert admin.buttons() == ["Add @tollgate_bot", "Check again", f"‹ {ODD}", "Menu"]
    screen = list(admin.world.screens.values())[-1]
    assert screen.reply_markup is not None
    link = screen.reply_markup.inline_keyboard[0][0].url
    assert link == "https://t.me/tollgate_bot?startchannel&admin=invite_users"
    admin.clock.move(timedelta(hours=1))
    await admin.press("Check again")
    assert len(admin.alerts) == 1
    assert "&lt;3 &amp; &quot;x&quot;" in admin.alerts[0]
    allow(admin, NEWS, title=ODD)
    await admin.press("Check again")
    assert (await channel_of(NEWS)).broken_since is None
    assert len(admin.alerts) == 2
    assert "works again" in admin.alerts[1]
    assert "Required: on" in admin.buttons()


async def test_without_the_right_to_invite_members_are_seen_but_requests_are_not(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await given(admin, VIP, mode=ChannelMode.REQUEST)
    for chat_id in (NEWS, VIP):
        admin.world.own[chat_id, USER_BOT.id] = administrator(USER_BOT)
        await opened(admin, chat_id)
        await admin.press("Check")
        assert "lacks the right “Add subscribers”" in admin.last_text
    assert (await channel_of(NEWS)).broken_since is None
    assert (await channel_of(VIP)).broken_since is not None


async def test_no_answer_from_telegram_breaks_and_heals_nothing(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await channel_ops.mark_broken(NEWS, admin.clock.now())
    for method in (GetChat, GetChatMember):
        admin.world.fail(method, lambda call: TelegramNetworkError(method=call, message="timeout"))
        await opened(admin)
        await admin.press("Check")
        assert admin.toasts[-1] == texts.check_unsure()
        assert (await channel_of(NEWS)).broken_since is not None
    assert admin.alerts == []


async def test_a_group_that_became_a_supergroup_is_the_same_channel_under_its_new_id(admin: AdminBot) -> None:
    await given(admin, -4001, title="Friends")
    allow(admin, NEWS, type="supergroup", title="Friends, many")
    moved = lambda call: TelegramMigrateToChat(method=call, message="upgraded", migrate_to_chat_id=NEWS)  # noqa: E731
    admin.world.fail(GetChat, moved)
    await opened(admin, -4001)
    await admin.press("Check")
    assert admin.toasts[-1] == texts.checked_fine()
    assert (await channel_of(NEWS)).title == "Friends, many"
    assert await channel_ops.find(-4001) is None


async def test_a_channel_that_is_no_channel_any_more_is_broken(admin: AdminBot) -> None:
    await given(admin, NEWS)
    admin.world.chats[NEWS] = {"type": "group", "title": "Smaller"}
    await opened(admin)
    await admin.press("Check")
    assert (await channel_of(NEWS)).broken_since is not None


async def test_a_new_title_and_username_are_stored(admin: AdminBot) -> None:
    await given(admin, NEWS)
    allow(admin, NEWS, title="Newer", username="newer")
    await opened(admin)
    await admin.press("Check")
    channel = await channel_of(NEWS)
    assert (channel.title, channel.username) == ("Newer", "newer")


@pytest.mark.parametrize("mode", list(ChannelMode))
async def test_a_revoked_link_is_told_once_and_a_new_link_mends_it(admin: AdminBot, mode: ChannelMode) -> None:
    await given(admin, NEWS, mode=mode)
    del admin.world.links[f"{OLD_LINK}{NEWS}"]
    await opened(admin)
    for _ in range(2):
        await admin.press("Check")
        assert "invite link no longer works" in admin.last_text
        assert "New link" in admin.buttons()
    assert ["invite link" in alert for alert in admin.alerts] == [True]
    assert (await channel_of(NEWS)).broken_since is None
    await admin.press("New link")
    assert "link" in admin.alerts[1]
    assert "works" in admin.alerts[1]
    await admin.press("Check")
    assert admin.toasts[-1] == texts.checked_fine()
    assert len(admin.alerts) == 2


async def test_a_link_that_telegram_shows_as_revoked_is_gone(admin: AdminBot, monkeypatch: pytest.MonkeyPatch) -> None:
    await given(admin, NEWS)
    shown = Session._shown
    monkeypatch.setattr(Session, "_shown", lambda self, link, made: shown(self, link, made, is_revoked=True))
    await opened(admin)
    await admin.press("Check")
    assert texts.link_gone() in admin.last_text


@pytest.mark.parametrize("text", ["INVITE_HASH_EXPIRED", "INVITE_HASH_INVALID"])
async def test_each_text_about_a_link_that_is_gone_is_known(admin: AdminBot, text: str) -> None:
    await given(admin, NEWS)
    admin.world.fail(EditChatInviteLink, bad_request(text))
    await opened(admin)
    await admin.press("Check")
    assert texts.link_gone() in admin.last_text


@pytest.mark.parametrize("text", ["CHAT_ADMIN_REQUIRED", "not enough rights to manage chat invite link", "NEWS"])
async def test_another_answer_about_the_link_is_no_revoked_link(admin: AdminBot, text: str) -> None:
    await given(admin, NEWS)
    admin.world.fail(EditChatInviteLink, bad_request(text))
    await opened(admin)
    await admin.press("Check")
    assert admin.toasts[-1] == texts.checked_without_link()
    assert admin.alerts == []


async def test_without_the_right_to_invite_the_link_is_not_asked_about(admin: AdminBot) -> None:
    await given(admin, NEWS)
    admin.world.own[NEWS, USER_BOT.id] = administrator(USER_BOT)
    await opened(admin)
    await admin.press("Check")
    assert admin.world.of(EditChatInviteLink) == []


async def test_a_removed_channel_leaves_no_open_incident(admin: AdminBot) -> None:
    await given(admin, NEWS)
    del admin.world.links[f"{OLD_LINK}{NEWS}"]
    await opened(admin)
    await admin.press("Check")
    await admin.press("Remove")
    await admin.press("Remove")
    await given(admin, NEWS)
    del admin.world.links[f"{OLD_LINK}{NEWS}"]
    await opened(admin)
    await admin.press("Check")
    assert len(admin.alerts) == 2
