"""Languages of the team: what a member chose, what their app has, and the owner's for everybody else."""

import pytest

from core.clock import ManualClock
from core.errors import StoreUnavailable
from core.team.admins import AdminRow, Members, Role
from database.connection import Database
from database.operations import admin_ops
from database.shared_read import KEPT_FOR
from database.team import LANGUAGE_MAX, Team

KEY = b"k" * 32
OLIVE, BOB, EVA, ALICE = 501, 502, 503, 600


@pytest.fixture
def team(db: Database, clock: ManualClock) -> Team:
    """The team of a process; Olive and Eva are its owners by the configuration."""
    return Team((OLIVE, EVA), lambda: KEY, clock)


async def test_the_chosen_language_comes_before_the_apps_and_the_owners_come_last(
    team: Team, clock: ManualClock
) -> None:
    await admin_ops.add_member(BOB, Role.EDITOR, "Bob", OLIVE, clock.now())
    assert await team.languages_of(BOB) == ()
    await team.note_app_language(BOB, "de")
    await team.note_app_language(OLIVE, "id")
    await team.choose_language(EVA, "ru")
    # what an owner chose counts more than what an app of another one has
    assert await team.owner_languages() == ("ru", "id")
    assert await team.languages_of(BOB) == ("de", "ru", "id")
    await team.choose_language(BOB, "en")
    assert await team.languages_of(BOB) == ("en", "de", "ru", "id")
    assert await team.languages_of(BOB, "pt-br") == ("en", "pt-br", "ru", "id")
    assert await team.languages_of(ALICE, "fr") == ("fr", "ru", "id")
    await team.choose_language(BOB, "")
    assert await team.languages_of(BOB) == ("de", "ru", "id")


async def test_a_row_with_a_language_and_no_role_gives_no_role(team: Team, db: Database) -> None:
    await admin_ops.set_language(ALICE, "ru")
    await team.choose_language(OLIVE, "ru")
    assert await team.role_of(ALICE) is None
    assert [one.user_id for one in await team.listed()] == [OLIVE, EVA]
    assert await team.languages_of(ALICE) == ("ru",), "the owner's: strangers have none"
    row = await db.collection("admins").find_one({"user_id": OLIVE})
    assert row is not None
    assert set(row) == {"_id", "user_id", "language"}


async def test_an_apps_language_is_written_only_when_it_is_another_one(team: Team, db: Database) -> None:
    def write(operation: str, collection: str) -> None:
        raise AssertionError("nothing is new")

    await team.note_app_language(OLIVE, "ru")
    await team.members()
    db.before_call = write
    await team.note_app_language(OLIVE, "ru")
    await team.note_app_language(OLIVE, None)
    await team.note_app_language(OLIVE, "")
    db.before_call = None
    await team.note_app_language(OLIVE, "x" * 5000)
    assert await team.languages_of(OLIVE) == ("x" * LANGUAGE_MAX,)
    await team.note_app_language(OLIVE, "x" * 5000)


async def test_another_process_hears_of_a_choice_after_five_seconds(team: Team, clock: ManualClock) -> None:
    other = Team((OLIVE,), lambda: KEY, clock)
    await other.languages_of(OLIVE)
    await team.choose_language(OLIVE, "ru")
    clock.move(KEPT_FOR)
    assert await other.languages_of(OLIVE) == ("ru",)


async def test_while_the_database_is_away_the_languages_known_last_are_spoken_without_waiting_for_each(
    team: Team, db: Database, clock: ManualClock
) -> None:
    await team.choose_language(OLIVE, "ru")
    await team.members()
    clock.move(KEPT_FOR)
    tried = []

    def away(operation: str, collection: str) -> None:
        tried.append(operation)
        raise StoreUnavailable("away")

    db.before_call = away
    assert await team.owner_ids() == (OLIVE, EVA)
    assert await team.languages_of(OLIVE) == ("ru",)
    assert await team.languages_of(EVA) == ("ru",)
    assert len(tried) == 1
    db.before_call = None
    clock.move(KEPT_FOR)
    await team.choose_language(EVA, "en")
    assert await team.languages_of(EVA) == ("en", "ru")


async def test_an_owners_language_is_kept_when_they_claim_the_bots_or_are_put_back(
    db: Database, clock: ManualClock
) -> None:
    await admin_ops.add_member(BOB, Role.MANAGER, "Bob", OLIVE, clock.now())
    await admin_ops.set_language(BOB, "ru")
    await admin_ops.issue_claim("x", clock.now())
    assert await admin_ops.become_owner(BOB, "x", "proof", clock.now())
    (row,) = await admin_ops.load()
    assert (row.role, row.language) == (Role.OWNER, "ru")
    await admin_ops.remove(BOB)
    await admin_ops.put_back(row)
    assert await admin_ops.load() == (row,)


def test_without_rows_no_language_is_known() -> None:
    assert Members({OLIVE: Role.OWNER}).languages_of(OLIVE) == ()
    assert AdminRow(OLIVE, None).language == ""
