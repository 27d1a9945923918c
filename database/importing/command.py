"""An import from the terminal: no run is stored, since the same command goes on where it was stopped."""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from core.exchange.imports.runs import ImportCounts
from database.erasing.tombstones import Tombstones
from database.importing.importer import Importer
from database.operations import audit_ops
from database.operations.erasures import erasure_ops
from database.operations.exchange.imported_people import Source

#: called with the current work, the lines done and the total, 0 for not known
Bar = Callable[[str, int, int], None]
#: in the activity log, in place of a member of the team
BY_COMMAND = 0


class NoErasureKey(Exception):
    """Subscribers asked to be deleted, and without the key in DATA_DIR nobody can tell who."""


async def import_file(
    path: Path,
    zone: ZoneInfo,
    tombstones: Tombstones | None,
    now: datetime,
    bar: Bar,
    *,
    is_of_this_bot: bool = False,
    is_dry_run: bool = False,
) -> ImportCounts:
    """Look at a file, then store who is new in it; returns what was done, of a dry run what would be.

    `tombstones`: those of DATA_DIR, None where there are none. Raises UnusableFile, NoErasureKey and StoreUnavailable;
    after these, and after a kill, the same call stores the rest.
    """
    if tombstones is None and await erasure_ops.find_done("", 1):
        raise NoErasureKey("some subscribers asked to be deleted: run this where DATA_DIR holds their erasure_key")
    known = tombstones or Tombstones(secrets.token_bytes(32))

    with path.open("rb") as file:
        importer = Importer(file, zone, known)

        async def looked(found: ImportCounts) -> bool:
            bar("reading", found.total, 0)
            return True

        async def stored(done: ImportCounts) -> bool:
            bar("importing", done.total, found.total)
            return True

        found = await importer.look(looked)
        if is_dry_run:
            return found
        source = Source(secrets.token_hex(8), is_of_this_bot, now)
        done = await importer.store(source, ImportCounts(), stored)
    after = {"new": done.new, "known": done.known, "is_of_this_bot": is_of_this_bot}
    await audit_ops.record(now, BY_COMMAND, "person.imported", path.name, None, after)
    return done
