"""`python -m sandbox`: runs a local Telegram until SIGINT or SIGTERM."""

import argparse
import asyncio
import json
import pathlib
import signal
import sys

from sandbox.control.world_setup import load
from sandbox.errors import ControlError
from sandbox.server import DEFAULT_PORT, Sandbox, serve


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A local Telegram for bots under test.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port on 127.0.0.1 (default 8081)")
    parser.add_argument("--world", type=pathlib.Path, help="JSON file with bots, users and chats")
    parser.add_argument("--latency-ms", type=int, default=0, help="hold every call but getUpdates back")
    parser.add_argument(
        "--flood", type=int, default=0, metavar="N", help="429 above N calls a second, with limits per chat"
    )
    parser.add_argument("--seed", type=int, help="seed of ids and gaps, for repeatable runs")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    sandbox = Sandbox(arguments.seed)
    sandbox.world.config.latency_ms = arguments.latency_ms
    sandbox.world.config.anti_spin = True
    if arguments.flood:
        sandbox.world.config.switch_flood_on(arguments.flood)
    if arguments.world is not None:
        plan = json.loads(arguments.world.read_text("utf-8"))
        if not isinstance(plan, dict):
            raise ControlError("the world file must be a JSON object")
        load(sandbox.world, plan)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # a parent that starts it with the signal ignored wants it to stay ignored
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)
    await serve(sandbox, arguments.port, stop)


def main() -> int:
    """Run until a signal. Exit status 0; 1 when the world file is invalid or the port cannot be bound."""
    try:
        asyncio.run(_run(_arguments()))
    except (ControlError, OSError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
