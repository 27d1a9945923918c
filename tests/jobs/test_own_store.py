"""With MONGO_URI a house uses a database of its own on that server, which is dropped afterwards."""

import os

import pytest
from pymongo import MongoClient

from tests.house import own_store, running_house

pytestmark = pytest.mark.server


async def test_a_house_uses_the_server_and_leaves_no_database_there() -> None:
    with MongoClient[dict[str, object]](os.environ["MONGO_URI"]) as client:
        async with running_house(timers=False) as house:
            await house.store()
            name = house.base.database.name
            assert not house.base.database.is_memory
            assert client[name]["posts"].count_documents({}) == 1
        assert name not in client.list_database_names()


async def test_a_database_is_dropped_also_when_its_test_fails() -> None:
    with MongoClient[dict[str, object]](os.environ["MONGO_URI"]) as client:
        with pytest.raises(ZeroDivisionError):
            async with own_store() as store:
                client[store["MONGO_DB"]]["left"].insert_one({})
                raise ZeroDivisionError
        assert store["MONGO_DB"] not in client.list_database_names()
