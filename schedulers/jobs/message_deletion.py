"""Deleting messages of one chat: calls of up to 100 ids; undeletable ids are found by halving."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from aiogram import Bot
from aiogram.exceptions import AiogramError

from sender.failures import classify
from sender.refusals import Failure

#: ids in one deleteMessages call (BOTAPI §2.6)
IDS_MAX = 100


@dataclass(slots=True)
class Deletion:
    """What became of the messages."""

    #: ids Telegram will never delete; all others are deleted
    refused: list[int] = field(default_factory=list)


async def delete_messages(bot: Bot, chat_id: int, message_ids: Sequence[int]) -> Deletion:
    """Delete `message_ids` in `chat_id`; ids deleted before count as deleted.

    One undeletable id makes a whole call fail without deleting anything (BOTAPI §2.6), so a refused call is halved
    until the undeletable ids are alone in a call. Raises the Telegram error of any other failure. Idempotent.
    """
    deletion = Deletion()
    for start in range(0, len(message_ids), IDS_MAX):
        await _delete(bot, chat_id, message_ids[start : start + IDS_MAX], deletion)
    return deletion


async def _delete(bot: Bot, chat_id: int, ids: Sequence[int], deletion: Deletion) -> None:
    try:
        await bot.delete_messages(chat_id, list(ids))
    except AiogramError as error:
        failure = classify(error)
        if failure is Failure.GONE:
            return
        if failure is not Failure.UNDELETABLE:
            raise
        if len(ids) == 1:
            deletion.refused.append(ids[0])
            return
        middle = len(ids) // 2
        await _delete(bot, chat_id, ids[:middle], deletion)
        await _delete(bot, chat_id, ids[middle:], deletion)
