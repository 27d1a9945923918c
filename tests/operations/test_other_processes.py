"""What another process has changed holds here within five seconds: settings, roles, channels to join, shorteners."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import ModuleType
from weakref import WeakKeyDictionary

import pytest

from core.ids import new_token
from core.settings import BotSettings
from core.shorteners.records import Shortener
from core.subscriptions import Channel
from database.connection import Database
from database.operations import admin_ops, channel_ops, settings_ops
from database.operations.shorteners import shortener_ops

#: ENGINE §5
WITHIN = timedelta(seconds=5)
MS = timedelta(milliseconds=1)

Change = Callable[[datetime], Awaitable[object]]


async def _gate(now: datetime) -> None:
    await settings_ops.change("access_mode", "credits" if BotSettings().access_mode == "open" else "open")


async def _owner(now: datetime) -> None:
    claim = new_token()
    await admin_ops.issue_claim(claim, now + WITHIN)
    assert await admin_ops.become_owner(7, claim, "proof", now)


async def _channel(now: datetime) -> None:
    assert await channel_ops.add(
        Channel(chat_id=-1001, title="Garden", invite_link="https://t.me/+x", added_by=7, added_at=now)
    )


async def _shortener(now: datetime) -> None:
    assert await shortener_ops.add(Shortener(code="a", name="One", sealed_key="sealed", set_at=now))


@pytest.mark.parametrize(
    ("operations", "change"),
    [(settings_ops, _gate), (admin_ops, _owner), (channel_ops, _channel), (shortener_ops, _shortener)],
    ids=["settings", "roles", "channels", "shorteners"],
)
async def test_a_change_by_another_process_holds_within_five_seconds(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, operations: ModuleType, change: Change
) -> None:
    before = await operations.current(now)
    with monkeypatch.context() as other_process:
        # its memory is not this one's
        other_process.setattr(operations, "_caches", WeakKeyDictionary())
        await change(now)
        after = await operations.current(now)
    assert after != before
    assert await operations.current(now + WITHIN - MS) == before, "what is remembered costs no command"
    assert await operations.current(now + WITHIN) == after
