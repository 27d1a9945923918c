"""The audit fails when it finds a weakness, and when it could not look."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.supply import audit
from scripts.supply.audit import WEAK, CannotCheck, judge
from scripts.supply.pins import Pin, file_of, read_pins

PINS = [Pin("a", "1.0"), Pin("b-c", "2.0")]
KNOWN: dict[str, Any] = {"name": WEAK.name, "version": WEAK.version, "vulns": [{"id": "W-1", "fix_versions": []}]}
GOOD: dict[str, Any] = {
    "dependencies": [
        {"name": "a", "version": "1.0", "vulns": []},
        {"name": "B_c", "version": "2.0", "vulns": []},
        KNOWN,
    ]
}


def changed(index: int, **fields: Any) -> dict[str, Any]:
    """GOOD with other fields for one package; None takes a field away."""
    rows = [dict(row) for row in GOOD["dependencies"]]
    rows[index] = {name: value for name, value in (rows[index] | fields).items() if value is not None}
    return {"dependencies": rows}


def test_packages_without_a_known_weakness_pass() -> None:
    assert judge(PINS, GOOD) == []


def test_a_weakness_is_named_with_the_version_that_ends_it() -> None:
    found = [{"id": "W-2", "fix_versions": ["1.1", "2.0"]}, {"id": "W-3", "fix_versions": []}]
    assert judge(PINS, changed(0, vulns=found)) == [
        "a 1.0: W-2, fixed in 1.1, 2.0",
        "a 1.0: W-3, fixed in no version yet",
    ]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (changed(1, version=None, vulns=None, skip_reason="not found"), "1 of 2 packages were not checked: b-c"),
        (changed(1, skip_reason="not found"), "1 of 2 packages were not checked: b-c"),
        (changed(1, vulns=None), "1 of 2 packages were not checked: b-c"),
        (changed(0, version="0.9"), "1 of 2 packages were not checked: a"),
        ({"dependencies": GOOD["dependencies"][2:]}, "2 of 2 packages were not checked: a, b-c"),
        ({"dependencies": []}, "2 of 2 packages were not checked: a, b-c"),
        (changed(2, vulns=[]), "the service knows no weakness of django"),
        ({"dependencies": GOOD["dependencies"][:2]}, "the service knows no weakness of django"),
        ({}, "a form that is not known"),
        ([], "a form that is not known"),
        (None, "a form that is not known"),
        ({"dependencies": [None]}, "a form that is not known"),
    ],
)
def test_what_was_not_checked_is_a_failure(answer: Any, why: str) -> None:
    with pytest.raises(CannotCheck, match=why):
        judge(PINS, answer)


def run(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *, out: str, errors: str = "", status: int = 0
) -> tuple[int, list[str]]:
    """`make audit` with a program that answers so. Return the exit status and what was asked for."""
    program = folder / "pip-audit"
    (folder / "out").write_text(out, encoding="utf-8")
    answers = f'cat {folder}/out\necho "{errors}" >&2\nexit {status}\n'
    program.write_text(f'#!/bin/sh\necho "$@" >{folder}/words\ncat "$2" >{folder}/asked\n{answers}', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", ["audit", "--pip-audit", str(program), "--osv-url", "x"])
    ended = audit.main()
    return ended, (folder / "asked").read_text(encoding="utf-8").split()


def answer_for_ours() -> dict[str, Any]:
    ours = [{"name": pin.name, "version": pin.version, "vulns": []} for pin in read_pins(file_of("runtime"))]
    return {"dependencies": [*ours, KNOWN]}


def test_every_pin_of_the_real_bots_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, asked = run(monkeypatch, tmp_path, out=json.dumps(answer_for_ours()), status=1)
    pins = [f"{pin.name}=={pin.version}" for pin in read_pins(file_of("runtime"))]
    assert (tmp_path / "words").read_text(encoding="utf-8").endswith(" --osv-url x\n"), "options of its own"
    assert asked == [*pins, f"{WEAK.name}=={WEAK.version}"]
    assert (status, capsys.readouterr().out) == (0, f"audit: {len(pins)} packages checked, none has a known weakness\n")


def test_a_weakness_fails_the_audit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = answer_for_ours()
    answer["dependencies"][0]["vulns"] = [{"id": "W-2", "fix_versions": ["9"]}]
    assert run(monkeypatch, tmp_path, out=json.dumps(answer), status=1)[0] == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("W-2, fixed in 9")


def test_a_service_that_cannot_be_reached_fails_the_audit_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, tmp_path, out="", errors="Traceback\nConnectionError: refused", status=1)[0] == 2
    assert capsys.readouterr().err == "audit: the advisories cannot be asked: ConnectionError: refused\n"


def test_a_program_that_is_not_there_fails_the_audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["audit", "--pip-audit", "/nowhere/pip-audit"])
    assert audit.main() == 2
    assert capsys.readouterr().err.startswith("audit: pip-audit does not start")
