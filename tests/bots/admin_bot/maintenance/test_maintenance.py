"""Maintenance in the admin bot: asked, begun, moved, ended; for owners only; named on the Menu while it is on."""

from datetime import timedelta

from admin_bot.section_rights import SECTIONS
from core.settings import BotSettings
from core.settings.maintenance import LONGEST, maintenance_end
from core.team.admins import Role
from core.team.rights import Right, may
from database.operations import audit_ops, settings_ops
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from views.admin_texts import stale_button
from views.maintenance import screens
from views.maintenance.callbacks import AskMaintenance, BeginMaintenance, to_minutes


async def open_maintenance(admin: AdminBot) -> None:
    await admin.say("/settings")
    await admin.press("Bots")
    await admin.press("Maintenance until ›")


async def begin(admin: AdminBot, place: int = 2) -> None:
    await open_maintenance(admin)
    await admin.press([text for text in admin.buttons() if text.startswith("Until ")][place])
    await admin.press("Begin")


async def test_it_is_asked_first_then_on_until_the_time_on_the_button(admin: AdminBot) -> None:
    await open_maintenance(admin)
    assert "\n\nOff.\n\n" in admin.last_text
    await admin.press([text for text in admin.buttons() if text.startswith("Until ")][2])
    assert "Until then subscribers get nothing." in admin.last_text
    now = admin.clock.now()
    assert maintenance_end(await settings_ops.load(), now) is None, "asking changes nothing"
    await admin.press("Begin")
    until = maintenance_end(await settings_ops.load(), now)
    assert until is not None and timedelta(hours=1) <= until - now <= timedelta(minutes=65)
    assert until.minute % 5 == 0 and "On until" in admin.last_text
    entry = (await audit_ops.last(1))[0]
    assert (entry.admin_id, entry.action, entry.target) == (OWNER.id, "setting.changed", "maintenance_until")


async def test_its_end_can_be_typed(admin: AdminBot) -> None:
    await open_maintenance(admin)
    await admin.press("Another time")
    await admin.say("later")
    assert admin.last_text == screens.end_expected()
    await admin.say("for 90 min")
    assert "Until then subscribers get nothing." in admin.last_text
    await admin.press("Begin")
    now = admin.clock.now()
    until = maintenance_end(await settings_ops.load(), now)
    assert until is not None and timedelta(minutes=90) <= until - now <= timedelta(minutes=95)


async def test_it_ends_by_a_press_and_by_itself(admin: AdminBot) -> None:
    await begin(admin)
    await admin.press("End now")
    assert (await settings_ops.load()).maintenance_until is None
    assert "\n\nOff.\n\n" in admin.last_text and "End now" not in admin.buttons()
    await begin(admin)
    admin.clock.move(timedelta(minutes=66))
    await open_maintenance(admin)
    assert "\n\nOff.\n\n" in admin.last_text


async def test_the_menu_names_it_while_it_is_on(admin: AdminBot) -> None:
    await begin(admin)
    await admin.say("/menu")
    assert admin.last_text.startswith("⚠ Maintenance until ")
    await admin.press("Fix: maintenance")
    await admin.press("End now")
    await admin.say("/menu")
    assert "Maintenance" not in admin.last_text


async def test_an_end_that_is_over_or_too_far_is_an_old_button(admin: AdminBot) -> None:
    await open_maintenance(admin)
    screen = list(admin.world.screens)[-1]
    for span in (timedelta(), -timedelta(hours=1), LONGEST + timedelta(minutes=1)):
        for kind in (AskMaintenance, BeginMaintenance):
            await admin.callback(kind(until=to_minutes(admin.clock.now() + span)).pack(), message_id=screen)
            assert admin.toasts[-1] == stale_button()
    assert (await settings_ops.load()).maintenance_until is None


async def test_a_second_press_begins_it_once(admin: AdminBot) -> None:
    await open_maintenance(admin)
    screen = list(admin.world.screens)[-1]
    data = BeginMaintenance(until=to_minutes(admin.clock.now() + timedelta(hours=2))).pack()
    for _ in range(2):
        await admin.callback(data, message_id=screen)
    assert len([one for one in await audit_ops.last(10) if one.target == "maintenance_until"]) == 1


def test_only_owners_may_begin_it() -> None:
    assert SECTIONS["admin maintenance"] is Right.MAINTENANCE
    assert [role for role in Role if may(role, Right.MAINTENANCE)] == [Role.OWNER]


def test_a_stored_end_far_away_is_none(admin: AdminBot) -> None:
    """A clock that was put back since must not close the bot for weeks."""
    now = admin.clock.now()
    assert maintenance_end(BotSettings(maintenance_until=now + timedelta(days=2)), now) is None
    assert maintenance_end(BotSettings(maintenance_until=now), now) is None
