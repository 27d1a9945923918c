"""/admin: a link that signs in once and is logged nowhere, and the Mini App."""

import asyncio
from datetime import timedelta

import pytest
from aiogram.exceptions import TelegramForbiddenError, TelegramNetworkError
from aiogram.methods import SendMessage, SetChatMenuButton, TelegramMethod
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MenuButtonWebApp, User
from structlog.testing import capture_logs

from admin_bot.system.admin_page import AdminPage, local_address
from database.operations import audit_ops, login_ops
from tests.bots.admin_bot.conftest import OWNER, STRANGER, AdminBot
from tests.bots.admin_bot.faults import away_at
from tests.bots.admin_bot.team.test_members import invite

BASE = "https://tollgate.example.org/bot"
LOCAL = "http://127.0.0.1:8080/admin"


def configure(admin: AdminBot, base_url: str = BASE, web_address: str = LOCAL) -> AdminPage:
    data = admin.data
    page = AdminPage(
        admin.bot, data["team"], data["clock"], data["zone"], public_base_url=base_url, web_address=web_address
    )
    admin.dispatcher.workflow_data["admin_page"] = page
    return page


def the_message(admin: AdminBot) -> SendMessage:
    return admin.world.of(SendMessage)[-1]


def buttons(message: SendMessage) -> list[InlineKeyboardButton]:
    assert isinstance(message.reply_markup, InlineKeyboardMarkup)
    return [button for row in message.reply_markup.inline_keyboard for button in row]


async def test_the_link_signs_in_once_and_for_five_minutes(admin: AdminBot) -> None:
    configure(admin)
    await admin.say("/admin")
    message = the_message(admin)
    mini_app, link = buttons(message)
    address, _, code = str(link.url).partition("#")
    assert address == f"{BASE}/admin"
    assert mini_app.web_app is not None
    assert mini_app.web_app.url == f"{BASE}/admin"
    assert message.protect_content is True
    assert isinstance(message.link_preview_options, LinkPreviewOptions)
    assert message.link_preview_options.is_disabled
    assert "Do not forward it" in message.text
    assert code not in message.text
    assert await login_ops.redeem(code, admin.clock.now() + timedelta(minutes=4, seconds=59)) == OWNER.id
    assert await login_ops.redeem(code, admin.clock.now()) is None


async def test_each_command_makes_a_link_of_its_own_and_leaves_a_row_without_the_code(admin: AdminBot) -> None:
    configure(admin)
    with capture_logs() as logs:
        await asyncio.gather(admin.say("/admin"), admin.say("/admin"))
    codes = {str(buttons(message)[1].url).partition("#")[2] for message in admin.world.of(SendMessage)}
    assert len(codes) == 2
    entries = await audit_ops.last(5)
    assert [(entry.action, entry.target) for entry in entries] == [("page.link_made", str(OWNER.id))] * 2
    for code in codes:
        assert code not in str(entries) + str(logs)
        assert code not in str(await admin.database.collection("login_codes").find({}, limit=10))


async def test_plain_http_has_no_mini_app_which_telegram_would_refuse(admin: AdminBot) -> None:
    configure(admin, "http://192.0.2.7:8080")
    await admin.say("/admin")
    (link,) = buttons(the_message(admin))
    assert str(link.url).startswith("http://192.0.2.7:8080/admin#")
    assert "Telegram" not in the_message(admin).text


async def test_without_a_public_address_it_says_how_to_reach_the_page(admin: AdminBot) -> None:
    configure(admin, "")
    await admin.say("/admin")
    message = the_message(admin)
    (copy,) = buttons(message)
    assert copy.copy_text is not None
    assert copy.copy_text.text in message.text
    address, _, code = copy.copy_text.text.partition("#")
    assert address == LOCAL
    assert "PUBLIC_BASE_URL is not set" in message.text
    assert message.protect_content is True
    assert await login_ops.redeem(code, admin.clock.now()) == OWNER.id


async def test_an_unknown_port_is_not_invented(admin: AdminBot) -> None:
    configure(admin, "", "")
    await admin.say("/admin")
    assert "http" not in the_message(admin).text
    assert "stands in the log" in the_message(admin).text


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("127.0.0.1", 8080, LOCAL),
        ("0.0.0.0", 8080, LOCAL),  # noqa: S104 - what is written down, not listened on
        ("::", 8080, "http://[::1]:8080/admin"),
        ("::1", 80, "http://[::1]:80/admin"),
        ("192.0.2.7", 9000, "http://192.0.2.7:9000/admin"),
        ("localhost", 8080, "http://localhost:8080/admin"),
        ("127.0.0.1", 0, ""),
    ],
)
def test_the_address_on_the_machine_is_one_a_browser_opens(host: str, port: int, address: str) -> None:
    assert local_address(host, port) == address


async def test_strangers_get_no_link(admin: AdminBot) -> None:
    configure(admin)
    await admin.say("/admin", STRANGER)
    assert await admin.database.collection("login_codes").find({}, limit=10) == []
    assert "admin#" not in str(admin.world.calls)


async def test_after_an_outage_the_link_is_sent(admin: AdminBot) -> None:
    configure(admin)
    for number in range(3):
        refuse, _ = away_at(number)
        admin.database.before_call = refuse
        saying = asyncio.create_task(admin.say("/admin"))
        await admin.time.move(1)
        await saying
        admin.database.before_call = None
        code = str(buttons(the_message(admin))[1].url).partition("#")[2]
        assert await login_ops.redeem(code, admin.clock.now()) == OWNER.id


# --- the menu button


async def test_each_owner_gets_the_menu_button(admin: AdminBot) -> None:
    await configure(admin).set_menu_buttons({7001, 7003})
    calls = admin.world.of(SetChatMenuButton)
    assert [call.chat_id for call in calls] == [7001, 7003]
    assert isinstance(calls[0].menu_button, MenuButtonWebApp)
    assert calls[0].menu_button.web_app.url == f"{BASE}/admin"


async def test_each_members_menu_button_is_in_their_language(admin: AdminBot) -> None:
    boris = User(id=7004, is_bot=False, first_name="Boris", language_code="ru")
    await admin.say(await invite(admin, "manager"), who=boris)
    await configure(admin).set_menu_buttons({OWNER.id, boris.id})
    made = {call.chat_id: call.menu_button for call in admin.world.of(SetChatMenuButton)}
    said = {chat_id: button.text for chat_id, button in made.items() if isinstance(button, MenuButtonWebApp)}
    assert said == {OWNER.id: "Admin page", boris.id: "Управление"}


async def test_an_owner_unknown_to_telegram_does_not_keep_the_others_from_the_menu_button(admin: AdminBot) -> None:
    def refused(method: TelegramMethod[object]) -> BaseException:
        return TelegramForbiddenError(method=method, message="Forbidden: user not found")

    def lost(method: TelegramMethod[object]) -> BaseException:
        return TelegramNetworkError(method=method, message="timeout")

    for trouble in (refused, lost):
        admin.world.fail(SetChatMenuButton, trouble)
    await configure(admin).set_menu_buttons({7001, 7003, 7004})
    assert len(admin.world.of(SetChatMenuButton)) == 3


@pytest.mark.parametrize("base_url", ["", "http://192.0.2.7"])
async def test_without_https_the_menu_stays_as_it_is(admin: AdminBot, base_url: str) -> None:
    await configure(admin, base_url).set_menu_buttons({7001})
    assert admin.world.calls == []
