"""Who has which role now, for every process."""

from collections.abc import Callable, Collection
from datetime import datetime

from core.clock import Clock
from core.errors import TollgateError
from core.ids import new_token
from core.team.admins import (
    CLAIM_HOLDS_FOR,
    ClaimOutcome,
    Members,
    Role,
    claim_fingerprint,
    judge_claim,
    members_of,
    owner_proof,
)
from core.users import is_banned
from database.operations import admin_ops, user_ops


class Team:
    """ADMIN_IDS and the collection `admins`; a change by another process is seen after at most five seconds.

    `find_key` returns the owners' key of DATA_DIR; None while there is none: stored owners are no owners then. It is
    asked until it returns one.
    """

    def __init__(self, owner_ids: Collection[int], find_key: Callable[[], bytes | None], clock: Clock) -> None:
        self._owner_ids = frozenset(owner_ids)
        self._find_key = find_key
        self._found_key: bytes | None = None
        self._clock = clock
        #: of the last read that succeeded, for alerts while the database is away
        self._last_known = members_of(self._owner_ids, (), None)

    @property
    def _key(self) -> bytes | None:
        if self._found_key is None:
            self._found_key = self._find_key()
        return self._found_key

    async def members(self) -> Members:
        """Return everyone with a role. Raises StoreUnavailable."""
        rows = await admin_ops.current(self._clock.now())
        self._last_known = members_of(self._owner_ids, rows, self._key)
        return self._last_known

    async def role_of(self, user_id: int) -> Role | None:
        """Return the role; None for anyone outside the team. Raises StoreUnavailable, not for those of ADMIN_IDS."""
        if user_id in self._owner_ids:
            return Role.OWNER
        return (await self.members()).role_of(user_id)

    async def owner_ids(self) -> tuple[int, ...]:
        """Return the owners; those last known while the database is away. Raises nothing of ours."""
        try:
            return (await self.members()).owner_ids
        except TollgateError:
            return self._last_known.owner_ids

    async def issue_claim(self) -> str | None:
        """Store a new link for the first owner and return its token; None when there is an owner or no key.

        An earlier link stops in both cases. Raises StoreUnavailable.
        """
        key = self._key
        members = members_of(self._owner_ids, await admin_ops.load(), key)
        if members.owner_ids or key is None:
            await admin_ops.withdraw_claim()
            return None
        token = new_token()
        await admin_ops.issue_claim(claim_fingerprint(key, token), self._clock.now() + CLAIM_HOLDS_FOR)
        return token

    async def claim(self, user_id: int, token: str) -> ClaimOutcome:
        """Make the person the first owner, if the link is good; atomic among processes. Raises StoreUnavailable."""
        key = self._key
        if key is None:
            return ClaimOutcome.UNKNOWN
        now, fingerprint = self._clock.now(), claim_fingerprint(key, token)
        outcome = await self._judge_claim(user_id, fingerprint, now)
        if outcome is not ClaimOutcome.CLAIMED:
            return outcome
        user = await user_ops.find(user_id)
        if user is not None and is_banned(user, now):
            return ClaimOutcome.BANNED
        is_owner = await admin_ops.become_owner(user_id, fingerprint, owner_proof(key, user_id), now)
        # somebody was faster: another person, or this one with a second press
        return ClaimOutcome.CLAIMED if is_owner else await self._judge_claim(user_id, fingerprint, now)

    async def _judge_claim(self, user_id: int, fingerprint: str, now: datetime) -> ClaimOutcome:
        # the link first: one issued after the rows were read is not found by its fingerprint
        claim, rows = await admin_ops.find_claim(), await admin_ops.load()
        return judge_claim(claim, members_of(self._owner_ids, rows, self._key), rows, fingerprint, user_id, now)
