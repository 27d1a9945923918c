"""Adding a channel: by Telegram's picker or a forwarded post; missing rights are named, nothing is stored in part."""

from typing import Any

import pytest
from aiogram.exceptions import TelegramMigrateToChat
from aiogram.methods import CreateChatInviteLink, GetChat, GetChatMember, SendMessage
from aiogram.types import ChatMemberLeft, ReplyKeyboardMarkup, ReplyKeyboardRemove

from core.subscriptions import CHANNELS_MAX, ChannelMode
from database.operations import channel_ops, settings_ops
from tests.bots.admin_bot.channels.known_channels import NEWS, ODD, VIP, allow, audited, channel_of, given
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, STORAGE, USER_BOT, AdminBot
from tests.bots.admin_bot.telegram import NOW
from views.channels import keyboards, texts
from views.storage.keyboards import STORAGE_REQUEST_ID

OF_NEWS = {"type": "channel", "date": NOW, "chat": {"id": NEWS, "type": "channel", "title": "News"}, "message_id": 7}
OF_ANN = {"type": "user", "date": NOW, "sender_user": {"id": 7100, "is_bot": False, "first_name": "Ann"}}


async def asked(admin: AdminBot) -> None:
    """Ask for the channel."""
    await admin.say("/channels")
    await admin.press("Connect a channel")


async def pick(
    admin: AdminBot, chat_id: int = NEWS, request_id: int = keyboards.CHANNEL_REQUEST_ID, title: str = "News"
) -> None:
    await admin.send(chat_shared={"request_id": request_id, "chat_id": chat_id, "title": title})


async def forward(admin: AdminBot, origin: dict[str, Any] | None = None, **more: Any) -> None:
    await admin.send(**{"text": "a post", "forward_origin": origin or OF_NEWS, **more})


async def nothing_stored(admin: AdminBot) -> None:
    assert await channel_ops.load() == ()
    assert admin.world.links == {}
    assert await admin.posts() == []
    assert await audited(admin) == []


# --- the question


@pytest.mark.parametrize(
    ("button", "request_id"),
    [("Connect a channel", keyboards.CHANNEL_REQUEST_ID), ("Connect a group", keyboards.GROUP_REQUEST_ID)],
)
async def test_the_picker_asks_for_channels_or_groups_apart_from_the_storage_channels(
    admin: AdminBot, button: str, request_id: int
) -> None:
    await admin.say("/channels")
    await admin.press(button)
    keyboard = admin.world.of(SendMessage)[-1].reply_markup
    assert isinstance(keyboard, ReplyKeyboardMarkup)
    ((picker,),) = keyboard.keyboard
    request = picker.request_chat
    assert request is not None and request.user_administrator_rights is not None
    assert (request.request_id, request.chat_is_channel) == (request_id, button == "Connect a channel")
    assert request.request_id != STORAGE_REQUEST_ID
    assert request.user_administrator_rights.can_promote_members
    # the admin bot is not added to these channels
    assert (request.bot_administrator_rights, request.bot_is_member) == (None, None)


async def test_back_removes_the_picker_and_the_next_message_is_a_post(admin: AdminBot) -> None:
    await asked(admin)
    await admin.press("‹ Channels")
    assert "<b>Channels</b>" in admin.last_text
    assert [screen.text for screen in admin.world.screens.values()] == [admin.last_text]
    await forward(admin)
    assert (await admin.only_post()).title == "a post"
    assert await channel_ops.load() == ()


async def test_cancel_ends_the_question_and_removes_the_keyboard(admin: AdminBot) -> None:
    await asked(admin)
    await admin.say("/cancel")
    assert isinstance(admin.world.of(SendMessage)[-1].reply_markup, ReplyKeyboardRemove)
    await admin.say("/cancel")
    assert admin.world.of(SendMessage)[-1].reply_markup is None


async def test_a_pick_after_the_question_has_ended_still_counts(admin: AdminBot) -> None:
    allow(admin, NEWS)
    await asked(admin)
    await admin.say("/help")
    await pick(admin)
    assert (await channel_of(NEWS)).title == "News"


# --- what works


async def test_a_picked_channel_gets_a_link_of_the_user_bots_own_and_is_stored(admin: AdminBot) -> None:
    allow(admin, NEWS, title=ODD, username="news")
    await asked(admin)
    await pick(admin, title="what the picker said")
    channel = await channel_of(NEWS)
    made = admin.world.links[channel.invite_link]
    assert (made.chat_id, made.name, made.creates_join_request) == (NEWS, "Tollgate", False)
    assert (channel.title, channel.username, channel.mode) == (ODD, "news", ChannelMode.JOIN)
    assert (channel.added_by, channel.added_at) == (OWNER.id, admin.clock.now())
    assert any("&lt;3 &amp; &quot;x&quot;" in text and "is connected" in text for text in admin.texts)
    assert admin.buttons()[2] == "Counts: members"
    assert await audited(admin) == [("channel.added", str(NEWS))]
    # question, picker and keyboard are removed
    assert [screen.text for screen in admin.world.screens.values()] == admin.texts[-2:]
    assert any(isinstance(call.reply_markup, ReplyKeyboardRemove) for call in admin.world.of(SendMessage))
    await admin.say("next")
    assert (await admin.only_post()).title == "next"


async def test_only_the_user_bot_is_asked_and_makes_the_link(admin: AdminBot) -> None:
    allow(admin, NEWS)
    admin.world.own[NEWS, ADMIN_BOT.id] = ChatMemberLeft(user=ADMIN_BOT)
    await pick(admin)
    assert [call.user_id for call in admin.world.of(GetChatMember)] == [USER_BOT.id]
    assert len(await channel_ops.load()) == 1


async def test_a_forwarded_post_names_the_channel_and_becomes_no_post(admin: AdminBot) -> None:
    allow(admin, NEWS)
    await asked(admin)
    await forward(admin)
    assert (await channel_of(NEWS)).invite_link in admin.world.links
    assert await admin.posts() == []


async def test_a_forwarded_album_is_one_answer_and_no_post(admin: AdminBot) -> None:
    allow(admin, NEWS)
    await asked(admin)
    photo = [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]
    for _ in range(3):
        await forward(admin, text=None, photo=photo, media_group_id="13900")
    await admin.time.move(5)
    assert len(await channel_ops.load()) == 1
    assert sum("is connected" in text for text in admin.texts) == 1
    assert await admin.posts() == []


async def test_a_supergroup_is_picked_by_its_own_button(admin: AdminBot) -> None:
    allow(admin, VIP, type="supergroup", title="Friends")
    await pick(admin, VIP, keyboards.GROUP_REQUEST_ID)
    assert (await channel_of(VIP)).title == "Friends"


async def test_a_second_channel_comes_after_the_first(admin: AdminBot) -> None:
    for chat_id in (NEWS, VIP):
        allow(admin, chat_id)
        await pick(admin, chat_id)
    assert [one.chat_id for one in await channel_ops.load()] == [NEWS, VIP]
    assert "number 2 of 2" in admin.last_text


# --- what is refused


@pytest.mark.parametrize("is_chosen", [True, False], ids=["chosen", "of the environment"])
async def test_the_storage_channel_is_refused(admin: AdminBot, is_chosen: bool) -> None:
    if not is_chosen:
        await settings_ops.change("storage_channel_id", None)
        admin.data["storage_channel"].configured = STORAGE
    await pick(admin, STORAGE)
    assert admin.last_text == texts.is_storage()
    assert isinstance(admin.world.of(SendMessage)[-1].reply_markup, ReplyKeyboardMarkup)
    await nothing_stored(admin)


async def test_the_same_channel_twice_says_so_and_opens_its_screen(admin: AdminBot) -> None:
    await given(admin, NEWS)
    before = await channel_of(NEWS)
    await asked(admin)
    await pick(admin)
    assert texts.already_there(before) in admin.texts
    assert "number 1 of 1" in admin.last_text
    assert (await channel_of(NEWS), admin.world.of(CreateChatInviteLink)) == (before, [])
    assert await audited(admin) == []


async def test_a_channel_above_the_limit_is_refused(admin: AdminBot) -> None:
    for number in range(CHANNELS_MAX):
        await given(admin, -1001000001000 - number)
    allow(admin, NEWS)
    links = dict(admin.world.links)
    await pick(admin)
    assert admin.last_text == texts.full()
    assert (len(await channel_ops.load()), admin.world.links) == (CHANNELS_MAX, links)


@pytest.mark.parametrize(
    ("known", "sentence"),
    [({"type": "group"}, texts.is_basic_group()), ({"type": "private", "first_name": "Ann"}, texts.is_no_channel())],
)
async def test_a_chat_of_another_kind_is_refused_with_what_to_do(
    admin: AdminBot, known: dict[str, Any], sentence: str
) -> None:
    allow(admin, -4001, **known)
    await pick(admin, -4001, keyboards.GROUP_REQUEST_ID)
    assert admin.last_text == sentence
    await nothing_stored(admin)


async def test_a_basic_group_that_became_a_supergroup_meanwhile_is_added_under_its_new_id(admin: AdminBot) -> None:
    allow(admin, VIP, type="supergroup", title="Friends")
    moved = lambda call: TelegramMigrateToChat(method=call, message="upgraded", migrate_to_chat_id=VIP)  # noqa: E731
    admin.world.fail(GetChat, moved)
    await pick(admin, -4001, keyboards.GROUP_REQUEST_ID)
    assert [one.chat_id for one in await channel_ops.load()] == [VIP]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"text": "@news"}, texts.channel_expected()),
        ({"text": "https://t.me/+hash"}, texts.channel_expected()),
        ({"text": "hello", "forward_origin": OF_ANN}, texts.person_forwarded()),
        (
            {"text": "x", "forward_origin": {"type": "hidden_user", "date": NOW, "sender_user_name": "<3"}},
            texts.person_forwarded(),
        ),
        (
            {
                "text": "x",
                "forward_origin": {"type": "chat", "date": NOW, "sender_chat": {"id": VIP, "type": "supergroup"}},
            },
            texts.channel_expected(),
        ),
        ({"dice": {"emoji": "x", "value": 1}}, texts.channel_expected()),
    ],
)
async def test_a_wrong_answer_is_answered_with_what_is_expected_and_the_question_stays(
    admin: AdminBot, content: dict[str, Any], sentence: str
) -> None:
    allow(admin, NEWS)
    await asked(admin)
    await admin.send(**content)
    assert admin.last_text == sentence
    await nothing_stored(admin)
    await forward(admin)
    assert len(await channel_ops.load()) == 1
