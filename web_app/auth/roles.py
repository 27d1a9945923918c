"""The roles of people: owners from the environment, all others from the database."""

from cachetools import TTLCache

from core.admins import Role, role_of
from core.clock import Clock
from database.operations import admin_ops

#: seconds a stored role is cached: a removed admin keeps access for that long
ROLE_HOLDS_S = 5.0
#: people whose stored roles are cached
_ROLES_MAX = 1000


class Roles:
    """Finds the role of a person."""

    def __init__(self, owner_ids: frozenset[int], clock: Clock) -> None:
        self._owner_ids = owner_ids
        #: stored roles in a tuple, because None, no role, is cached too. Not by the wall clock: putting that back would
        #: extend the access of a removed admin
        self._cached: TTLCache[int, tuple[Role | None]] = TTLCache(_ROLES_MAX, ROLE_HOLDS_S, timer=clock.monotonic)

    async def find(self, user_id: int) -> Role | None:
        """Return the role, None for a person without one. Raises StoreUnavailable."""
        if user_id in self._owner_ids:
            return Role.OWNER
        cached = self._cached.get(user_id)
        if cached is None:
            cached = (await admin_ops.find_role(user_id),)
            self._cached[user_id] = cached
        return role_of(user_id, self._owner_ids, cached[0])
