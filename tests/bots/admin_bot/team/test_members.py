"""The team's screens: inviting, joining, roles, removal, and what was done."""

import re
from typing import Any

import pytest
from aiogram.methods import SendDocument
from aiogram.types import BufferedInputFile, User

from core.team.admins import Role
from database.operations import audit_ops
from tests.bots.admin_bot.conftest import OWNER, STRANGER, AdminBot
from views.admin_texts import not_for_you, not_your_role, stale_button
from views.team.callbacks import Activity, Invite, MemberAction, MemberButton, RoleButton
from views.team.members import MEMBER_REQUEST_ID

BOB = User(id=7003, is_bot=False, first_name="Bob")
_LINK = re.compile(r"\?start=(j_\w+)")


def link_of(admin: AdminBot) -> str:
    """Return the command that the link shown last sends."""
    found = _LINK.search(admin.last_text)
    assert found is not None, admin.last_text
    return f"/start {found[1]}"


async def invite(admin: AdminBot, role: str) -> str:
    """Make a link for whoever opens it first."""
    await admin.say("/team")
    await admin.press("Invite link")
    await admin.press(role)
    return link_of(admin)


async def pick(admin: AdminBot, user: User) -> None:
    """Choose somebody in Telegram's picker."""
    chosen = {"user_id": user.id, "first_name": user.first_name}
    await admin.send(users_shared={"request_id": MEMBER_REQUEST_ID, "users": [chosen], "user_ids": [user.id]})


async def role_of(admin: AdminBot, user: User) -> Role | None:
    return await admin.data["team"].role_of(user.id)


async def test_who_opens_the_invite_link_is_in_the_team_from_then_on(admin: AdminBot) -> None:
    command = await invite(admin, "editor")
    await admin.say(command, who=STRANGER)
    assert "Welcome to the team. Your role is editor." in "\n".join(admin.texts)
    # the one who invited is told
    assert "\u2068Sam\u2069 has joined the team as editor." in admin.texts
    await admin.say("/posts", who=STRANGER)
    assert not_for_you("tollgate_bot") not in admin.texts
    await admin.say(command, who=BOB)
    assert "This invitation does not work." in admin.last_text
    assert await role_of(admin, BOB) is None


async def test_an_invitation_for_somebody_chosen_names_them_and_is_for_nobody_else(admin: AdminBot) -> None:
    await admin.say("/team")
    await admin.press("Add somebody")
    await pick(admin, BOB)
    assert admin.last_text.startswith("Which role shall \u2068Bob\u2069 have?")
    await admin.press("manager")
    assert admin.last_text.startswith("\u2068Bob\u2069 is manager once this is opened.")
    command = link_of(admin)
    await admin.say(command, who=STRANGER)
    assert "This invitation is for somebody else." in admin.last_text
    await admin.say(command, who=BOB)
    assert await role_of(admin, BOB) is Role.MANAGER


async def test_a_member_who_is_chosen_again_has_their_card_shown(admin: AdminBot) -> None:
    await admin.say(await invite(admin, "editor"), who=BOB)
    await pick(admin, BOB)
    assert "\u2068Bob\u2069 is in the team already, as editor." in admin.last_text
    assert "Role: editor ›" in admin.buttons()


async def test_an_open_invitation_is_listed_and_can_be_cancelled(admin: AdminBot) -> None:
    command = await invite(admin, "editor")
    await admin.say("/team")
    await admin.press("anyone · invited")
    await admin.press("Cancel it")
    assert "anyone · invited" not in admin.buttons()
    await admin.say(command, who=STRANGER)
    assert "This invitation does not work." in admin.last_text


async def test_a_role_holds_from_the_next_press_on_and_the_member_is_told(admin: AdminBot) -> None:
    await admin.say(await invite(admin, "editor"), who=BOB)
    await admin.say("/jobs", who=BOB)
    assert admin.last_text == not_your_role(Role.EDITOR)
    await admin.say("/team")
    await admin.press("\u2068Bob\u2069 · editor")
    await admin.press("Role: editor ›")
    await admin.press("manager")
    assert any(text.startswith("Your role is manager now.") for text in admin.texts)
    await admin.say("/jobs", who=BOB)
    assert admin.last_text != not_your_role(Role.EDITOR)


async def test_making_an_owner_is_confirmed_first(admin: AdminBot) -> None:
    await admin.say(await invite(admin, "manager"), who=BOB)
    await admin.callback(RoleButton(role=Role.OWNER, user_id=BOB.id).pack())
    assert await role_of(admin, BOB) is Role.MANAGER
    assert admin.last_text.startswith("Make \u2068Bob\u2069 an owner?")
    await admin.press("Make an owner")
    assert await role_of(admin, BOB) is Role.OWNER


async def test_who_is_removed_can_do_nothing_any_more_and_is_told(admin: AdminBot) -> None:
    await admin.say(await invite(admin, "manager"), who=BOB)
    await admin.say("/team")
    await admin.press("\u2068Bob\u2069 · manager")
    await admin.press("Remove")
    await admin.press("Remove")
    assert "You are not in the team of this bot any more." in admin.texts
    await admin.say("/jobs", who=BOB)
    assert admin.last_text == not_for_you("tollgate_bot")


@pytest.mark.parametrize("role", ["manager", "editor"])
@pytest.mark.parametrize(
    "data",
    [
        RoleButton(role=Role.OWNER, user_id=BOB.id, is_confirmed=True),
        MemberButton(act=MemberAction.REMOVE_CONFIRMED, user_id=OWNER.id),
        Invite(role=Role.MANAGER),
        Activity(),
    ],
    ids=lambda data: type(data).__name__,
)
async def test_nobody_but_an_owner_changes_the_team(admin: AdminBot, role: str, data: Any) -> None:
    await admin.say(await invite(admin, role), who=BOB)
    before = await admin.database.collection("admins").find({}, limit=9)
    await admin.callback(data.pack(), who=BOB)
    assert await admin.database.collection("admins").find({}, limit=9) == before
    assert await admin.database.collection("invitations").find({}, limit=9) == []


async def test_a_forged_invitation_for_an_owner_makes_none(admin: AdminBot) -> None:
    await admin.say("/team")
    await admin.callback(Invite(role=Role.OWNER).pack())
    assert await admin.database.collection("invitations").find({}, limit=9) == []


async def test_activity_says_who_did_what_and_by_whom_it_is_filtered(admin: AdminBot) -> None:
    await admin.say(await invite(admin, "manager"), who=BOB)
    await admin.say("/set delete_after_minutes 60", who=BOB)
    await admin.callback(Activity().pack())
    assert "\u2068Bob\u2069: \u2068Auto-delete\u2069 \u206830 min\u2069 → \u20681 h\u2069" in admin.last_text
    assert "\u2068Bob\u2069: joined the team" in admin.last_text
    await admin.callback(Activity(area="team", who=BOB.id).pack())
    assert "joined the team" in admin.last_text and "Auto-delete" not in admin.last_text
    await admin.callback(Activity(who=STRANGER.id).pack())
    assert "Nothing was done yet." in admin.last_text


async def test_a_day_that_is_in_no_calendar_is_an_old_button(admin: AdminBot) -> None:
    await admin.callback("tal:0:0::20260231")
    assert any(stale_button() in (text or "") for text in [*admin.texts, *admin.toasts])
    assert len(await audit_ops.last(9)) == 0


async def test_the_file_has_a_line_for_each_action_and_no_formula(admin: AdminBot) -> None:
    evil = User(id=7004, is_bot=False, first_name="=HYPERLINK(1)")
    await admin.say(await invite(admin, "manager"), who=evil)
    await admin.callback(Activity().pack())
    await admin.press("CSV")
    (file,) = [call for call in admin.world.calls if isinstance(call, SendDocument)]
    assert isinstance(file.document, BufferedInputFile)
    text = file.document.data.decode("utf-8-sig")
    assert text.splitlines()[0] == "at,name,user_id,action,target,before,after"
    assert "'=HYPERLINK(1)" in text and ",=HYPERLINK" not in text
    assert "team.joined" in text
