"""An admin bot with something to lose: a team, posts, announcements, subscribers, a gift, a broadcast, a shortener."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from core.gifts.records import Gift
from core.posts import Post
from core.shorteners.records import Shortener
from core.team.admins import Role
from core.users import Visitor
from database.operations import admin_ops, channel_ops, user_ops
from database.operations.people import gift_ops
from database.operations.posts import post_ops
from database.operations.shorteners import shortener_ops
from tests.bots.admin_bot.broadcasts import broadcasts
from tests.bots.admin_bot.conftest import ADMIN_BOT, OWNER, STORAGE, USER_BOT, AdminBot, running
from tests.bots.admin_bot.telegram import administrator
from tests.bots.machine.cast import (
    CHANNELS,
    EDITOR,
    GARDEN,
    GREENHOUSE,
    MANAGER,
    OTHER_EDITOR,
    PEOPLE,
    REMOVED,
    SUBSCRIBER,
)
from tests.bots.machine.secrets_of_rights import BROADCAST, GIFT_CODE, NAME_OF_SUBSCRIBER, SHORTENER
from tests.operations.announcements import announcing

#: how long ago everything here was made
AGE = timedelta(hours=3)


@asynccontextmanager
async def furnished(folder: Path) -> AsyncIterator[AdminBot]:
    """Run one for the block."""
    async with running(folder) as admin:
        await _team(admin)
        await _channels(admin)
        await _posts(admin)
        await _subscribers(admin)
        await _shortener(admin)
        await broadcasts.sending(admin, BROADCAST)
        admin.world.calls.clear()
        admin.world.screens.clear()
        yield admin


async def _team(admin: AdminBot) -> None:
    now = admin.clock.now() - AGE
    for user, role in ((MANAGER, Role.MANAGER), (EDITOR, Role.EDITOR), (OTHER_EDITOR, Role.EDITOR)):
        await admin_ops.add_member(user.id, role, user.first_name, OWNER.id, now)
    await admin_ops.add_member(REMOVED.id, Role.MANAGER, REMOVED.first_name, OWNER.id, now)
    assert await admin_ops.remove(REMOVED.id)


async def _channels(admin: AdminBot) -> None:
    for chat_id, title in CHANNELS.items():
        admin.world.chats[chat_id] = {"title": title}
    for chat_id in (GARDEN, GREENHOUSE):
        for bot in (ADMIN_BOT, USER_BOT):
            admin.world.own[chat_id, bot.id] = administrator(bot, invite=True)
        now = admin.clock.now() - AGE
        await channel_ops.connect(chat_id, title=CHANNELS[chat_id], username=None, added_by=OWNER.id, added_at=now)


async def _post(admin: AdminBot, title: str, user_id: int, number: int) -> Post:
    return await post_ops.create(
        title=title,
        storage_chat_id=STORAGE,
        message_ids=[number * 10, number * 10 + 1],
        created_by=user_id,
        created_at=admin.clock.now() - AGE,
    )


async def _posts(admin: AdminBot) -> None:
    now = admin.clock.now()
    mine = await _post(admin, "Spring <album>", EDITOR.id, 1)
    await _post(admin, "مرحبا " * 10, OTHER_EDITOR.id, 2)
    owners = await _post(admin, "Olga's own", OWNER.id, 3)
    for post, chat_id, other_chat_id, user in ((mine, GARDEN, GREENHOUSE, EDITOR), (owners, GREENHOUSE, GARDEN, OWNER)):
        named: dict[str, Any] = {"post_code": post.code, "created_by": user.id, "key": post.code}
        await announcing.published(now - AGE, chat_id=chat_id, **named)
        later: dict[str, Any] = {"key": f"{post.code} later", "publish_at": now + AGE, "chat_id": other_chat_id}
        await announcing.planned(now, **(named | later))


async def _subscribers(admin: AdminBot) -> None:
    now = admin.clock.now() - AGE
    for user_id in (SUBSCRIBER.id, SUBSCRIBER.id + 1):
        visitor = Visitor(user_id=user_id, first_name=NAME_OF_SUBSCRIBER, username=f"sub{user_id}")
        await user_ops.upsert_visitor(visitor, now, source="spring")
    terms = {"code": GIFT_CODE, "credits": 5, "created_by": OWNER.id, "created_at": now}
    assert await gift_ops.create(Gift.model_validate(terms | {"expires_at": now + timedelta(days=7)}))


async def _shortener(admin: AdminBot) -> None:
    sealed = admin.vault.seal(SecretStr("key-of-the-shortener"))
    made = Shortener(
        code="shortone", name=SHORTENER, api_url="http://127.0.0.1:9/api", sealed_key=sealed, set_at=admin.clock.now()
    )
    assert await shortener_ops.add(made)


__all__ = ["PEOPLE", "furnished"]
