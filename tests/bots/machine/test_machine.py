"""Random updates of every kind, by owners, managers, editors and strangers: what must hold after each does."""

import pytest
from aiogram.enums import ContentType
from aiogram.types import Message, Update
from hypothesis import Phase

from admin_bot.middlewares import rights
from core.team.admins import Role
from core.team.rights import Right, may
from tests.bots.machine.rights_table import OWNERS_SETTINGS, TABLE, allowed
from tests.bots.machine.running import play
from tests.bots.machine.updates import CONTENT_KINDS, UPDATE_KINDS

#: some 600 steps, always the same ones
GAMES = 12
#: games in which a missing check must be noticed
GAMES_TO_NOTICE = 40


@pytest.mark.timeout(180)
def test_no_update_fails_exceeds_a_right_or_leaves_a_press_unanswered() -> None:
    outcome = play(GAMES)
    if outcome.failure is not None:
        raise outcome.failure
    assert outcome.played.steps >= 300
    assert outcome.played.by_role[None] >= 50
    assert all(outcome.played.by_role[role] >= 20 for role in Role)


@pytest.mark.timeout(180)
@pytest.mark.sweep
def test_a_right_that_is_not_checked_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "may", lambda role, right: role is not None)
    outcome = play(GAMES_TO_NOTICE, phases=(Phase.generate,))
    assert outcome.failure is not None
    assert "editor" in str(outcome.failure) or "manager" in str(outcome.failure)


def test_every_kind_of_update_and_of_content_is_played() -> None:
    assert {*UPDATE_KINDS, "update_id"} == set(Update.model_fields)
    assert set(CONTENT_KINDS) == {kind.value for kind in ContentType} - {"unknown", "any"}
    assert set(CONTENT_KINDS) <= set(Message.model_fields)


def test_every_right_says_what_it_may_change() -> None:
    assert set(TABLE) == set(Right)


def test_a_role_may_change_no_more_than_the_roles_above_it() -> None:
    collections = {name for changes in TABLE.values() for name in changes}
    for less, more in ((Role.EDITOR, Role.MANAGER), (Role.MANAGER, Role.OWNER)):
        assert all(allowed(less, name) <= allowed(more, name) for name in collections)
    assert not any(may(Role.MANAGER, right) for right in OWNERS_SETTINGS.values())
