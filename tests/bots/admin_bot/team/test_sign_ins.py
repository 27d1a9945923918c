"""A sign-in to the page: its person is told, and can end every session with one press."""

from datetime import timedelta

import pytest
from aiogram.methods import SendMessage
from aiogram.types import InlineKeyboardMarkup

from core.team.sessions import SESSION_FOR, OpenSession, SignInWay
from database.operations import audit_ops, login_ops, session_ops
from database.operations.team import notice_ops, open_session_ops
from database.operations.team.notice_ops import SignInNotice
from tests.bots.admin_bot.conftest import OWNER, AdminBot


async def told_of(admin: AdminBot, way: SignInWay, language: str = "en", device: str = "Firefox, Linux") -> SendMessage:
    await notice_ops.add_sign_in(SignInNotice(OWNER.id, way, device, language, admin.clock.now()))
    await admin.data["team_notices"].tell_all()
    return admin.world.of(SendMessage)[-1]


@pytest.mark.parametrize(("way", "silent"), [(SignInWay.LINK, None), (SignInWay.MINI_APP, True)])
async def test_they_are_told_with_a_button_and_without_a_sound_inside_telegram(
    admin: AdminBot, way: SignInWay, silent: bool | None
) -> None:
    told = await told_of(admin, way)
    assert (told.chat_id, told.disable_notification) == (OWNER.id, silent)
    assert "Firefox, Linux" in told.text
    assert isinstance(told.reply_markup, InlineKeyboardMarkup)
    assert told.reply_markup.inline_keyboard[0][0].text == "End all my sessions"


async def test_in_their_language_and_without_a_device_that_is_not_known(admin: AdminBot) -> None:
    told = await told_of(admin, SignInWay.LINK, "ru", "")
    assert "Завершить" in str(told.reply_markup)
    assert "\n\n" not in told.text


async def test_the_press_ends_every_session_of_whoever_presses_and_nobody_elses(admin: AdminBot) -> None:
    now = admin.clock.now()
    for user_id in (OWNER.id, 77):
        await open_session_ops.add(
            OpenSession(
                sid=f"s{user_id}", user_id=user_id, way=SignInWay.LINK, signed_in_at=now, ends_at=now + SESSION_FOR
            )
        )
    code = await login_ops.create(OWNER.id, now)
    await told_of(admin, SignInWay.LINK)
    admin.clock.move(timedelta(seconds=1))
    await admin.press("End all my sessions")
    now = admin.clock.now()
    assert [one.user_id for one in await open_session_ops.listed(now)] == [77]
    assert await session_ops.is_refused(OWNER.id, now - timedelta(seconds=1), "any")
    assert await login_ops.redeem(code, now) is None
    assert "are ended" in admin.last_text
    (entry, *_) = await audit_ops.last(1)
    assert (entry.admin_id, entry.action) == (OWNER.id, "session.all_ended")
