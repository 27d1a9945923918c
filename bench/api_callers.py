"""Programs that ask the API, a closed loop in a process of its own. `python -m bench.api_callers`."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, TextIO

from aiohttp import ClientSession, ClientTimeout

from bench.line import answer_lines, take_stdout

#: a request that takes longer has failed, in seconds
PATIENCE_S = 30.0


async def main(answers: TextIO) -> None:
    async with ClientSession(timeout=ClientTimeout(total=PATIENCE_S)) as session:

        async def calls(wish: dict[str, Any]) -> Mapping[str, Any]:
            """`requests` in all, `at_once` at any moment: each of them asks again when it was answered."""
            left, waits_s, statuses, size = wish["requests"], list[float](), Counter[int](), 0

            async def caller() -> None:
                nonlocal left, size
                while left > 0:
                    left -= 1
                    began_at = time.perf_counter()
                    async with session.get(wish["url"], headers=wish["headers"]) as answer:
                        size = len(await answer.read())
                    waits_s.append(time.perf_counter() - began_at)
                    statuses[answer.status] += 1

            began_at, cpu_s = time.perf_counter(), time.process_time()
            await asyncio.gather(*(caller() for _ in range(wish["at_once"])))
            return {
                "seconds": time.perf_counter() - began_at,
                "cpu_s": time.process_time() - cpu_s,
                "waits_s": waits_s,
                "statuses": statuses,
                "size": size,
            }

        await answer_lines({"calls": calls}, answers)


if __name__ == "__main__":
    asyncio.run(main(take_stdout()))
