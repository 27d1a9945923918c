"""Admins besides the owners, who stand in the environment."""

from core.admins import Role
from database.collection import Collection
from database.connection import current_database


def _admins() -> Collection:
    return current_database().collection("admins")


async def find_role(user_id: int) -> Role | None:
    """The stored role of a person; None for a stranger, and for a role this version does not know."""
    row = await _admins().find_one({"user_id": user_id}, projection=["role"])
    return Role(row["role"]) if row is not None and row["role"] in Role.__members__.values() else None
