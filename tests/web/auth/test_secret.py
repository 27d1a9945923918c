"""The secret of sessions: from the configuration, or one file that all processes of a folder share."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from core.clock import SystemClock
from runtime.lifecycle import CannotStart
from tests.web.test_alone import settings
from web_app.auth.secret import NAME, NoSecret, find_secret
from web_app.main import admin_services, component

LONG = "x" * 32


def _find(folder: Path, barrier: "multiprocessing.synchronize.Barrier", found: "multiprocessing.Queue[bytes]") -> None:
    barrier.wait(30)
    found.put(find_secret("", folder))


def test_the_configured_one_is_taken_and_no_file_made(tmp_path: Path) -> None:
    assert find_secret(LONG, tmp_path / "data") == LONG.encode()
    assert not (tmp_path / "data").exists()


def test_one_is_made_for_its_owner_alone_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    secret = find_secret("", folder)
    assert len(secret) >= 32
    assert find_secret("", folder) == secret
    (file,) = folder.iterdir()
    assert file.name == NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert find_secret("", tmp_path / "other") != secret


def test_processes_that_start_at_once_find_the_same(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier, found = context.Barrier(8), context.Queue()
    processes = [context.Process(target=_find, args=(tmp_path, barrier, found)) for _ in range(8)]
    for process in processes:
        process.start()
    secrets = {found.get(timeout=30) for _ in processes}
    for process in processes:
        process.join(30)
    assert len(secrets) == 1
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


def test_whoever_was_first_in_between_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def late(made: Path, path: Path) -> None:
        path.write_text(LONG)
        link(made, path)

    monkeypatch.setattr(os, "link", late)
    assert find_secret("", tmp_path) == LONG.encode()
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("length", [0, 1, 31])
def test_one_that_is_too_short_stops_the_start_and_is_not_told(tmp_path: Path, length: int) -> None:
    (tmp_path / NAME).write_text("s" * length + "\n")
    with pytest.raises(NoSecret, match=r"DATA_DIR: .*too short") as problem:
        find_secret("", tmp_path)
    assert "ss" not in str(problem.value).replace("jwt_secret", "").replace(str(tmp_path), "")
    if length:
        with pytest.raises(NoSecret, match="JWT_SECRET: at least 32"):
            find_secret("s" * length, tmp_path)


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / NAME).mkdir()
    for folder in (tmp_path / "file", tmp_path / "file" / "below", tmp_path):
        with pytest.raises(NoSecret, match=r"^DATA_DIR: .*JWT_SECRET would do instead$"):
            find_secret("", folder)


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoSecret, match="No space left"):
        find_secret("", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_start_says_it_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="JWT_SECRET: at least 32 characters") as problem:
        component(settings(JWT_SECRET="short"), SystemClock())
    assert problem.value.status == 2
    (tmp_path / NAME).write_text("short")
    with pytest.raises(CannotStart, match="too short to be a secret"):
        admin_services(settings(DATA_DIR=tmp_path, JWT_SECRET=""))


def test_no_secret_is_shown(tmp_path: Path) -> None:
    services = admin_services(settings(DATA_DIR=tmp_path, JWT_SECRET=LONG))
    assert LONG not in repr(services)
    assert "sandbox-admin" not in repr(services)
    assert services.owner_ids == {7}
