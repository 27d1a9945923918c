"""The status message of a batch: it follows what is sent, so that the counter and `Done` stay in sight."""

import asyncio

import structlog
from aiogram import Bot

from admin_bot.conversation.batch_draft import BatchDraft
from admin_bot.conversation.dialogue import Conversations, Dialogue
from admin_bot.screens import remove_screen, send
from core.clock import Clock
from core.errors import StoreUnavailable
from core.supervisor import Supervisor
from sender.failures import TELEGRAM_ERRORS, classify
from views.posts import batch_texts
from views.screens import Screen

log = structlog.get_logger("tollgate.admin")

#: seconds after a message until the status message moves below it: an album comes as several messages
SETTLE_S = 0.5
#: the shortest time between two moves in one chat, in seconds; each is a message sent and one deleted
INTERVAL_S = 2.0
#: attempts to move it while Telegram refuses; the next message of the batch begins anew
TRIES = 3


def status_screen(draft: BatchDraft) -> Screen:
    return batch_texts.status(draft.id, len(draft.items), adds_to=draft.adds_to_number, replaces=draft.replaces_number)


class BatchStatus:
    """One status message per batch, at the end of the chat."""

    def __init__(self, bot: Bot, supervisor: Supervisor, clock: Clock, conversations: Conversations) -> None:
        self._bot = bot
        self._supervisor = supervisor
        self._clock = clock
        self._conversations = conversations
        #: chat -> the move that is to come
        self._moves: dict[int, asyncio.Task[None]] = {}
        #: chat -> when its status message was moved last; one entry a chat with a batch
        self._moved_at: dict[int, float] = {}

    async def show(self, chat_id: int, dialogue: Dialogue, draft: BatchDraft) -> None:
        """Send the status message below everything else, then delete the old one. Inside the conversation."""
        self.cancel(chat_id)
        await self._show(chat_id, dialogue, draft)

    async def _show(self, chat_id: int, dialogue: Dialogue, draft: BatchDraft) -> None:
        # stored before it is shown: if Telegram's answer is lost, the batch is not
        await dialogue.keep_batch_draft(draft)
        self._moved_at[chat_id] = self._clock.monotonic()
        sent = await send(self._bot, chat_id, status_screen(draft))
        await dialogue.keep_batch_draft(draft.model_copy(update={"status_message_id": sent.message_id}))
        await remove_screen(self._bot, chat_id, draft.status_message_id)

    def schedule(self, chat_id: int) -> None:
        """Move the status message soon. Returns at once; further calls until then change nothing."""
        if chat_id not in self._moves:
            self._moves[chat_id] = self._supervisor.spawn(self._move_later(chat_id), f"status {chat_id}")

    def cancel(self, chat_id: int) -> None:
        """Do not make the move that is to come. Inside the conversation: none is being made."""
        self._moves.pop(chat_id, None)

    async def _move_later(self, chat_id: int) -> None:
        for _ in range(TRIES):
            last = self._moved_at.get(chat_id)
            free_in = 0.0 if last is None else last + INTERVAL_S - self._clock.monotonic()
            await self._clock.sleep(max(SETTLE_S, free_in))
            # the conversation's lock: no handler of this admin shows, moves or ends the batch meanwhile
            async with self._conversations.of(chat_id) as dialogue:
                if self._moves.get(chat_id) is not asyncio.current_task():
                    return
                if await self._is_moved(chat_id, dialogue):
                    self._moves.pop(chat_id, None)
                    return
        self._moves.pop(chat_id, None)

    async def _is_moved(self, chat_id: int, dialogue: Dialogue) -> bool:
        """Move it, if the batch is still open; False when it is to be tried again."""
        try:
            draft = await dialogue.batch_draft()
            if draft is not None:
                await self._show(chat_id, dialogue, draft)
        except StoreUnavailable:
            log.info("batch.status_not_moved", reason="store")
            return False
        except TELEGRAM_ERRORS as error:
            log.info("batch.status_not_moved", reason=classify(error))
            return False
        return True
