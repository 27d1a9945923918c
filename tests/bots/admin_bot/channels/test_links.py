"""The user bot's invite links: each channel has one of its mode, replaced links are revoked."""

from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter
from aiogram.methods import CreateChatInviteLink, RevokeChatInviteLink

from core.errors import StoreUnavailable
from core.subscriptions import Channel, ChannelMode
from database.operations import channel_ops
from tests.bots.admin_bot.channels.known_channels import NEWS, OLD_LINK, audited, channel_of, given, opened
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.telegram import bad_request
from views.channels import texts


async def test_a_new_mode_makes_a_link_of_its_kind_and_revokes_the_old_one(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await opened(admin)
    await admin.press("Counts: members")
    channel = await channel_of(NEWS)
    made = admin.world.links[channel.invite_link]
    assert (channel.mode, made.creates_join_request, made.name) == (ChannelMode.REQUEST, True, "Tollgate")
    assert list(admin.world.links) == [channel.invite_link]
    await admin.press("Counts: members and")
    channel = await channel_of(NEWS)
    assert (channel.mode, admin.world.links[channel.invite_link].creates_join_request) == (ChannelMode.JOIN, False)
    assert await audited(admin) == [("channel.link_renewed", str(NEWS))] * 2


async def test_the_same_mode_again_makes_no_link(admin: AdminBot) -> None:
    await given(admin, NEWS)
    await admin.callback(f"ac:join:{NEWS}:0")
    assert admin.world.of(CreateChatInviteLink) == []
    assert await audited(admin) == []


async def test_an_old_link_that_cannot_be_revoked_is_named_in_the_toast(admin: AdminBot) -> None:
    await given(admin, NEWS)
    admin.world.fail(RevokeChatInviteLink, bad_request("INVITE_HASH_EXPIRED"))
    await opened(admin)
    await admin.press("New link")
    assert admin.toasts[-1] == texts.old_link_not_revoked()
    assert (await channel_of(NEWS)).invite_link != f"{OLD_LINK}{NEWS}"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (bad_request("not enough rights to manage chat invite link"), "does not let the user bot make"),
        (lambda call: TelegramRetryAfter(method=call, message="Too Many Requests", retry_after=90), "in 2 minutes"),
        (lambda call: TelegramNetworkError(method=call, message="timeout"), "did not confirm"),
        (bad_request("<b>news</b>"), "&lt;b&gt;news&lt;/b&gt;"),
    ],
)
async def test_a_link_telegram_does_not_make_changes_nothing_and_says_why(
    admin: AdminBot, error: Any, words: str
) -> None:
    await given(admin, NEWS)
    before = await channel_of(NEWS)
    admin.world.fail(CreateChatInviteLink, error)
    await opened(admin)
    await admin.press("Counts: members")
    assert words in admin.last_text
    assert await channel_of(NEWS) == before
    # the button is still there to be pressed again
    assert admin.buttons()[2] == "Counts: members"
    assert await audited(admin) == []


async def test_a_channel_removed_while_its_link_was_made_leaves_no_link(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await given(admin, NEWS)
    real = channel_ops.change_link

    async def removed_meanwhile(chat_id: int, old_link: str, **fields: Any) -> Channel | None:
        await channel_ops.remove(chat_id)
        return await real(chat_id, old_link, **fields)

    monkeypatch.setattr(channel_ops, "change_link", removed_meanwhile)
    await opened(admin)
    await admin.press("Counts: members")
    assert admin.toasts[-1] == texts.channel_gone()
    assert "No channel yet" in admin.last_text
    assert list(admin.world.links) == [f"{OLD_LINK}{NEWS}"]


def break_once(monkeypatch: pytest.MonkeyPatch, *, is_stored: bool) -> None:
    """Let the next write of a link fail, before it is stored or after (only the answer is lost)."""
    real, failures = channel_ops.change_link, [StoreUnavailable("away")]

    async def away_once(chat_id: int, old_link: str, **fields: Any) -> Channel | None:
        if not failures:
            return await real(chat_id, old_link, **fields)
        if is_stored:
            await real(chat_id, old_link, **fields)
        raise failures.pop()

    monkeypatch.setattr(channel_ops, "change_link", away_once)


@pytest.mark.parametrize("is_stored", [False, True], ids=["not stored", "answer lost"])
async def test_an_outage_after_the_link_was_made_makes_no_second_link(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    await given(admin, NEWS)
    break_once(monkeypatch, is_stored=is_stored)
    await opened(admin)
    pressing = admin.supervisor.spawn(admin.press("Counts: members"), "press")
    await admin.time.move(5)
    await pressing
    channel = await channel_of(NEWS)
    assert channel.mode is ChannelMode.REQUEST
    assert len(admin.world.of(CreateChatInviteLink)) == 1
    assert list(admin.world.links) == [channel.invite_link], "the old one is revoked, the new one is not"
    assert await audited(admin) == [("channel.link_renewed", str(NEWS))]


@pytest.mark.parametrize("theirs", [ChannelMode.JOIN, ChannelMode.REQUEST])
async def test_of_two_concurrent_admins_one_wins_and_no_other_link_stays_valid(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch, theirs: ChannelMode
) -> None:
    await given(admin, NEWS)
    before, real = await channel_of(NEWS), channel_ops.change_link

    async def somebody_else_first(chat_id: int, old_link: str, **fields: Any) -> Channel | None:
        monkeypatch.setattr(channel_ops, "change_link", real)
        await admin.data["channels"].renew_link(OWNER.id, before, theirs)
        return await real(chat_id, old_link, **fields)

    monkeypatch.setattr(channel_ops, "change_link", somebody_else_first)
    await opened(admin)
    await admin.press("New link")
    channel = await channel_of(NEWS)
    assert len(admin.world.of(CreateChatInviteLink)) == 2
    assert channel.mode is theirs
    assert list(admin.world.links) == [channel.invite_link], "the first link and the loser's are revoked"
    assert channel.invite_link in admin.last_text, "the loser sees the screen as it is now"
    assert texts.old_link_not_revoked() not in admin.toasts
    assert await audited(admin) == [("channel.link_renewed", str(NEWS))]


async def test_a_link_that_was_stored_by_a_repeated_write_is_not_revoked(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await given(admin, NEWS)
    real = channel_ops.change_link

    async def written_twice(chat_id: int, old_link: str, **fields: Any) -> Channel | None:
        await real(chat_id, old_link, **fields)
        return await real(chat_id, old_link, **fields)

    monkeypatch.setattr(channel_ops, "change_link", written_twice)
    await opened(admin)
    await admin.press("New link")
    channel = await channel_of(NEWS)
    assert list(admin.world.links) == [channel.invite_link]
    assert channel.invite_link != f"{OLD_LINK}{NEWS}"
    assert admin.toasts[-1] == texts.new_link_made()
    assert await audited(admin) == [("channel.link_renewed", str(NEWS))]


@pytest.mark.parametrize("is_stored", [False, True], ids=["not stored", "answer lost"])
async def test_a_link_kept_for_a_retry_is_not_used_after_another_mode_was_chosen(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    await given(admin, NEWS)
    channels, before = admin.data["channels"], await channel_of(NEWS)
    break_once(monkeypatch, is_stored=is_stored)
    with pytest.raises(StoreUnavailable):
        await channels.renew_link(OWNER.id, before, ChannelMode.JOIN)
    for mode in (ChannelMode.REQUEST, ChannelMode.JOIN):
        await channels.set_mode(OWNER.id, await channel_of(NEWS), mode)
        channel = await channel_of(NEWS)
        assert channel.mode is mode
        assert list(admin.world.links) == [channel.invite_link]
