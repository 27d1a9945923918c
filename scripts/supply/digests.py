"""`make digests`: asks for the digest behind the tag of each foreign image in deploy/, and writes it there.

A changed tag is written without a digest first. Docker asks the registry; when one digest is missing, no file changes.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.supply.pins import ROOT

#: an image as Dockerfile, Compose and Kubernetes name it: where it stands, name and tag, its digest if it has one
IMAGE = re.compile(r"^(\s*(?:FROM|(?:- )?image:)\s+)([^\s@:]+:[^\s@]+)(?:@(sha256:[0-9a-f]{64}))?[ \t]*$", re.MULTILINE)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
#: what is built from this repository
OURS = "tollgate:"
#: seconds one answer may take
PATIENCE_S = 60


class NoDigest(Exception):
    """The registry was not asked or gave no digest; the text is one line."""


def files(folder: Path) -> list[Path]:
    """Return every file of `folder` that may name an image."""
    return [folder / "Dockerfile", *sorted(folder.rglob("*.yaml"))]


def images(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and tag of each foreign image, and its digest or nothing."""
    for _where, name, digest in IMAGE.findall(text):
        if not name.startswith(OURS):
            yield name, digest


def digest_of(name: str) -> str:
    """Return what the registry has behind a name and tag, for all machines. Raises NoDigest."""
    docker = shutil.which("docker")
    if docker is None:
        raise NoDigest("docker is not installed")
    command = [docker, "buildx", "imagetools", "inspect", name, "--format", "{{.Manifest.Digest}}"]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise NoDigest(f"{name}: no answer within {PATIENCE_S} s") from None
    answer = ended.stdout.strip()
    if ended.returncode or not DIGEST.fullmatch(answer):
        raise NoDigest(f"{name}: {(ended.stderr.strip() or answer or 'no answer').splitlines()[0]}")
    return answer


def filled(text: str, found: dict[str, str]) -> str:
    """Return `text` with the digest behind each foreign image."""
    return IMAGE.sub(lambda hit: f"{hit[1]}{hit[2]}@{found[hit[2]]}" if hit[2] in found else hit[0], text)


def main() -> int:
    texts = {path: path.read_text(encoding="utf-8") for path in files(ROOT / "deploy")}
    try:
        found = {
            name: digest_of(name) for name in sorted({name for text in texts.values() for name, _ in images(text)})
        }
    except NoDigest as error:
        print(f"digests: {error}", file=sys.stderr)
        return 1
    for path, text in texts.items():
        if (new := filled(text, found)) != text:
            path.write_text(new, encoding="utf-8")
    for name, digest in found.items():
        print(f"digests: {name} {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
