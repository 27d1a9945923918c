"""Admins' conversations for what happens outside of a handler, in its turn with the handlers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import BaseEventIsolation, BaseStorage, StorageKey

from admin_bot.dialogue import Dialogue


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
