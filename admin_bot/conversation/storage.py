"""The FSM storage of dialogues: MongoDB, or memory in the sandbox."""

from collections.abc import Mapping
from typing import Any

from aiogram.fsm.storage.base import BaseStorage, DefaultKeyBuilder, StateType, StorageKey
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.fsm.storage.pymongo import PyMongoStorage

from database.connection import Database

COLLECTION = "dialogues"


class DialogueStorage(PyMongoStorage):
    """aiogram's storage with our errors: on StoreUnavailable the intake holds an update back and repeats it."""

    def __init__(self, database: Database, **options: Any) -> None:
        super().__init__(database.fsm_client(), db_name=database.name, collection_name=COLLECTION, **options)
        self._guarded = database.guarded

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        async with self._guarded("set_state", is_write=True):
            await super().set_state(key, state)

    async def get_state(self, key: StorageKey) -> str | None:
        async with self._guarded("get_state"):
            return await super().get_state(key)

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        async with self._guarded("set_data", is_write=True):
            await super().set_data(key, data)

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        async with self._guarded("get_data"):
            return await super().get_data(key)

    async def update_data(self, key: StorageKey, data: Mapping[str, Any]) -> dict[str, Any]:
        async with self._guarded("update_data", is_write=True):
            return await super().update_data(key, data)


def dialogue_storage(database: Database) -> BaseStorage:
    """Build the storage; dialogues survive a restart when the database does. Close it after the last handler."""
    if database.is_memory:
        return MemoryStorage()
    # without the bot's id two bots in one database would share their states (BOTAPI §7.3)
    keys = DefaultKeyBuilder(with_bot_id=True, with_destiny=True)
    return DialogueStorage(database, key_builder=keys)
