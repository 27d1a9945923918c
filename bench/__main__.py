"""`python -m bench [NAME…] [--quick] [--json FILE]`: measure and print. A missed goal is no failure: exit 0."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import counts, memory, profile, taking_back, throughput
from bench.plan import FULL, QUICK, Plan
from bench.report import Figure
from bench.subject import SubjectEnded
from bench.telegram import Telegram, telegram

Measure = Callable[[Telegram, Plan], Awaitable[Figure]]

FIGURES: dict[str, Measure] = {
    "counts": counts.measure,
    "throughput": throughput.measure,
    "taking-back": taking_back.measure,
    "memory": memory.measure,
}
#: only when asked for by name
TOOLS: dict[str, Measure] = {"profile": profile.measure}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="The figures of Tollgate.")
    known = [*FIGURES, *TOOLS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(known)} (default: all but profile)")
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute: a look, not a measurement")
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


def main() -> int:
    arguments = _arguments()
    plan = QUICK if arguments.quick else FULL
    written = {}
    for name in arguments.names or FIGURES:
        started = time.monotonic()
        try:
            figure = asyncio.run(_measure(name, plan))
        except KeyboardInterrupt:
            return 130
        except SubjectEnded as error:
            print(f"bench: a bot under measurement ended by itself ({error})", file=sys.stderr)
            return 1
        print(figure.text() + f"  ({time.monotonic() - started:.0f} s)\n", flush=True)
        written[name] = figure.as_json()
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
