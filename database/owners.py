"""Names for the owners of leases."""

import os
import secrets
import socket


def new_owner() -> str:
    """Return a name no other process has: host, process id and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
