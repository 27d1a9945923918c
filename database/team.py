"""Who has which role now, for every process."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from core.clock import Clock
from core.errors import TollgateError
from core.ids import new_token
from core.team.admins import (
    CLAIM_HOLDS_FOR,
    AdminRow,
    ClaimOutcome,
    Member,
    Members,
    Role,
    RoleChange,
    claim_fingerprint,
    judge_claim,
    listed,
    members_of,
    owner_proof,
)
from core.team.invitations import (
    INVITATION_HOLDS_FOR,
    Invitation,
    JoinOutcome,
    invitation_fingerprint,
    judge_invitation,
)
from core.users import is_banned
from database.operations import admin_ops, user_ops
from database.operations.team import invitation_ops, open_session_ops
from database.shared_read import KEPT_FOR

#: characters of a language's code; longer ones are no codes
LANGUAGE_MAX = 35


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
        #: of members, as they wrote last to this process; those of the configuration have no row with a name
        self._names: dict[int, str] = {}
        #: of the last read that succeeded, for alerts while the database is away
        self._last_known = members_of(self._owner_ids, (), None)
        #: when a read failed last: somebody to be told of an outage does not wait for the next failure
        self._failed_at: datetime | None = None

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

    async def role_now(self, user_id: int) -> Role | None:
        """Return the role as stored at this moment, for what changes something. Raises as `role_of`."""
        if user_id in self._owner_ids:
            return Role.OWNER
        return members_of(self._owner_ids, await admin_ops.load(), self._key).role_of(user_id)

    async def owner_ids(self) -> tuple[int, ...]:
        """Return the owners; those last known while the database is away. Raises nothing of ours."""
        return (await self._known()).owner_ids

    async def languages_of(self, user_id: int, app_language: str | None = None) -> tuple[str, ...]:
        """Return the codes of languages to be tried for somebody, in order: theirs, then the owners'.

        `app_language`: what the update at hand says. As `owner_ids` while the database is away. Raises nothing of ours.
        """
        return (await self._known()).languages_of(user_id, app_language)

    async def owner_languages(self) -> tuple[str, ...]:
        """Return the codes of the owners' languages, in order. As `owner_ids` while the database is away."""
        return (await self._known()).owner_languages

    async def chosen_language(self, user_id: int) -> str:
        """Return the code of the language a member chose, "" for that of their app. Raises StoreUnavailable."""
        return (await self.members()).languages.get(user_id, ("", ""))[0]

    async def choose_language(self, user_id: int, code: str) -> None:
        """Store the language a member chose, "" for that of their app. Raises StoreUnavailable."""
        await admin_ops.set_language(user_id, code)

    async def note_app_language(self, user_id: int, code: str | None) -> None:
        """Store the language of a member's app where it is another one; what is sent without a press needs it.

        Raises StoreUnavailable.
        """
        shown = (code or "")[:LANGUAGE_MAX]
        if shown and (await self.members()).languages.get(user_id, ("", ""))[1] != shown:
            await admin_ops.set_app_language(user_id, shown)

    async def _known(self) -> Members:
        """Return the members; those last known while the database is away."""
        now = self._clock.now()
        if self._failed_at is not None and timedelta() <= now - self._failed_at < KEPT_FOR:
            return self._last_known
        try:
            return await self.members()
        except TollgateError:
            self._failed_at = now
            return self._last_known

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

    # members

    async def listed(self) -> list[Member]:
        """Return everyone with a role and what is known of them, as stored now. Raises StoreUnavailable."""
        rows = await admin_ops.load()
        members = members_of(self._owner_ids, rows, self._key)
        return [
            replace(one, name=self._names.get(one.user_id, one.name)) for one in listed(self._owner_ids, rows, members)
        ]

    async def name_of(self, user_id: int) -> str:
        """Return what a member is called; "" when that is not known. Raises StoreUnavailable."""
        return next((member.name for member in await self.listed() if member.user_id == user_id), "")

    def remember_name(self, user_id: int, name: str) -> None:
        """Note what a member calls themselves now, for this process."""
        self._names[user_id] = name

    async def set_role(self, user_id: int, role: Role, seen: Role | None = None) -> RoleChange:
        """Change a member's role, from the next press on; with `seen` only from that one. Raises StoreUnavailable.

        Of two owners who take each other's role at once neither succeeds.
        """
        before = await self._changeable(user_id, seen)
        if isinstance(before, RoleChange):
            return before
        if before.role is role:
            return RoleChange.UNCHANGED
        key = self._key
        if role is Role.OWNER and key is None:
            return RoleChange.NO_KEY
        proof = owner_proof(key, user_id) if role is Role.OWNER and key is not None else ""
        if not await admin_ops.set_role(user_id, role, proof, seen):
            return RoleChange.GONE if seen is None else RoleChange.SEEN_OTHERWISE
        return await self._with_an_owner(before)

    async def remove(self, user_id: int, seen: Role | None = None) -> RoleChange:
        """End a member's role, from the next press on. Raises StoreUnavailable. As `set_role` for the last owner."""
        before = await self._changeable(user_id, seen)
        if isinstance(before, RoleChange):
            return before
        # before the row: with an invitation that counts as interrupted they would join again
        await invitation_ops.forget_used_by(user_id)
        if not await admin_ops.remove(user_id, seen):
            return RoleChange.GONE if seen is None else RoleChange.SEEN_OTHERWISE
        change = await self._with_an_owner(before)
        if change is RoleChange.DONE:
            # without a role they open nothing; one given again today would bring them back
            await open_session_ops.end_all(user_id, self._clock.now())
        return change

    async def _changeable(self, user_id: int, seen: Role | None) -> AdminRow | RoleChange:
        """Return the valid row of a member whose role can be changed here, or why it cannot."""
        if user_id in self._owner_ids:
            return RoleChange.CONFIGURED
        rows = await admin_ops.load()
        members = members_of(self._owner_ids, rows, self._key)
        row = next((row for row in rows if row.user_id == user_id), None)
        if row is None or members.role_of(user_id) is None:
            return RoleChange.GONE
        if seen is not None and row.role is not seen:
            return RoleChange.SEEN_OTHERWISE
        return RoleChange.LAST_OWNER if members.owner_ids == (user_id,) else row

    async def _with_an_owner(self, before: AdminRow) -> RoleChange:
        """Put the row of before back when the change has left the bots without an owner."""
        if members_of(self._owner_ids, await admin_ops.load(), self._key).owner_ids:
            return RoleChange.DONE
        await admin_ops.put_back(before)
        return RoleChange.LAST_OWNER

    # invitations

    async def invite(self, role: Role, invited_by: int, user_id: int | None = None, name: str = "") -> str:
        """Store an invitation and return its token. `user_id`: whom it is for, None for whoever opens it first."""
        now, token = self._clock.now(), new_token()
        await invitation_ops.delete_expired(now - INVITATION_HOLDS_FOR)
        await invitation_ops.add(
            Invitation(
                fingerprint=invitation_fingerprint(token),
                role=role,
                user_id=user_id,
                name=name,
                invited_by=invited_by,
                expires_at=now + INVITATION_HOLDS_FOR,
            )
        )
        return token

    async def join(self, user_id: int, name: str, token: str) -> tuple[JoinOutcome, Role | None]:
        """Give the person the role of an invitation, once; returns the outcome and the role they have now.

        Atomic among processes; after a crash the same person can open it again. Raises StoreUnavailable.
        """
        now, fingerprint = self._clock.now(), invitation_fingerprint(token)
        role = await self.role_of(user_id)
        invitation = await invitation_ops.find(fingerprint)
        outcome = judge_invitation(invitation, user_id, role, now)
        if outcome is not JoinOutcome.JOINED or invitation is None:
            return outcome, role
        user = await user_ops.find(user_id)
        if user is not None and is_banned(user, now):
            return JoinOutcome.BANNED, None
        if not await invitation_ops.take(fingerprint, user_id, now):
            return JoinOutcome.USED, None
        for row in await admin_ops.load():
            # of another installation: it gives no role, and would keep its place
            if row.user_id == user_id and row.proof:
                await admin_ops.forget_proof(user_id, row.proof)
        await admin_ops.add_member(user_id, invitation.role, name, invitation.invited_by, now)
        await invitation_ops.forget_used_by(user_id)
        return JoinOutcome.JOINED, invitation.role
