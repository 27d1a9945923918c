"""A program of ours that writes down at its end what it asked of the database and how long it waited for it.

`python scripts/tethered.py bench.watched FILE PROGRAM [ARGUMENT…]`. Killed, it writes nothing.
"""

import json
import runpy
import sys
import time
from dataclasses import asdict
from pathlib import Path

from pymongo import monitoring

from bench.commands import TimeCommands


def main(file: Path, program: str) -> None:
    listener = TimeCommands()
    monitoring.register(listener)
    try:
        runpy.run_path(program, run_name="__main__")
    finally:
        commands = {name: asdict(waited) for name, waited in listener.waited.items()}
        file.write_text(json.dumps({"cpu_s": time.process_time(), "commands": commands}), encoding="utf-8")


if __name__ == "__main__":
    written = Path(sys.argv[1])
    sys.argv = sys.argv[2:]
    main(written, sys.argv[0])
