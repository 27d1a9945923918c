"""The counting itself: calls and commands have the same names."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.operations.counts.counting import COMMANDS, Wire, as_commands, command_name
from tests.operations.plans.queries import methods_that_call


def test_every_method_of_a_collection_has_a_name_on_the_wire() -> None:
    assert methods_that_call() == set(COMMANDS)
    calls = {"find_one users": 1, "find users": 2, "count users": 4, "ping ": 1}
    assert as_commands(calls) == {"find users": 3, "aggregate users": 4, "ping": 1}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ({"find": "users", "filter": {}}, "find users"),
        ({"getMore": 123456, "collection": "users"}, "getMore users"),
        ({"ping": 1}, "ping"),
    ],
)
def test_command_is_named_by_its_collection(command: dict[str, Any], name: str) -> None:
    event: Any = SimpleNamespace(command_name=next(iter(command)), command=command)
    assert command_name(event) == name


def test_commands_of_signing_in_are_not_counted_as_ours() -> None:
    wire = Wire()
    commands: list[dict[str, Any]] = [{"saslStart": 1}, {"saslContinue": 1}, {"endSessions": []}, {"find": "users"}]
    for command in commands:
        event: Any = SimpleNamespace(command_name=next(iter(command)), command=command)
        wire.started(event)
    assert wire.commands == {"find users": 1}
