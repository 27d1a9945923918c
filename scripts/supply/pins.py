"""The pinned packages of a file of requirements, with their hashes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: each set of requirements, with those installed before it, whose packages it does not repeat
SETS: dict[str, tuple[str, ...]] = {
    "runtime": (),
    "demo": ("runtime",),
    "dev": ("runtime", "demo"),
    "tools": (),
}
_PIN = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[^\s;*\\]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package in one version. `via`: what it is installed for, other packages or a file of requirements."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()
    marker: str = ""
    via: tuple[str, ...] = ()


def file_of(name: str) -> Path:
    """Return the file that holds a set with all below it."""
    return ROOT / ("requirements.txt" if name == "runtime" else f"requirements-{name}.txt")


def source_of(name: str) -> Path:
    """Return the file that names what we chose for a set."""
    return ROOT / "requirements" / f"{name}.in"


def canonical(name: str) -> str:
    """Return the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def blocks(text: str) -> Iterator[list[str]]:
    """Yield the lines of each requirement: the pin, its hashes, and for what it is there."""
    block: list[str] = []
    for line in text.splitlines():
        if line[:1] in {"", "#", "-"}:
            continue
        if not line.startswith(" ") and block:
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def parse(block: list[str]) -> Pin:
    """Read one requirement. Raises ValueError when it is none with an exact version."""
    found = _PIN.fullmatch(block[0])
    if found is None:
        raise ValueError(f"no exact version: {block[0]}")
    hashes = (line.strip().rstrip("\\ ").removeprefix("--hash=") for line in block[1:] if "--hash=" in line)
    via = (word.strip() for line in block if "# via " in line for word in line.partition("# via ")[2].split(","))
    return Pin(canonical(found["name"]), found["version"], tuple(hashes), found["marker"] or "", tuple(via))


def read_pins(path: Path) -> list[Pin]:
    """Return what a file of requirements pins itself, without the files it includes. Raises ValueError."""
    return [parse(block) for block in blocks(path.read_text(encoding="utf-8"))]
