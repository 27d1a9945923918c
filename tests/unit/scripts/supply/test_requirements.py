"""What is installed is pinned with hashes, and the real bots get nothing of the demo and the tests."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from scripts.supply import lock
from scripts.supply.pins import ROOT, SETS, Pin, blocks, canonical, file_of, parse, read_pins, source_of

SERVER = ROOT / ".ci/mongo-server/requirements.txt"
FILES = [*map(file_of, SETS), SERVER]
#: an installation with pip, wherever one is written
INSTALL = re.compile(r"^.*\bpip install\b(?:.*\\\n)*.*$", re.MULTILINE)
INSTALLING = [ROOT / name for name in ("Makefile", "deploy/Dockerfile", ".ci/server", ".ci/run")]
INSTALLING += [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


def chosen(name: str) -> dict[str, str]:
    """The packages a `.in` names, with their versions."""
    lines = source_of(name).read_text(encoding="utf-8").splitlines()
    pins = [parse([line]) for line in lines if line and not line.startswith("#")]
    return {pin.name: pin.version for pin in pins}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_package_has_one_version_and_its_hashes(path: Path) -> None:
    pins = read_pins(path)
    assert len(pins) >= 4
    assert len({pin.name for pin in pins}) == len(pins)
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", one) for pin in pins for one in pin.hashes)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_taken_from_a_place_of_its_own(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    options = [
        line for line in lines if line.startswith("-") and not re.fullmatch(r"-r requirements(-demo)?\.txt", line)
    ]
    assert options == []
    assert [line for line in lines if "://" in line or " @ " in line] == []


def test_every_installation_asks_for_hashes() -> None:
    found = [line for path in INSTALLING for line in INSTALL.findall(path.read_text(encoding="utf-8"))]
    assert len(found) >= 3
    assert [line for line in found if "--require-hashes" not in line] == []


@pytest.mark.parametrize("name", SETS)
def test_what_we_chose_is_pinned_and_every_other_package_is_there_for_one_that_is(name: str) -> None:
    pins = {pin.name: pin for pin in read_pins(file_of(name))}
    assert {one: pin.version for one, pin in pins.items() if one in chosen(name)} == chosen(name)
    source = f"-r {source_of(name).relative_to(ROOT).as_posix()}"
    below = {one for one, pin in pins.items() if source in pin.via}
    assert below == set(chosen(name))
    for _ in pins:
        below |= {one for one, pin in pins.items() if below & set(pin.via)}
    others = {pin.name for base in SETS[name] for pin in read_pins(file_of(base))}
    without_reason = [one for one, pin in pins.items() if one not in below and not others & set(pin.via)]
    assert without_reason == []


def test_the_real_bots_get_nothing_of_the_demo_and_the_tests() -> None:
    sets = {name: {pin.name for pin in read_pins(file_of(name))} for name in SETS if name != "tools"}
    assert {"mongomock", "mongomock-motor"} <= sets["demo"]
    assert {"pytest", "hypothesis", "schemathesis", "playwright"} <= sets["dev"]
    assert [(one, two) for one, two in combinations(sets, 2) if sets[one] & sets[two]] == []


def test_the_targets_install_no_more_than_they_need() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    needs = dict(re.findall(r"^([a-z-]+|\$\(\w+\)): (.*)$", text, re.MULTILINE))
    assert needs["run"] == "$(RUN_READY)"
    assert needs["$(RUN_READY)"] == "requirements.txt"
    assert needs["demo"] == "$(DEMO_READY)"
    assert needs["test"] == "$(DEV_READY)"


# --- the files are read and made as they are meant


def test_a_package_is_read_with_all_that_is_said_of_it() -> None:
    lines = (
        "# a",
        "-r b.txt",
        "B_c[d]==1.0 ; python_version < '3.13' \\",
        "    --hash=sha256:a \\",
        "    --hash=sha256:b",
    )
    text = "\n".join((*lines, "    # via x, -r y.in\n"))
    (block,) = blocks(text)
    assert parse(block) == Pin("b-c", "1.0", ("sha256:a", "sha256:b"), "python_version < '3.13'", ("x", "-r y.in"))
    assert canonical("Typing_Extensions") == "typing-extensions"


@pytest.mark.parametrize("line", ["aiogram", "aiogram>=3", "aiogram==3.*", "aiogram @ git+x", "aiogram==3 --pre"])
def test_no_other_form_is_taken_for_a_pin(line: str) -> None:
    with pytest.raises(ValueError, match="no exact version"):
        parse([line])


def test_what_is_installed_before_is_left_out_unless_with_an_extra() -> None:
    via = "    # via -c requirements.txt"
    text = f"a==1 \\\n    --hash=x\n{via}, b\nb==2 \\\n    --hash=y\n{via}\na[z]==1 \\\n"
    assert lock.without(text, {"b"}) == "a==1 \\\n    --hash=x\n    # via b\na[z]==1 \\\n"
    assert lock.without(text, {"a", "b"}) == "a[z]==1 \\\n"
