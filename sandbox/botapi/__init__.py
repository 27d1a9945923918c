"""The Bot API methods, one module per group. `METHODS` is the strict registry (row 2)."""

from sandbox.botapi import (
    callbacks,
    chats,
    commands,
    copying,
    deleting,
    editing,
    files,
    members,
    pins,
    sending,
    updates,
)
from sandbox.botapi.method import Method

_GROUPS = (callbacks, chats, commands, copying, deleting, editing, files, members, pins, sending, updates)

#: Lower-cased name -> (name as documented, what it does). Names are case-insensitive (BOTAPI §1.1).
METHODS: dict[str, tuple[str, Method]] = {
    name.lower(): (name, method) for group in _GROUPS for name, method in group.METHODS.items()
}
