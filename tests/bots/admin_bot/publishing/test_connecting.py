"""Connecting a channel with Telegram's picker; the default cover; renewing buttons; who may do what."""

from aiogram.methods import CopyMessage, SendMessage
from aiogram.types import ReplyKeyboardMarkup

from core.announcements import AnnouncementState
from core.subscriptions import Channel
from core.team.admins import Role
from database.operations import announcement_ops, audit_ops, channel_ops, settings_ops
from database.operations.announcements import changes, renewals
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, STORAGE, AdminBot
from tests.bots.admin_bot.publishing import desk
from tests.bots.admin_bot.publishing.desk import GARDEN
from views.navigation import Section, data_of
from views.publishing.picker import PUBLISH_REQUEST_ID
from views.publishing.result_screens import is_storage, not_a_channel


def _shared(chat_id: int = GARDEN, title: str = "Olive's Garden") -> dict[str, object]:
    return {"request_id": PUBLISH_REQUEST_ID, "chat_id": chat_id, "title": title}


def _channel(admin: AdminBot, chat_id: int = GARDEN, **more: object) -> None:
    admin.world.chats[chat_id] = {"title": "Olive's Garden", "username": "garden", **more}
    admin.world.own[(chat_id, ADMIN_BOT.id)] = desk.rights()


async def test_without_a_channel_the_picker_is_offered_and_the_draft_goes_on(admin: AdminBot) -> None:
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    assert admin.last_text == "No channel is connected. Choose the one your subscribers read."
    await admin.press("Connect a channel")
    picker = next(call for call in admin.world.of(SendMessage) if isinstance(call.reply_markup, ReplyKeyboardMarkup))
    assert isinstance(picker.reply_markup, ReplyKeyboardMarkup)
    request = picker.reply_markup.keyboard[0][0].request_chat
    assert request is not None and request.bot_administrator_rights is not None
    assert request.chat_is_channel and request.bot_is_member is None
    assert request.bot_administrator_rights.can_post_messages
    assert request.bot_administrator_rights.can_edit_messages
    assert request.bot_administrator_rights.can_delete_messages
    _channel(admin)
    await admin.send(chat_shared=_shared())
    assert admin.last_text.startswith("Publish post 1\nTo: \u2068Olive&#x27;s Garden\u2069\n")
    channel = await channel_ops.find(GARDEN)
    assert channel is not None and channel.is_published_to and not channel.is_required and channel.username == "garden"
    assert (await audit_ops.last(9))[0].action == "channel.connected"


async def test_publish_here_on_a_channels_card_looks_at_the_rights_first(admin: AdminBot) -> None:
    _channel(admin)
    await channel_ops.add(Channel(chat_id=GARDEN, title="Olive's Garden", invite_link="https://t.me/+x"))
    admin.world.own[(GARDEN, ADMIN_BOT.id)] = desk.rights(edit=False)
    await admin.callback(f"ac:open:{GARDEN}:0")
    await admin.press("Publish here: off")
    assert admin.last_text == "@tollgate_admin_bot may not post in \u2068Olive&#x27;s Garden\u2069."
    admin.world.own[(GARDEN, ADMIN_BOT.id)] = desk.rights()
    await admin.press("Check again")
    assert "I publish posts here." in admin.last_text
    await admin.press("Open its card")
    assert "Publish here: on" in admin.buttons()
    await admin.press("Publish here: on")
    assert "Publish here: off" in admin.buttons()
    channel = await channel_ops.find(GARDEN)
    assert channel is not None and channel.is_required and not channel.is_published_to
    assert len(admin.world.screens) == 1, "one message, edited"


async def test_a_missing_right_is_named_and_checked_again(admin: AdminBot) -> None:
    one = await desk.post(admin)
    await desk.open_publish(admin, one)
    await admin.press("Connect a channel")
    _channel(admin)
    for missing in ("post", "edit", "delete"):
        admin.world.own[(GARDEN, ADMIN_BOT.id)] = desk.rights(**{missing: False})
        await admin.send(chat_shared=_shared())
        assert admin.last_text == "@tollgate_admin_bot may not post in \u2068Olive&#x27;s Garden\u2069."
        assert admin.buttons()[:2] == ["Give the right", "Check again"]
        assert await channel_ops.find(GARDEN) is None
    await admin.press("Check again")
    assert admin.last_text.startswith("@tollgate_admin_bot may not")
    admin.world.own[(GARDEN, ADMIN_BOT.id)] = desk.rights()
    await admin.press("Check again")
    assert admin.last_text.startswith("Publish post 1\nTo: \u2068Olive&#x27;s Garden\u2069\n")


async def test_the_storage_channel_and_groups_are_refused(admin: AdminBot) -> None:
    await admin.callback(data_of(Section.SLOTS))
    await admin.press("Connect a channel")
    await admin.send(chat_shared=_shared(STORAGE))
    assert admin.last_text == is_storage()
    _channel(admin, type="supergroup")
    await admin.send(chat_shared=_shared())
    assert admin.last_text == not_a_channel() and await channel_ops.load() == ()


async def test_a_channel_to_join_stays_one_when_posts_are_published_in_it(admin: AdminBot) -> None:
    _channel(admin)
    await desk.connect(admin)
    await channel_ops.change(GARDEN, is_required=True, invite_link="https://t.me/+x")
    await channel_ops.switch_publishing(GARDEN, is_on=False)
    await admin.callback(data_of(Section.SLOTS))
    await admin.press("Connect a channel")
    await admin.send(chat_shared=_shared())
    channel = await channel_ops.find(GARDEN)
    assert channel is not None and channel.is_required and channel.is_published_to and channel.source_number == 1


# --- the default cover


async def test_the_default_cover_is_sent_used_and_removed(admin: AdminBot) -> None:
    await desk.connect(admin)
    await admin.callback(data_of(Section.DEFAULT_COVER))
    assert admin.last_text.endswith("Now: none.")
    await admin.press("Send one")
    await admin.say("no picture")
    assert admin.last_text.startswith("I need one photo here")
    await admin.send(photo=desk.PHOTO)
    cover = (await settings_ops.load()).cover_photo
    assert cover is not None and admin.last_text.startswith("Saved.")
    await desk.open_publish(admin, await desk.post(admin))
    copied = admin.world.of(CopyMessage)[-1]
    assert (int(copied.from_chat_id), copied.message_id) == (STORAGE, cover)
    await admin.callback(data_of(Section.DEFAULT_COVER))
    await admin.press("None")
    assert (await settings_ops.load()).cover_photo is None
    await admin.press("Undo")
    assert (await settings_ops.load()).cover_photo == cover


# --- renewing buttons


async def _publish(admin: AdminBot) -> None:
    await desk.open_publish(admin, await desk.post(admin))
    await admin.press("Publish now")
    await desk.run_publisher(admin)
    await admin.time.move(3)


async def test_renewing_all_buttons_counts_and_follows(admin: AdminBot) -> None:
    await desk.connect_two(admin)
    await admin.callback(data_of(Section.RENEWAL))
    assert "No announcement is in a channel now." in admin.last_text
    await _publish(admin)
    await admin.callback(data_of(Section.RENEWAL))
    await admin.press("Renew 2 buttons")
    assert admin.last_text.startswith("Renewing all buttons.")
    renewal = await renewals.find_renewal()
    assert renewal is not None
    await renewals.mark_page(renewal, admin.clock.now())
    first, second = await changes.find_due(admin.clock.now(), limit=9)
    await changes.record_edited(first, first.url, None)
    await admin.time.move(3)
    assert f"{'█' * 10}{'░' * 10} 1 of 2" in admin.last_text
    await changes.record_edited(second, second.url, None)
    await admin.time.move(3)
    assert "done, 2 of 2 renewed." in admin.last_text


async def test_the_renewal_takes_at_most_three_commands(admin: AdminBot) -> None:
    await desk.connect(admin)
    await _publish(admin)
    await renewals.start("a" * 16, 1, admin.clock.now())
    commands = desk.count_commands(admin)
    await admin.callback(data_of(Section.RENEWAL))
    admin.database.before_call = None
    assert len(commands) <= 3


# --- roles


async def test_an_editor_publishes_and_withdraws_only_what_is_their_own(admin: AdminBot) -> None:
    await desk.connect(admin)
    await _publish(admin)
    editor = OWNER.model_copy(update={"id": 7010, "first_name": "Ed"})
    await desk.appoint(admin, editor, Role.EDITOR)
    (found,) = await announcement_ops.find_of_post((await admin.only_post()).code)
    await admin.callback(f"an:gone:{found.id}:s", who=editor)
    assert admin.toasts[-1] == "Your role, editor, cannot do this. Ask an owner."
    await admin.callback(f"an:gone!:{found.id}:s", who=editor)
    after = await announcement_ops.find(found.id)
    assert after is not None and after.state is AnnouncementState.PUBLISHED and not after.is_withdrawal_wanted
    await admin.callback(data_of(Section.RENEWAL), who=editor)
    assert admin.toasts[-1] == "Your role, editor, cannot do this. Ask an owner."
    await admin.say("/schedule", who=editor)
    assert admin.last_text.startswith("Nothing is scheduled")
