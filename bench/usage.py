"""What a measured process knows of itself: CPU, memory, commands, time in the store."""

import ctypes
import gc
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bench.commands import CountCommands, as_commands
from database.collection import Collection
from database.connection import Database

_STATM = Path("/proc/self/statm")
_NOBODY = "no database"


class StoreTime:
    """CPU seconds inside calls of the in-memory store, which answers without ever waiting."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """`call`, its time added up."""

        async def timed_call(*arguments: Any) -> Any:
            started = time.thread_time()
            try:
                return await call(*arguments)
            finally:
                self.seconds += time.thread_time() - started

        return timed_call


#: what every call of a collection goes through
STORE_CALL = (Collection, "_call")


def rss_bytes() -> int:
    """The memory of this process that is in RAM now; where the system does not tell, the most it ever was."""
    if _STATM.exists():
        return int(_STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def trimmed_rss_bytes() -> int:
    """The same after garbage collection, with what the C library holds in reserve given back to the system."""
    gc.collect()
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if give_back is not None:
        give_back(0)
    return rss_bytes()


def live_bytes() -> int:
    """The size of every Python object alive that the garbage collector can reach, in bytes; takes seconds."""
    gc.collect()
    waiting, seen, size = gc.get_objects(), set[int](), 0
    while waiting:
        found = waiting.pop()
        if id(found) not in seen:
            seen.add(id(found))
            size += sys.getsizeof(found, 0)
            waiting += gc.get_referents(found)
    return size


def usage(database: Database | None, listener: CountCommands | None, store: StoreTime) -> dict[str, Any]:
    """The fields of `bench.subject.Usage`."""
    if database is None:
        counts, counted_by = {}, _NOBODY
    elif database.is_memory or listener is None:
        counts, counted_by = as_commands(database.calls), "Database.calls"
    else:
        counts, counted_by = dict(listener.counts), "pymongo's command listener"
    return {
        "cpu_s": time.process_time(),
        "store_s": store.seconds,
        "rss_bytes": rss_bytes(),
        "commands": counts,
        "counted_by": counted_by,
    }
