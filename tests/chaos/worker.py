"""`python -m tests.chaos.worker`: plays the episodes read from standard input, and prints a JSON verdict for each."""

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from tests.chaos.episode import play
from tests.chaos.stage import store, telegram


async def main() -> None:
    """Play one episode per input line, {"seed", "sabotage", "kept"}, until the input ends."""
    loop = asyncio.get_running_loop()
    async with store() as server:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            wanted = json.loads(line)
            kept = Path(wanted["kept"])
            async with telegram(kept / "sandbox.log") as client:
                verdict = await play(wanted["seed"], client, server, kept, wanted["sabotage"])
            try:
                print(json.dumps(asdict(verdict)), flush=True)
            except BrokenPipeError:  # the launcher has closed the pipe
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return


if __name__ == "__main__":
    # the launcher handles Ctrl-C: it closes our input, and we exit with everything we started
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(main())
