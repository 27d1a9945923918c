"""Who takes part, and where: people of every role, strangers, those Telegram writes as when it hides who wrote."""

from typing import Any

from aiogram.types import User

from core.team.admins import Role
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, STORAGE, STRANGER, USER_BOT

Json = dict[str, Any]

MANAGER = User(id=7101, is_bot=False, first_name="Max", username="max", language_code="ru")
EDITOR = User(id=7102, is_bot=False, first_name="Eva <b>", language_code="en")
#: an editor who makes posts of their own
OTHER_EDITOR = User(id=7103, is_bot=False, first_name="مريم", language_code="ar")
#: was in the team when the machine began
REMOVED = User(id=7104, is_bot=False, first_name="Rem")
#: invited by links, in no list yet
NEWCOMER = User(id=7105, is_bot=False, first_name="New")
#: a subscriber of the user bot, who also writes to the admin bot
SUBSCRIBER = User(id=7201, is_bot=False, first_name="Ann", username="ann", language_code="de")
#: whom Telegram names as sender of anonymous administrators, of channels, and of service messages
ANONYMOUS = User(id=1087968824, is_bot=True, first_name="Group", username="GroupAnonymousBot")
OF_CHANNEL = User(id=136817688, is_bot=True, first_name="Channel", username="Channel_Bot")
TELEGRAM = User(id=777000, is_bot=False, first_name="Telegram")
OTHER_BOT = User(id=1003, is_bot=True, first_name="Other", username="other_bot")

PEOPLE = (OWNER, MANAGER, EDITOR, OTHER_EDITOR, REMOVED, NEWCOMER, STRANGER, SUBSCRIBER)
EVERYBODY = (*PEOPLE, ANONYMOUS, OF_CHANNEL, TELEGRAM, OTHER_BOT)
#: roles at the start; the owner has it by the configuration
ROLES = {MANAGER.id: Role.MANAGER, EDITOR.id: Role.EDITOR, OTHER_EDITOR.id: Role.EDITOR}

GARDEN, GREENHOUSE, UNKNOWN_CHANNEL = -1001000000101, -1001000000102, -1009999999999
CHANNELS = {STORAGE: "Storage", GARDEN: "Olive's <Garden>", GREENHOUSE: "The Greenhouse", UNKNOWN_CHANNEL: "Elsewhere"}
GROUP = {"id": -4001, "type": "group", "title": "Friends"}
SUPERGROUP = {"id": -1002000000001, "type": "supergroup", "title": "Everybody", "is_forum": True}
BOTS = (ADMIN_BOT, USER_BOT)


def private_chat(user: User) -> Json:
    return {"id": user.id, "type": "private", "first_name": user.first_name}


def channel(chat_id: int) -> Json:
    return {"id": chat_id, "type": "channel", "title": CHANNELS[chat_id]}
