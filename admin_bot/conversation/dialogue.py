"""What a conversation remembers between two messages: the open batch, the broadcast that is put together, the waiting
question, recent searches."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseEventIsolation, BaseStorage, StorageKey

from admin_bot.conversation.batch_draft import Draft, read_draft
from admin_bot.conversation.broadcast_draft import BroadcastDraft, read_broadcast_draft
from admin_bot.states import QUESTIONS, Collecting, Composing
from views.channels.callbacks import ChannelButton
from views.posts.callbacks import SEARCH_ID_LENGTH, PostButton

Button = PostButton | ChannelButton

#: searches a list's buttons can still turn the pages of
SEARCHES_MAX = 5
_QUESTION_STATES = frozenset(state.state for state in QUESTIONS)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: the button that asked (None: it concerns nothing in particular) and the message that shows it."""

    button: Button | None
    screen_id: int | None


class Dialogue:
    """One admin's conversation, stored by the dispatcher's FSM storage."""

    def __init__(self, state: FSMContext) -> None:
        self._state = state

    async def draft(self) -> Draft | None:
        """The open batch, if any."""
        if await self._state.get_state() != Collecting.messages.state:
            return None
        return read_draft((await self._state.get_data()).get("draft"))

    async def keep_draft(self, draft: Draft) -> None:
        await self._state.set_state(Collecting.messages)
        await self._state.update_data(draft=draft.model_dump(mode="json"))

    async def close_draft(self) -> None:
        await self._state.set_state(None)
        await self._state.update_data(draft=None)

    async def broadcast(self) -> BroadcastDraft | None:
        """The broadcast that is put together, if any; it stays whatever else is done meanwhile."""
        return read_broadcast_draft((await self._state.get_data()).get("broadcast"))

    async def keep_broadcast(self, draft: BroadcastDraft) -> None:
        await self._state.update_data(broadcast=draft.model_dump(mode="json"))

    async def close_broadcast(self) -> None:
        await self._state.update_data(broadcast=None)

    async def is_awaiting_broadcast(self) -> bool:
        """Whether the message that shall be broadcast is waited for."""
        return await self._state.get_state() == Composing.message.state

    async def ask(self, what: State, question: Question) -> None:
        """Wait for the answer to a question."""
        await self._state.set_state(what)
        packed = question.button.pack() if question.button else None
        await self._state.update_data(asked={"button": packed, "screen": question.screen_id})

    async def question(self) -> Question | None:
        """The waiting question, if any."""
        asked: dict[str, Any] | None = (await self._state.get_data()).get("asked")
        if asked is None or not await self.is_asking():
            return None
        packed = asked.get("button")
        return Question(_unpacked(packed) if packed else None, asked.get("screen"))

    async def is_asking(self) -> bool:
        return await self._state.get_state() in _QUESTION_STATES

    async def end_question(self) -> None:
        """Stop waiting for an answer; an open batch stays."""
        if await self.is_asking():
            await self._state.set_state(None)
            await self._state.update_data(asked=None)

    async def keep_picker(self, message_id: int) -> None:
        """Remember the message that brought Telegram's chat picker."""
        await self._state.update_data(picker=message_id)

    async def take_picker(self) -> int | None:
        """The message that brought the picker, once."""
        message_id: int | None = (await self._state.get_data()).get("picker")
        if message_id is not None:
            await self._state.update_data(picker=None)
        return message_id

    async def keep_search(self, text: str) -> str:
        """Remember a search under a short name that fits into buttons."""
        searches = await self._searches()
        name = secrets.token_hex(SEARCH_ID_LENGTH // 2)
        kept = dict([*searches.items(), (name, text)][-SEARCHES_MAX:])
        await self._state.update_data(searches=kept)
        return name

    async def search_text(self, name: str) -> str | None:
        """The search behind a name; None when it is too long ago."""
        return (await self._searches()).get(name)

    async def _searches(self) -> dict[str, str]:
        return dict((await self._state.get_data()).get("searches") or {})


def _unpacked(packed: str) -> Button:
    if packed.startswith(ChannelButton.__prefix__):
        return ChannelButton.unpack(packed)
    return PostButton.unpack(packed)


class Conversations:
    """One admin's conversation at a time, shared with the dispatcher: both take the same turn."""

    def __init__(self, bot_id: int) -> None:
        self._bot_id = bot_id
        self._parts: tuple[BaseStorage, BaseEventIsolation] | None = None

    def open(self, storage: BaseStorage, isolation: BaseEventIsolation) -> None:
        """Use what the dispatcher uses. Comes before the first update."""
        self._parts = (storage, isolation)

    @asynccontextmanager
    async def of(self, admin_id: int) -> AsyncIterator[Dialogue]:
        """The admin's conversation; no handler of theirs runs inside the block. Not to be entered by a handler."""
        assert self._parts is not None, "the dispatcher opens it"
        storage, isolation = self._parts
        key = StorageKey(bot_id=self._bot_id, chat_id=admin_id, user_id=admin_id)
        async with isolation.lock(key):
            yield Dialogue(FSMContext(storage, key))
