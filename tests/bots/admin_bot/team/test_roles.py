"""What managers and editors may do: decided before any handler runs, for messages, commands and buttons."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram import Router
from aiogram.filters import Command, CommandStart
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import User

from admin_bot.routers import build_router
from admin_bot.section_rights import COMMANDS, COMMANDS_ROUTER, SECTIONS, right_of
from core.clock import ManualClock
from core.team.admins import Role, owner_proof
from core.team.rights import Right, may
from database.operations import settings_ops
from tests.bots.admin_bot.conftest import KEY, AdminBot
from tests.bots.admin_bot.telegram import NOW
from views.admin_texts import TOAST_MAX, not_for_you, not_your_role
from views.channels.callbacks import AskChannel

EVA, MAX = User(id=7101, is_bot=False, first_name="Eva"), User(id=7102, is_bot=False, first_name="Max")
REFUSED = not_your_role(Role.EDITOR)


async def store(admin: AdminBot, user: User, role: str, **more: Any) -> None:
    """Write a role into the database, as another process would."""
    admins = admin.database.collection("admins")
    await admins.delete_one({"user_id": user.id})
    await admins.insert_one({"user_id": user.id, "role": role, **more})
    admin.clock.move(timedelta(seconds=5))


async def remove(admin: AdminBot, user: User) -> None:
    await admin.database.collection("admins").delete_one({"user_id": user.id})
    admin.clock.move(timedelta(seconds=5))


def routers_of(router: Router) -> Iterator[Router]:
    yield router
    for below in router.sub_routers:
        yield from routers_of(below)


def tree() -> list[Router]:
    return list(routers_of(build_router(ManualClock(datetime.fromtimestamp(NOW, UTC)))))


def test_every_section_names_the_right_it_needs() -> None:
    named = {one.name for one in tree() if one.message.handlers or one.callback_query.handlers}
    assert named - {COMMANDS_ROUTER} == set(SECTIONS)


def test_every_command_names_the_right_it_needs() -> None:
    (router,) = [one for one in tree() if one.name == COMMANDS_ROUTER]
    filters = [one.callback for handler in router.message.handlers for one in handler.filters or ()]
    found = {str(name) for one in filters if isinstance(one, Command | CommandStart) for name in one.commands}
    assert found == set(COMMANDS)


def test_what_names_no_right_is_for_owners_only() -> None:
    for right in (right_of("a new section", None), right_of(COMMANDS_ROUTER, "a new command")):
        assert [role for role in Role if may(role, right)] == [Role.OWNER]


def test_the_refusal_is_fronts_and_fits_into_the_answer_to_a_button() -> None:
    assert REFUSED == "Your role, editor, cannot do this. Ask an owner."
    assert max(len(not_your_role(role)) for role in Role) <= TOAST_MAX


@pytest.mark.parametrize("text", [f"/{name}" for name, right in COMMANDS.items() if not may(Role.EDITOR, right)])
async def test_an_editors_command_beyond_posts_is_refused_and_does_nothing(admin: AdminBot, text: str) -> None:
    await store(admin, EVA, "editor")
    admin.database.calls.clear()
    await admin.say(f"{text} access_mode credits", who=EVA)
    assert admin.texts == [REFUSED]
    assert set(admin.database.calls) <= {"find admins"}


async def test_an_editor_makes_posts_and_finds_them(admin: AdminBot) -> None:
    await store(admin, EVA, "editor")
    await admin.say("a post of Eva's", who=EVA)
    assert (await admin.only_post()).created_by == EVA.id
    await admin.say("/posts", who=EVA)
    await admin.say("/help", who=EVA)
    assert REFUSED not in admin.texts


async def test_an_editors_button_beyond_posts_is_answered_with_the_refusal(admin: AdminBot) -> None:
    await store(admin, EVA, "editor")
    await admin.callback(AskChannel().pack(), who=EVA)
    (call,) = admin.world.calls
    assert isinstance(call, AnswerCallbackQuery)
    assert (call.text, call.show_alert) == (REFUSED, True)


async def test_an_editor_cannot_answer_the_picker_of_the_storage_channel(admin: AdminBot) -> None:
    await store(admin, EVA, "editor")
    await admin.send(who=EVA, chat_shared={"request_id": 1, "chat_id": -100777})
    assert admin.texts == [REFUSED]
    assert (await settings_ops.load()).storage_channel_id != -100777


async def test_a_manager_may_set_but_not_choose_the_storage(admin: AdminBot) -> None:
    await store(admin, MAX, "manager")
    await admin.say("/set access_mode open", who=MAX)
    assert not_your_role(Role.MANAGER) not in admin.texts
    await admin.send(who=MAX, chat_shared={"request_id": 1, "chat_id": -100777})
    assert admin.last_text == not_your_role(Role.MANAGER)


async def test_a_role_holds_from_the_next_press_on_and_ends_so(admin: AdminBot) -> None:
    await admin.say("hello", who=EVA)
    assert admin.last_text == not_for_you("tollgate_bot")
    await store(admin, EVA, "editor")
    await admin.say("/help", who=EVA)
    assert admin.last_text != not_for_you("tollgate_bot")
    await store(admin, EVA, "manager")
    await admin.say("/settings", who=EVA)
    assert REFUSED not in admin.texts
    await remove(admin, EVA)
    admin.clock.move(timedelta(minutes=1))
    await admin.say("/settings", who=EVA)
    assert admin.last_text == not_for_you("tollgate_bot")


@pytest.mark.parametrize(
    ("role", "proof"),
    [("owner", ""), ("owner", owner_proof(b"o" * 32, EVA.id)), ("owner", owner_proof(KEY, MAX.id)), ("emperor", "")],
    ids=["no proof", "of another database", "of somebody else", "unknown role"],
)
async def test_a_row_without_a_valid_proof_or_role_lets_nobody_in(admin: AdminBot, role: str, proof: str) -> None:
    await store(admin, EVA, role, proof=proof)
    await admin.say("/set access_mode credits", who=EVA)
    assert [call.text for call in admin.world.of(SendMessage)] == [not_for_you("tollgate_bot")]


async def test_a_stored_owner_with_a_proof_is_let_in(admin: AdminBot) -> None:
    await store(admin, EVA, "owner", proof=owner_proof(KEY, EVA.id))
    await admin.say("/jobs", who=EVA)
    assert admin.texts != [not_for_you("tollgate_bot")]


def test_everybody_in_the_team_may_enter() -> None:
    assert all(may(role, Right.ENTER) for role in Role)
