"""Owners of leases: their names, and which of them have certainly ended.

Only Linux tells enough to know that a process has ended; elsewhere, in another container or on another machine a lease
has to run out.
"""

import os
import secrets
import socket
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = "/proc/self/ns/pid"
#: states of a process that has ended and whose parent has not taken notice yet
_ENDED = ("Z", "X")


def new_owner() -> str:
    """Return a name no other process has: host, process id and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def identify_this_process() -> str:
    """Return boot, pid namespace, pid and start time as one text; "" where they cannot be read."""
    pid = os.getpid()
    surroundings, started = _surroundings(), _state_and_start(pid)
    return f"{surroundings} {pid} {started[1]}" if surroundings and started else ""


def has_ended(process: str) -> bool:
    """Return whether the identified process has certainly ended; False in doubt.

    A process of another user may be invisible in /proc. So only a signal decides that there is none.
    """
    surroundings, pid, start = [*process.rsplit(" ", 2), "", ""][:3]
    if not surroundings or surroundings != _surroundings() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    found = _state_and_start(int(pid))
    return found is not None and (found[0] in _ENDED or found[1] != start)


def _surroundings() -> str:
    """Return where a pid means the same process: this boot and this pid namespace."""
    try:
        return f"{_BOOT.read_text().strip()} {os.readlink(_PID_NAMESPACE)}"
    except (OSError, ValueError):
        return ""


def _state_and_start(pid: int) -> tuple[str, str] | None:
    """Return the state and the start time of a process as the kernel prints them."""
    try:
        # behind the name, which may hold anything: state is field 3 and the start time field 22 (proc_pid_stat(5))
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return None
