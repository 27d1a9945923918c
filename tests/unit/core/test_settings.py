"""The table of settings, and how their values are typed."""

import ast
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.durations import DAY, HOUR, MINUTE, SECOND
from core.errors import BadInput
from core.posts import Post
from core.settings import (
    FIELDS,
    TEXTS,
    AccessMode,
    BotSettings,
    Control,
    Group,
    SettingField,
    ShortenerFailure,
    field_of,
    limits_of,
    parse_setting,
)
from core.settings.announcing import announcement_label, announcement_text, ticked_first
from core.settings.fields import may_be_empty
from core.settings.reading import expected

BY_CONTROL = {control: [one.name for one in FIELDS if one.control is control] for control in Control}


# the table


def test_every_setting_is_in_exactly_one_group() -> None:
    assert sorted(one.name for one in FIELDS) == sorted(BotSettings.model_fields)
    assert {one.group for one in FIELDS} == set(Group)


def test_labels_fit_on_a_button_and_every_setting_has_a_sentence() -> None:
    assert len({one.label for one in FIELDS}) == len(FIELDS)
    for one in FIELDS:
        assert 0 < len(one.label) <= 26, one.label
        assert one.sentence.endswith("."), one.name
        assert "_" not in one.label + one.sentence


@pytest.mark.parametrize("name", BY_CONTROL[Control.DURATION])
def test_offered_durations_are_in_the_range_of_the_model(name: str) -> None:
    field, limits = field_of(name), limits_of(name)
    assert field.unit in (SECOND, MINUTE, HOUR, DAY)
    assert list(field.offered) == sorted(field.offered)
    assert all((limits.lowest or 1) <= value <= (limits.highest or 0) for value in field.offered)
    has_zero_or_none = limits.lowest == 0 or may_be_empty(name)
    assert has_zero_or_none is (field.never is not None)


@pytest.mark.parametrize("name", BY_CONTROL[Control.CHOICE])
def test_a_choice_has_words_for_every_value(name: str) -> None:
    kinds = {"access_mode": AccessMode, "on_shortener_failure": ShortenerFailure}
    assert set(field_of(name).words) == set(kinds[name])


@pytest.mark.parametrize("name", ["delete_after_minutes", "leaves_after_minutes"])
def test_47_hours_come_with_their_reason(name: str) -> None:
    assert limits_of(name).highest == 47 * 60
    for sentence in (field_of(name).sentence, expected(field_of(name))):
        assert "Telegram deletes nothing older than 48" in sentence


def test_silent_subscribers_may_go_after_seven_days() -> None:
    assert BotSettings(inactive_user_days=7).inactive_user_days == 7
    with pytest.raises(ValueError, match="inactive_user_days"):
        BotSettings(inactive_user_days=6)


def test_the_page_of_settings_lists_every_setting_in_order() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \w+ \| ([^|]+) \| `(\w+)` \|", page, re.MULTILINE)
    assert rows == [(one.label, one.name) for one in FIELDS]


@cache
def attributes_read() -> frozenset[str]:
    """The names of all attributes that our code reads from objects, settings among them."""
    root = Path(__file__).resolve().parents[3]
    packages = ("core", "user_bot", "admin_bot", "views", "schedulers", "sender")
    return frozenset(
        node.attr
        for package in packages
        for path in (root / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    )


@pytest.mark.parametrize("name", BotSettings.model_fields)
def test_every_setting_is_read_by_some_code(name: str) -> None:
    assert name in attributes_read()


def test_the_usual_values_are_those_of_the_design() -> None:
    found = BotSettings()
    assert (found.delete_after_minutes, found.daily_token_limit, found.resend_grace_minutes) == (30, 15, 10)
    assert found.access_mode is AccessMode.OPEN
    assert found.protect_content is False
    assert found.leaves_after_minutes == 0


def test_a_cover_of_an_earlier_version_is_none() -> None:
    assert BotSettings.model_validate({"cover_photo": "AgACAgIAAx0"}).cover_photo is None


# values as they are typed


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("delete_after_minutes", "0", 0),
        ("delete_after_minutes", "never", 0),
        ("delete_after_minutes", " 2820 ", 2820),
        ("delete_after_minutes", "47h", 2820),
        ("delete_after_minutes", "1 h 30 min", 90),
        ("leaves_after_minutes", "24 h", 1440),
        ("pass_hours", "24", 24),
        ("pass_hours", "3 days", 72),
        ("min_verify_seconds", "90", 90),
        ("min_verify_seconds", "2 min", 120),
        ("min_verify_seconds", "off", 0),
        ("resend_grace_minutes", "1 day", 1440),
        ("history_days", "2 weeks", 14),
        ("keep_unused_tokens_days", "none", None),
        ("keep_unused_tokens_days", "for ever", None),
        ("inactive_user_days", "30", 30),
        ("free_deliveries_per_token", "1000", 1000),
        ("protect_content", "on", True),
        ("protect_content", "Off", False),
        ("access_mode", "open", "open"),
        ("access_mode", " pass ", "pass"),
        ("access_mode", "With  credits", "credits"),
        ("on_shortener_failure", "my own page", "direct"),
        ("how_to_verify_url", "-", None),
        ("how_to_verify_url", "https://example.org/how", "https://example.org/how"),
        ("welcome_text", "Hi <b>all</b> {name}", "Hi <b>all</b> {name}"),
        ("welcome_text", "-", None),
        ("public_channel_id", "-1001", -1001),
        ("public_channel_id", "-", None),
        ("button_label", "  Get   it ", "Get it"),
        ("button_label", "<b>", "<b>"),
        ("post_password", "two  spaces", "two  spaces"),
    ],
)
def test_a_setting_in_its_range_is_accepted(name: str, raw: str, value: object) -> None:
    assert parse_setting(name, raw) == value


@pytest.mark.parametrize(
    ("name", "raw", "sentence"),
    [
        ("delete_after_minutes", "2821", "is a time from 1 min to 47 h, or never, like 15 min."),
        ("delete_after_minutes", "2 days", "Telegram deletes nothing older than 48 h."),
        ("delete_after_minutes", "-1", "from 1 min to 47 h"),
        ("delete_after_minutes", "soon", "like 15 min"),
        ("delete_after_minutes", "", "like 15 min"),
        ("delete_after_minutes", "90s", "It is kept in steps of 1 min."),
        ("pass_hours", "721", "Pass per unlock is a time from 1 h to 30 days, like 24 h."),
        ("pass_hours", "never", "from 1 h to 30 days"),
        ("pass_hours", "30 min", "steps of 1 h"),
        ("keep_unused_tokens_days", "3651", "from 1 day to 3650 days, or for ever"),
        ("inactive_user_days", "6", "from 7 days to 3650 days"),
        ("free_deliveries_per_token", "1001", "Credits per unlock is a whole number from 1 to 1,000, like 10."),
        ("free_deliveries_per_token", "٣", "a whole number"),
        ("free_deliveries_per_token", "9" * 30, "a whole number"),
        ("free_deliveries_per_token", "10 credits", "a whole number"),
        ("protect_content", "perhaps", "Restrict saving is on or off."),
        ("access_mode", "vip", "one of these: everyone, with credits, with a pass."),
        ("on_shortener_failure", "x", "my own page, let them in, ask to wait"),
        ("welcome_text", "x" * 901, "At most 900 characters; this has 901."),
        ("welcome_text", "", "at most 900 characters"),
        ("welcome_text", "Hi {nme}", "{nme} is not known here. Known: {name}, {bot}."),
        ("deleted_text", "x" * 501, "At most 500 characters"),
        ("post_template", "{name}", "Known: {title}, {text}, {number}, {count}, {autodelete}."),
        ("contact", "@olive {bot}", "no placeholders"),
        ("button_label", "x" * 41, "one line of at most 40 characters"),
        ("post_password", "a\nb", "one line"),
        ("public_channel_id", "soon", "the id of a channel, a number like -1001234567890"),
        ("public_channel_id", "1001", "the id of a channel"),
        ("public_channel_id", "-" + "9" * 19, "the id of a channel"),
        ("cover_photo", "5", "chosen on its own screen"),
        ("storage_channel_id", "-1001", "chosen on its own screen"),
        ("how_to_verify_url", "javascript:alert(1)", "https://"),
        # Telegram refuses a button without a dot in the host, and with it the whole message
        ("how_to_verify_url", "https://localhost/how", "https://"),
        ("how_to_verify_url", "https://exa mple.org", "https://"),
        ("how_to_verify_url", "https://...", "like https://example.org/how"),
        ("how_to_verify_url", "https://example..org", "https://"),
        ("how_to_verify_url", "https://ex<ample.org", "https://"),
        ("how_to_verify_url", "https://example.org:", "https://"),
        ("how_to_verify_url", "https://example.org:0x", "https://"),
        ("nonsense", "1", "There is no setting “nonsense”"),
        ("model_config", "1", "There is no setting"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_what_is_expected(name: str, raw: str, sentence: str) -> None:
    with pytest.raises(BadInput) as refusal:
        parse_setting(name, raw)
    assert sentence in refusal.value.sentence


@given(st.sampled_from(FIELDS), st.text(max_size=30) | st.text("0123456789 hdmin-{}<>/b", max_size=12))
def test_whatever_is_typed_is_a_value_of_the_model_or_refused(field: SettingField, raw: str) -> None:
    name = field.name
    try:
        value = parse_setting(name, raw)
    except BadInput as problem:
        assert problem.sentence
        return
    assert getattr(BotSettings.model_validate({name: value}), name) == value


# announcements


def post(title: str = "Spring album", text: str = "Forty photos") -> Post:
    return Post(
        code="x" * 16,
        number=12,
        title=title,
        description=text,
        storage_chat_id=-1,
        message_ids=(1, 2),
        item_count=2,
        created_by=1,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def test_the_usual_announcement_is_title_and_text() -> None:
    assert announcement_text(post(), BotSettings()) == "<b>\u2068Spring album\u2069</b>\n\nForty photos"
    assert announcement_text(post(text=""), BotSettings()) == "<b>\u2068Spring album\u2069</b>"


def test_the_owners_template_is_filled_with_escaped_values() -> None:
    settings = BotSettings(
        post_template="№{number} <i>{title}</i>: {count}, {autodelete}. {text}", delete_after_minutes=90
    )
    told = announcement_text(post("<b>\u202e&", "{title}"), settings)
    assert told == "№12 <i>\u2068&lt;b&gt;&amp;\u2069</i>: 2 messages, 1 h 30 min. &#123;title&#125;"
    assert ", never." in announcement_text(post(), settings.model_copy(update={"delete_after_minutes": 0}))


def test_a_template_that_leaves_nothing_to_read_is_replaced_by_the_usual_one() -> None:
    assert "Spring album" in announcement_text(post(text=""), BotSettings(post_template="<b>{text}</b>"))


def test_the_label_is_the_posts_own_or_the_owners_or_the_usual_one() -> None:
    own = BotSettings(button_label="Get it")
    assert announcement_label(post().model_copy(update={"label": "Look"}), own) == "Look"
    assert announcement_label(post(), own) == "Get it"
    assert announcement_label(post(), BotSettings()) == "Open"


def test_the_chosen_channel_is_ticked_first_while_it_is_one_to_publish_in() -> None:
    chosen = BotSettings(public_channel_id=-1002)
    assert ticked_first((-1001, -1002), chosen) == (-1002,)
    assert ticked_first((-1001, -1003), chosen) == (-1001, -1003)
    assert ticked_first((-1001, -1002), BotSettings()) == (-1001, -1002)


def test_rules_of_texts_belong_to_text_fields() -> None:
    assert set(TEXTS) == set(BY_CONTROL[Control.TEXT])
