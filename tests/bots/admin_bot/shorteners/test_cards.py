"""The list and a card: share, pause, test, remove; two people, old buttons."""

from datetime import timedelta

import pytest
from aiogram.methods import AnswerCallbackQuery, EditMessageText, SendMessage
from pydantic import SecretStr

from core.shorteners.records import Origin, Shortener, environment_code
from core.team.admins import Role
from database.operations import audit_ops, settings_ops
from database.operations.shorteners import shortener_counts, shortener_ops
from shorteners.vault import open_vault
from tests.bots.admin_bot.conftest import AdminBot
from tests.bots.admin_bot.shorteners.conftest import KEY, SECTION, address_of
from tests.bots.admin_bot.team.test_roles import MAX, store
from tests.unit.shorteners.local import Stub, giving
from views.admin_texts import not_your_role, stale_button, undone
from views.shorteners import texts
from views.shorteners.callbacks import AddShortener, ShareButton, ShortenerAction, ShortenerButton

pytestmark = pytest.mark.usefixtures("keyless")


async def listed(admin: AdminBot, server: Stub, name: str = "gplinks", **more: object) -> Shortener:
    fields = {
        "code": name,
        "name": name,
        "api_url": address_of(server),
        "sealed_key": admin.vault.seal(SecretStr(KEY)),
        **more,
    }
    one = Shortener.model_validate(fields)
    assert await shortener_ops.add(one)
    return one


async def opened(admin: AdminBot, name: str = "gplinks") -> None:
    await admin.callback(SECTION)
    await admin.press(name)


async def now_stored(code: str = "gplinks") -> Shortener:
    one = await shortener_ops.find(code)
    assert one is not None
    return one


async def test_the_list_is_reached_from_the_settings_and_leads_back(admin: AdminBot) -> None:
    await admin.say("/settings")
    await admin.press("Unlocking")
    await admin.press("Shorteners")
    assert admin.last_text == texts.empty()
    await admin.press("‹ Unlocking")
    assert admin.last_text.startswith("<b>Unlocking</b>")


async def test_the_list_says_state_and_how_many_finish(admin: AdminBot, server: Stub) -> None:
    await listed(admin, server)
    today = admin.clock.now() - timedelta(hours=1)
    for _ in range(8):
        await shortener_counts.count_made("gplinks", today, admin.clock.now())
    for _ in range(5):
        await shortener_counts.count_finished("gplinks", today, 48)
    admin.database.calls.clear()

    await admin.callback(SECTION)
    assert admin.buttons() == ["gplinks · works · 62 %", "Add", "‹ Unlocking", "Menu"]
    # the team is known for five seconds
    calls = {call: count for call, count in admin.database.calls.items() if call != "find admins"}
    assert calls == {"find shorteners": 1, "find shortener_days": 1}
    admin.database.calls.clear()
    await admin.press("gplinks")
    # the team is known for five seconds
    calls = {call: count for call, count in admin.database.calls.items() if call != "find admins"}
    assert calls == {"find shorteners": 1, "find shortener_days": 1}


async def test_a_press_is_answered_first_and_then_edits_one_message(admin: AdminBot, server: Stub) -> None:
    await listed(admin, server)
    await admin.callback(SECTION)
    admin.world.calls.clear()
    await admin.press("gplinks")
    assert [type(call) for call in admin.world.calls] in (
        [AnswerCallbackQuery, EditMessageText],
        [AnswerCallbackQuery, SendMessage],
    )


async def test_a_share_changes_at_once_and_can_be_undone(admin: AdminBot, server: Stub) -> None:
    await listed(admin, server)
    await opened(admin)
    await admin.press("+")
    assert (await now_stored()).share == 2
    (entry,) = await audit_ops.last(1)
    assert (entry.action, entry.target, entry.before, entry.after) == ("shortener.share_set", "gplinks", 1, 2)

    await admin.press("Undo")
    assert (admin.toasts[-1], (await now_stored()).share) == (undone(), 1)


async def test_the_same_press_again_changes_nothing_more(admin: AdminBot, server: Stub) -> None:
    await listed(admin, server)
    data = ShareButton(code="gplinks", seen=1, share=2).pack()
    for _ in range(2):
        await admin.callback(data)
    assert (await now_stored()).share == 2
    assert len(await audit_ops.last(9)) == 1


async def test_two_people_who_change_one_share_are_asked(admin: AdminBot, server: Stub) -> None:
    one = await listed(admin, server)
    await opened(admin)
    await shortener_ops.set_share(one, 5, 2, "Bob")

    await admin.press("+")
    assert admin.last_text == "⁨Bob⁩ changed this to share 5 a moment ago. Yours is not saved."
    assert (await now_stored()).share == 5
    await admin.press("Save mine")
    assert (await now_stored()).share == 2


async def test_bob_s_share_can_be_kept(admin: AdminBot, server: Stub) -> None:
    one = await listed(admin, server)
    await opened(admin)
    await shortener_ops.set_share(one, 5, 2, "Bob")
    await admin.press("+")
    await admin.press("Keep Bob's")
    assert (await now_stored()).share == 5
    assert "Share 5" in admin.last_text


async def test_a_share_button_from_before_one_s_own_change_is_old(admin: AdminBot, server: Stub) -> None:
    await listed(admin, server)
    await admin.callback(ShareButton(code="gplinks", seen=1, share=2).pack())
    await admin.callback(ShareButton(code="gplinks", seen=2, share=3).pack())
    await admin.callback(ShareButton(code="gplinks", seen=1, share=2).pack())
    assert (admin.toasts[-1], (await now_stored()).share) == (stale_button(), 3)


async def test_a_share_stays_within_its_range(admin: AdminBot, server: Stub) -> None:
    await listed(admin, server)
    await opened(admin)
    await admin.press("−")
    assert (admin.toasts[-1], (await now_stored()).share) == (texts.least_share(), 1)


async def test_pausing_the_only_one_opens_posts_to_everybody_and_says_so(admin: AdminBot, server: Stub) -> None:
    await listed(admin, server)
    await opened(admin)
    await admin.press("Pause")
    assert admin.last_text.startswith(f"{texts.posts_are_open()}\n\n<b>⁨gplinks⁩</b> · paused")
    await admin.press("Resume")
    assert admin.last_text.startswith(f"{texts.posts_cost_credits()}\n\n<b>⁨gplinks⁩</b> · not asked yet")
    assert [entry.action for entry in await audit_ops.last(2)] == ["shortener.pause_set"] * 2


async def test_pausing_one_of_two_changes_nothing_for_subscribers_and_can_be_undone(
    admin: AdminBot, server: Stub
) -> None:
    await listed(admin, server)
    await listed(admin, server, "second")
    await opened(admin)
    await admin.press("Pause")
    assert admin.last_text.startswith("<b>⁨gplinks⁩</b> · paused")
    await admin.press("Undo")
    assert not (await now_stored()).is_paused


async def test_a_test_says_what_it_found_and_counts_as_no_link(admin: AdminBot, server: Stub) -> None:
    await listed(admin, server)
    await opened(admin)
    await admin.press("Test")
    assert admin.last_text.startswith("It answered in 0.0 s: <code>short.example/x7</code>.\n\n")
    assert "· works" in admin.last_text

    server.answer = giving("down", 503)
    admin.clock.move(timedelta(seconds=1))
    await admin.press("Test")
    assert admin.last_text.startswith("It refuses. (HTTP 503)\n\n")
    assert "· fails" in admin.last_text
    assert "No links in the last 7 days." in admin.last_text


async def test_removing_asks_and_names_what_stays(admin: AdminBot, server: Stub) -> None:
    await listed(admin, server)
    await settings_ops.change("access_mode", "credits")
    await shortener_counts.count_made("gplinks", admin.clock.now(), admin.clock.now())
    await opened(admin)
    await admin.press("Remove")
    assert admin.last_text == (
        "Remove ⁨gplinks⁩? Its key is deleted and no new links are made with it. "
        "It made 1 link in 7 days; those stay valid."
    )
    await admin.press("Remove")
    assert (admin.toasts[-1], admin.last_text) == ("gplinks is removed.", texts.empty())
    assert await shortener_ops.load() == ()
    assert (await audit_ops.last(1))[0].action == "shortener.removed"


async def test_a_key_that_cannot_be_read_is_said_and_the_others_are_shown(
    admin: AdminBot, server: Stub, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = open_vault(tmp_path_factory.mktemp("elsewhere"))
    await listed(admin, server, sealed_key=elsewhere.seal(SecretStr(KEY)))
    await listed(admin, server, "second")
    await admin.callback(SECTION)
    assert admin.buttons()[:2] == ["gplinks · key unreadable", "second · not asked yet"]
    await admin.press("gplinks")
    assert texts.key_unreadable() in admin.last_text
    await admin.press("Test")
    assert admin.last_text.startswith(texts.key_unreadable())
    assert server.asked == []


async def test_one_of_the_environment_can_be_tested_paused_and_shared_only(admin: AdminBot, server: Stub) -> None:
    code = environment_code("env")
    shortener_ops.set_environment([Shortener(code=code, name="env", origin=Origin.ENVIRONMENT)])
    access = admin.data["shorteners"]._providers._access
    admin.data["shorteners"]._providers._access = type(access)(access.vault, {code: server.provider("env")})
    await opened(admin, "env")
    assert "Replace key" not in admin.buttons()
    await admin.press("Test")
    assert admin.last_text.startswith("It answered in")
    await admin.press("+")
    assert (await now_stored(code)).share == 2

    for act in (ShortenerAction.REMOVE, ShortenerAction.REMOVE_CONFIRMED, ShortenerAction.REPLACE_KEY):
        await admin.callback(ShortenerButton(act=act, code=code).pack())
        assert admin.toasts[-1] == stale_button()
    assert (await now_stored(code)).share == 2


@pytest.mark.parametrize("act", ShortenerAction)
async def test_a_button_of_a_removed_one_leads_to_the_list(admin: AdminBot, act: ShortenerAction) -> None:
    await admin.callback(ShortenerButton(act=act, code="gone").pack())
    assert admin.last_text.startswith(texts.gone())


@pytest.mark.parametrize("data", ["sh:nonsense:x", "shs:x:0:9", "shp:-1", "shd:what:x", "sh:open:" + "x" * 40])
async def test_a_forged_button_leads_to_the_list(admin: AdminBot, data: str) -> None:
    await admin.callback(data)
    assert (admin.toasts[-1], admin.last_text) == (stale_button(), texts.empty())


# --- roles


async def test_a_manager_reaches_no_shortener(admin: AdminBot, server: Stub) -> None:
    await listed(admin, server)
    await store(admin, MAX, "manager")
    share, pause = (
        ShareButton(code="gplinks", seen=1, share=2).pack(),
        ShortenerButton(act=ShortenerAction.PAUSE, code="gplinks").pack(),
    )
    for data in (SECTION, share, pause, AddShortener().pack()):
        await admin.callback(data, who=MAX)
        assert admin.toasts[-1] == not_your_role(Role.MANAGER)
    assert await now_stored() == (await shortener_ops.load())[0]
    assert ((await now_stored()).share, (await now_stored()).is_paused) == (1, False)
    assert admin.texts == []
