"""Start SecantusDB's Python server with one repair. Options are its own; run by `.ci/server`.

SecantusDB 0.7.0b3 does findAndModify as a find followed by a write. Two of them racing to upsert one document both see
nothing; the second then updates the first one's document and answers as if it had inserted it (value null, no _id),
and the document `before` may be older than the one that was changed. MongoDB does it in one step. So here only one
findAndModify works on a collection at a time; against all other commands nothing is changed.
"""

import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from secantus import cli, commands

REPAIRED = "0.7.0b3"
NAMES = ("findAndModify", "findandmodify")
Handler = Callable[[dict[str, Any], Any], Mapping[str, Any]]


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


def main() -> int:
    if version("SecantusDB") != REPAIRED:
        print(f"this repair is for SecantusDB {REPAIRED}: see whether a newer one still needs it", file=sys.stderr)
        return 2
    handlers = commands._HANDLERS
    alone = one_at_a_time(handlers[NAMES[0]])
    for name in NAMES:
        handlers[name] = alone
    return int(cli.main())


if __name__ == "__main__":
    sys.exit(main())
