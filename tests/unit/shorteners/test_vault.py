"""Keys are encrypted with the key of one file, shared by all processes with the same DATA_DIR."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from shorteners.vault import NAME, NoVault, fleeting_vault, open_vault

KEY = SecretStr("3f9a1c0b7d2e48569a0b1c2d3e4f5a6b7c8d9e0f")


def _seal(folder: Path, barrier: "multiprocessing.synchronize.Barrier", found: "multiprocessing.Queue[str]") -> None:
    barrier.wait(30)
    found.put(open_vault(folder).seal(KEY))


def test_a_key_comes_back_after_a_restart(tmp_path: Path) -> None:
    sealed = open_vault(tmp_path / "deep" / "data").seal(KEY)

    assert KEY.get_secret_value() not in sealed
    assert open_vault(tmp_path / "deep" / "data").unseal(sealed) == KEY


def test_the_same_key_never_looks_the_same(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    assert vault.seal(KEY) != vault.seal(KEY)


def test_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    open_vault(tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.name == NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_at_once_share_one_file(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier, found = context.Barrier(8), context.Queue()
    processes = [context.Process(target=_seal, args=(tmp_path, barrier, found)) for _ in range(8)]
    for process in processes:
        process.start()
    sealed = [found.get(timeout=30) for _ in processes]
    for process in processes:
        process.join(30)
    vault = open_vault(tmp_path)
    assert [vault.unseal(one) for one in sealed] == [KEY] * 8
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


def test_a_key_sealed_with_another_file_cannot_be_read(tmp_path: Path) -> None:
    sealed = open_vault(tmp_path / "one").seal(KEY)
    assert open_vault(tmp_path / "two").unseal(sealed) is None


@pytest.mark.parametrize("sealed", ["", "nonsense", "gAAAAAB"])
def test_what_was_never_sealed_cannot_be_read(tmp_path: Path, sealed: str) -> None:
    assert open_vault(tmp_path).unseal(sealed) is None


@pytest.mark.parametrize("content", ["", "too short", "ä" * 44, "*" * 44])
def test_a_file_that_is_no_key_is_kept_and_named(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)

    vault = open_vault(tmp_path)

    assert vault.problem.startswith("DATA_DIR: ")
    assert "holds no key" in vault.problem
    assert vault.unseal("x") is None
    with pytest.raises(NoVault, match="holds no key"):
        vault.seal(KEY)
    assert (tmp_path / NAME).read_text() == content


def test_a_folder_that_cannot_be_made_is_a_problem_of_sealing_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    vault = open_vault(tmp_path / "file")
    assert "cannot be read or made" in vault.problem
    with pytest.raises(NoVault):
        vault.seal(KEY)


def test_a_file_written_meanwhile_by_another_process_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = (open_vault(tmp_path / "theirs"), (tmp_path / "theirs" / NAME).read_bytes())
    link = os.link

    def late(made: Path, path: Path) -> None:
        path.write_bytes(theirs[1])
        link(made, path)

    monkeypatch.setattr(os, "link", late)
    assert open_vault(tmp_path / "ours").unseal(theirs[0].seal(KEY)) == KEY


def test_a_vault_without_a_file_is_the_same_for_both_bots_and_another_for_others() -> None:
    sealed = fleeting_vault("1002:token").seal(KEY)
    assert fleeting_vault("1002:token").unseal(sealed) == KEY
    assert fleeting_vault("1003:token").unseal(sealed) is None


def test_a_file_that_others_can_change_is_not_used(tmp_path: Path) -> None:
    sealed = open_vault(tmp_path).seal(SecretStr("a-key-of-a-shortener"))
    (tmp_path / NAME).chmod(0o666)
    vault = open_vault(tmp_path)
    assert vault.unseal(sealed) is None
    assert "other accounts can change" in vault.problem
    (tmp_path / NAME).chmod(0o600)
    assert open_vault(tmp_path).unseal(sealed) == SecretStr("a-key-of-a-shortener")
