"""The API asked by schemathesis, as its own description allows and as it does not. `python -m bench.api_fuzz`.

Everything schemathesis checks is checked: no 5xx, only what is described, good requests taken and bad ones refused, no
answer without a session where one is needed.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from bench.api_desk import OWNER, app_for, header
from bench.line import answer_lines, take_stdout
from core.clock import SystemClock
from database.connection import close_database, open_database
from database.indexes import ensure_indexes
from monitoring import logs

DESCRIPTION = "/api/admin/openapi.json"
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@dataclass(slots=True)
class Fuzzed:
    """What came of it."""

    #: answers by operation and status
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    #: what schemathesis complained of, by operation
    complaints: list[str] = field(default_factory=list)

    @property
    def server_errors(self) -> int:
        return sum(count for (_, status), count in self.statuses.items() if status >= 500)


def fuzz(app: Any, headers: Callable[[], Mapping[str, str]], examples: int) -> Fuzzed:
    """About `examples` requests to each operation of `app` in each mode, the same every time; `headers` sign in."""
    found = Fuzzed()
    schema = schemathesis.openapi.from_asgi(DESCRIPTION, app)
    for operation in (result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)):
        for mode in MODES:
            strategy = operation.as_strategy(generation_mode=mode)

            @hypothesis_settings(
                max_examples=examples,
                derandomize=True,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy)
            def ask(case: schemathesis.Case[Any]) -> None:
                answer = case.call(headers=dict(headers()))
                found.statuses[case.operation.label, answer.status_code] += 1
                case.validate_response(answer)

            try:
                ask()
            except (Failure, FailureGroup) as complaint:
                found.complaints.append(f"{operation.label}: {complaint}")
    return found


async def main(answers: TextIO) -> None:
    clock = SystemClock()
    logs.configure("CRITICAL", "text")
    await ensure_indexes(await open_database("memory://", "fuzz", clock=clock))

    async def fuzzed(wish: dict[str, Any]) -> Mapping[str, Any]:
        found = await asyncio.to_thread(fuzz, app_for(clock), lambda: header(OWNER, clock.now()), wish["examples"])
        return {
            "statuses": [[operation, status, count] for (operation, status), count in found.statuses.items()],
            "complaints": found.complaints,
            "server_errors": found.server_errors,
        }

    await answer_lines({"fuzz": fuzzed}, answers)
    await close_database()


if __name__ == "__main__":
    asyncio.run(main(take_stdout()))
