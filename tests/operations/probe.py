"""Check whether a server is fit for the suites: `python -m tests.operations.probe URI [--pid-file F --again COMMAND]`.

Sends a MongoDB-protocol server the commands of `database/`: their shapes, atomicity with 50 coroutines and with 3
processes, durability after kill -9 (only with `--pid-file`, which holds the server's pid, and `--again`, which starts
it again), and durations at 200,000 documents. Prints a table; exit 0 when every check held, 1 when one did not, 2 for
wrong usage. Uses its own databases `tollgate_probe_*` and drops them.
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
    """Run every check in order; the server must answer."""
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
