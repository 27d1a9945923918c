"""People in front of a page: an open loop in a process of its own, so that its cost is known.

`python -m bench.visitors`. A request leaves when its time has come, whether or not the ones before it were answered.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from bench.line import answer_lines, take_stdout

#: a request that takes longer has failed, in seconds
PATIENCE_S = 10.0
#: connections at once, below what the server takes (web_app/serving.py): more requests than that wait here
CONNECTIONS = 400
#: the body of the page's own form, when the visitor's origin is unknown
FORM = {"host": "", "seal": ""}


@dataclass(slots=True)
class Seen:
    """What one load showed; a value per request in each list. Seconds."""

    #: from the moment the request was due to its last byte, and from that moment until it left
    waits_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    #: answers by status; 0: none came
    statuses: Counter[int] = field(default_factory=Counter)
    #: bytes of the last body
    size: int = 0


async def visit(session: ClientSession, method: str, url: str, due_at: float, seen: Seen) -> None:
    """One request, due at `due_at` of `time.perf_counter`."""
    late_s = time.perf_counter() - due_at
    try:
        async with session.request(method, url, data=FORM if method == "POST" else None) as answer:
            body = await answer.read()
            status = answer.status
    except (ClientError, TimeoutError):
        body, status = b"", 0
    seen.waits_s.append(time.perf_counter() - due_at)
    seen.late_s.append(late_s)
    seen.statuses[status] += 1
    seen.size = len(body) or seen.size


async def load(session: ClientSession, method: str, urls: Sequence[str], per_second: float) -> Seen:
    """One request to each of `urls`, evenly spaced in time."""
    seen, first_at = Seen(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, url in enumerate(urls):
            due_at = first_at + number / per_second
            if (early_s := due_at - time.perf_counter()) > 0:
                await asyncio.sleep(early_s)
            group.create_task(visit(session, method, url, due_at, seen))
    return seen


async def main(answers: TextIO) -> None:
    connector = TCPConnector(limit=CONNECTIONS)
    async with ClientSession(connector=connector, timeout=ClientTimeout(total=PATIENCE_S)) as session:

        async def visits(wish: dict[str, Any]) -> Mapping[str, Any]:
            urls = [wish["url"] + token for token in wish["tokens"]]
            cpu_s = time.process_time()
            seen = await load(session, wish["method"], urls, wish["per_second"])
            return {
                "waits_s": seen.waits_s,
                "late_s": seen.late_s,
                "statuses": seen.statuses,
                "size": seen.size,
                "cpu_s": time.process_time() - cpu_s,
            }

        await answer_lines({"visits": visits}, answers)


if __name__ == "__main__":
    asyncio.run(main(take_stdout()))
