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
    #: as it was when they joined; "": not known
    name: str = ""
    added_by: int | None = None
    added_at: datetime | None = None
    #: the code of the language they chose; "": that of their app
    language: str = ""
    #: the code of their app's language, as it was last; "": not known
    app_language: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a role."""

    user_id: int
    role: Role
    #: "": not known
    name: str = ""
    added_by: int | None = None
    added_at: datetime | None = None
    #: owner by the configuration of the server, which alone can change that
    is_configured: bool = False


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """The link that makes the first owner, as stored: never its token."""

    fingerprint: str = field(repr=False)
    expires_at: datetime


class RoleChange(StrEnum):
    """What changing or ending somebody's role did."""

    DONE = "done"
    #: it was so already
    UNCHANGED = "unchanged"
    #: they are not in the team any more
    GONE = "gone"
    #: somebody else changed the role since it was seen
    SEEN_OTHERWISE = "seen otherwise"
    #: an owner by the configuration of the server
    CONFIGURED = "configured"
    #: the last owner stays
    LAST_OWNER = "last owner"
    #: without the owners' key of DATA_DIR no owner can be made
    NO_KEY = "no key"


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
    #: what is known of their languages: the chosen one, that of the app
    languages: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    def role_of(self, user_id: int) -> Role | None:
        return self.roles.get(user_id)

    @property
    def owner_ids(self) -> tuple[int, ...]:
        return tuple(sorted(user_id for user_id, role in self.roles.items() if role is Role.OWNER))

    def languages_of(self, user_id: int, app_language: str | None = None) -> tuple[str, ...]:
        """Return the codes of languages to be tried for somebody, in order: theirs, then the owners'.

        `app_language`: what the update at hand says; None: as it was last.
        """
        chosen, known = self.languages.get(user_id, ("", ""))
        tried = (chosen, app_language or known, *self.owner_languages)
        return tuple(dict.fromkeys(code for code in tried if code))

    @property
    def owner_languages(self) -> tuple[str, ...]:
        """The codes of the owners' languages: those that were chosen before those of their apps."""
        known = [self.languages[owner] for owner in self.owner_ids if owner in self.languages]
        return tuple(code for codes in zip(*known, strict=True) for code in codes if code)


def members_of(owner_ids: Collection[int], rows: Sequence[AdminRow], key: bytes | None) -> Members:
    """Return the team: ADMIN_IDS before the rows. A row that says owner without a proof by `key` gives no role."""
    found = {row.user_id: row.role for row in rows if row.role is not None and _is_valid(row, key)}
    roles = found | dict.fromkeys(owner_ids, Role.OWNER)
    return Members(roles, {row.user_id: (row.language, row.app_language) for row in rows if row.user_id in roles})


def listed(owner_ids: Collection[int], rows: Sequence[AdminRow], members: Members) -> list[Member]:
    """Return the team with what is known of each: owners first, then managers and editors, each by name."""
    known = {row.user_id: row for row in rows}
    found = []
    for user_id, role in members.roles.items():
        row = known.get(user_id) or AdminRow(user_id, role)
        found.append(Member(user_id, role, row.name, row.added_by, row.added_at, user_id in owner_ids))
    order = list(Role)
    return sorted(found, key=lambda one: (order.index(one.role), one.name.casefold(), one.user_id))


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
