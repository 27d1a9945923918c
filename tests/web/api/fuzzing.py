"""Requests that schemathesis makes from the API's own description, good and bad ones."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

DESCRIPTION = "/api/admin/openapi.json"
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@dataclass(slots=True)
class Fuzzed:
    """What the requests found."""

    #: answers by operation and status
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    #: what schemathesis complained about, by operation
    complaints: list[str] = field(default_factory=list)

    @property
    def server_errors(self) -> int:
        return sum(count for (_, status), count in self.statuses.items() if status >= 500)


def fuzz(app: Any, headers: Callable[[], Mapping[str, str]], examples: int) -> Fuzzed:
    """About `examples` requests to each operation of `app` in each mode, the same every time; `headers` sign in.

    Everything schemathesis checks is checked: no 5xx, only described answers, good requests accepted and bad ones
    refused, no answer without a session where one is needed.
    """
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
            def send(case: schemathesis.Case[Any]) -> None:
                answer = case.call(headers=dict(headers()))
                found.statuses[case.operation.label, answer.status_code] += 1
                case.validate_response(answer)

            try:
                send()
            except (Failure, FailureGroup) as complaint:
                found.complaints.append(f"{operation.label}: {complaint}")
    return found
