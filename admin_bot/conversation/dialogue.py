"""What a conversation stores between two messages: the open batch, the draft of a broadcast, the waiting question,
recent searches."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseEventIsolation, BaseStorage, StorageKey

from admin_bot.conversation.batch_draft import BatchDraft, read_batch_draft
from admin_bot.conversation.broadcast_draft import BroadcastDraft, read_broadcast_draft
from admin_bot.states import QUESTIONS, Collecting, Composing
from views.channels.callbacks import ChannelButton
from views.posts.callbacks import SEARCH_ID_LENGTH, PostButton

Button = PostButton | ChannelButton

#: searches stored; buttons of older ones open the whole list
SEARCHES_MAX = 5
_QUESTION_STATES = frozenset(state.state for state in QUESTIONS)


@dataclass(frozen=True, slots=True)
class Question:
    """A waiting question."""

    #: the button that asked it; None if it is not about one post or channel
    button: Button | None
    #: the message that shows it
    screen_id: int | None


class Dialogue:
    """One admin's conversation, in the dispatcher's FSM storage. Everything may raise StoreUnavailable."""

    def __init__(self, state: FSMContext) -> None:
        self._state = state

    async def batch_draft(self) -> BatchDraft | None:
        """Return the open batch; None if there is none."""
        if await self._state.get_state() != Collecting.messages.state:
            return None
        return read_batch_draft((await self._state.get_data()).get("draft"))

    async def keep_batch_draft(self, draft: BatchDraft) -> None:
        await self._state.set_state(Collecting.messages)
        await self._state.update_data(draft=draft.model_dump(mode="json"))

    async def close_batch_draft(self) -> None:
        await self._state.set_state(None)
        await self._state.update_data(draft=None)

    async def broadcast_draft(self) -> BroadcastDraft | None:
        """Return the draft of a broadcast; None if there is none. Commands, batches and questions do not close it."""
        return read_broadcast_draft((await self._state.get_data()).get("broadcast"))

    async def keep_broadcast_draft(self, draft: BroadcastDraft) -> None:
        await self._state.update_data(broadcast=draft.model_dump(mode="json"))

    async def close_broadcast_draft(self) -> None:
        await self._state.update_data(broadcast=None)

    async def is_awaiting_broadcast(self) -> bool:
        """Return whether the conversation waits for the message to broadcast."""
        return await self._state.get_state() == Composing.message.state

    async def ask(self, state: State, question: Question) -> None:
        """Wait for the answer to a question, in this state."""
        await self._state.set_state(state)
        packed = question.button.pack() if question.button else None
        await self._state.update_data(asked={"button": packed, "screen": question.screen_id})

    async def question(self) -> Question | None:
        """Return the waiting question; None if there is none."""
        asked: dict[str, Any] | None = (await self._state.get_data()).get("asked")
        if asked is None or not await self.is_asking():
            return None
        packed = asked.get("button")
        return Question(_unpacked(packed) if packed else None, asked.get("screen"))

    async def is_asking(self) -> bool:
        """Return whether a question waits."""
        return await self._state.get_state() in _QUESTION_STATES

    async def end_question(self) -> None:
        """Stop waiting for an answer; an open batch stays open."""
        if await self.is_asking():
            await self._state.set_state(None)
            await self._state.update_data(asked=None)

    async def keep_picker(self, message_id: int) -> None:
        """Store the id of the message with Telegram's chat picker."""
        await self._state.update_data(picker=message_id)

    async def pop_picker(self) -> int | None:
        """Remove and return the id of the message with the picker; None if there is none."""
        message_id: int | None = (await self._state.get_data()).get("picker")
        if message_id is not None:
            await self._state.update_data(picker=None)
        return message_id

    async def keep_search(self, text: str) -> str:
        """Store a search; returns a short name for it that fits into buttons. The oldest search is dropped."""
        searches = await self._searches()
        name = secrets.token_hex(SEARCH_ID_LENGTH // 2)
        kept = dict([*searches.items(), (name, text)][-SEARCHES_MAX:])
        await self._state.update_data(searches=kept)
        return name

    async def search_text(self, name: str) -> str | None:
        """Return the search of a name; None if it is no longer stored."""
        return (await self._searches()).get(name)

    async def _searches(self) -> dict[str, str]:
        return dict((await self._state.get_data()).get("searches") or {})


def _unpacked(packed: str) -> Button:
    if packed.startswith(ChannelButton.__prefix__):
        return ChannelButton.unpack(packed)
    return PostButton.unpack(packed)


class Conversations:
    """Access to conversations outside of handlers, under the dispatcher's lock per admin."""

    def __init__(self, bot_id: int) -> None:
        self._bot_id = bot_id
        self._parts: tuple[BaseStorage, BaseEventIsolation] | None = None

    def open(self, storage: BaseStorage, isolation: BaseEventIsolation) -> None:
        """Set the storage and the lock of the dispatcher. To be called before the first update."""
        self._parts = (storage, isolation)

    @asynccontextmanager
    async def of(self, admin_id: int) -> AsyncIterator[Dialogue]:
        """Enter the admin's conversation; no handler of theirs runs inside the block. Deadlocks inside a handler."""
        assert self._parts is not None, "open() comes first"
        storage, isolation = self._parts
        key = StorageKey(bot_id=self._bot_id, chat_id=admin_id, user_id=admin_id)
        async with isolation.lock(key):
            yield Dialogue(FSMContext(storage, key))
