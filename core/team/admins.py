"""The team: owners of ADMIN_IDS, and the rows of the collection `admins`, where an owner needs a proof."""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

#: how long the link that makes the first owner can be used
CLAIM_HOLDS_FOR = timedelta(hours=24)


class Role(StrEnum):
    """A closed list, from most rights to fewest."""

    OWNER = "owner"
    #: everything but the team, the bots and what earns or stores
    MANAGER = "manager"
    #: posts only
    EDITOR = "editor"


@dataclass(frozen=True, slots=True)
class AdminRow:
    """A row of `admins`, as stored."""

    user_id: int
    #: None: a role this version does not know
    role: Role | None
    #: of an owner: `owner_proof`
    proof: str = field(default="", repr=False)
    #: of an owner by claim: the fingerprint of the link's token
    claimed_with: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """The link that makes the first owner, as stored: never its token."""

    fingerprint: str = field(repr=False)
    expires_at: datetime


class ClaimOutcome(StrEnum):
    """What opening a claim link did."""

    CLAIMED = "claimed"
    #: the person is an owner already
    YOURS = "yours"
    #: these bots have another owner, also: somebody else opened the link first
    HAS_OWNER = "has owner"
    EXPIRED = "expired"
    #: no link of ours, or one replaced by a later start
    UNKNOWN = "unknown"
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class Members:
    """Everyone with a role, at one time."""

    roles: Mapping[int, Role]

    def role_of(self, user_id: int) -> Role | None:
        return self.roles.get(user_id)

    @property
    def owner_ids(self) -> tuple[int, ...]:
        return tuple(sorted(user_id for user_id, role in self.roles.items() if role is Role.OWNER))


def members_of(owner_ids: Collection[int], rows: Sequence[AdminRow], key: bytes | None) -> Members:
    """Return the team: ADMIN_IDS before the rows. A row that says owner without a proof by `key` gives no role."""
    found = {row.user_id: row.role for row in rows if row.role is not None and _is_valid(row, key)}
    return Members(found | dict.fromkeys(owner_ids, Role.OWNER))


def _is_valid(row: AdminRow, key: bytes | None) -> bool:
    if row.role is not Role.OWNER:
        return True
    return key is not None and hmac.compare_digest(row.proof.encode(), owner_proof(key, row.user_id).encode())


def owner_proof(key: bytes, user_id: int) -> str:
    """Return what makes a row of `admins` an owner's. Who can write only the database cannot make it."""
    return hmac.new(key, f"tollgate owner {user_id}".encode(), sha256).hexdigest()


def claim_fingerprint(key: bytes, token: str) -> str:
    """Return what is stored of a claim link's token. Keyed: who can write only the database cannot make a link."""
    return hmac.new(key, f"tollgate claim {token}".encode(), sha256).hexdigest()


def judge_claim(
    claim: ClaimRow | None, members: Members, rows: Sequence[AdminRow], fingerprint: str, user_id: int, now: datetime
) -> ClaimOutcome:
    """Return what a claim would do; CLAIMED when the person may become the owner.

    Exactly at its end a link can still be used.
    """
    if members.role_of(user_id) is Role.OWNER:
        return ClaimOutcome.YOURS
    is_known = claim is not None and hmac.compare_digest(claim.fingerprint, fingerprint)
    was_used = any(hmac.compare_digest(row.claimed_with, fingerprint) for row in rows if row.claimed_with)
    if not is_known and not was_used:
        return ClaimOutcome.UNKNOWN
    if members.owner_ids or claim is None or not is_known:
        return ClaimOutcome.HAS_OWNER if members.owner_ids else ClaimOutcome.UNKNOWN
    return ClaimOutcome.EXPIRED if claim.expires_at < now else ClaimOutcome.CLAIMED
