"""The client of the load, a process of its own. `python -m bench.load.generator`."""

import asyncio
import gc
import time
from typing import TextIO
from urllib.parse import urlsplit

from bench.harness.actions import Answer, serve_actions, take_stdout
from bench.harness.numbers import percentile
from bench.load.open_loop import OpenLoop, Schedule
from core.clock import SystemClock

#: seconds the last requests may take to be answered
ANSWER_WITHIN_S = 15.0
PERCENTS = (50, 95, 99, 100)


def request_of(url: str, headers: dict[str, str]) -> bytes:
    """Return the bytes of a GET."""
    parts = urlsplit(url)
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *(f"{name}: {headers[name]}" for name in headers)]
    return "\r\n".join([*lines, "", ""]).encode()


async def load(
    urls: list[str], headers: dict[str, str], per_s: float, seconds: float, patience_s: float, connections: int
) -> Answer:
    """Offer `per_s` requests a second to `urls` in turn; return what became of them.

    What was given up counts as a wait of `patience_s`, which it was at least.
    """
    parts = urlsplit(urls[0])
    schedule = Schedule(per_s, seconds, patience_s)
    requests = [request_of(url, headers) for url in urls]
    its = OpenLoop((parts.hostname or "", parts.port or 0), requests, schedule, SystemClock())
    gc.collect()
    cpu_s = time.process_time()
    took_s = await its.run(connections, ANSWER_WITHIN_S)
    cpu_s = time.process_time() - cpu_s
    tally = its.tally
    waits_s = tally.waits_s + [patience_s] * schedule.given_up
    return {
        "offered": schedule.offered,
        "sent": schedule.sent,
        "given_up": schedule.given_up,
        "seconds": took_s,
        "cpu_s": cpu_s,
        "statuses": tally.statuses,
        "errors": tally.errors,
        "waits_s": [percentile(waits_s, percent) for percent in PERCENTS],
        "p99_from_sending_s": percentile(tally.waits_from_sending_s, 99),
    }


async def main(answers: TextIO) -> None:
    await serve_actions(answers, load)


if __name__ == "__main__":
    asyncio.run(main(take_stdout()))
