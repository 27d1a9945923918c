"""Subscribers imported from a file and exported to one: seconds, memory, and how long the loop was held."""

import csv
import math
import tempfile
from pathlib import Path
from typing import Any

from bench.exchange.programs import BARE, BATCH
from bench.harness.child import Child, running_on
from bench.harness.report import Figure, Row, not_measured
from bench.harness.stores import find_server
from bench.harness.telegram import SERVED, TOKENS, Telegram
from bench.plan import Plan
from core.exchange.exports import COLUMNS, Exported, FileFormat

MB = 1_000_000
TITLE = "Subscribers from a file and to a file"
COLUMNS_SHOWN = {"what": 0, "lines": 0, "seconds": 1, "lines a second": 0, "peak MB above start": 1, "loop held ms": 0}


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    """Import on an empty collection, the same file again, and the export of it."""
    store = find_server()
    if store is None:
        return [not_measured(TITLE, "It needs a server: in memory the rows are the measured process's own.")]
    (owner,) = telegram.started_subscribers(SERVED, 1)
    figure = Figure(TITLE, COLUMNS_SHOWN)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "people.csv")
        write_file(path, plan.imported)
        async with running_on(store, "exchange.programs", telegram.url, TOKENS[SERVED]) as child:
            figure.rows = await _rows(child, str(path), plan.imported, owner.id)
    figure.notes = [
        f"A table like our export's, {plan.imported:,} lines, on an empty collection with all indexes of the product. "
        f"The bare loop is csv.DictReader and insert_many of {BATCH} into `{BARE}`, which has one index and no words "
        "to search by; it resumes nothing, and a second run stops at the first line. Export: into the sandbox's "
        "Telegram, in files of at most 49 MB; the naive one reads all subscribers into a list, writes in memory and "
        "sends nothing. The loop: the longest time in which the process did nothing else.",
    ]
    return [figure]


def write_file(path: Path, lines: int) -> None:
    """Write a file of so many subscribers, a third with credits."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, COLUMNS[Exported.SUBSCRIBERS])
        table.writeheader()
        table.writerows(_person(number) for number in range(lines))


def _person(number: int) -> dict[str, object]:
    return {
        "user_id": 100_000_000 + 7919 * number,
        "first_name": f"Анна {number}",
        "last_name": "Иванова",
        "username": f"anna_{number}",
        "language": "ru",
        "credits": number % 3,
        "is_banned": 0,
        "joined_at": "2025-11-03T10:00:00+00:00",
        "last_seen_at": "2026-02-01T18:30:00+00:00",
        "source": "insta",
        "unlocks": number % 5,
    }


async def _rows(child: Child, path: str, lines: int, owner_id: int) -> list[Row]:
    # the bare loop last of the imports: its collection is in nobody's way
    calls: list[tuple[str, dict[str, Any]]] = [
        ("look", {"path": path}),
        ("store", {"path": path}),
        ("store", {"path": path}),
        ("bare", {"path": path}),
        ("export", {"chat_id": owner_id, "form": FileFormat.CSV.value}),
        ("export", {"chat_id": owner_id, "form": FileFormat.JSON.value}),
        ("export_at_once", {}),
    ]
    names = ("a look", "import", "the same again", "bare loop", "export CSV", "export JSON", "naive export")
    rows = []
    for name, (action, arguments) in zip(names, calls, strict=True):
        seen = await child.call(action, **arguments)
        rows.append(_row(name, lines, seen))
    return rows


def _row(name: str, lines: int, seen: dict[str, Any]) -> Row:
    seconds = seen["seconds"]
    rate = lines / seconds if seconds else math.nan
    above = (seen["peak_bytes"] - seen["start_bytes"]) / MB
    return (name, float(lines), seconds, rate, above, 1000 * seen["stalled_s"])
