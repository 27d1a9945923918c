"""Admins besides the owners, who are configured in the environment (collection `admins`)."""

from core.admins import Role
from database.collection import Collection
from database.connection import current_database


def _admins() -> Collection:
    return current_database().collection("admins")


async def find_role(user_id: int) -> Role | None:
    """Return the stored role; None for anyone who is no admin, and for a role this version does not know."""
    row = await _admins().find_one({"user_id": user_id}, projection=["role"])
    return Role(row["role"]) if row is not None and row["role"] in Role.__members__.values() else None
