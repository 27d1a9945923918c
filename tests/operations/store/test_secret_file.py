"""Secrets: from the configuration, or from one file shared by all processes with the same DATA_DIR."""

import multiprocessing
import os
import stat
from pathlib import Path
from secrets import token_urlsafe

import pytest

from core.clock import SystemClock
from database.secret_file import OWNERS, SESSIONS, NoSecret, find_secret, read_secret
from runtime.lifecycle import CannotStart
from tests.web.test_alone import settings
from web_app.main import admin_services, component

LONG = "x" * 32


def _find(folder: Path, barrier: "multiprocessing.synchronize.Barrier", found: "multiprocessing.Queue[bytes]") -> None:
    barrier.wait(30)
    found.put(find_secret(folder, SESSIONS))


def test_a_configured_secret_is_used_and_no_file_written(tmp_path: Path) -> None:
    assert find_secret(tmp_path / "data", SESSIONS, configured=LONG) == LONG.encode()
    assert not (tmp_path / "data").exists()


def test_a_generated_secret_is_stored_readable_by_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    secret = find_secret(folder, SESSIONS)
    assert len(secret) >= 32
    assert find_secret(folder, SESSIONS) == secret
    (file,) = folder.iterdir()
    assert file.name == SESSIONS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert find_secret(tmp_path / "other", SESSIONS) != secret


def test_processes_that_start_at_once_get_the_same_secret(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier, found = context.Barrier(8), context.Queue()
    processes = [context.Process(target=_find, args=(tmp_path, barrier, found)) for _ in range(8)]
    for process in processes:
        process.start()
    secrets = {found.get(timeout=30) for _ in processes}
    for process in processes:
        process.join(30)
    assert len(secrets) == 1
    assert [file.name for file in tmp_path.iterdir()] == [SESSIONS]


def test_a_secret_written_meanwhile_by_another_process_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def late(made: Path, path: Path) -> None:
        path.write_text(LONG)
        link(made, path)

    monkeypatch.setattr(os, "link", late)
    assert find_secret(tmp_path, SESSIONS) == LONG.encode()
    assert [file.name for file in tmp_path.iterdir()] == [SESSIONS]


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_secret_that_is_too_short_is_refused_and_not_shown(tmp_path: Path, length: int) -> None:
    (tmp_path / SESSIONS).write_text("s" * length + "\n")
    with pytest.raises(NoSecret, match=r"DATA_DIR: .*too short") as problem:
        find_secret(tmp_path, SESSIONS)
    assert "ss" not in str(problem.value).replace("jwt_secret", "").replace(str(tmp_path), "")
    if length:
        with pytest.raises(NoSecret, match="JWT_SECRET: at least 32"):
            find_secret(tmp_path, SESSIONS, configured="s" * length, variable="JWT_SECRET")


def test_an_unusable_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / SESSIONS).mkdir()
    for folder in (tmp_path / "file", tmp_path / "file" / "below", tmp_path):
        with pytest.raises(NoSecret, match=r"^DATA_DIR: .*JWT_SECRET would do instead$"):
            find_secret(folder, SESSIONS, variable="JWT_SECRET")


def test_a_full_disk_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoSecret, match="No space left"):
        find_secret(tmp_path, SESSIONS)
    assert list(tmp_path.iterdir()) == []


def test_the_start_fails_with_the_same_message(tmp_path: Path) -> None:
    (tmp_path / SESSIONS).write_text("short")
    with pytest.raises(CannotStart, match="too short to be a secret") as problem:
        component(settings(DATA_DIR=tmp_path, JWT_SECRET=""), SystemClock())
    assert problem.value.status == 2


def test_no_secret_is_shown(tmp_path: Path) -> None:
    secret = token_urlsafe(48)
    services = admin_services(settings(DATA_DIR=tmp_path, JWT_SECRET=secret), SystemClock())
    assert secret not in repr(services)
    assert "sandbox-admin" not in repr(services)


def test_each_name_has_a_secret_of_its_own(tmp_path: Path) -> None:
    assert find_secret(tmp_path, OWNERS) != find_secret(tmp_path, SESSIONS)


def test_reading_a_secret_makes_none_and_takes_none_that_is_too_short(tmp_path: Path) -> None:
    assert read_secret(tmp_path / "nowhere", OWNERS) is None
    assert list(tmp_path.iterdir()) == []
    (tmp_path / OWNERS).write_text("s" * 31)
    assert read_secret(tmp_path, OWNERS) is None
    (tmp_path / OWNERS).write_text(LONG + "\n")
    assert read_secret(tmp_path, OWNERS) == find_secret(tmp_path, OWNERS) == LONG.encode()


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_a_secret_that_others_can_change_is_not_used(tmp_path: Path, mode: int) -> None:
    find_secret(tmp_path, OWNERS)
    (tmp_path / OWNERS).chmod(mode)
    with pytest.raises(NoSecret, match=rf"^DATA_DIR: other accounts can change .*{OWNERS}.* chmod 600"):
        find_secret(tmp_path, OWNERS)
