"""`tethered.py MODULE [ARGUMENT…]`: run a module of ours until its standard input closes.

A killed launcher cannot end its children, but its end of the pipe closes on every system. Nor can it remove the empty
folder that is their working directory, so they do.
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
#: seconds for an orderly stop after the launcher has ended
END_S = 10.0


def _end_with_the_launcher() -> None:
    # os.read, not sys.stdin: a thread that waits inside sys.stdin breaks the interpreter's shutdown
    while os.read(0, 1024):
        pass
    with suppress(OSError):  # the folder is not empty, or the other child has removed it
        os.rmdir(os.getcwd())
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_S)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_launcher, daemon=True).start()
    sys.path[0] = str(ROOT)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
