"""What people read: escaped, plain, and true about the time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.access import Banned
from core.posts import Post
from core.settings import BotSettings
from core.users import User
from views import common_texts, owner_alerts, user_texts
from views.html import cut, esc
from views.links import add_to_channel_link, post_link, share_link
from views.times import clock_time, date_and_time, duration

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")


def called(name: str) -> User:
    return User(user_id=1, first_name=name, joined_at=NOW, last_seen_at=NOW)


def test_a_name_made_of_markup_is_shown_as_text() -> None:
    text = user_texts.welcome(called('<3 & "x"'), BotSettings())
    assert "&lt;3 &amp; &quot;x&quot;" in text
    assert "<3" not in text


def test_a_right_to_left_name_cannot_turn_the_sentence_around() -> None:
    text = user_texts.welcome(called("\u202eمريم"), BotSettings())
    assert "\u2068\u202eمريم\u2069" in text


def test_a_person_without_a_name_is_greeted_all_the_same() -> None:
    assert user_texts.welcome(called(" "), BotSettings()).startswith("Hello.")


def test_the_owners_own_texts_are_escaped_too() -> None:
    settings = BotSettings(welcome_text="<b>Hi", deleted_text="gone <soon>")
    assert user_texts.welcome(called("A"), settings) == "&lt;b&gt;Hi"
    assert user_texts.deleted_notice(settings) == "gone &lt;soon&gt;"


def test_the_warning_names_the_time_left_and_the_local_time() -> None:
    text = user_texts.deletion_warning(NOW + timedelta(minutes=30), NOW, BERLIN)
    assert "30 minutes" in text
    assert "13:30 (Europe/Berlin)" in text


def test_a_ban_says_until_when_and_why() -> None:
    text = user_texts.banned(Banned("<spam>", NOW), UTC_ZONE)
    assert "until 1 March 2026, 12:00 (UTC)" in text
    assert "&lt;spam&gt;" in text
    assert user_texts.banned(Banned(None, None), UTC_ZONE) == "You cannot use this bot."


def test_me_lists_open_deliveries_soonest_first_and_never_a_negative_time() -> None:
    text = user_texts.about_me(called("A"), [NOW - timedelta(minutes=1), NOW + timedelta(hours=2)], NOW, UTC_ZONE)
    assert "at 11:59 (UTC), in 0 seconds" in text
    assert "at 14:00 (UTC), in 2 hours" in text
    assert "No delivery is waiting" in user_texts.about_me(called("A"), [], NOW, UTC_ZONE)


def test_missing_parts_are_counted() -> None:
    assert user_texts.missing_items(9, 10).startswith("1 part of this post (of 10)")
    assert user_texts.missing_items(1, 10).startswith("9 parts")


def test_alerts_escape_titles_and_reasons() -> None:
    post = Post(
        code="x" * 16,
        number=7,
        title="<i>",
        storage_chat_id=-1,
        message_ids=(1, 2),
        item_count=2,
        created_by=1,
        created_at=NOW,
    )
    assert "&lt;i&gt;" in owner_alerts.post_damaged(post, 1)
    assert "&lt;html&gt;" in owner_alerts.storage_lost("<html>")
    told = owner_alerts.deletions_impossible(2, 0, 1)
    assert "no longer deletes them: 2" in told
    assert "unknown: 1" in told
    assert "account" not in told


def test_an_error_sentence_carries_its_id() -> None:
    assert "(Error a1b2c3)" in common_texts.failed("a1b2c3")


def test_no_sentence_is_longer_than_telegram_takes() -> None:
    settings = BotSettings(welcome_text="&" * 900)
    assert len(user_texts.welcome(called("A"), settings)) <= 4500
    moments = [NOW + timedelta(minutes=n) for n in range(20)]
    assert len(user_texts.about_me(called("x" * 128), moments, NOW, UTC_ZONE)) < 4096


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


def test_times_name_their_zone() -> None:
    assert clock_time(NOW, BERLIN) == "13:00 (Europe/Berlin)"
    assert date_and_time(NOW, BERLIN) == "1 March 2026, 13:00 (Europe/Berlin)"


def test_links_are_complete_and_encoded() -> None:
    link = post_link("demo_bot", "aB3dE6gH9jK2mN5p", "ig")
    assert link == "https://t.me/demo_bot?start=p_aB3dE6gH9jK2mN5p-s_ig"
    assert share_link(link, "a & b") == (
        "https://t.me/share/url?url=https%3A%2F%2Ft.me%2Fdemo_bot%3Fstart%3Dp_aB3dE6gH9jK2mN5p-s_ig&text=a+%26+b"
    )
    assert add_to_channel_link("demo_bot", ("post_messages",)).endswith("?startchannel&admin=post_messages")


def test_cutting_comes_before_escaping() -> None:
    assert cut("abcdef", 4) == "abc…"
    assert cut("abc", 3) == "abc"
    assert esc('<a href="x">') == "&lt;a href=&quot;x&quot;&gt;"
