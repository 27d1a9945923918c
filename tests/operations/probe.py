"""Is this server fit for the suites? `python -m tests.operations.probe URI [--pid-file F --again COMMAND]`.

Asks a MongoDB-protocol server, over the wire, exactly what `database/` asks: the shapes of its commands, what must be
one step under 50 coroutines and under 3 processes, what must be there after kill -9 (only with `--pid-file`, which
holds the server's pid, and `--again`, which starts it again), and how long things take at 200,000 documents.
Prints a table; exit 0 when everything held, 1 when something did not, 2 for wrong usage. It works in databases named
`tollgate_probe_*`, of its own, and drops them.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.operations.probing.figures import measure_speed
from tests.operations.probing.kill import survives_kill
from tests.operations.probing.races import check_races
from tests.operations.probing.shapes import check_shapes
from tests.operations.probing.table import Finding, attempt


async def probe(uri: str, size: int, pid_file: Path | None, again: str) -> list[Finding]:
    """Every check, in order; the server must answer."""
    lines = await check_shapes(uri)
    lines += await check_races(uri)
    if pid_file is not None:
        lines.append(
            await attempt("kill -9", "what was acknowledged is there", lambda: survives_kill(uri, pid_file, again))
        )
    if size:
        lines += await measure_speed(uri, size)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.operations.probe", description=__doc__)
    parser.add_argument("uri")
    parser.add_argument("--documents", type=int, default=200_000, help="0 leaves the figures out")
    parser.add_argument("--pid-file", type=Path, help="holds the server's pid: allows kill -9")
    parser.add_argument("--again", default="", help="shell command that starts the killed server on the same data")
    given = parser.parse_args()
    lines = asyncio.run(probe(given.uri, given.documents, given.pid_file, given.again))
    wrong = sum(not line.is_held for line in lines)
    print(f"{len(lines) - wrong} held, {wrong} did not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
