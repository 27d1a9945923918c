"""/set changes one setting: validated, audited, and only from the value that stands."""

import pytest
from aiogram.types import MessageEntity

from core.settings import field_of
from core.settings.changes import Editor
from core.settings.reading import expected
from core.shorteners.records import Shortener
from database.operations import audit_ops, settings_ops
from database.operations.shorteners import shortener_ops
from tests.bots.admin_bot.conftest import OWNER, STORAGE, AdminBot
from views.settings import texts


async def value(admin: AdminBot, name: str) -> object:
    return getattr(await settings_ops.current(admin.clock.now()), name)


async def test_set_changes_a_setting_and_audits_before_and_after(admin: AdminBot) -> None:
    await admin.say("/set delete_after_minutes 60")
    assert await value(admin, "delete_after_minutes") == 60
    assert admin.last_text == "<b>Auto-delete</b> is now 1 h (it was 30 min)."
    entry = (await audit_ops.last(1))[0]
    assert (entry.admin_id, entry.action, entry.target) == (OWNER.id, "setting.changed", "delete_after_minutes")
    assert (entry.before, entry.after) == (30, 60)
    last = (await settings_ops.load_now(admin.clock.now())).changes["delete_after_minutes"]
    assert (last.by, last.name, last.at) == (OWNER.id, "Olga", admin.clock.now())


async def test_a_change_that_somebody_else_made_meanwhile_is_named(
    admin: AdminBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_from = settings_ops.change_from

    async def be_overtaken(name: str, value: object, **rest: object) -> object:
        monkeypatch.setattr(settings_ops, "change_from", change_from)
        await change_from(name, 90, expected=30, by=Editor(7002, "<Bob>"), at=admin.clock.now())
        return await change_from(name, value, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(settings_ops, "change_from", be_overtaken)
    await admin.say("/set delete_after_minutes 60")
    assert admin.last_text == "&lt;Bob&gt; changed this to 1 h 30 min a moment ago. Yours is not saved."
    assert await value(admin, "delete_after_minutes") == 90
    assert await audit_ops.last(10) == []


async def test_the_audit_log_never_contains_a_password(admin: AdminBot) -> None:
    for typed in ("hunter2", "hunter3", "-"):
        await admin.say(f"/set post_password {typed}")
    entries = (await audit_ops.last(10))[::-1]
    assert [(entry.before, entry.after) for entry in entries] == [("empty", "set"), ("set", "set"), ("set", "empty")]
    assert "hunter" not in str(await admin.database.collection("audit_log").find({}, limit=10))


async def test_formatting_and_typed_tags_are_kept(admin: AdminBot) -> None:
    await admin.say("/set welcome_text <b>Hi</b> {name}")
    assert await value(admin, "welcome_text") == "<b>Hi</b> {name}"
    assert admin.last_text == "<b>Welcome</b> is now:\n\n<b>Hi</b> {name}"

    text = "/set welcome_text 🎁 Hi <i>{name}</i> & 1 < 2"
    entities = [
        MessageEntity(type="bot_command", offset=0, length=4).model_dump(),
        # the gift is two units long; “Hi” stands behind it and a space
        MessageEntity(type="bold", offset=21, length=2).model_dump(),
    ]
    await admin.send(text=text, entities=entities)
    assert await value(admin, "welcome_text") == "🎁 <b>Hi</b> <i>{name}</i> &amp; 1 &lt; 2"

    whole = [MessageEntity(type="code", offset=0, length=27).model_dump()]
    await admin.send(text="/set welcome_text <b>{name}", entities=whole)
    assert await value(admin, "welcome_text") == "<code>&lt;b&gt;{name}</code>"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("welcome_text Hi {nme}", "{nme} is not known here. Known: {name}, {bot}."),
        ("welcome_text <b>Hi", "&lt;b&gt; is not closed. Put &lt;/b&gt; where it ends."),
    ],
)
async def test_a_text_that_cannot_be_used_is_answered_with_why(admin: AdminBot, typed: str, sentence: str) -> None:
    await admin.say(f"/set {typed}")
    assert admin.last_text == sentence
    assert await value(admin, "welcome_text") is None


@pytest.mark.parametrize("mode", ["credits", "pass"])
async def test_asking_for_access_without_a_shortener_says_what_that_means(admin: AdminBot, mode: str) -> None:
    await admin.say(f"/set access_mode {mode}")
    assert await value(admin, "access_mode") == mode
    assert "<b>There is no shortener</b>" in admin.last_text
    assert "straight back to the user bot" in admin.last_text
    await admin.say(f"/set access_mode {mode}")
    assert admin.last_text == f"<b>Who gets posts</b> is with {'a pass' if mode == 'pass' else mode} already."
    await admin.say("/set access_mode open")
    assert "shortener" not in admin.last_text


async def test_the_note_names_the_page_if_there_is_one(admin: AdminBot) -> None:
    admin.dispatcher["has_page"] = True
    await admin.say("/set access_mode pass")
    assert "a page of yours with a single button" in admin.last_text


async def test_with_a_shortener_there_is_no_note(admin: AdminBot) -> None:
    await shortener_ops.add(Shortener(code="a", name="short", sealed_key="sealed"))
    await admin.say("/set access_mode pass")
    assert admin.last_text == "<b>Who gets posts</b> is now with a pass (it was with credits)."


async def test_a_value_out_of_range_is_answered_with_its_range(admin: AdminBot) -> None:
    await admin.say("/set pass_hours 721")
    assert admin.last_text == "Pass per unlock is a time from 1 h to 30 days, like 24 h."


async def test_the_same_value_again_is_answered_and_not_audited(admin: AdminBot) -> None:
    await admin.say("/set delete_after_minutes 30")
    assert "already" in admin.last_text
    assert await audit_ops.last(10) == []


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("protect_content on", True),
        ("on_shortener_failure grant", "grant"),
        ("delete_after_minutes 2 hours", 120),
        ("welcome_text Hello\nworld", "Hello\nworld"),
        ("Welcome_Text\nHello", "Hello"),
    ],
)
async def test_set_reads_every_kind_of_value(admin: AdminBot, typed: str, stored: object) -> None:
    await admin.say(f"/set {typed}")
    assert await value(admin, typed.split()[0].lower()) == stored


async def test_a_dash_empties_a_text(admin: AdminBot) -> None:
    await settings_ops.change("welcome_text", "Hello")
    await admin.say("/set welcome_text -")
    assert await value(admin, "welcome_text") is None


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("delete_after_minutes 2821", "Auto-delete is a time"),
        ("delete_after_minutes -1", "Auto-delete is a time"),
        ("delete_after_minutes soon", "Auto-delete is a time"),
        ("delete_after_minutes 9999999999999999999999", "Auto-delete is a time"),
        ("access_mode anarchy", "Who gets posts is one of these"),
        ("access_mode credits pass", "Who gets posts is one of these"),
        ("protect_content perhaps", "Restrict saving is on or off"),
        ("how_to_verify_url javascript:alert(1)", "like https://example.org/how"),
        ("public_channel_id -99999999999999999999", "the id of a channel"),
        ("cover_photo AgACAgIAAx0", "chosen on its own screen"),
        ("no_such_setting 1", "There is no setting “no_such_setting”"),
        ("<b>x</b> <i>", "There is no setting “&lt;b&gt;x&lt;/b&gt;”"),
        ("welcome_text " + "x" * 901, "At most 900 characters"),
        ("__class__ x", "There is no setting “__class__”"),
        ("$set 1", "There is no setting “$set”"),
        ("💥 💥", "There is no setting “💥”"),
    ],
)
async def test_bad_input_is_answered_with_what_is_expected_and_changes_nothing(
    admin: AdminBot, typed: str, answer: str
) -> None:
    before = await settings_ops.current(admin.clock.now())
    await admin.say(f"/set {typed}")
    assert len(admin.texts) == 1
    assert answer in admin.last_text
    assert await settings_ops.current(admin.clock.now()) == before
    assert await audit_ops.last(10) == []


async def test_set_alone_explains_itself(admin: AdminBot) -> None:
    await admin.say("/set")
    assert admin.last_text == texts.usage()


async def test_set_with_a_name_alone_shows_the_setting(admin: AdminBot) -> None:
    await admin.say("/set pass_hours")
    assert admin.last_text.startswith("<b>Pass per unlock</b>: 24 h\n")
    assert expected(field_of("pass_hours")) in admin.last_text


async def test_the_storage_channel_is_chosen_with_the_picker_only(admin: AdminBot) -> None:
    await admin.say("/set storage_channel_id -1009")
    assert admin.last_text == texts.chosen_by_picker()
    assert await value(admin, "storage_channel_id") == STORAGE
