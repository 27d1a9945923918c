"""Without the libraries of the store in memory, which the real bots do not install."""

import sys
from collections.abc import AsyncIterator
from importlib import import_module

import pytest

from config import Settings
from core.clock import SystemClock
from core.errors import StoreRefused
from database.connection import close_database, current_database, open_database
from runtime.lifecycle import CannotStart, open_store


@pytest.fixture(autouse=True)
async def nothing_stays_open() -> AsyncIterator[None]:
    yield
    await close_database()


@pytest.fixture(params=["mongomock", "mongomock_motor"])
def missing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One of them cannot be imported."""
    monkeypatch.delitem(sys.modules, "database.memory", raising=False)
    for name in [name for name in sys.modules if name.startswith(f"{request.param}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, request.param, None)
    return str(request.param)


async def test_the_store_in_memory_is_refused_with_what_it_needs(missing: str) -> None:
    before = await open_database("mongodb://127.0.0.1:9/", "kept")
    with pytest.raises(
        StoreRefused, match=r"^memory:// is for the demo and the tests: it needs requirements-demo\.txt$"
    ):
        await open_database("memory://", "x")
    assert current_database() is before


async def test_a_start_names_the_setting_in_one_line(missing: str) -> None:
    settings = Settings(USER_BOT_TOKEN="1:a", ADMIN_BOT_TOKEN="2:b", MONGO_URI="memory://", ALLOW_MEMORY_STORE=True)
    with pytest.raises(CannotStart, match=r"^MONGO_URI: memory:// is for the demo") as caught:
        await open_store(settings, SystemClock())
    assert (caught.value.status, str(caught.value).count("\n")) == (2, 0)


async def test_another_missing_module_is_not_taken_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "database.memory", None)
    with pytest.raises(ModuleNotFoundError, match=r"database\.memory"):
        await open_database("memory://", "x")
    monkeypatch.undo()
    assert import_module("database.memory")


async def test_a_server_needs_none_of_them(missing: str) -> None:
    database = await open_database("mongodb://127.0.0.1:9/", "x")
    assert not database.is_memory
