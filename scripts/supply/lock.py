"""`make requirements`: from `requirements/*.in` the files of requirements, with all below and every hash.

What is pinned already stays as it is; `make requirements UPGRADE=NAME` takes the newest version of one package that is
not named in a `.in`. Each file holds the hashes of all files of a version, so that it fits every machine and Python.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.supply.pins import ROOT, SETS, blocks, file_of, source_of

PYTHON_MIN = "3.11"
_HEAD = """# Made by `make requirements` from {source}: change that file, then run it again.
"""


def compiled(name: str, upgrade: str, uv: str) -> str:
    """Return the text of a set's file. Raises CalledProcessError when no versions fit together."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.txt"
        if file_of(name).exists():
            # what is pinned there is preferred
            out.write_text(without(file_of(name).read_text(encoding="utf-8"), set()), encoding="utf-8")
        command = [uv, "pip", "compile", str(source_of(name).relative_to(ROOT)), "--output-file", str(out)]
        command += ["--universal", "--python-version", PYTHON_MIN, "--generate-hashes", "--no-config", "--quiet"]
        # extras stay: pip, which has to see every requirement pinned, does not take `coverage` for `coverage[toml]`
        command += ["--no-header", "--annotation-style", "line", "--no-strip-extras"]
        for base in SETS[name]:
            command += ["--constraint", file_of(base).name]
        if upgrade:
            command += ["--upgrade-package", upgrade]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return out.read_text(encoding="utf-8")


def without(text: str, heads: set[str]) -> str:
    """Return the requirements of `text` except those named, nothing said of files they were constrained by."""
    kept = []
    for block in blocks(text):
        if _head(block) not in heads:
            kept += [line for line in (_without_constraints(line) for line in block) if line]
    return "".join(f"{line}\n" for line in kept)


def _head(block: list[str]) -> str:
    """Return name and extras: pip does not take `name` for `name[extra]`."""
    return block[0].partition("==")[0]


def _without_constraints(line: str) -> str:
    before, via, words = line.partition("# via ")
    if not via:
        return line
    left = [word for word in words.split(", ") if not word.startswith("-c ")]
    return f"{before}{via}{', '.join(left)}" if left else ""


def lock(name: str, upgrade: str, uv: str) -> None:
    """Write the file of one set."""
    before = {_head(block) for base in SETS[name] for block in blocks(file_of(base).read_text(encoding="utf-8"))}
    head = _HEAD.format(source=source_of(name).relative_to(ROOT).as_posix())
    includes = f"-r {file_of(SETS[name][-1]).name}\n" if SETS[name] else ""
    text = without(compiled(name, upgrade, uv), before)
    file_of(name).write_text(head + includes + text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", default="", help="a package to bring to its newest version")
    parser.add_argument("--uv", required=True, help="the program uv")
    arguments = parser.parse_args()
    try:
        for name in SETS:
            lock(name, arguments.upgrade, arguments.uv)
    except subprocess.CalledProcessError:
        print(f"requirements: {name}: nothing was written, see above", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
