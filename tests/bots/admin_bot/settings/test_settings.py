"""/settings lists all settings; /set changes one, validated and audited."""

import pytest

from core.settings import NOT_USED_YET, BotSettings
from core.shorteners.records import Shortener
from database.operations import audit_ops, settings_ops
from database.operations.shorteners import shortener_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from views.settings import texts


async def test_the_list_names_every_setting_with_value_and_range(admin: AdminBot) -> None:
    await settings_ops.change("welcome_text", "<b>Hi</b> " * 80)
    await admin.say("/settings")
    for name in BotSettings.model_fields:
        assert f"<code>{name}</code> = " in admin.last_text
    assert "(1 to 720)" in admin.last_text
    assert "at most 2820" in admin.last_text
    assert "&lt;b&gt;Hi&lt;/b&gt;" in admin.last_text
    assert len(admin.last_text) <= 4096


async def test_the_list_fits_into_a_message_with_every_text_at_its_longest(admin: AdminBot) -> None:
    for name in ("welcome_text", "post_template", "deleted_text", "how_to_verify_url", "cover_photo", "post_password"):
        longest = 120 if name == "post_password" else 250
        await settings_ops.change(name, ("https://x.example/" + "&" * 300)[:longest])
    await admin.say("/settings")
    shown = admin.last_text
    for tag in ("<b>", "</b>", "<code>", "</code>"):
        shown = shown.replace(tag, "")
    assert len(shown.replace("&amp;", "&").replace("&lt;", "<")) <= 4096


async def test_set_changes_a_setting_and_audits_before_and_after(admin: AdminBot) -> None:
    await admin.say("/set delete_after_minutes 60")
    assert (await settings_ops.current(admin.clock.now())).delete_after_minutes == 60
    assert admin.last_text == texts.changed("delete_after_minutes", 30, 60)
    entry = (await audit_ops.last(1))[0]
    assert (entry.admin_id, entry.action, entry.target) == (OWNER.id, "setting.changed", "delete_after_minutes")
    assert (entry.before, entry.after) == (30, 60)


async def test_the_audit_log_never_contains_a_password(admin: AdminBot) -> None:
    for typed in ("hunter2", "hunter3", "-"):
        await admin.say(f"/set post_password {typed}")
    entries = (await audit_ops.last(10))[::-1]
    assert [(entry.before, entry.after) for entry in entries] == [("empty", "set"), ("set", "set"), ("set", "empty")]
    assert "hunter" not in str(await admin.database.collection("audit_log").find({}, limit=10))


async def test_the_owner_reads_the_password_that_is_set(admin: AdminBot) -> None:
    await admin.say("/set post_password hunter2")
    await admin.say("/settings")
    assert "<code>post_password</code> = <b>hunter2</b>" in admin.last_text


async def test_settings_without_effect_are_marked(admin: AdminBot) -> None:
    await admin.say("/settings")
    used, unused = admin.last_text.split("<b>Not used yet</b>")
    for name in BotSettings.model_fields:
        assert f"<code>{name}</code>" in (unused if name in NOT_USED_YET else used)
    await admin.say("/set post_template x")
    assert admin.last_text == (
        "<code>post_template</code> is now <b>x</b> (it was -).\n<b>Not used yet</b>: it has no effect in this version."
    )
    await admin.say("/set post_template")
    assert "Not used yet" in admin.last_text
    await admin.say("/set pass_hours 5")
    assert admin.last_text == "<code>pass_hours</code> is now <b>5</b> (it was 24)."


@pytest.mark.parametrize("mode", ["credits", "pass"])
async def test_asking_for_access_without_a_shortener_says_what_that_means(admin: AdminBot, mode: str) -> None:
    await admin.say(f"/set access_mode {mode}")
    assert (await settings_ops.current(admin.clock.now())).access_mode == mode
    assert "<b>There is no shortener</b>" in admin.last_text
    assert "straight back to the user bot" in admin.last_text
    await admin.say(f"/set access_mode {mode}")
    assert admin.last_text == f"<code>access_mode</code> is <b>{mode}</b> already."
    await admin.say("/set access_mode open")
    assert "shortener" not in admin.last_text


async def test_the_note_names_the_page_if_there_is_one(admin: AdminBot) -> None:
    admin.dispatcher["has_page"] = True
    await admin.say("/set access_mode pass")
    assert "a page of yours with a single button" in admin.last_text


async def test_with_a_shortener_there_is_no_note(admin: AdminBot) -> None:
    await shortener_ops.add(Shortener(code="a", name="short", sealed_key="sealed"))
    await admin.say("/set access_mode pass")
    assert admin.last_text == "<code>access_mode</code> is now <b>pass</b> (it was credits)."


async def test_the_refusal_lists_accepted_values_only(admin: AdminBot) -> None:
    await admin.say("/set access_mode closed")
    assert admin.last_text == (
        "access_mode does not take that. Expected: who gets posts: open (everybody), "
        "credits or pass (whoever earned them by a verification)."
    )


async def test_a_value_out_of_range_is_answered_with_its_range(admin: AdminBot) -> None:
    await admin.say("/set pass_hours 721")
    assert admin.last_text == (
        "pass_hours does not take that. Expected: hours a verification opens everything (mode pass) (1 to 720)."
    )


async def test_a_storage_channel_of_the_environment_is_named(admin: AdminBot) -> None:
    from_environment = f"<b>{STORAGE}</b>, from STORAGE_CHANNEL_ID in the environment"
    admin.data["storage_channel"].configured = STORAGE
    await admin.say("/settings")
    assert from_environment not in admin.last_text
    await settings_ops.change("storage_channel_id", None)
    await admin.say("/settings")
    assert "<code>storage_channel_id</code> = <b>-</b>" in admin.last_text
    assert from_environment in admin.last_text


async def test_the_same_value_again_is_answered_and_not_audited(admin: AdminBot) -> None:
    await admin.say("/set delete_after_minutes 30")
    assert "already" in admin.last_text
    assert await audit_ops.last(10) == []


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("protect_content on", True),
        ("on_shortener_failure grant", "grant"),
        ("welcome_text Hello\nworld", "Hello\nworld"),
    ],
)
async def test_set_reads_every_kind_of_value(admin: AdminBot, typed: str, stored: object) -> None:
    await admin.say(f"/set {typed}")
    name = typed.split()[0]
    assert getattr(await settings_ops.current(admin.clock.now()), name) == stored


async def test_a_dash_empties_a_text(admin: AdminBot) -> None:
    await settings_ops.change("welcome_text", "Hello")
    await admin.say("/set welcome_text -")
    assert (await settings_ops.current(admin.clock.now())).welcome_text is None


@pytest.mark.parametrize(
    "typed",
    [
        "delete_after_minutes 2821",
        "delete_after_minutes -1",
        "delete_after_minutes soon",
        "delete_after_minutes 9999999999999999999999",
        "access_mode anarchy",
        "access_mode credits pass",
        "protect_content perhaps",
        "how_to_verify_url javascript:alert(1)",
        "public_channel_id 99999999999999999999",
        "public_channel_id -99999999999999999999",
        "no_such_setting 1",
        "<b>x</b> <i>",
        "welcome_text " + "x" * 901,
        "__class__ x",
        "$set 1",
        "💥 💥",
    ],
)
async def test_bad_input_is_answered_with_what_is_expected_and_changes_nothing(admin: AdminBot, typed: str) -> None:
    before = await settings_ops.current(admin.clock.now())
    await admin.say(f"/set {typed}")
    assert len(admin.texts) == 1
    name = typed.split()[0].replace("<", "&lt;").replace(">", "&gt;")
    assert name in admin.last_text
    assert "<b>x</b>" not in admin.last_text
    assert "should" not in admin.last_text
    assert await settings_ops.current(admin.clock.now()) == before
    assert await audit_ops.last(10) == []


async def test_set_alone_explains_itself(admin: AdminBot) -> None:
    await admin.say("/set")
    assert admin.last_text == texts.USAGE


async def test_set_with_a_name_alone_shows_the_setting(admin: AdminBot) -> None:
    await admin.say("/set pass_hours")
    assert "<code>pass_hours</code> = <b>24</b>" in admin.last_text
    assert "(1 to 720)" in admin.last_text


async def test_the_storage_channel_is_chosen_with_the_picker_only(admin: AdminBot) -> None:
    await admin.say("/set storage_channel_id -1009")
    assert admin.last_text == texts.CHOSEN_BY_PICKER
    assert (await settings_ops.current(admin.clock.now())).storage_channel_id == STORAGE
