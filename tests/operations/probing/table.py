"""Lines of the table, and helpers of the checks."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pymongo.errors import PyMongoError

from core.errors import TollgateError
from database.values import Document

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
DAY = datetime(2026, 3, 1, tzinfo=UTC)
HOLD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table."""

    group: str
    name: str
    is_held: bool
    note: str


def expect(is_true: bool, what: str) -> None:
    """Raise AssertionError with `seen` unless the check holds."""
    if not is_true:
        raise AssertionError(what)


def show(finding: Finding) -> Finding:
    """Print the line immediately: the whole table takes minutes."""
    verdict = "ok   " if finding.is_held else "WRONG"
    print(f"{verdict} {finding.group:14} {finding.name:42} {finding.note}", flush=True)
    return finding


async def attempt(group: str, name: str, check: Callable[[], Awaitable[str]]) -> Finding:
    """Run one check and print its line, with the error if there is one."""
    try:
        return show(Finding(group, name, True, await asyncio.wait_for(check(), 600)))
    except (AssertionError, TollgateError, PyMongoError, TimeoutError, KeyError, TypeError) as error:
        return show(Finding(group, name, False, f"{type(error).__name__}: {error}"[:160]))


def new_name() -> str:
    """Return a new name for a database of the probe."""
    return f"tollgate_probe_{secrets.token_hex(4)}"


def promise(number: int) -> Document:
    """Return a promise: a third are due, ten belong to each user, and their order in time is not that of insertion."""
    return {
        "bot_id": 1,
        "user_id": number // 10,
        "chat_id": number // 10,
        "message_ids": [number],
        "notice_message_id": None,
        "post_code": "c",
        "sent_at": NOW,
        "delete_at": NOW + timedelta(seconds=(number * 7919) % 3000 - 1000),
        "attempts": 0,
        "not_before": None,
        "last_error": None,
        "claimed_by": None,
        "claimed_until": None,
        "claim": None,
    }
