"""Every foreign image is named by tag and digest; a missing digest changes no file."""

import re
import shutil
from pathlib import Path

import pytest

from scripts.supply import digests
from scripts.supply.digests import DIGEST, NoDigest, digest_of, filled, images
from scripts.supply.pins import ROOT

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
DOCKERFILE = "FROM python:3.11.16-slim\nRUN x\n"
COMPOSE = f"x:\n  image: tollgate:0.1.0\n  one:\n    image: mongo:8.0.32@{B}\n  two:\n    - image: mongo:8.0.32\n"


def test_every_foreign_image_in_deploy_has_a_tag_and_one_digest() -> None:
    texts = [path.read_text(encoding="utf-8") for path in digests.files(ROOT / "deploy")]
    found = [one for text in texts for one in images(text)]
    assert {name.partition(":")[0] for name, _ in found} == {"python", "mongo"}
    assert [name for name, digest in found if not DIGEST.fullmatch(digest)] == []
    assert len(dict(found)) == len(set(found)), "two digests of one tag"
    lines = [line for text in texts for line in re.findall(r"^\s*(?:FROM|(?:- )?image:)\s+\S.*$", text, re.MULTILINE)]
    ours = [line for line in lines if " tollgate:" in line]
    assert len(lines) == len(found) + len(ours), "a line that is not read"


def folder(tmp_path: Path) -> Path:
    (tmp_path / "deploy/more").mkdir(parents=True)
    (tmp_path / "deploy/Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    (tmp_path / "deploy/more/compose.yaml").write_text(COMPOSE, encoding="utf-8")
    return tmp_path / "deploy"


def docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """A program `docker` that does `script`; the fourth word is the image."""
    program = tmp_path / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _name: str(program))
    monkeypatch.setattr(digests, "ROOT", tmp_path)


def test_digests_are_written_behind_their_tags_and_nothing_else_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deploy = folder(tmp_path)
    docker(monkeypatch, tmp_path, f"case $4 in mongo:*) echo {A} ;; *) echo {B} ;; esac")
    assert digests.main() == 0
    assert (deploy / "Dockerfile").read_text(encoding="utf-8") == f"FROM python:3.11.16-slim@{B}\nRUN x\n"
    wanted = COMPOSE.replace(f"@{B}", "").replace("mongo:8.0.32", f"mongo:8.0.32@{A}")
    assert (deploy / "more/compose.yaml").read_text(encoding="utf-8") == wanted


def test_one_missing_digest_changes_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy = folder(tmp_path)
    docker(monkeypatch, tmp_path, f"case $4 in mongo:*) echo {A} ;; *) echo 'no such manifest' >&2; exit 1 ;; esac")
    assert digests.main() == 1
    assert capsys.readouterr().err == "digests: python:3.11.16-slim: no such manifest\n"
    assert (deploy / "Dockerfile").read_text(encoding="utf-8") == DOCKERFILE
    assert (deploy / "more/compose.yaml").read_text(encoding="utf-8") == COMPOSE


@pytest.mark.parametrize("answer", ["", "sha256:abc", A[:-1], f"{A}0", "<no value>"])
def test_an_answer_that_is_no_digest_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str) -> None:
    docker(monkeypatch, tmp_path, f"echo '{answer}'")
    with pytest.raises(NoDigest, match=r"^mongo:8: "):
        digest_of("mongo:8")


def test_without_docker_it_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert digests.main() == 1
    assert capsys.readouterr().err == "digests: docker is not installed\n"


def test_our_own_image_gets_no_digest() -> None:
    assert filled("image: tollgate:0.1.0\n", {"mongo:8.0.32": A}) == "image: tollgate:0.1.0\n"
