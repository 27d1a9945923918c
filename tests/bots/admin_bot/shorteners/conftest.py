"""Shorteners on this machine, and what must never be seen of a key."""

from collections.abc import AsyncIterator

import pytest
from aiogram.methods import DeleteMessage
from structlog.testing import capture_logs

from tests.bots.admin_bot.conftest import AdminBot
from tests.unit.shorteners.local import Stub, giving, stub

KEY = "3f9a1c0b7d2e48569a0b1c2d3e4f5a6b7c8d9e0f"
OTHER_KEY = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"
#: callback data of the section
SECTION = "go:short"


@pytest.fixture
async def server() -> AsyncIterator[Stub]:
    """A shortener that gives a link to any key."""
    async with stub(giving({"shortenedUrl": "https://short.example/x7"})) as made:
        yield made


def address_of(server: Stub) -> str:
    return f"http://127.0.0.1:{server.port}/api"


def deleted(admin: AdminBot) -> list[int]:
    """The messages that were deleted, in order."""
    return [call.message_id for call in admin.world.calls if isinstance(call, DeleteMessage)]


async def everything_of(admin: AdminBot) -> str:
    """What was said to Telegram, what conversations keep, and what the database holds."""
    dialogues = [(record.state, record.data) for record in admin.memory.storage.values()]
    rows = [
        await admin.database.collection(name).find({}, limit=1000) for name in await admin.database.collection_names()
    ]
    return repr(admin.world.calls) + repr(dialogues) + repr(rows)


@pytest.fixture
async def keyless(admin: AdminBot, caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """At the end of the test no log line, message, conversation or document holds a key."""
    caplog.set_level("DEBUG")
    with capture_logs() as logs:
        yield
    seen = repr(logs) + caplog.text + await everything_of(admin)
    assert [key for key in (KEY, OTHER_KEY) if key in seen] == []
