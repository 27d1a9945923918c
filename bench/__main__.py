"""`python -m bench [NAME…] [--quick] [--json FILE]`: measure and print. A missed goal is no failure: exit 0."""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError

from bench import (
    api,
    broadcast,
    cleanup,
    counts,
    gate,
    job_start,
    memory,
    page,
    profile,
    recovery,
    redeem,
    taking_back,
    throughput,
)
from bench.plan import FULL, QUICK, Plan
from bench.report import Figure
from bench.stores import HOW_TO, find_server, ping
from bench.subject import SubjectEnded
from bench.telegram import Telegram, telegram

Measure = Callable[[Telegram, Plan], Awaitable[Figure]]

FIGURES: dict[str, Measure] = {
    "counts": counts.measure,
    "gate": gate.measure,
    "page": page.measure,
    "api": api.measure,
    "redeem": redeem.measure,
    "throughput": throughput.measure,
    "taking-back": taking_back.measure,
    "memory": memory.measure,
    "recovery": recovery.measure,
    "broadcast": broadcast.measure,
    "cleanup": cleanup.measure,
    "job-start": job_start.measure,
}
#: what kill -9 leaves of the in-memory store is nothing
NEEDS_SERVER = {"recovery"}
#: only when asked for by name
TOOLS: dict[str, Measure] = {"profile": profile.measure}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="The figures of Tollgate.")
    known = [*FIGURES, *TOOLS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(known)} (default: all but profile)")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, about two minutes: a look, not a measurement"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there as well")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in known]
    if unknown:
        parser.error(f"there is no figure {unknown[0]}; there are {', '.join(known)}")
    return arguments


async def _measure(name: str, plan: Plan) -> Figure:
    print(f"bench: {name} …", file=sys.stderr, flush=True)
    async with telegram() as sandbox:
        return await (FIGURES | TOOLS)[name](sandbox, plan)


def _show(name: str, plan: Plan) -> dict[str, Any] | None:
    """Measure and print; the figure for JSON, None when there is none."""
    if name in NEEDS_SERVER and find_server() is None:
        print(f"{name}: not measured, it needs a server: kill -9 takes the in-memory store with it\n", flush=True)
        return None
    started = time.monotonic()
    figure = asyncio.run(_measure(name, plan))
    print(figure.text() + f"  ({time.monotonic() - started:.0f} s)\n", flush=True)
    return figure.as_json()


def main() -> int:
    arguments = _arguments()
    # `timeout` leaves no database behind either
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    plan = QUICK if arguments.quick else FULL
    server = find_server()
    if server is None:
        print(HOW_TO + "\n", flush=True)
    try:
        if server is not None:
            asyncio.run(ping(server))
        found = {name: _show(name, plan) for name in arguments.names or FIGURES}
    except KeyboardInterrupt:
        return 130
    except SubjectEnded as error:
        print(f"bench: a bot under measurement ended by itself ({error})", file=sys.stderr)
        return 1
    except PyMongoError as error:  # its text may quote the address
        print(f"bench: the server of MONGO_URI failed: {type(error).__name__}", file=sys.stderr)
        return 1
    if arguments.json is not None:
        written = {name: figure for name, figure in found.items() if figure is not None}
        arguments.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
