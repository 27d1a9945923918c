"""`make audit`: known weaknesses of what requirements.txt installs. What could not be checked is a failure.

A package is asked for besides that is known to be weak: a service that does not know it has no advisories.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from scripts.supply.pins import Pin, canonical, file_of, read_pins

#: weak since 2019, and never one of ours
WEAK = Pin("django", "2.2.1")
#: seconds the advisories of all packages may take
PATIENCE_S = 300


class CannotCheck(Exception):
    """The advisories were not asked for every package; the text is one line for the operator."""


def ask(pins: list[Pin], program: str, more: list[str]) -> Any:
    """Return what pip-audit, with options of its own in `more`, answers for `pins`. Raises CannotCheck."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        # without markers: also what only another machine installs is checked
        listed.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins), encoding="utf-8")
        command = [program, "--requirement", str(listed), "--disable-pip", "--no-deps", "--format", "json"]
        command += ["--progress-spinner", "off", *more]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise CannotCheck(f"no answer within {PATIENCE_S} s") from None
        except OSError as error:
            raise CannotCheck(f"pip-audit does not start: {error}") from None
    try:
        return json.loads(ended.stdout)
    except ValueError:
        why = (ended.stderr.strip().splitlines() or ["pip-audit says nothing"])[-1]
        raise CannotCheck(f"the advisories cannot be asked: {why}") from None


def judge(pins: list[Pin], answer: Any) -> list[str]:
    """Return a line for each weakness of `pins`. Raises CannotCheck unless every one of them was checked."""
    try:
        found = {(canonical(one["name"]), one.get("version")): one.get("vulns") for one in answer["dependencies"]}
        names = {canonical(one["name"]) for one in answer["dependencies"] if "skip_reason" in one}
    except (KeyError, TypeError, AttributeError):
        raise CannotCheck("pip-audit answers in a form that is not known") from None
    missing = [pin.name for pin in pins if pin.name in names or found.get((pin.name, pin.version)) is None]
    if missing:
        raise CannotCheck(f"{len(missing)} of {len(pins)} packages were not checked: {', '.join(missing)}")
    if not found.get((WEAK.name, WEAK.version)):
        raise CannotCheck(f"the service knows no weakness of {WEAK.name} {WEAK.version}: it has no advisories")
    return [_in_words(pin, one) for pin in pins for one in found[pin.name, pin.version] or ()]


def _in_words(pin: Pin, weakness: dict[str, Any]) -> str:
    fixed = ", ".join(weakness.get("fix_versions") or ()) or "no version yet"
    return f"{pin.name} {pin.version}: {weakness.get('id', 'no number')}, fixed in {fixed}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pip-audit", required=True, help="the program pip-audit")
    arguments, more = parser.parse_known_args()
    pins = read_pins(file_of("runtime"))
    try:
        lines = judge(pins, ask([*pins, WEAK], arguments.pip_audit, more))
    except CannotCheck as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    for line in lines:
        print(f"audit: {line}", file=sys.stderr)
    if not lines:
        print(f"audit: {len(pins)} packages checked, none has a known weakness")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
