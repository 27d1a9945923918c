"""`python -m bench [NAME…] [--quick] [--json FILE]`: measure and print. Nothing is judged: 1 means it could not."""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError

from bench import cleanup, reads, search, throughput, waiting
from bench.broadcasts import memory, speed
from bench.exchange import moving
from bench.front import screens, searching
from bench.growth import growth
from bench.harness.child import ChildEnded
from bench.harness.report import Figure
from bench.harness.stores import HOW_TO, find_server, ping
from bench.harness.telegram import Telegram, telegram
from bench.load import load
from bench.plan import FULL, QUICK, Plan
from bench.publishing import channels
from bench.recovery import endurance, recovery, takeover
from bench.sharing import ceiling
from bench.web import requests

FIGURES: dict[str, tuple[str, tuple[Callable[[Telegram, Plan], Awaitable[list[Figure]]], ...]]] = {
    "throughput": ("deliveries a second, beside a bare aiogram bot", (throughput.measure,)),
    "waiting": ("memory while updates wait at Telegram, by how many wait", (waiting.measure,)),
    "broadcast": ("copies a second and memory, beside naive loops", (speed.measure, memory.measure)),
    "publishing": ("announcements in 20 channels under the ceiling, beside naive loops", (channels.measure,)),
    "recovery": ("until all that is due is deleted after kill -9, beside a naive script", (recovery.measure,)),
    "takeover": ("the longest wait when the process that polls goes, beside a new process", (takeover.measure,)),
    "ceiling": ("three processes in a rush: calls a second and 429s", (ceiling.measure,)),
    "cleanup": ("expired tokens deleted while others read, beside two simpler ways", (cleanup.measure,)),
    "reads": ("commands, and keys and documents read beside those returned, by size", (reads.measure,)),
    "search": ("posts found by words, and documents read for a page", (search.measure,)),
    "import": ("subscribers from a file and to one, beside a bare csv loop", (moving.measure,)),
    "front": (
        "searches for a subscriber, screens, a year of statistics, an erasure",
        (searching.measure_read, searching.measure_time, screens.measure_screens, screens.measure_promises),
    ),
    "page": ("requests to the verification page, beside a static page", (requests.measure_page,)),
    "growth": ("what 10,000, 1 and 10 million subscribers need, from measured costs", (growth.measure,)),
    "api": ("requests to the admin API, beside a static page", (requests.measure_api,)),
    "endurance": ("a day of product time in ten minutes: memory, descriptors, rows", (endurance.measure,)),
    "load": ("10,000 requests a second offered to the web app, beside a bare one", (load.measure,)),
}


def _arguments() -> argparse.Namespace:
    figures = "\n".join(f"  {name:<11} {purpose}" for name, (purpose, _) in FIGURES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure the product: in memory, and on the server of MONGO_URI.",
        epilog=f"figures:\n{figures}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help="small sizes, in about two minutes; not a measurement")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    parser.add_argument("--expired", type=_count, metavar="N", help="with cleanup: delete N tokens")
    parser.add_argument("--rows", type=_count, nargs="+", metavar="N", help="with reads: count at N rows")
    parser.add_argument("--subscribers", type=_count, metavar="N", help="with growth: compute for N subscribers")
    parser.add_argument("--lines", type=_count, metavar="N", help="with import: a file of N subscribers")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in FIGURES:
            parser.error(f"there is no figure {name}; there are {', '.join(FIGURES)}")
    return arguments


def _count(text: str) -> int:
    count = int(text.replace("_", ""))
    if count < 1:
        raise ValueError(text)
    return count


async def _measured(name: str, plan: Plan) -> list[Figure]:
    figures = []
    for measure in FIGURES[name][1]:
        async with telegram() as sandbox:
            figures += await measure(sandbox, plan)
    return figures


def _show(name: str, plan: Plan) -> list[dict[str, Any]]:
    """Measure and print; the figures for JSON."""
    print(f"bench: {name} …", file=sys.stderr, flush=True)
    started = time.monotonic()
    figures = asyncio.run(_measured(name, plan))
    print("\n".join(figure.text() for figure in figures) + f"  ({time.monotonic() - started:.0f} s)\n", flush=True)
    return [figure.as_json() for figure in figures]


def main() -> int:
    arguments = _arguments()
    # `timeout` leaves no database behind either
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    plan, server = QUICK if arguments.quick else FULL, find_server()
    if arguments.expired is not None:
        plan = replace(plan, expired=arguments.expired)
    if arguments.rows is not None:
        plan = replace(plan, rows=tuple(arguments.rows))
    if arguments.subscribers is not None:
        plan = replace(plan, subscribers=(arguments.subscribers,))
    if arguments.lines is not None:
        plan = replace(plan, imported=arguments.lines)
    if server is None:
        print(HOW_TO + "\n", flush=True)
    try:
        if server is not None:
            asyncio.run(ping(server))
        found = {name: _show(name, plan) for name in arguments.names or FIGURES}
    except KeyboardInterrupt:
        return 130
    except (ChildEnded, TimeoutError) as error:
        print(f"bench: a process under measurement failed: {error or 'out of time'}", file=sys.stderr)
        return 1
    except PyMongoError as error:  # its text may quote the address
        print(f"bench: the server of MONGO_URI failed: {type(error).__name__}", file=sys.stderr)
        return 1
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
