"""`make sbom`: the bill of materials of what the real bots install, as CycloneDX JSON.

It is made from requirements.txt, and the licences from the installed packages. The same files give the same bytes.
"""

import json
import sys
from pathlib import Path
from typing import Any

from scripts.supply.licences import licence_of
from scripts.supply.pins import ROOT, Pin, file_of, read_pins

_OURS = "tollgate"


def bill(pins: list[Pin], version: str) -> dict[str, Any]:
    """Return the document. Raises LookupError when the licence of a package is not known."""
    top = {"type": "application", "name": _OURS, "version": version, "bom-ref": _OURS}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": top | {"licenses": [{"license": {"id": "MIT"}}]}},
        "components": [_component(pin) for pin in pins],
        "dependencies": _dependencies(pins),
    }


def _component(pin: Pin) -> dict[str, Any]:
    licence = licence_of(pin.name)
    is_one = " " not in licence
    files = {
        "type": "distribution",
        "url": _ref(pin),
        "comment": "one hash for each file of this version: what fits the machine is installed",
        "hashes": [{"alg": "SHA-256", "content": one.removeprefix("sha256:")} for one in pin.hashes],
    }
    marker = {"properties": [{"name": "tollgate:marker", "value": pin.marker}]} if pin.marker else {}
    return {
        "type": "library",
        "bom-ref": _ref(pin),
        "name": pin.name,
        "version": pin.version,
        "purl": _ref(pin),
        "licenses": [{"license": {"id": licence}} if is_one else {"expression": licence}],
        "externalReferences": [files],
        **marker,
    }


def _ref(pin: Pin) -> str:
    return f"pkg:pypi/{pin.name}@{pin.version}"


def _dependencies(pins: list[Pin]) -> list[dict[str, Any]]:
    below: dict[str, list[str]] = {name: [] for name in (_OURS, *(pin.name for pin in pins))}
    for pin in pins:
        for parent in pin.via:
            below[_OURS if parent.startswith("-r ") else parent].append(_ref(pin))
    refs = {_OURS: _OURS} | {pin.name: _ref(pin) for pin in pins}
    return [{"ref": refs[name], "dependsOn": children} for name, children in below.items()]


def our_version() -> str:
    """Return the version in pyproject.toml."""
    line = next(one for one in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines() if "version =" in one)
    return line.partition('"')[2].rstrip('"')


def main() -> int:
    target = Path(sys.argv[1])
    pins = read_pins(file_of("runtime"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill(pins, our_version()), indent=2) + "\n", encoding="utf-8")
    print(f"sbom: {len(pins)} packages in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
