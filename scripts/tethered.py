"""`tethered.py MODULE [ARGUMENT…]`: run a module of ours that ends when whoever holds our standard input ends.

A killed launcher cannot end its children; its end of the pipe closes all the same, on every system. Nor can it remove
the empty folder it has them stand in; they do.
"""

import os
import runpy
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: seconds an orderly stop gets when the launcher is gone
END_S = 10.0


def _end_with_the_launcher() -> None:
    # os.read, not sys.stdin: a thread that waits inside sys.stdin breaks the interpreter's shutdown
    while os.read(0, 1024):
        pass
    with suppress(OSError):  # not empty, or the other child was first
        os.rmdir(os.getcwd())
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_S)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_launcher, daemon=True).start()
    sys.path[0] = str(ROOT)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
