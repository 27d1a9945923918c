"""What a conversation stores between two messages: the open batch, the draft of a broadcast, drafts of announcements,
the waiting question, recent searches, a setting that was typed, steps that can be undone."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseEventIsolation, BaseStorage, StorageKey

from admin_bot.conversation.batch_draft import BatchDraft, read_batch_draft
from admin_bot.conversation.broadcast_draft import BroadcastDraft, read_broadcast_draft
from admin_bot.conversation.publish_draft import DRAFTS_MAX, PublishDraft, read_publish_drafts
from admin_bot.conversation.shortener_draft import ShortenerDraft, read_shortener_draft
from admin_bot.states import QUESTIONS, Collecting, Composing
from views.posts.callbacks import SEARCH_ID_LENGTH
from views.undo import UNDO_NAME_LENGTH

ButtonT = TypeVar("ButtonT", bound=CallbackData)
#: searches stored; buttons of older ones open the whole list
SEARCHES_MAX = 5
#: batches remembered after their end
ENDED_MAX = 5
#: steps stored that can be undone; older ones cannot any more
UNDO_STEPS_MAX = 10
_QUESTION_STATES = frozenset(state.state for state in QUESTIONS)


@dataclass(frozen=True, slots=True)
class Question:
    """A waiting question."""

    #: callback data of the button that asked it; None if it is not about one thing
    data: str | None
    #: the message that shows it
    screen_id: int | None
    #: the value the answer replaces, as plain JSON: if it is another by then, somebody else has changed it
    seen: Any = None

    def asked_by(self, kind: type[ButtonT]) -> ButtonT | None:
        """Return the button that asked it; None if it was none of this kind."""
        if self.data is None or not self.data.startswith(f"{kind.__prefix__}:"):
            return None
        return kind.unpack(self.data)


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

    async def close_batch_draft(self, made: str | None = None) -> None:
        """Close the batch. `made`: the code of the post it became; its `Done` finds that again."""
        data = await self._state.get_data()
        draft = read_batch_draft(data.get("draft"))
        ended = dict(data.get("ended") or {})
        if draft is not None and made is not None:
            ended = dict([*ended.items(), (draft.id, made)][-ENDED_MAX:])
        await self._state.set_state(None)
        await self._state.update_data(draft=None, ended=ended)

    async def made_of(self, batch_id: str) -> str | None:
        """Return the code of the post an ended batch became; None if it became none, or is no longer stored."""
        code: str | None = dict((await self._state.get_data()).get("ended") or {}).get(batch_id)
        return code

    async def broadcast_draft(self) -> BroadcastDraft | None:
        """Return the draft of a broadcast; None if there is none. Commands, batches and questions do not close it."""
        return read_broadcast_draft((await self._state.get_data()).get("broadcast"))

    async def keep_broadcast_draft(self, draft: BroadcastDraft) -> None:
        await self._state.update_data(broadcast=draft.model_dump(mode="json"))

    async def close_broadcast_draft(self) -> None:
        await self._state.update_data(broadcast=None)

    async def publish_draft(self, draft_id: str) -> PublishDraft | None:
        """Return the draft of an announcement; None if it was confirmed, or dropped for newer ones."""
        return (await self._publish_drafts()).get(draft_id)

    async def publish_draft_of(self, code: str) -> PublishDraft | None:
        """Return the open draft of a post; None if there is none."""
        return next((one for one in (await self._publish_drafts()).values() if one.code == code), None)

    async def keep_publish_draft(self, draft: PublishDraft) -> None:
        """Store a draft; of more than DRAFTS_MAX the one that was not changed for longest is dropped."""
        drafts = {name: one for name, one in (await self._publish_drafts()).items() if name != draft.id}
        kept = dict([*drafts.items(), (draft.id, draft)][-DRAFTS_MAX:])
        await self._state.update_data(publish={name: one.model_dump(mode="json") for name, one in kept.items()})

    async def close_publish_draft(self, draft_id: str) -> None:
        drafts = await self._publish_drafts()
        if drafts.pop(draft_id, None) is not None:
            await self._state.update_data(publish={name: one.model_dump(mode="json") for name, one in drafts.items()})

    async def _publish_drafts(self) -> dict[str, PublishDraft]:
        return read_publish_drafts((await self._state.get_data()).get("publish"))

    async def shortener_draft(self) -> ShortenerDraft | None:
        """Return the shortener that is being added or whose key is being replaced; None if there is none."""
        return read_shortener_draft((await self._state.get_data()).get("shortener"))

    async def keep_shortener_draft(self, draft: ShortenerDraft) -> None:
        await self._state.update_data(shortener=draft.model_dump(mode="json"))

    async def close_shortener_draft(self) -> None:
        await self._state.update_data(shortener=None)

    async def is_awaiting_broadcast(self) -> bool:
        """Return whether the conversation waits for the message to broadcast."""
        return await self._state.get_state() == Composing.message.state

    async def ask(self, state: State, question: Question) -> None:
        """Wait for the answer to a question, in this state."""
        await self._state.set_state(state)
        asked = {"button": question.data, "screen": question.screen_id, "seen": question.seen}
        await self._state.update_data(asked=asked)

    async def question(self) -> Question | None:
        """Return the waiting question; None if there is none."""
        asked: dict[str, Any] | None = (await self._state.get_data()).get("asked")
        if asked is None or not await self.is_asking():
            return None
        return Question(asked.get("button"), asked.get("screen"), asked.get("seen"))

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

    async def keep_mine(self, mine: dict[str, Any]) -> None:
        """Store what was typed and not saved, because somebody else was faster; one value, the last one."""
        await self._state.update_data(mine=mine)

    async def mine(self) -> dict[str, Any] | None:
        """Return what was typed and not saved; None for nothing."""
        mine: dict[str, Any] | None = (await self._state.get_data()).get("mine")
        return mine

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

    async def keep_picked(self, names: dict[int, str]) -> None:
        """Store the names of people who were picked in Telegram; those picked before are dropped."""
        await self._state.update_data(picked={str(user_id): name for user_id, name in names.items()})

    async def picked_name(self, user_id: int) -> str:
        """Return the name of somebody who was picked; "" if it is not stored."""
        picked: dict[str, str] = (await self._state.get_data()).get("picked") or {}
        return picked.get(str(user_id), "")

    async def keep_setting(self, name: str, value: Any, seen: Any) -> None:
        """Store the value of a setting that was typed, and the one it replaces, as plain JSON. One at a time."""
        await self._state.update_data(setting={"name": name, "value": value, "seen": seen})

    async def kept_setting(self, name: str) -> dict[str, Any] | None:
        """Return what was typed for this setting as {"value": ..., "seen": ...}; None if it is no longer stored."""
        kept: dict[str, Any] | None = (await self._state.get_data()).get("setting")
        return kept if kept is not None and kept["name"] == name else None

    async def keep_undo(self, step: dict[str, Any]) -> str:
        """Store a step that can be undone; returns a short name for its button. The oldest step is dropped."""
        steps = await self._undo_steps()
        name = secrets.token_hex(UNDO_NAME_LENGTH // 2)
        await self._state.update_data(undo=dict([*steps.items(), (name, step)][-UNDO_STEPS_MAX:]))
        return name

    async def undo_step(self, name: str) -> dict[str, Any] | None:
        """Return a stored step; None if it is no longer stored."""
        return (await self._undo_steps()).get(name)

    async def forget_undo(self, name: str) -> None:
        steps = await self._undo_steps()
        if steps.pop(name, None) is not None:
            await self._state.update_data(undo=steps)

    async def _undo_steps(self) -> dict[str, dict[str, Any]]:
        return dict((await self._state.get_data()).get("undo") or {})

    async def _searches(self) -> dict[str, str]:
        return dict((await self._state.get_data()).get("searches") or {})


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
