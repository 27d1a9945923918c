"""The stored team and the first owner: roles, the claim link, and everything that is no owner."""

import asyncio
from datetime import timedelta

import pytest

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.payloads import claim_payload, claim_token
from core.team.admins import CLAIM_HOLDS_FOR, ClaimOutcome, Role, owner_proof
from database.connection import Database
from database.operations import admin_ops, user_ops
from database.team import Team
from tests.operations.conftest import away_after

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
OLIVE, BOB = 501, 503
CLAIMED, YOURS, HAS_OWNER = ClaimOutcome.CLAIMED, ClaimOutcome.YOURS, ClaimOutcome.HAS_OWNER


def team(clock: ManualClock, *owner_ids: int, key: bytes | None = KEY) -> Team:
    """The team as a process that starts now sees it."""
    return Team(owner_ids, lambda: key, clock)


async def issued(house: Team) -> str:
    token = await house.issue_claim()
    assert token is not None
    return token


async def add(db: Database, user_id: int, role: str, **more: str) -> None:
    await db.collection("admins").insert_one({"user_id": user_id, "role": role, **more})


async def test_the_link_makes_one_owner_for_good(db: Database, clock: ManualClock) -> None:
    house = team(clock)
    assert await house.owner_ids() == ()
    assert await house.claim(OLIVE, await issued(house)) is CLAIMED
    assert (await house.role_of(OLIVE), await house.owner_ids()) == (Role.OWNER, (OLIVE,))
    # after a restart, too; no further link is printed
    again = team(clock)
    assert await again.owner_ids() == (OLIVE,)
    assert await again.issue_claim() is None


async def test_a_link_used_twice_makes_no_second_owner(db: Database, clock: ManualClock) -> None:
    house = team(clock)
    token = await issued(house)
    await house.claim(OLIVE, token)
    assert await house.claim(OLIVE, token) is YOURS
    assert await house.claim(BOB, token) is HAS_OWNER
    assert await house.owner_ids() == (OLIVE,)
    assert await db.collection("admins").count({}) == 1


async def test_of_two_people_and_two_processes_at_once_one_becomes_the_owner(db: Database, clock: ManualClock) -> None:
    first, second = team(clock), team(clock)
    token = await issued(first)
    outcomes = await asyncio.gather(
        first.claim(OLIVE, token), second.claim(BOB, token), second.claim(OLIVE, token), first.claim(BOB, token)
    )
    assert outcomes.count(CLAIMED) == 1
    assert len(await team(clock).owner_ids()) == 1


async def test_the_second_press_of_the_new_owner_leaves_the_row_alone(db: Database, clock: ManualClock) -> None:
    house = team(clock)
    token = await issued(house)
    await house.claim(OLIVE, token)
    (row,) = await admin_ops.load()
    # a call in another process that judged before the first one had written
    assert not await admin_ops.become_owner(OLIVE, row.claimed_with, owner_proof(KEY, OLIVE), clock.now())
    assert await admin_ops.load() == (row,)
    # not even for a moment in which the process may end
    db.before_call = away_after(1)
    with pytest.raises(StoreUnavailable):
        await admin_ops.become_owner(OLIVE, row.claimed_with, owner_proof(KEY, OLIVE), clock.now())
    db.before_call = None
    assert await admin_ops.load() == (row,)


async def test_a_row_of_a_lower_role_comes_back_when_somebody_else_was_faster(db: Database, clock: ManualClock) -> None:
    await add(db, BOB, "editor")
    house = team(clock)
    await house.claim(OLIVE, await issued(house))
    assert not await admin_ops.become_owner(BOB, "another", owner_proof(KEY, BOB), clock.now())
    assert await house.role_of(BOB) is Role.EDITOR


async def test_what_was_judged_is_checked_again_by_the_update(db: Database, clock: ManualClock) -> None:
    await issued(team(clock))
    claim = await admin_ops.find_claim()
    assert claim is not None
    late = claim.expires_at + timedelta(milliseconds=1)
    assert not await admin_ops.become_owner(BOB, "replaced meanwhile", "proof", clock.now())
    assert not await admin_ops.become_owner(BOB, claim.fingerprint, "proof", late)
    assert await admin_ops.load() == ()
    assert await admin_ops.become_owner(BOB, claim.fingerprint, "proof", clock.now())
    assert not await admin_ops.become_owner(OLIVE, claim.fingerprint, "proof", clock.now())


async def test_a_manager_may_claim_bots_without_an_owner(db: Database, clock: ManualClock) -> None:
    await add(db, BOB, "manager")
    house = team(clock)
    assert await house.claim(BOB, await issued(house)) is CLAIMED
    assert await house.owner_ids() == (BOB,)
    assert await db.collection("admins").count({}) == 1


async def test_a_link_ends_after_24_hours(db: Database, clock: ManualClock) -> None:
    house = team(clock)
    token = await issued(house)
    clock.move(CLAIM_HOLDS_FOR + timedelta(milliseconds=1))
    assert await house.claim(OLIVE, token) is ClaimOutcome.EXPIRED
    clock.move(-timedelta(milliseconds=1))
    assert await house.claim(OLIVE, token) is CLAIMED


async def test_a_restart_makes_a_new_link_and_the_old_one_stops(db: Database, clock: ManualClock) -> None:
    old, new = await issued(team(clock)), await issued(team(clock))
    house = team(clock)
    assert await house.claim(BOB, old) is ClaimOutcome.UNKNOWN
    assert await house.claim(OLIVE, new) is CLAIMED


async def test_a_wrong_token_makes_nobody_the_owner(db: Database, clock: ManualClock) -> None:
    house = team(clock)
    await issued(house)
    assert await house.claim(OLIVE, "x" * 32) is ClaimOutcome.UNKNOWN
    assert await house.owner_ids() == ()


async def test_a_banned_subscriber_does_not_become_the_owner_and_the_link_stays(
    db: Database, clock: ManualClock
) -> None:
    house = team(clock)
    token = await issued(house)
    await user_ops.ban(BOB, clock.now(), reason=None, until=None)
    assert await house.claim(BOB, token) is ClaimOutcome.BANNED
    assert await house.claim(OLIVE, token) is CLAIMED


async def test_with_owners_in_the_configuration_there_is_no_link_and_an_open_one_stops(
    db: Database, clock: ManualClock
) -> None:
    token = await issued(team(clock))
    house = team(clock, BOB)
    assert await house.issue_claim() is None
    assert await house.claim(OLIVE, token) is ClaimOutcome.UNKNOWN
    assert await admin_ops.find_claim() is None


async def test_a_claimed_owner_and_the_configurations_are_owners_together(db: Database, clock: ManualClock) -> None:
    house = team(clock)
    await house.claim(OLIVE, await issued(house))
    assert await team(clock, BOB).owner_ids() == (OLIVE, BOB)


async def test_a_lost_key_makes_a_new_link_which_the_former_owner_can_use(db: Database, clock: ManualClock) -> None:
    house = team(clock)
    await house.claim(OLIVE, await issued(house))
    other = team(clock, key=OTHER_KEY)
    assert await other.owner_ids() == ()
    assert await other.claim(OLIVE, await issued(other)) is CLAIMED
    assert await other.owner_ids() == (OLIVE,)
    assert await db.collection("admins").count({}) == 1


async def test_an_owners_row_copied_from_another_database_gives_nothing(db: Database, clock: ManualClock) -> None:
    await add(db, OLIVE, "owner", proof=owner_proof(OTHER_KEY, OLIVE))
    await add(db, BOB, "owner")
    house = team(clock)
    assert (await house.members()).roles == {}
    assert await house.issue_claim() is not None


async def test_unknown_roles_and_broken_rows_give_nothing(db: Database, clock: ManualClock) -> None:
    await add(db, 1, "emperor")
    await db.collection("admins").insert_one({"user_id": 2, "role": None})
    await db.collection("admins").insert_one({"user_id": 3})
    assert (await team(clock).members()).roles == {}


async def test_a_fingerprint_written_without_the_key_makes_no_owner(db: Database, clock: ManualClock) -> None:
    forged = await issued(team(clock, key=OTHER_KEY))
    assert await team(clock).claim(BOB, forged) is ClaimOutcome.UNKNOWN


async def test_only_a_fingerprint_of_the_token_is_stored(db: Database, clock: ManualClock) -> None:
    token = await issued(team(clock))
    assert token not in str(await db.collection("admins").find({}, limit=10))


async def test_a_process_without_a_key_makes_no_link_and_takes_one_that_appears(
    db: Database, clock: ManualClock
) -> None:
    keys: list[bytes | None] = [None, None, KEY]
    late = Team((), lambda: keys.pop(0), clock)
    assert await late.issue_claim() is None
    house = team(clock)
    await house.claim(OLIVE, await issued(house))
    assert await late.owner_ids() == ()
    assert await late.owner_ids() == (OLIVE,)


async def test_a_role_is_read_once_in_five_seconds(db: Database, clock: ManualClock) -> None:
    house, other = team(clock, OLIVE), team(clock, OLIVE)
    db.calls.clear()
    assert await house.role_of(OLIVE) is Role.OWNER
    assert db.calls.total() == 0
    assert await house.role_of(BOB) is None
    await add(db, BOB, "editor")
    clock.move(timedelta(seconds=4.9))
    assert await other.role_of(BOB) is None
    clock.move(timedelta(seconds=0.1))
    assert await house.role_of(BOB) is Role.EDITOR
    assert db.calls["find admins"] == 2


async def test_owners_last_known_are_named_while_the_database_is_away(db: Database, clock: ManualClock) -> None:
    house = team(clock, BOB)
    await add(db, OLIVE, "owner", proof=owner_proof(KEY, OLIVE))
    assert await house.owner_ids() == (OLIVE, BOB)
    clock.move(timedelta(minutes=1))
    db.before_call = away_after(0)
    assert await house.owner_ids() == (OLIVE, BOB)
    # and those of the configuration are known from the start
    assert await team(clock, BOB).owner_ids() == (BOB,)
    assert await house.role_of(BOB) is Role.OWNER
    with pytest.raises(StoreUnavailable):
        await house.role_of(OLIVE)


def test_a_claim_is_a_start_with_a_token_and_nothing_else() -> None:
    token = "a1" * 16
    assert claim_token(f"/start {claim_payload(token)}") == token
    wrong = [
        None,
        "",
        "/start",
        "/start own_",
        f"own_{token}",
        f"/start p_{token}",
        f"/start own_{token}x",
        f"/help own_{token}",
    ]
    assert [claim_token(text) for text in wrong] == [None] * len(wrong)
