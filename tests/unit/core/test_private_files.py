"""Private folders and files are private from the first moment, whatever the umask."""

import os
import stat
from pathlib import Path

import pytest

from core.private_files import is_changeable_by_others, is_open_to_others, make_private_folder, write_once


@pytest.fixture(autouse=True, params=[0, 0o077])
def umask(request: pytest.FixtureRequest) -> None:
    before = os.umask(request.param)
    request.addfinalizer(lambda: os.umask(before))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_and_those_above_it_are_made_for_this_account_only(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    there.chmod(0o755)
    for _ in range(2):
        make_private_folder(there / "data" / "backups")
    assert [mode_of(folder) for folder in (there / "data", there / "data" / "backups", there)] == [0o700, 0o700, 0o755]


def test_a_file_is_written_once_and_overwrites_none(tmp_path: Path) -> None:
    path = tmp_path / "data" / "key"
    write_once(path, b"first")
    write_once(path, b"second")
    assert (path.read_bytes(), mode_of(path), list(path.parent.iterdir())) == (b"first", 0o600, [path])


def test_what_others_may_do_is_read_from_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    found = []
    for mode in (0o600, 0o644, 0o620):
        path.chmod(mode)
        found.append((is_open_to_others(path), is_changeable_by_others(path)))
    assert found == [(False, False), (True, False), (True, True)]
    assert not is_open_to_others(tmp_path / "nowhere")
