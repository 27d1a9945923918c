"""Which processes have certainly ended, told from what the kernel says on this machine."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from database.owners import has_ended, identify_this_process

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells")

_PRINTS = "import time; from database.owners import identify_this_process as me; print(me(), flush=1);"


def test_a_process_that_runs_has_not_ended() -> None:
    assert identify_this_process()
    assert not has_ended(identify_this_process())


def test_a_killed_process_has_ended_before_and_after_its_parent_takes_notice() -> None:
    with subprocess.Popen([sys.executable, "-c", f"{_PRINTS} time.sleep(600)"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        identity = child.stdout.readline().decode().strip()
        assert not has_ended(identity)
        child.send_signal(signal.SIGKILL)
        # it is a zombie until `wait`
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert has_ended(identity)
        child.wait()
        assert has_ended(identity)


def test_its_number_given_to_another_process_does_not_hide_that_it_has_ended() -> None:
    surroundings, pid, start = identify_this_process().rsplit(" ", 2)
    assert has_ended(f"{surroundings} {pid} {int(start) - 1}")


@pytest.mark.parametrize("unknown", ["", "x", "x y z", "another-boot pid:[1] 999999 5", " ", "- - -1 5"])
def test_in_doubt_it_has_not_ended(unknown: str) -> None:
    assert not has_ended(unknown)


def test_elsewhere_the_same_numbers_mean_nothing() -> None:
    boot, namespace, _, start = identify_this_process().split(" ")
    free = next(pid for pid in range(4_000_000, 5_000_000) if not Path(f"/proc/{pid}").exists())
    assert has_ended(f"{boot} {namespace} {free} {start}")
    assert not has_ended(f"{boot} pid:[1] {free} {start}")
    assert not has_ended(f"{boot[::-1]} {namespace} {free} {start}")
