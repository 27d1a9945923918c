"""The Bot API methods, one module per group. A method that is not in `METHODS` is answered with 404 (row 2)."""

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
    profile,
    sending,
    updates,
)
from sandbox.botapi.method import Method

_GROUPS = (callbacks, chats, commands, copying, deleting, editing, files, members, pins, profile, sending, updates)

#: Lower-cased name -> (documented name, implementation). Names are case-insensitive (BOTAPI §1.1).
METHODS: dict[str, tuple[str, Method]] = {
    name.lower(): (name, method) for group in _GROUPS for name, method in group.METHODS.items()
}
