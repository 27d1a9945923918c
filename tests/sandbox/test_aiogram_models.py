"""Row 25: aiogram 3.31 parses the sandbox's answers, through its own session."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
)
from aiogram.types import (
    BotCommand,
    BotCommandScopeChat,
    BufferedInputFile,
    ChatAdministratorRights,
    ChatMemberAdministrator,
    ChatMemberBanned,
    ChatMemberLeft,
    ChatMemberMember,
    ChatMemberOwner,
    ChatMemberRestricted,
    CopyTextButton,
    InaccessibleMessage,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputProfilePhotoStatic,
    KeyboardButton,
    KeyboardButtonRequestChat,
    KeyboardButtonRequestUsers,
    MenuButtonWebApp,
    Message,
    MessageOriginChannel,
    ReplyKeyboardMarkup,
    Update,
    WebAppInfo,
)

from sandbox.chats.contents import FILE_KINDS
from tests.sandbox.conftest import Town
from tests.sandbox.test_files import PNG

ALL_KINDS = [*sorted(FILE_KINDS), "poll", "quiz", "invoice", "game", "contact", "location", "dice", "paid_media"]

RIGHTS = ChatAdministratorRights(
    is_anonymous=False,
    can_manage_chat=True,
    can_delete_messages=True,
    can_manage_video_chats=False,
    can_restrict_members=False,
    can_promote_members=False,
    can_change_info=False,
    can_invite_users=True,
    can_post_stories=False,
    can_edit_stories=False,
    can_delete_stories=False,
    can_send_welcome_messages=False,
    can_post_messages=True,
)


@pytest.fixture
async def bot(town: Town) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(town.sandbox.url))
    bot = Bot("1001:shop", session=session)
    yield bot
    await session.close()


async def _updates(town: Town, bot: Bot) -> list[Update]:
    found = await bot.get_updates(offset=town.shop.offset)
    if found:
        town.shop.offset = found[-1].update_id + 1
    return found


async def test_me_and_webhook_info(bot: Bot) -> None:
    assert (await bot.me()).username == "shop_bot"
    assert (await bot.get_webhook_info()).url == ""


@pytest.mark.parametrize("kind", ALL_KINDS)
async def test_every_kind_of_message_is_read(town: Town, bot: Bot, kind: str) -> None:
    await town.alice.media("shop_bot", kind, caption="x")
    message = (await _updates(town, bot))[0].message
    assert message is not None
    assert getattr(message, "poll" if kind == "quiz" else kind) is not None


@pytest.mark.parametrize(
    ("status", "model"),
    [
        ("administrator", ChatMemberAdministrator),
        ("member", ChatMemberMember),
        ("restricted", ChatMemberRestricted),
        ("left", ChatMemberLeft),
        ("kicked", ChatMemberBanned),
    ],
)
async def test_every_status_is_read(town: Town, bot: Bot, status: str, model: type[Any]) -> None:
    await bot.get_updates(allowed_updates=["chat_member"])
    await town.client.set_member(town.storage, town.bob.id, "member" if status != "member" else "left")
    await town.client.set_member(town.storage, town.bob.id, status)
    assert isinstance(await bot.get_chat_member(town.storage, town.bob.id), model)
    change = (await _updates(town, bot))[-1].chat_member
    assert change is None or isinstance(change.new_chat_member, model)


async def test_chat_administrators_and_link_are_read(town: Town, bot: Bot) -> None:
    full = await bot.get_chat(town.storage)
    assert (full.title, full.accepted_gift_types.unique_gifts) == ("Storage", False)
    assert (await bot.get_chat(town.alice.id)).first_name == "Alice"
    owner, own = await bot.get_chat_administrators(town.storage)
    assert isinstance(owner, ChatMemberOwner)
    assert isinstance(own, ChatMemberAdministrator)
    assert own.can_send_welcome_messages is False
    link = await bot.create_chat_invite_link(town.storage, name="promo", creates_join_request=True)
    assert link.creates_join_request
    await town.bob.link(link.invite_link)
    request = (await _updates(town, bot))[0].chat_join_request
    assert request is not None and request.invite_link is not None
    assert await bot.approve_chat_join_request(town.storage, town.bob.id)


async def test_block_is_read(town: Town, bot: Bot) -> None:
    await town.alice.block("shop_bot")
    change = (await _updates(town, bot))[0].my_chat_member
    assert change is not None
    assert isinstance(change.new_chat_member, ChatMemberBanned)
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(town.alice.id, "x")


async def test_shared_channel_is_read(town: Town, bot: Bot) -> None:
    await town.olga.link("https://t.me/shop_bot")
    request = KeyboardButtonRequestChat(
        request_id=7, chat_is_channel=True, bot_administrator_rights=RIGHTS, request_title=True
    )
    keyboard = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Choose", request_chat=request)]])
    await bot.send_message(town.olga.id, "which?", reply_markup=keyboard)
    channel = await town.client.add_chat("channel", "News", town.olga.id)
    await town.olga.press("shop_bot", "Choose", chat_id=channel)
    message = (await _updates(town, bot))[-1].message
    assert message is not None and message.chat_shared is not None
    assert (message.chat_shared.request_id, message.chat_shared.chat_id) == (7, channel)
    assert (await bot.send_message(channel, "hi")).chat.type == "channel"


async def test_callbacks_with_and_without_a_message_are_read(town: Town, bot: Bot) -> None:
    row = [
        InlineKeyboardButton(text="Go", callback_data="go"),
        InlineKeyboardButton(text="Copy", copy_text=CopyTextButton(text="SALE")),
    ]
    sent = await bot.send_message(7002, "menu", reply_markup=InlineKeyboardMarkup(inline_keyboard=[row]))
    await town.alice.press("shop_bot", "Go")
    await bot.delete_message(7002, sent.message_id)
    await town.alice.forge_callback("shop_bot", "go", sent.message_id)
    pressed, forged = [update.callback_query for update in await _updates(town, bot)]
    assert pressed is not None and isinstance(pressed.message, Message)
    assert forged is not None and isinstance(forged.message, InaccessibleMessage)
    assert await bot.answer_callback_query(pressed.id, "done")


async def test_uploads_albums_copies_and_forwards_are_read(town: Town, bot: Bot) -> None:
    photo = await bot.send_photo(7002, BufferedInputFile(PNG, "a.png"), caption="<b>x</b>", parse_mode="HTML")
    assert photo.photo is not None
    assert (await bot.get_file(photo.photo[-1].file_id)).file_path == "photos/file_1.png"
    downloaded = await bot.download(photo.photo[-1].file_id)
    assert downloaded is not None and downloaded.read() == PNG
    media = [InputMediaDocument(media=BufferedInputFile(b"x", name)) for name in ("a.txt", "b.txt")]
    album = await bot.send_media_group(7002, list(media))
    assert album[0].media_group_id == album[1].media_group_id
    await town.post("post")
    copies = await bot.copy_messages(7002, town.storage, [2, 3])
    assert len(copies) == 1
    forward = await bot.forward_message(7002, town.storage, 2)
    assert isinstance(forward.forward_origin, MessageOriginChannel)
    reply = await bot.send_message(7002, "re", reply_to_message_id=forward.message_id)
    assert reply.reply_to_message is not None
    assert await bot.pin_chat_message(7002, reply.message_id)
    service = (await _updates(town, bot))[-1].message
    assert service is not None and service.pinned_message is not None
    assert await bot.set_my_commands([BotCommand(command="start", description="Begin")])
    assert (await bot.get_my_commands())[0].command == "start"


async def test_shared_people_and_chats_are_read(town: Town, bot: Bot) -> None:
    chat = KeyboardButtonRequestChat(request_id=1, chat_is_channel=True, bot_administrator_rights=RIGHTS)
    people = KeyboardButtonRequestUsers(request_id=2, max_quantity=10, request_name=True, request_username=True)
    row = [
        KeyboardButton(text="Channel", request_chat=chat, style="primary"),
        KeyboardButton(text="People", request_users=people),
    ]
    await bot.send_message(7002, "Choose", reply_markup=ReplyKeyboardMarkup(keyboard=[row], one_time_keyboard=False))
    await _updates(town, bot)
    await town.alice.press("shop_bot", "Channel", new_chat={"title": "Vault"})
    await town.alice.press("shop_bot", "People", user_ids=[town.bob.id, town.alice.id])
    added, with_chat, with_people = await _updates(town, bot)
    assert added.my_chat_member is not None and with_chat.message is not None and with_people.message is not None
    assert with_chat.message.chat_shared is not None and with_chat.message.chat_shared.title is None
    shared = with_people.message.users_shared
    assert shared is not None and [user.first_name for user in shared.users] == ["Bob", "Alice"]


async def test_what_a_bot_sets_about_itself_is_read(town: Town, bot: Bot) -> None:
    button = MenuButtonWebApp(text="Open", web_app=WebAppInfo(url="https://example.com"))
    assert await bot.set_my_name("Shop") and (await bot.get_my_name()).name == "Shop"
    assert await bot.set_my_description("Long") and (await bot.get_my_description()).description == "Long"
    assert await bot.set_my_short_description("Short")
    assert (await bot.get_my_short_description("de")).short_description == "Short"
    assert await bot.set_my_profile_photo(InputProfilePhotoStatic(photo=BufferedInputFile(PNG, "a.png")))
    assert await bot.remove_my_profile_photo()
    assert await bot.set_chat_menu_button(7002, button)
    assert isinstance(await bot.get_chat_menu_button(7002), MenuButtonWebApp)
    scope = BotCommandScopeChat(chat_id=7002)
    assert await bot.set_my_commands([BotCommand(command="menu", description="Begin")], scope, "de")
    assert (await bot.get_my_commands(scope, "de"))[0].command == "menu"
    assert await bot.delete_my_commands(scope, "de")


async def test_posts_of_a_channel_are_edited_and_read(town: Town, bot: Bot) -> None:
    row = [InlineKeyboardButton(text="Get it", url="https://t.me/shop_bot?start=x", style="success")]
    keyboard = InlineKeyboardMarkup(inline_keyboard=[row])
    source = await town.post(kind="photo")
    copied = await bot.copy_message(town.storage, town.storage, source, caption="new", reply_markup=keyboard)
    media = InputMediaDocument(media=BufferedInputFile(b"x", "a.txt"), caption="<b>b</b>", parse_mode="HTML")
    edited = await bot.edit_message_media(media, None, town.storage, copied.message_id, reply_markup=keyboard)
    assert isinstance(edited, Message) and edited.document is not None and edited.caption == "b"
    assert edited.reply_markup is not None and edited.reply_markup.inline_keyboard[0][0].style == "success"


async def test_channel_and_group_messages_are_read(town: Town, bot: Bot) -> None:
    await town.post("post")
    group = await town.client.add_chat("supergroup", "Group", town.olga.id)
    await town.client.set_member(group, 1001, "administrator")
    await town.olga.text(group, "/hi @shop_bot")
    await town.bob.join(group)
    found = await _updates(town, bot)
    post = found[0].channel_post
    assert post is not None and post.sender_chat is not None
    joined = found[-1].message
    assert joined is not None and joined.new_chat_members is not None


async def test_faults_become_aiograms_exceptions(town: Town, bot: Bot) -> None:
    parameters = {"migrate_to_chat_id": -1001234567890}
    await town.client.fault("flood", retry_after=7)
    with pytest.raises(TelegramRetryAfter) as caught:
        await bot.send_message(7002, "x")
    assert caught.value.retry_after == 7
    await town.client.fault("error", status=400, description="Bad Request: moved", parameters=parameters)
    with pytest.raises(TelegramMigrateToChat):
        await bot.send_message(7002, "x")
    await town.client.fault("html", status=502)
    with pytest.raises(ClientDecodeError):
        await bot.send_message(7002, "x")
    await town.client.fault("drop_after")
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(7002, "x")
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(999, "x")


async def test_poison_update_breaks_the_batch_and_can_be_skipped(town: Town, bot: Bot) -> None:
    await town.client.fault("poison_update", bot="shop_bot")
    with pytest.raises(ClientDecodeError):
        await bot.get_updates(offset=town.shop.offset)
    poisoned = (await town.shop("getUpdates")).result[0]["update_id"]
    assert await bot.get_updates(offset=poisoned + 1) == []
