"""What a process uses: CPU and memory."""

import asyncio
import ctypes
import gc
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from core.supervisor import Supervisor

_OWN = Path("/proc/self")
#: seconds between two samples of the memory
SAMPLE_EVERY_S = 0.05


def resources() -> Mapping[str, int | None]:
    """Return what this process has now: its id, memory (trimmed), descriptors, tasks, objects that Python tracks."""
    return {
        "pid": os.getpid(),
        "rss_bytes": trimmed_rss_bytes(),
        "descriptors": descriptors_of(_OWN),
        "tasks": len(asyncio.all_tasks()),
        "objects": len(gc.get_objects()),
    }


def cpu() -> Mapping[str, float]:
    """Return the CPU seconds of this process so far."""
    return {"cpu_s": time.process_time()}


def rss_bytes() -> int:
    """Return the memory of this process that is in RAM now, or the most it ever was where the system does not say."""
    found = rss_bytes_of(_OWN)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if found is None else found


def rss_bytes_of(folder: Path) -> int | None:
    """Return the memory in RAM of the process whose folder in /proc this is; None where the system does not say."""
    try:
        return int((folder / "statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return None


def descriptors_of(folder: Path) -> int | None:
    """Return how many files, sockets and pipes it has open; None where the system does not say."""
    try:
        return len(os.listdir(folder / "fd"))
    except OSError:
        return None


def trimmed_rss_bytes() -> int:
    """Return the same after a garbage collection and after the C library gave its reserve back to the system."""
    gc.collect()
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if give_back is not None:
        give_back(0)
    return rss_bytes()


@asynccontextmanager
async def watched_memory() -> AsyncIterator[dict[str, int]]:
    """Sample the memory until the block ends; yields `start_bytes` and `peak_bytes` of RSS."""
    start = trimmed_rss_bytes()
    seen, tasks = {"start_bytes": start, "peak_bytes": start}, Supervisor()

    async def watch() -> None:
        while True:
            seen["peak_bytes"] = max(seen["peak_bytes"], rss_bytes())
            await asyncio.sleep(SAMPLE_EVERY_S)

    tasks.spawn(watch(), "memory")
    try:
        yield seen
    finally:
        await tasks.close()
