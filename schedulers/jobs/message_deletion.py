"""Deleting messages of one chat: calls of up to 100 ids; undeletable ids are found by halving."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from aiogram import Bot
from aiogram.exceptions import AiogramError

from sender.failures import classify
from sender.refusals import Failure

#: ids in one deleteMessages call (BOTAPI §2.6)
IDS_MAX = 100
#: seconds a call that deletes, or replaces a notice, may take: a chat that hangs is tried again later
CALL_TIMEOUT_S = 10
#: calls that look for undeletable ids, besides one for each IDS_MAX ids: enough for some ten scattered ones
HALVING_MAX = 200


@dataclass(slots=True)
class Deletion:
    """What became of the messages."""

    #: ids Telegram will never delete, or not before a dice's time; all others are deleted
    refused: list[int] = field(default_factory=list)


async def delete_messages(
    bot: Bot, chat_id: int, message_ids: Sequence[int], *, halving_max: int = HALVING_MAX
) -> Deletion:
    """Delete `message_ids` in `chat_id`; ids deleted before count as deleted, and so do ids of no message.

    One undeletable id makes a whole call fail without deleting anything (BOTAPI §2.6), so a refused call is halved
    until the undeletable ids are alone in a call. After `halving_max` such calls the ids of a refused call count as
    undeletable together. Raises the Telegram error of any other failure. Idempotent.
    """
    deleting = _Deleting(bot, chat_id, halving_max)
    for start in range(0, len(message_ids), IDS_MAX):
        await deleting.delete(list(message_ids[start : start + IDS_MAX]))
    return deleting.deletion


class _Deleting:
    def __init__(self, bot: Bot, chat_id: int, halving_left: int) -> None:
        self._bot = bot
        self._chat_id = chat_id
        self._halving_left = halving_left
        self.deletion = Deletion()

    async def delete(self, ids: list[int]) -> None:
        try:
            await self._bot.delete_messages(self._chat_id, ids, request_timeout=CALL_TIMEOUT_S)
        except AiogramError as error:
            failure = classify(error)
            if failure is Failure.GONE:
                return
            if failure is not Failure.UNDELETABLE:
                raise
        else:
            return
        if len(ids) == 1 or self._halving_left < 2:
            self.deletion.refused += ids
            return
        self._halving_left -= 2
        middle = len(ids) // 2
        await self.delete(ids[:middle])
        await self.delete(ids[middle:])
