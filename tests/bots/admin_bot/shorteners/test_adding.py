"""A shortener is added by two answers, tested, and saved; its key is seen nowhere."""

import pytest
from aiogram.methods import DeleteMessage, SendMessage

from admin_bot.context import ShortenerAccess
from core.settings import AccessMode
from core.shorteners.records import SHORTENERS_MAX, Shortener
from database.operations import audit_ops, settings_ops
from database.operations.shorteners import shortener_counts, shortener_ops
from shorteners.vault import KeyVault
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.shorteners.conftest import KEY, OTHER_KEY, SECTION, address_of, deleted
from tests.bots.admin_bot.telegram import bad_request
from tests.unit.shorteners.local import Stub, giving, hang, stub
from views.admin_texts import stale_button
from views.shorteners import texts

pytestmark = pytest.mark.usefixtures("keyless")


async def stored() -> Shortener:
    (one,) = await shortener_ops.load()
    return one


async def add(admin: AdminBot, server: Stub, key: str = KEY) -> None:
    """Go from the list to the result of the test."""
    await admin.callback(SECTION)
    await admin.press("Add")
    await admin.say(address_of(server))
    await admin.say(key)


async def test_a_shortener_is_added_by_two_answers(admin: AdminBot, server: Stub) -> None:
    await admin.callback(SECTION)
    assert admin.last_text == "None. Subscribers unlock on your own page; you earn nothing."
    await admin.press("Add")
    assert admin.last_text == texts.ask_address()
    await admin.say(address_of(server))
    assert admin.last_text == texts.ask_key()

    key_message = (await admin.say(KEY)).message
    assert key_message is not None
    assert deleted(admin)[-2] == key_message.message_id
    assert admin.last_text == "It answered in 0.0 s: <code>short.example/x7</code>."
    assert admin.buttons() == ["Save", "Change", "‹ Shorteners", "Menu"]
    assert server.asked[0].query["api"] == KEY
    assert server.asked[0].query["url"].startswith("https://t.me/tollgate_bot?start=v_")
    assert await shortener_ops.load() == ()

    await admin.press("Save")
    one = await stored()
    assert admin.last_text.startswith(f"{texts.saved()} {texts.posts_cost_credits()}\n\n<b>⁨127.0.0.1⁩</b> · works")
    assert (one.name, one.set_by, one.set_by_name, one.link_hosts) == (
        "127.0.0.1",
        OWNER.id,
        "Olga",
        ("short.example",),
    )
    assert (one.sealed_key or "").startswith("gAAAA")
    unsealed = admin.vault.unseal(one.sealed_key or "")
    assert unsealed is not None and unsealed.get_secret_value() == KEY
    (entry,) = await audit_ops.last(1)
    assert (entry.action, entry.target, entry.after) == ("shortener.added", "127.0.0.1", None)


async def test_the_first_shortener_makes_posts_cost_credits_and_says_so_only_then(
    admin: AdminBot, server: Stub
) -> None:
    await settings_ops.change("access_mode", "open")
    await add(admin, server)
    await admin.press("Save")
    assert admin.last_text.startswith(f"{texts.saved()}\n\n")
    assert (await settings_ops.load()).access_mode is AccessMode.OPEN


async def test_pressing_save_twice_saves_one(admin: AdminBot, server: Stub) -> None:
    await add(admin, server)
    update = await admin.press("Save")
    pressed = update.callback_query
    assert pressed is not None and pressed.message is not None
    await admin.callback(pressed.data or "", message_id=pressed.message.message_id)
    assert len(await shortener_ops.load()) == 1
    assert admin.toasts[-1] == stale_button()
    assert "⁨127.0.0.1⁩" in admin.last_text


async def test_a_second_one_of_the_same_host_gets_a_number(admin: AdminBot, server: Stub) -> None:
    for _ in range(2):
        await add(admin, server)
        await admin.press("Save")
    assert [one.name for one in await shortener_ops.load()] == ["127.0.0.1", "127.0.0.1 2"]


async def test_a_key_in_the_pasted_address_is_taken_out_and_the_message_deleted(admin: AdminBot, server: Stub) -> None:
    await admin.callback(SECTION)
    await admin.press("Add")
    sent = (await admin.say(f"{address_of(server)}?api={KEY}&url=https://example.org/yourlink")).message
    assert sent is not None
    assert deleted(admin)[0] == sent.message_id
    assert admin.last_text.startswith("It answered in")
    await admin.press("Save")
    assert (await stored()).api_url == address_of(server)


@pytest.mark.parametrize("text", ["hello", "https://short.example/a b", "ftp://short.example", "https://localhost/api"])
async def test_a_wrong_address_is_answered_with_an_example_and_asked_again(
    admin: AdminBot, server: Stub, text: str
) -> None:
    await admin.callback(SECTION)
    await admin.press("Add")
    await admin.say(text)
    assert "like https://short.example/api" in admin.last_text
    await admin.say(address_of(server))
    assert admin.last_text == texts.ask_key()
    assert await admin.posts() == []


@pytest.mark.parametrize("text", [KEY, f"https://short.example/{KEY}", f"https://short.example/api?token={KEY}"])
async def test_a_key_sent_for_the_address_is_deleted(admin: AdminBot, text: str) -> None:
    await admin.callback(SECTION)
    await admin.press("Add")
    sent = (await admin.say(text)).message
    assert sent is not None
    assert deleted(admin) == [sent.message_id]
    assert admin.last_text.startswith("There is a key in it, so I deleted your message.")


@pytest.mark.parametrize("text", ["short", f"my key is {KEY}", f"{KEY}\n{KEY}", "ключ-ключ-ключ"])
async def test_a_wrong_key_is_deleted_too_and_asked_again(admin: AdminBot, server: Stub, text: str) -> None:
    await add(admin, server, text)
    assert len(deleted(admin)) == 2, "the question of the address, and this"
    assert admin.last_text.startswith("I expect the API key")
    await admin.say(KEY)
    assert admin.last_text.startswith("It answered in")


async def test_a_picture_is_no_key_and_no_post(admin: AdminBot, server: Stub) -> None:
    await admin.callback(SECTION)
    await admin.press("Add")
    await admin.say(address_of(server))
    picture = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
    await admin.send(photo=picture)
    assert admin.last_text.startswith("I expect the API key")
    assert await admin.posts() == []


async def test_a_message_that_cannot_be_deleted_is_named_to_the_owner(admin: AdminBot, server: Stub) -> None:
    await admin.callback(SECTION)
    await admin.press("Add")
    await admin.say(address_of(server))
    admin.world.fail(DeleteMessage, bad_request("message can't be deleted"))
    await admin.say(KEY)
    assert texts.key_message_left() in [call.text for call in admin.world.calls if isinstance(call, SendMessage)]
    assert admin.last_text.startswith("It answered in")


async def test_a_command_ends_the_question_and_the_key_is_deleted_nevertheless(admin: AdminBot, server: Stub) -> None:
    await admin.callback(SECTION)
    await admin.press("Add")
    await admin.say(address_of(server))
    await admin.say("/menu")
    await admin.say(KEY)
    assert admin.last_text == texts.pasted_key()
    assert await admin.posts() == []


# --- what the test finds


async def refused(admin: AdminBot, server: Stub, sentence: str) -> None:
    await add(admin, server)
    assert admin.last_text == sentence
    assert admin.buttons() == ["Try again", "Change", "‹ Shorteners", "Menu"]
    assert await shortener_ops.load() == ()


async def test_a_redirecting_address_is_not_followed(admin: AdminBot) -> None:
    async with stub(giving("", 302, Location="http://127.0.0.1:1/")) as server:
        await refused(admin, server, f"{texts._FAILURES['redirected']()} (HTTP 302)")
        assert len(server.asked) == 1


async def test_a_wrong_key_is_said(admin: AdminBot) -> None:
    async with stub(giving({"status": "error", "message": f"bad key {KEY}"})) as server:
        await refused(admin, server, texts._FAILURES["declined"]())


async def test_a_hanging_address_is_given_up(admin: AdminBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_bot.shorteners.providers.TRIAL_TIMEOUT_S", 0.05)
    async with stub(hang) as server:
        await refused(admin, server, texts._FAILURES["timed_out"]())


async def test_a_private_address_is_refused_outside_of_a_sandbox(admin: AdminBot, server: Stub) -> None:
    providers = admin.data["shorteners"]._providers
    providers._access = ShortenerAccess(admin.vault, is_public_only=True)
    await refused(admin, server, texts._FAILURES["private"]())
    assert server.asked == []


async def test_another_try_and_a_change_lead_on(admin: AdminBot) -> None:
    async with stub(giving("down", 503)) as server:
        await add(admin, server)
        assert admin.last_text.endswith("(HTTP 503)")
        server.answer = giving({"shortenedUrl": "https://short.example/x7"})
        await admin.press("Try again")
        assert admin.last_text.startswith("It answered in")
        await admin.press("Change")
        assert admin.last_text == texts.ask_address()


async def test_a_failed_test_after_a_good_one_leaves_nothing_to_save(admin: AdminBot, server: Stub) -> None:
    await add(admin, server)
    save = (await admin.press("Change")).callback_query
    assert save is not None
    server.answer = giving("down", 503)
    await admin.say(address_of(server))
    await admin.say(KEY)
    assert "Save" not in admin.buttons()
    assert await shortener_ops.load() == ()


# --- limits, and other people


async def test_there_are_so_many_at_most(admin: AdminBot, server: Stub) -> None:
    for number in range(SHORTENERS_MAX):
        await shortener_ops.add(Shortener(code=f"c{number}", name=f"n{number}", sealed_key="sealed"))
    await add(admin, server)
    await admin.press("Save")
    assert admin.last_text == texts.full()


async def test_without_a_key_file_nothing_is_asked(admin: AdminBot) -> None:
    providers = admin.data["shorteners"]._providers
    providers._access = ShortenerAccess(KeyVault(None, "DATA_DIR: …"))
    await admin.callback(SECTION)
    await admin.press("Add")
    assert admin.last_text == texts.no_vault("DATA_DIR: …")


# --- another key


async def test_a_key_is_replaced_and_that_can_be_undone(admin: AdminBot, server: Stub) -> None:
    await add(admin, server)
    await admin.press("Save")
    before = await stored()
    await admin.press("Replace key")
    assert admin.last_text == texts.ask_key()
    await admin.say(OTHER_KEY)
    assert admin.last_text.startswith("It answered in")
    await admin.press("Save")
    assert admin.last_text.startswith(texts.key_replaced())
    now = admin.vault.unseal((await stored()).sealed_key or "")
    assert now is not None and now.get_secret_value() == OTHER_KEY
    (entry,) = await audit_ops.last(1)
    assert (entry.action, entry.before, entry.after) == ("shortener.key_set", None, None)

    await admin.press("Undo")
    assert (await stored()).sealed_key == before.sealed_key


async def test_a_key_that_somebody_else_replaced_meanwhile_is_not_overwritten(admin: AdminBot, server: Stub) -> None:
    await add(admin, server)
    await admin.press("Save")
    one = await stored()
    await admin.press("Replace key")
    await admin.say(OTHER_KEY)
    await shortener_ops.replace_key(one, "bob's", admin.clock.now(), 2, "Bob")

    await admin.press("Save")
    assert admin.last_text == "⁨Bob⁩ changed this to another key a moment ago. Yours is not saved."
    assert (await stored()).sealed_key == "bob's"

    await admin.press("Save mine")
    now = admin.vault.unseal((await stored()).sealed_key or "")
    assert now is not None and now.get_secret_value() == OTHER_KEY


async def test_a_shortener_removed_meanwhile_gets_no_key(admin: AdminBot, server: Stub) -> None:
    await add(admin, server)
    await admin.press("Save")
    await admin.press("Replace key")
    await admin.say(OTHER_KEY)
    await shortener_ops.remove((await stored()).code, admin.clock.now())
    await admin.press("Save")
    assert admin.last_text.startswith(texts.gone())


async def test_a_saved_one_works_until_a_call_fails(admin: AdminBot, server: Stub) -> None:
    await add(admin, server)
    await admin.press("Save")
    name = (await stored()).name
    counts = (await shortener_counts.tallies([name], admin.clock.now()))[name]
    assert (counts.links, counts.failed) == (0, 0)
