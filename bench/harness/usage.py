"""What a process uses: CPU and memory."""

import asyncio
import ctypes
import gc
import resource
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from core.supervisor import Supervisor

_STATM = Path("/proc/self/statm")
#: seconds between two samples of the memory
SAMPLE_EVERY_S = 0.05


def cpu() -> Mapping[str, float]:
    """Return the CPU seconds of this process so far."""
    return {"cpu_s": time.process_time()}


def rss_bytes() -> int:
    """Return the memory of this process that is in RAM now, or the most it ever was where the system does not say."""
    if _STATM.exists():
        return int(_STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


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
