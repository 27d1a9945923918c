"""The bill of materials names every package that requirements.txt installs, and no licence asks for more than ours."""

import json

import pytest

from scripts.supply.licences import READ_BY_US, is_compatible, licence_of
from scripts.supply.pins import file_of, read_pins
from scripts.supply.sbom import bill, our_version

PINS = read_pins(file_of("runtime"))


def test_every_pin_is_in_it_with_version_hashes_and_licence() -> None:
    parts = bill(PINS, "1")["components"]
    told = [
        (
            one["name"],
            one["version"],
            tuple(f"sha256:{each['content']}" for each in one["externalReferences"][0]["hashes"]),
        )
        for one in parts
    ]
    assert told == [(pin.name, pin.version, pin.hashes) for pin in PINS]
    assert all(one["licenses"] for one in parts)
    assert {one["name"] for one in parts if "properties" in one} == {pin.name for pin in PINS if pin.marker}


def test_everything_in_it_is_reached_from_the_product() -> None:
    document = bill(PINS, "1")
    below = {row["ref"]: row["dependsOn"] for row in document["dependencies"]}
    reached, waiting = set(), [document["metadata"]["component"]["bom-ref"]]
    while waiting:
        reached.add(one := waiting.pop())
        waiting += [child for child in below[one] if child not in reached]
    assert reached == set(below) == {"tollgate", *(part["bom-ref"] for part in document["components"])}


def test_the_same_files_give_the_same_bytes() -> None:
    first, second = (json.dumps(bill(read_pins(file_of("runtime")), our_version())) for _ in range(2))
    assert first == second
    assert "serialNumber" not in first
    assert "timestamp" not in first


def test_every_licence_of_the_real_bots_fits_ours() -> None:
    licences = {pin.name: licence_of(pin.name) for pin in PINS}
    assert {name: licence for name, licence in licences.items() if not is_compatible(licence)} == {}
    assert set(READ_BY_US) <= set(licences)


@pytest.mark.parametrize(
    ("expression", "is_well"),
    [
        ("MIT", True),
        ("MIT AND Zlib AND CC0-1.0", True),
        ("GPL-2.0-only OR BSD-3-Clause", True),
        ("(GPL-2.0-only OR MIT) AND ISC", True),
        ("MIT AND GPL-3.0-only", False),
        ("LGPL-3.0-or-later", False),
        ("", False),
    ],
)
def test_a_licence_that_asks_for_more_is_found(expression: str, is_well: bool) -> None:
    assert is_compatible(expression) is is_well
