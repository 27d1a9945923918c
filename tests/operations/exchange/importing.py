"""Files of subscribers and imports of them, for tests."""

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.clock import ManualClock
from core.exchange.imports.runs import ImportCounts, ImportFile, ImportRun, ImportState
from database.erasing.tombstones import Tombstones
from database.importing.importer import Importer
from database.importing.running import carry_on
from database.operations.exchange import import_ops

ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOMBSTONES = Tombstones(b"k" * 32)
KEY = "00112233445566aa"


def importer(content: str, *, page: int = 500) -> Importer:
    return Importer(io.BytesIO(content.encode()), ZONE, TOMBSTONES, page=page)


def offered(key: str = KEY, *, is_of_this_bot: bool = False) -> ImportRun:
    return ImportRun(
        key=key,
        state=ImportState.READY,
        file=ImportFile(bot_id=1, file_id="f", name="people.csv"),
        is_of_this_bot=is_of_this_bot,
        asked_by=7,
        asked_at=NOW,
    )


async def go_on(content: str, clock: ManualClock, owner: str, *, page: int = 500) -> bool:
    """Take the import there is and carry it on, as a process does; False when there is none to take."""
    run = await import_ops.take(owner, clock.now())
    return run is not None and await carry_on(run, importer(content, page=page), clock, _nothing)


async def _nothing(done: ImportCounts) -> None: ...


async def imported(content: str, key: str = KEY, *, is_of_this_bot: bool = False, page: int = 500) -> ImportCounts:
    """Import a file from its beginning to its end."""
    assert await import_ops.offer(offered(key, is_of_this_bot=is_of_this_bot))
    assert await import_ops.start(key, 5)
    assert await go_on(content, ManualClock(NOW), "one", page=page)
    found = await import_ops.find()
    assert found is not None and found.state is ImportState.DONE
    return found.done
