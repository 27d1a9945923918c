"""Start SecantusDB's Python server with two repairs. Options are its own; run by `.ci/server`.

Besides, it finds by an index as MongoDB does: `by_index.py`.

SecantusDB 0.7.0b3 does findAndModify as a find followed by a write. Two of them racing to upsert one document both see
nothing; the second then updates the first one's document and answers as if it had inserted it (value null, no _id),
and the document `before` may be older than the one that was changed. MongoDB does it in one step. So here only one
findAndModify works on a collection at a time; against all other commands nothing is changed.

A condition on the leading fields of an index and a range of the next one (state = x, due_at <= t on state, due_at,
publish_at) leaves out the documents at the end of the range, t, where the index has further fields: it compares `t`
with keys that go on after it. MongoDB returns them. Here they are added; the server checks every document it finds so
against the whole condition.
"""

import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import by_index
from secantus import cli, commands
from secantus.sortkey import COMPOUND_SEP
from secantus.storage import Storage

REPAIRED = "0.7.0b3"
NAMES = ("findAndModify", "findandmodify")
Handler = Callable[[dict[str, Any], Any], Mapping[str, Any]]
Scan = Callable[..., list[int]]


def one_at_a_time(handler: Handler) -> Handler:
    """`handler`, entered by one thread per collection."""
    locks: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
    finding = threading.Lock()

    def alone(command: dict[str, Any], context: Any) -> Mapping[str, Any]:
        with finding:
            lock = locks[context.db_name, str(next(iter(command.values())))]
        with lock:
            return handler(command, context)

    return alone


def with_its_end(scan: Scan) -> Scan:
    """`scan`, with the keys that begin with the inclusive upper end of the range and go on."""

    def scanned(
        storage: Storage,
        db: str,
        collection: str,
        index: str,
        lower: bytes | None,
        lower_inclusive: bool,
        upper: bytes | None,
        upper_inclusive: bool,
        *,
        prefix: bytes | None = None,
    ) -> list[int]:
        found = scan(storage, db, collection, index, lower, lower_inclusive, upper, upper_inclusive, prefix=prefix)
        if upper is not None and upper_inclusive:
            end = upper + COMPOUND_SEP
            found += scan(storage, db, collection, index, None, True, None, True, prefix=end)
        return found

    return scanned


def main() -> int:
    if version("SecantusDB") != REPAIRED:
        print(f"this repair is for SecantusDB {REPAIRED}: see whether a newer one still needs it", file=sys.stderr)
        return 2
    handlers = commands._HANDLERS
    alone = one_at_a_time(handlers[NAMES[0]])
    for name in NAMES:
        handlers[name] = alone
    Storage._range_scan_index = with_its_end(Storage._range_scan_index)
    by_index.repair()
    return int(cli.main())


if __name__ == "__main__":
    sys.exit(main())
