"""Visitors of a page and programs that ask the API: a closed loop. `python -m bench.web.visitors`."""

import asyncio
import time
from collections import Counter
from typing import Any, TextIO

from aiohttp import ClientSession, ClientTimeout

from bench.harness.actions import Answer, serve_actions, take_stdout

#: a request that takes longer has failed, in seconds
TIMEOUT_S = 30.0
#: the body of the page's form when the visitor's origin is not known
FORM = {"host": "", "seal": ""}


async def main(answers: TextIO) -> None:
    async with ClientSession(timeout=ClientTimeout(total=TIMEOUT_S)) as session:

        async def visit(method: str, urls: list[str], headers: dict[str, str], at_once: int) -> Answer:
            """One request to each of `urls`, `at_once` under way all the time."""
            waiting, waits_s, statuses, size = iter(urls), list[float](), Counter[int](), 0
            how: dict[str, Any] = {"headers": headers, "data": FORM if method == "POST" else None}

            async def visitor() -> None:
                nonlocal size
                for url in waiting:
                    started_at = time.perf_counter()
                    async with session.request(method, url, **how) as answer:
                        size = len(await answer.read())
                    waits_s.append(time.perf_counter() - started_at)
                    statuses[answer.status] += 1

            started_at = time.perf_counter()
            await asyncio.gather(*(visitor() for _ in range(at_once)))
            seconds = time.perf_counter() - started_at
            return {"seconds": seconds, "waits_s": waits_s, "statuses": statuses, "size": size}

        await serve_actions(answers, visit)


if __name__ == "__main__":
    asyncio.run(main(take_stdout()))
