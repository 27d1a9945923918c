"""Who may do what. Owners stand in ADMIN_IDS; managers and editors in the collection `admins`."""

from collections.abc import Collection
from enum import StrEnum


class Role(StrEnum):
    """A closed list, from the most to the least."""

    OWNER = "owner"
    #: everything but naming admins
    MANAGER = "manager"
    #: posts only
    EDITOR = "editor"


#: who may see the admin page and start jobs
OPERATORS = frozenset({Role.OWNER, Role.MANAGER})


def role_of(user_id: int, owner_ids: Collection[int], stored: Role | None) -> Role | None:
    """The role of a person: the environment before the database; None for a stranger."""
    return Role.OWNER if user_id in owner_ids else stored
