"""Drafts of broadcasts, for tests of composing."""

from typing import Any

from aiogram import Bot
from aiogram.methods import CopyMessage, CopyMessages, DeleteMessages, TelegramMethod
from aiogram.types import InlineKeyboardMarkup

from admin_bot.conversation.broadcast_draft import BroadcastDraft, read_broadcast_draft
from core.broadcasts import Broadcast
from core.users import Visitor
from database.operations import broadcast_ops, user_ops
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, STORAGE, AdminBot

PHOTO: dict[str, Any] = {"photo": [{"file_id": "p", "file_unique_id": "p", "width": 90, "height": 90}]}
ANN, BOB, CLEO = 8001, 8002, 8003
SHOP = "https://example.org/shop"


async def upsert_visitor(admin: AdminBot, *user_ids: int, source: str | None = None, **known: Any) -> None:
    for user_id in user_ids:
        await user_ops.upsert_visitor(Visitor(user_id=user_id, **known), admin.clock.now(), source=source)


async def composed(admin: AdminBot, people: int = 3, **content: Any) -> BroadcastDraft:
    """A draft of one message, and the subscribers who would get it."""
    await upsert_visitor(admin, *range(8001, 8001 + people))
    await admin.say("/broadcast")
    await admin.send(**(content or {"text": "Big news\nof the day"}))
    return await the_draft(admin)


async def confirmed(admin: AdminBot) -> None:
    """Press both buttons that confirm the broadcast."""
    await admin.press("Send to")
    await admin.press("Yes, send")


async def album(admin: AdminBot, number: int = 3, first_id: int = 1000, group: str = "g") -> None:
    for message_id in range(first_id, first_id + number):
        await admin.send(message_id=message_id, media_group_id=group, **PHOTO)


async def draft_of(admin: AdminBot) -> BroadcastDraft | None:
    """The draft stored with the conversation."""
    for key, record in admin.memory.storage.items():
        if key.user_id == OWNER.id:
            return read_broadcast_draft(record.data.get("broadcast"))
    return None


async def the_draft(admin: AdminBot) -> BroadcastDraft:
    draft = await draft_of(admin)
    assert draft is not None
    return draft


async def state_of(admin: AdminBot) -> str | None:
    """The state of the conversation."""
    for key, record in admin.memory.storage.items():
        if key.user_id == OWNER.id:
            return record.state if record.state is None else str(record.state)
    return None


async def made() -> list[Broadcast]:
    return await broadcast_ops.last(10)


async def only_broadcast() -> Broadcast:
    (broadcast,) = await made()
    return broadcast


def calls_of(bot: Bot, monkeypatch: Any) -> list[TelegramMethod[Any]]:
    """The calls that one of the two bots makes from now on."""
    calls: list[TelegramMethod[Any]] = []
    real = bot.session.make_request

    async def noting(caller: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        calls.append(method)
        return await real(caller, method, timeout)

    monkeypatch.setattr(bot.session, "make_request", noting)
    return calls


def previews(admin: AdminBot) -> list[CopyMessage | CopyMessages]:
    """Copies into the owner's chat, in order."""
    copies = [call for call in admin.world.calls if isinstance(call, CopyMessage | CopyMessages)]
    return [call for call in copies if call.chat_id == OWNER.id]


def stored(admin: AdminBot) -> list[list[int]]:
    """What was copied into the storage channel, by the ids of the admin's messages."""
    return [call.message_ids for call in admin.copies if call.chat_id == STORAGE]


def deleted_copies(admin: AdminBot) -> list[list[int]]:
    return [call.message_ids for call in admin.world.of(DeleteMessages) if call.chat_id == STORAGE]


def keyboard_of(call: CopyMessage | CopyMessages) -> list[tuple[str, str | None]]:
    markup = call.reply_markup if isinstance(call, CopyMessage) else None
    if not isinstance(markup, InlineKeyboardMarkup):
        return []
    return [(one.text, one.url) for row in markup.inline_keyboard for one in row]


def screen_data(admin: AdminBot, text: str) -> str:
    """The callback data of a button of the newest screen."""
    screen = list(admin.world.screens.values())[-1]
    assert screen.reply_markup is not None and screen.from_user is not None and screen.from_user.id == ADMIN_BOT.id
    (found,) = [one for row in screen.reply_markup.inline_keyboard for one in row if one.text.startswith(text)]
    return str(found.callback_data)
