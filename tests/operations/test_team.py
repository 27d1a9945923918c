"""Members and invitations: who joins, once; who changes; and that an owner is left."""

import asyncio
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.team.admins import Role, RoleChange, owner_proof
from core.team.invitations import INVITATION_HOLDS_FOR, JoinOutcome, invitation_fingerprint
from database.connection import Database
from database.operations import admin_ops, user_ops
from database.operations.team import invitation_ops
from database.team import Team
from tests.operations.conftest import away_after

KEY = b"k" * 32
OLIVE, BOB, EVA = 501, 502, 503


@pytest.fixture
def team(db: Database, clock: ManualClock) -> Team:
    """The team of a process; Olive is its owner by the configuration."""
    return Team((OLIVE,), lambda: KEY, clock)


async def add_owner(user_id: int, clock: ManualClock) -> None:
    await admin_ops.add_member(user_id, Role.OWNER, "", user_id, clock.now())
    await admin_ops.set_role(user_id, Role.OWNER, owner_proof(KEY, user_id))


async def test_who_opens_an_invitation_has_its_role_from_then_on(team: Team) -> None:
    token = await team.invite(Role.EDITOR, OLIVE)
    assert await team.join(BOB, "Bob", token) == (JoinOutcome.JOINED, Role.EDITOR)
    assert await team.role_of(BOB) is Role.EDITOR
    (olive, bob) = await team.listed()
    assert (olive.user_id, olive.is_configured) == (OLIVE, True)
    assert (bob.name, bob.role, bob.added_by) == ("Bob", Role.EDITOR, OLIVE)


async def test_of_a_hundred_who_open_one_link_one_joins(team: Team) -> None:
    token = await team.invite(Role.MANAGER, OLIVE)
    answers = await asyncio.gather(*(team.join(1000 + i, "", token) for i in range(100)))
    assert [outcome for outcome, _ in answers].count(JoinOutcome.JOINED) == 1
    assert len(await team.listed()) == 2


async def test_an_invitation_ends_after_a_day_and_not_at_the_instant_itself(team: Team, clock: ManualClock) -> None:
    first, second = await team.invite(Role.EDITOR, OLIVE), await team.invite(Role.EDITOR, OLIVE)
    clock.move(INVITATION_HOLDS_FOR)
    assert (await team.join(BOB, "", first))[0] is JoinOutcome.JOINED
    clock.move(timedelta(milliseconds=1))
    assert (await team.join(EVA, "", second))[0] is JoinOutcome.EXPIRED


async def test_an_invitation_for_somebody_is_nobody_elses(team: Team) -> None:
    token = await team.invite(Role.EDITOR, OLIVE, BOB, "Bob")
    assert (await team.join(EVA, "", token))[0] is JoinOutcome.NOT_YOURS
    assert (await team.join(BOB, "", token))[0] is JoinOutcome.JOINED


async def test_unknown_cancelled_and_used_invitations_give_no_role(team: Team) -> None:
    cancelled, used = await team.invite(Role.EDITOR, OLIVE), await team.invite(Role.EDITOR, OLIVE)
    assert await invitation_ops.cancel(invitation_fingerprint(cancelled))
    await team.join(BOB, "", used)
    for token in ("x" * 32, cancelled, used):
        assert (await team.join(EVA, "", token))[0] is JoinOutcome.UNKNOWN
    assert await team.role_of(EVA) is None


async def test_a_row_that_invites_an_owner_is_no_invitation(team: Team) -> None:
    token = await team.invite(Role.OWNER, OLIVE)
    assert (await team.join(EVA, "", token))[0] is JoinOutcome.UNKNOWN


async def test_a_banned_subscriber_does_not_join_and_the_link_stays(team: Team, clock: ManualClock) -> None:
    await user_ops.ban(BOB, clock.now(), reason=None, until=None)
    token = await team.invite(Role.EDITOR, OLIVE)
    assert (await team.join(BOB, "", token))[0] is JoinOutcome.BANNED
    assert (await team.join(EVA, "", token))[0] is JoinOutcome.JOINED


async def test_a_member_keeps_their_role_and_the_link(team: Team) -> None:
    await team.join(BOB, "", await team.invite(Role.MANAGER, OLIVE))
    token = await team.invite(Role.EDITOR, OLIVE)
    assert await team.join(BOB, "", token) == (JoinOutcome.IS_MEMBER, Role.MANAGER)
    assert (await team.join(EVA, "", token))[0] is JoinOutcome.JOINED


@pytest.mark.parametrize("calls", range(3, 7))
async def test_a_join_that_was_interrupted_is_gone_on_with_by_the_same_person(
    db: Database, team: Team, calls: int
) -> None:
    token = await team.invite(Role.EDITOR, OLIVE)
    db.before_call = away_after(calls)
    with pytest.raises(StoreUnavailable):
        await team.join(BOB, "Bob", token)
    db.before_call = None
    assert (await team.join(BOB, "Bob", token))[0] in (JoinOutcome.JOINED, JoinOutcome.IS_MEMBER)
    assert await team.role_of(BOB) is Role.EDITOR


async def test_who_was_removed_does_not_join_again_by_the_old_link(db: Database, team: Team) -> None:
    token = await team.invite(Role.EDITOR, OLIVE)
    await team.join(BOB, "Bob", token)
    # as a crash behind the new row would leave it
    await db.collection("invitations").insert_one(
        {
            "fingerprint": invitation_fingerprint(token),
            "role": "editor",
            "invited_by": OLIVE,
            "expires_at": team._clock.now() + timedelta(hours=1),
            "used_by": BOB,
        }
    )
    assert await team.remove(BOB) is RoleChange.DONE
    assert (await team.join(BOB, "Bob", token))[0] is JoinOutcome.UNKNOWN
    assert await team.role_of(BOB) is None


async def test_a_role_changes_from_the_next_press_on_and_an_owners_has_a_proof(team: Team) -> None:
    await team.join(BOB, "Bob", await team.invite(Role.EDITOR, OLIVE))
    assert await team.set_role(BOB, Role.OWNER) is RoleChange.DONE
    assert await team.role_of(BOB) is Role.OWNER
    assert await team.set_role(BOB, Role.OWNER) is RoleChange.UNCHANGED
    assert await team.set_role(BOB, Role.MANAGER) is RoleChange.DONE
    # the proof is gone as well: the word alone would make nobody an owner again
    await admin_ops.set_role(BOB, Role.OWNER)
    assert await team.role_of(BOB) is None


async def test_without_a_key_nobody_becomes_an_owner(db: Database, clock: ManualClock) -> None:
    team = Team((OLIVE,), lambda: None, clock)
    await team.join(BOB, "Bob", await team.invite(Role.EDITOR, OLIVE))
    assert await team.set_role(BOB, Role.OWNER) is RoleChange.NO_KEY
    assert await team.role_of(BOB) is Role.EDITOR


async def test_owners_of_the_configuration_and_strangers_cannot_be_changed(team: Team) -> None:
    for change in (team.set_role(OLIVE, Role.EDITOR), team.remove(OLIVE)):
        assert await change is RoleChange.CONFIGURED
    for change in (team.set_role(EVA, Role.EDITOR), team.remove(EVA)):
        assert await change is RoleChange.GONE


async def test_the_last_owner_stays_also_when_two_remove_each_other(db: Database, clock: ManualClock) -> None:
    team = Team((), lambda: KEY, clock)
    await add_owner(BOB, clock)
    assert await team.remove(BOB) is RoleChange.LAST_OWNER
    assert await team.set_role(BOB, Role.EDITOR) is RoleChange.LAST_OWNER
    await add_owner(EVA, clock)
    await asyncio.gather(team.remove(EVA), team.remove(BOB))
    assert (await team.members()).owner_ids != ()


async def test_of_two_owners_who_remove_each_other_at_once_both_stay(
    db: Database, clock: ManualClock, step_in: object
) -> None:
    team, other = Team((), lambda: KEY, clock), Team((), lambda: KEY, clock)
    await add_owner(BOB, clock)
    await add_owner(EVA, clock)
    step_in("admins", "delete_one", lambda: admin_ops.remove(BOB))  # type: ignore[operator]
    assert await team.remove(EVA) is RoleChange.LAST_OWNER
    assert (await other.members()).owner_ids == (EVA,)


async def test_a_row_with_a_proof_that_is_not_valid_makes_room_for_the_invitation(
    db: Database, team: Team, clock: ManualClock
) -> None:
    await db.collection("admins").insert_one({"user_id": BOB, "role": "owner", "proof": "of another installation"})
    assert (await team.join(BOB, "Bob", await team.invite(Role.EDITOR, OLIVE)))[0] is JoinOutcome.JOINED
    assert await team.role_of(BOB) is Role.EDITOR
