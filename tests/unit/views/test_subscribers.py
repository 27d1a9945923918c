"""What subscribers read: escaped, plain, with correct times."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.access import Banned
from core.posts import Post
from core.settings import BotSettings
from core.users import User
from views import common_texts, owner_alerts
from views.html import cut, esc
from views.links import add_to_channel_link, post_link
from views.quantities import counted
from views.subscribers import delivery_texts
from views.subscribers import texts as user_texts
from views.times import clock_time, date_and_time, duration

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")


def called(name: str) -> User:
    return User(user_id=1, first_name=name, joined_at=NOW, last_seen_at=NOW)


def post() -> Post:
    return Post(
        code="x" * 16,
        number=7,
        title="<i>",
        storage_chat_id=-1,
        message_ids=(1, 2),
        item_count=2,
        created_by=1,
        created_at=NOW,
    )


def about(user: User, deliveries: Sequence[tuple[str, datetime]] = (), zone: ZoneInfo = UTC_ZONE) -> str:
    return user_texts.about_me(user, BotSettings(), user_texts.Standing(0, deliveries), NOW, zone)


def test_a_name_made_of_markup_is_shown_as_text() -> None:
    text = user_texts.welcome(called('<3 & "x"'), BotSettings(), "b")
    assert "&lt;3 &amp; &quot;x&quot;" in text
    assert "<3" not in text


@pytest.mark.parametrize("control", ["\u202a", "\u202e", "\u2066", "\u2068", "\u2069"])
def test_a_right_to_left_name_cannot_reverse_the_sentence(control: str) -> None:
    user = called(f"{control}مريم{control}")
    text = user_texts.welcome(user, BotSettings(), "b", f"{control}حديقة")
    assert "\u2068مريم\u2069" in text
    assert (text.count("\u2068"), text.count("\u2069"), text.count("\u202e")) == (2, 2, 0)


def test_a_name_of_nothing_but_controls_is_no_name() -> None:
    assert user_texts.welcome(called("\u202e\u2069"), BotSettings(), "b").startswith("Hi. Open")


def test_a_subscriber_without_a_name_is_greeted() -> None:
    assert user_texts.welcome(called(" "), BotSettings(), "b").startswith("Hi. Open")


def test_the_owners_texts_have_formatting_and_names_in_them_are_escaped() -> None:
    settings = BotSettings(welcome_text="<b>Hi</b> {name} of {bot}", deleted_text="<i>Gone</i>, {name}: {bot}")
    assert user_texts.welcome(called("<b>"), settings, "shop_bot") == "<b>Hi</b> \u2068&lt;b&gt;\u2069 of @shop_bot"
    assert (
        delivery_texts.deleted_notice(settings, called("A&"), "shop_bot")
        == "<i>Gone</i>, \u2068A&amp;\u2069: @shop_bot"
    )
    assert user_texts.notice_placeholders(settings) == {"name", "bot"}
    assert user_texts.notice_placeholders(BotSettings(deleted_text="Gone")) == frozenset()


def test_a_subscriber_without_a_name_is_greeted_by_the_owners_text_too() -> None:
    settings = BotSettings(welcome_text="Hi {name}", deleted_text="{name}")
    assert user_texts.welcome(called("\u202e"), settings, "b") == "Hi there"
    assert delivery_texts.deleted_notice(settings, None, "b") == "there"


def test_help_ends_with_the_owners_contact() -> None:
    assert user_texts.help_text(BotSettings()).count("\n") == 3
    assert user_texts.help_text(BotSettings(contact="<b>@olive</b>")).endswith("\nQuestions: <b>@olive</b>")


def test_a_ban_says_until_when_and_why() -> None:
    text = user_texts.banned(Banned("<spam>", NOW), NOW, UTC_ZONE)
    assert f"until {date_and_time(NOW, UTC_ZONE, NOW)}" in text
    assert "&lt;spam&gt;" in text
    assert user_texts.banned(Banned(None, None), NOW, UTC_ZONE) == "You cannot use this bot."


def test_me_lists_what_is_here_and_counts_the_rest() -> None:
    deliveries = [("Rome", NOW), ("", NOW + timedelta(hours=2))]
    assert about(called("A"), deliveries).splitlines() == [
        "Every post is open to you.",
        f"Here until {clock_time(NOW, UTC_ZONE)}: \u2068Rome\u2069",
        f"Here until {clock_time(NOW + timedelta(hours=2), UTC_ZONE)}: This post",
    ]
    assert about(called("A"), deliveries * 2).endswith("\nand 1 more post")


def test_a_title_in_me_is_cut_escaped_and_isolated() -> None:
    text = about(called("A"), [("\u202e<b>" + "&" * 100, NOW)])
    assert text.endswith(": \u2068&lt;b&gt;" + "&amp;" * 56 + "…\u2069")


def test_missing_messages_are_counted() -> None:
    assert user_texts.missing_items(9, 10).startswith("1 message of this post (of 10)")
    assert user_texts.missing_items(1, 10).startswith("9 messages")


def test_an_empty_post_is_not_blamed_on_the_link() -> None:
    assert "link" not in user_texts.post_empty()


def test_alerts_escape_titles_and_reasons() -> None:
    assert "\u2068&lt;i&gt;\u2069" in owner_alerts.post_damaged(post(), 1)
    assert "&lt;html&gt;" in owner_alerts.storage_lost("<html>")
    told = owner_alerts.deletions_impossible({"too_old": 2, "unknown": 1})
    assert "no longer deletes them: 2" in told
    assert "unknown: 1" in told
    assert "account" not in told
    assert "cleaned up" not in told


def test_owners_read_of_subscribers_and_messages() -> None:
    told = [
        owner_alerts.post_damaged(post(), 1),
        owner_alerts.deletions_impossible(dict.fromkeys(owner_alerts.DELETION_REASONS, 1)),
        owner_alerts.storage_lost("x"),
        owner_alerts.storing_lost("x"),
        owner_alerts.storage_back(),
    ]
    assert not re.search(r"reader|\bitems?\b|\bparts?\b", " ".join(told))


def test_deliveries_that_were_only_cleaned_up_are_not_called_undeletable() -> None:
    told = owner_alerts.deletions_impossible({"swept": 3})
    assert told == "Deliveries whose answer was lost were cleaned up: 3. Whatever had arrived is deleted."


def test_both_alerts_about_the_storage_channel_say_what_to_do() -> None:
    for told in (owner_alerts.storage_lost("x"), owner_alerts.storing_lost("x")):
        assert told.endswith(
            "Nothing is lost: everything works again as soon as the bot is back. /start shows what is missing."
        )
    assert owner_alerts.storage_back() == "The storage channel works again."


def test_an_error_sentence_carries_its_id() -> None:
    assert "(Error a1b2c3)" in common_texts.failed("a1b2c3")


def test_no_sentence_is_longer_than_telegram_takes() -> None:
    settings = BotSettings(welcome_text="&amp;" * 900)
    assert len(user_texts.welcome(called("A"), settings, "b")) <= 4500


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-5), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=59), "59 seconds"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=59, seconds=20), "59 minutes"),
        (timedelta(minutes=90), "1 hour 30 minutes"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(hours=49), "2 days 1 hour"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_durations_in_words(span: timedelta, words: str) -> None:
    assert duration(span) == words


def test_one_is_counted_without_an_s() -> None:
    assert [counted(number, "message") for number in (0, 1, 2)] == ["0 messages", "1 message", "2 messages"]


def test_times_are_date_time_entities_with_the_named_zone_as_text() -> None:
    unix = int(NOW.timestamp())
    assert clock_time(NOW, BERLIN) == f'<tg-time unix="{unix}" format="t">13:00 (Europe/Berlin)</tg-time>'
    words = "1 March 2026, 13:00 (Europe/Berlin)"
    assert date_and_time(NOW, BERLIN, NOW) == f'<tg-time unix="{unix}" format="Dt">{words}</tg-time>'
    assert date_and_time(NOW, BERLIN) == words


def test_a_time_further_ahead_than_telegram_takes_is_words_only() -> None:
    far = NOW + timedelta(days=1001)
    assert date_and_time(far, UTC_ZONE, NOW) == date_and_time(far, UTC_ZONE)
    assert "tg-time" in date_and_time(NOW + timedelta(days=1000), UTC_ZONE, NOW)


def test_links_are_complete_and_encoded() -> None:
    link = post_link("demo_bot", "aB3dE6gH9jK2mN5p", "ig")
    assert link == "https://t.me/demo_bot?start=p_aB3dE6gH9jK2mN5p-s_ig"
    assert add_to_channel_link("demo_bot", ("post_messages",)).endswith("?startchannel&admin=post_messages")


def test_cutting_comes_before_escaping() -> None:
    assert cut("abcdef", 4) == "abc…"
    assert cut("abc", 3) == "abc"
    assert esc('<a href="x">') == "&lt;a href=&quot;x&quot;&gt;"
