"""Requests that schemathesis makes from the API's own description, in all its phases, and what they found."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from core.team.admins import Role
from core.team.rights import Right, may

DESCRIPTION = "/api/admin/openapi.json"
#: what a refusal by a rule says: the rule is not seen in the shape of a request. A description calls 5.0 an integer
JUDGED = (b'"code":"refused"', b"Value error", b"Input should be a valid integer")
#: checks that know only the shapes of requests
OF_SHAPES = frozenset({"positive_data_acceptance", "negative_data_rejection"})
#: answers of 500 and above that are described, and no defect of the API
DOCUMENTED = frozenset({503, 507})
#: phases, by the names schemathesis gives them
ALL_PHASES = ("examples", "coverage", "fuzzing", "stateful")

#: method and path of an operation -> the right it needs; None: none
Rights = dict[tuple[str, str], Right | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked."""

    #: requests to an operation in the phase of random ones
    examples: int
    phases: tuple[str, ...] = ALL_PHASES
    #: ways through the API, and requests of one
    ways: int = 10
    way: int = 8
    #: None: the same requests every time
    seed: int | None = None
    #: checks of schemathesis that are left out
    without: tuple[str, ...] = ()


@dataclass(slots=True)
class Found:
    """What the requests found."""

    #: answers by operation, method and status
    statuses: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    #: requests by phase
    by_phase: Counter[str] = field(default_factory=Counter)
    #: ways from one operation to another that were known
    transitions: int = 0
    #: names of the operations in the description
    operations: set[str] = field(default_factory=set)
    #: what schemathesis complained about, by operation
    complaints: list[str] = field(default_factory=list)
    #: what a role did beyond its rights
    exceeded: list[str] = field(default_factory=list)

    @property
    def server_errors(self) -> int:
        failed = (status >= 500 and status not in DOCUMENTED for _, _, status in self.statuses.elements())
        return sum(failed)

    def of(self, *statuses: int) -> int:
        return sum(count for (_, _, status), count in self.statuses.items() if status in statuses)


def is_judged_by_a_rule(answer: Response) -> bool:
    """Whether a request was refused by what it says, or by its length: neither is seen in its shape."""
    if answer.status_code != 422:
        return answer.status_code == 413
    return any(mark in answer.content for mark in JUDGED)


def fuzz(app: Any, sign_in: Callable[[], str], plan: Plan, role: Role | None, rights: Rights) -> Found:
    """Ask all operations of `app`, the same with the same seed. `sign_in` makes an Authorization header.

    Everything schemathesis checks is checked, and that no answer is a success that `role` has no right to.
    """
    schema = schemathesis.openapi.from_asgi(DESCRIPTION, app)

    @schema.auth(refresh_interval=None)
    class _SignedIn:
        def get(self, case: Any, context: Any) -> str:
            return sign_in()

        def set(self, case: Any, data: str, context: Any) -> None:
            case.headers["Authorization"] = data

    _configure(schema, plan)
    found = Found()
    for event in from_schema(schema).execute():
        _take(event, found, role, rights)
    return found


def _configure(schema: Any, plan: Plan) -> None:
    config = schema.config
    config.seed = plan.seed
    config.generation.update(max_examples=plan.examples, deterministic=plan.seed is None, no_shrink=True)
    for name in ALL_PHASES:
        config.phases.get_by_name(name=name).enabled = name in plan.phases
    config.phases.stateful.max_steps = plan.way
    config.phases.stateful.generation.update(max_examples=plan.ways)
    for name in plan.without:
        getattr(config.checks, name).enabled = False


def _take(event: Any, found: Found, role: Role | None, rights: Rights) -> None:
    if isinstance(event, events.PhaseStarted) and isinstance(event.payload, events.StatefulPhasePayload):
        found.transitions = event.payload.transitions_selected
    if isinstance(event, events.NonFatalError):
        found.complaints.append(f"{event.label}: {event.value!r}")
    if isinstance(event, events.FatalError):
        raise event.exception
    if isinstance(event, events.ScenarioFinished):
        _count(event, found, role, rights)


def _count(event: events.ScenarioFinished, found: Found, role: Role | None, rights: Rights) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is None:
            continue
        operation = recorder.cases[case_id].value.operation
        method, status = str(interaction.request.method), interaction.response.status_code
        found.operations.add(operation.label)
        found.statuses[operation.label, method, status] += 1
        found.by_phase[event.phase.value] += 1
        right = rights.get((method, operation.path))
        if status < 300 and right is not None and not may(role, right):
            found.exceeded.append(f"{role}: {method} {operation.path} answered {status}")
    found.complaints += _complaints(recorder)


def _complaints(recorder: ScenarioRecorder) -> Iterator[str]:
    for case_id, checks in recorder.checks.items():
        answer = recorder.interactions[case_id].response
        for check in checks:
            if check.failure_info is None:
                continue
            if answer is not None and _is_no_defect(check.name, answer):
                continue
            yield _sentence(recorder, case_id, check.name, check.failure_info.failure, answer)


def _is_no_defect(check: str, answer: Response) -> bool:
    if check in OF_SHAPES:
        return is_judged_by_a_rule(answer)
    # the address is one of another operation, too: GET …/changes asks for the subscriber "changes"
    if check == "allow_header_conformance":
        return urlsplit(str(answer.request.url)).path.rpartition("/subscribers/")[2] in ("changes", "gifts", "undo")
    return check == "unsupported_method" and b'"path.' in answer.content


def _sentence(recorder: ScenarioRecorder, case_id: str, check: str, failure: Failure, answer: Response | None) -> str:
    request = recorder.interactions[case_id].request
    label = recorder.cases[case_id].value.operation.label
    said = b"" if answer is None else answer.content[:200]
    return f"{label}: {check}: {failure.title}: {failure.message[:200]}; {request.method} {request.uri} {said!r}"
