"""Every content type of aiogram is content that can be copied, content that is refused, or a service message."""

from typing import Any

import pytest
from aiogram.enums import ContentType
from aiogram.types import ChatShared, Message, SharedUser, TelegramObject, UsersShared

from admin_bot.content import COPYABLE, REFUSED
from admin_bot.filters import is_copyable, is_refused
from admin_bot.middlewares.service_messages import DropServiceMessages
from core.message_kinds import SERVICE_KINDS
from user_bot.handlers.about import is_content
from views.storage.content_texts import KINDS, cannot_store

#: `ANY` is for filters; `UNKNOWN` is what aiogram finds no field for
KINDS_OF_TELEGRAM = sorted(kind.value for kind in ContentType if kind is not ContentType.ANY)


#: of Telegram's pickers, which name somebody
ANSWERS: dict[str, Any] = {
    "chat_shared": ChatShared(request_id=1, chat_id=-1001),
    "users_shared": UsersShared(request_id=1, users=[SharedUser(user_id=503)]),
}


def message_of(kind: str) -> Message:
    """A message of which aiogram says this content type."""
    fields: dict[str, Any] = dict.fromkeys(Message.model_fields)
    if kind != ContentType.UNKNOWN:
        assert kind in fields
        fields[kind] = ANSWERS.get(kind, True)
    message = Message.model_construct(**fields)
    assert message.content_type == kind
    return message


def test_every_content_type_is_of_exactly_one_sort() -> None:
    sorts = (sorted(KINDS), sorted(kind.value for kind in REFUSED), sorted(SERVICE_KINDS))
    assert sorted(kind for sort in sorts for kind in sort) == KINDS_OF_TELEGRAM
    assert sorted(kind.value for kind in COPYABLE) == sorts[0]


@pytest.mark.parametrize("kind", KINDS_OF_TELEGRAM)
async def test_each_kind_is_copied_refused_at_once_or_ignored_by_both_bots(kind: str) -> None:
    message, passed = message_of(kind), []

    async def handler(event: TelegramObject, data: dict[str, Any]) -> None:
        passed.append(event)

    await DropServiceMessages()(handler, message, {})
    is_service = kind in SERVICE_KINDS
    assert [await is_copyable(message), await is_refused(message), is_service].count(True) == 1
    # nobody writes those to be answered
    assert await is_content(message) is (not is_service and kind not in ("sticker", "dice"))
    # the answers of Telegram's pickers go on to the question that waits for them
    assert (passed == []) is (is_service and kind not in ("chat_shared", "users_shared"))


@pytest.mark.parametrize("kind", sorted(kind.value for kind in REFUSED))
def test_each_refused_kind_has_a_sentence(kind: str) -> None:
    assert "Telegram does not let me hand it on unchanged" in cannot_store(kind)
