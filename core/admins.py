"""Roles of admins. Owners are configured in ADMIN_IDS, managers and editors stored in the collection `admins`."""

from collections.abc import Collection
from enum import StrEnum


class Role(StrEnum):
    """A closed list, from most rights to fewest."""

    OWNER = "owner"
    #: everything but appointing admins
    MANAGER = "manager"
    #: posts only
    EDITOR = "editor"


#: roles that may see the admin page and start jobs
OPERATORS = frozenset({Role.OWNER, Role.MANAGER})


def role_of(user_id: int, owner_ids: Collection[int], stored: Role | None) -> Role | None:
    """Return the role: that of the environment before the stored one; None for anyone who is no admin."""
    return Role.OWNER if user_id in owner_ids else stored
