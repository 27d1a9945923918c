"""The table of rights, and who is an owner."""

from datetime import UTC, datetime, timedelta

import pytest

from core.team.admins import (
    AdminRow,
    ClaimOutcome,
    ClaimRow,
    Members,
    Role,
    claim_fingerprint,
    judge_claim,
    members_of,
    owner_proof,
)
from core.team.rights import ROLES, Right, may, may_take_down

OWNER, MANAGER, EDITOR = Role.OWNER, Role.MANAGER, Role.EDITOR
NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY, OTHER_KEY = b"k" * 32, b"o" * 32
OLIVE, BOB = 501, 503

#: FRONT 2, Team
FOR_ALL = {Right.ENTER, Right.CLAIM, Right.POSTS, Right.POST_STATISTICS, Right.PAGE}
FOR_OWNERS = {
    Right.TEAM,
    Right.SHORTENERS,
    Right.STORAGE,
    Right.BOTS,
    Right.MAINTENANCE,
    Right.IMPORT,
    Right.RENEW_BUTTONS,
}


def test_every_right_has_its_roles_and_an_owner_has_all() -> None:
    assert set(ROLES) == set(Right)
    assert all(may(OWNER, right) for right in Right)


def test_an_editor_may_do_posts_and_see_their_numbers_only() -> None:
    assert {right for right in Right if may(EDITOR, right)} == FOR_ALL


def test_a_manager_may_do_all_but_what_is_for_owners() -> None:
    assert {right for right in Right if not may(MANAGER, right)} == FOR_OWNERS


def test_without_a_role_one_may_only_claim_the_bots() -> None:
    assert {right for right in Right if may(None, right)} == {Right.CLAIM}


@pytest.mark.parametrize(
    ("role", "is_own", "expected"),
    [(OWNER, False, True), (MANAGER, False, True), (EDITOR, True, True), (EDITOR, False, False), (None, True, False)],
)
def test_an_editor_takes_down_only_posts_of_their_own(role: Role | None, is_own: bool, expected: bool) -> None:
    assert may_take_down(role, OLIVE, OLIVE if is_own else BOB) is expected


# --- who is an owner


def test_owners_of_the_configuration_win_over_a_stored_role() -> None:
    members = members_of({OLIVE}, [AdminRow(OLIVE, EDITOR), AdminRow(BOB, MANAGER)], None)
    assert (members.role_of(OLIVE), members.role_of(BOB), members.role_of(7)) == (OWNER, MANAGER, None)
    assert members.owner_ids == (OLIVE,)


def test_a_stored_owner_with_a_proof_is_one_beside_those_of_the_configuration() -> None:
    members = members_of({BOB}, [AdminRow(OLIVE, OWNER, owner_proof(KEY, OLIVE))], KEY)
    assert members.owner_ids == (OLIVE, BOB)


@pytest.mark.parametrize(
    "proof",
    ["", "0" * 64, owner_proof(OTHER_KEY, OLIVE), owner_proof(KEY, BOB), owner_proof(KEY, OLIVE).upper(), "ü"],
    ids=["none", "made up", "of another DATA_DIR", "of somebody else", "in capitals", "not ascii"],
)
def test_an_owner_in_the_database_without_a_valid_proof_has_no_role(proof: str) -> None:
    assert members_of((), [AdminRow(OLIVE, OWNER, proof)], KEY).roles == {}


def test_without_a_key_no_stored_owner_is_one() -> None:
    assert members_of((), [AdminRow(OLIVE, OWNER, owner_proof(KEY, OLIVE))], None).roles == {}


def test_an_unknown_role_is_none() -> None:
    assert members_of((), [AdminRow(OLIVE, None, owner_proof(KEY, OLIVE))], KEY).roles == {}


def test_secrets_of_rows_are_not_shown() -> None:
    shown = repr((AdminRow(1, OWNER, "proof-1", "claim-1"), ClaimRow("claim-2", NOW)))
    assert "proof-1" not in shown
    assert "claim-" not in shown


# --- the claim link

PRINT = claim_fingerprint(KEY, "t" * 32)
OPEN = ClaimRow(PRINT, NOW)
NOBODY = Members({})


def judged(claim: ClaimRow | None, members: Members = NOBODY, rows: tuple[AdminRow, ...] = (), who: int = OLIVE) -> str:
    return judge_claim(claim, members, rows, PRINT, who, NOW)


def test_an_open_link_can_be_used_up_to_its_last_instant() -> None:
    assert judged(OPEN) is ClaimOutcome.CLAIMED
    assert judged(ClaimRow(PRINT, NOW - timedelta(milliseconds=1))) is ClaimOutcome.EXPIRED


def test_a_link_that_is_not_ours_or_was_replaced_is_unknown() -> None:
    assert judged(None) is ClaimOutcome.UNKNOWN
    assert judged(ClaimRow(claim_fingerprint(KEY, "u" * 32), NOW)) is ClaimOutcome.UNKNOWN
    # what somebody without the key of DATA_DIR can store
    assert judged(ClaimRow(claim_fingerprint(OTHER_KEY, "t" * 32), NOW)) is ClaimOutcome.UNKNOWN


def test_a_used_link_says_so_to_its_owner_and_to_others() -> None:
    rows, members = (AdminRow(OLIVE, OWNER, "", PRINT),), Members({OLIVE: OWNER})
    assert judged(None, members, rows) is ClaimOutcome.YOURS
    assert judged(None, members, rows, who=BOB) is ClaimOutcome.HAS_OWNER


def test_with_an_owner_an_open_link_makes_no_second_one() -> None:
    assert judged(OPEN, Members({BOB: OWNER})) is ClaimOutcome.HAS_OWNER
    assert judged(OPEN, Members({BOB: MANAGER})) is ClaimOutcome.CLAIMED


def test_a_used_link_of_a_lost_key_is_unknown() -> None:
    assert judged(None, NOBODY, (AdminRow(OLIVE, OWNER, "", PRINT),)) is ClaimOutcome.UNKNOWN
