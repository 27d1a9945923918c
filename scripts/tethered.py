"""`tethered.py MODULE [ARGUMENT…]`: run a module of ours until its standard input closes.

A killed launcher cannot end its children, but its end of the pipe closes on every system. Nor can it remove the
folder that is their working directory, so they do when they end.
"""

import atexit
import os
import runpy
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

#: the working directory, and how the demo's begins: no other is ever removed
FOLDER, DEMO_PREFIX = Path.cwd(), "tollgate-demo-"
ROOT = Path(__file__).resolve().parent.parent
#: seconds for an orderly stop after the launcher has ended
END_S = 10.0


def _end_with_the_launcher() -> None:
    # os.read, not sys.stdin: a thread that waits inside sys.stdin breaks the interpreter's shutdown
    while os.read(0, 1024):
        pass
    if FOLDER.name.startswith(DEMO_PREFIX):
        # at the very end, when nothing writes there any more: the child that ends last leaves nothing
        atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_S)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_launcher, daemon=True).start()
    sys.path[0] = str(ROOT)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
