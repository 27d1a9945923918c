"""Screens, buttons and alerts of channels and subscribers: escaped, isolated, within Telegram's limits."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.people.standing import Standing
from core.settings import BotSettings, ShortenerFailure, field_of
from core.subscriptions import CHANNELS_MAX, LABEL_MAX, Channel, ChannelMode, OnError
from core.users import NAME_MAX, User
from views import owner_alerts
from views.admin_texts import TOAST_MAX
from views.channels import texts as channel_texts
from views.navigation import MENU
from views.people import bans as people_bans
from views.people import cards as people_cards
from views.people import texts as people_texts
from views.people.callbacks import USER_ID_MAX, PeopleList
from views.settings import texts as settings_texts
from views.storage.rights import Lack

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
#: the longest id a channel can have (Bot API: 52 significant bits)
FAR = -(2**52)


def channel(name: str = "News", **more: object) -> Channel:
    known = {
        "chat_id": FAR,
        "title": name,
        "label": name[:LABEL_MAX],
        "invite_link": "https://t.me/+x",
        "added_at": NOW,
    }
    return Channel.model_validate(known | more)


def user(name: str = "Ann", **more: object) -> User:
    known = {"user_id": USER_ID_MAX, "first_name": name, "joined_at": NOW, "last_seen_at": NOW}
    return User.model_validate(known | more)


def texts_naming(name: str) -> Iterator[str]:
    one = channel(name, broken_since=NOW, is_paused=True, username="news", mode=ChannelMode.REQUEST)
    yield channel_texts.channel_list([one] * 3, 0, BERLIN).text
    yield channel_texts.channel_card(one, 0, 3, BERLIN).text
    yield channel_texts.added(one)
    yield channel_texts.already_there(one)
    yield channel_texts.lacking(name, "bot", [Lack.INVITE, Lack.NOT_THERE], (), MENU).text
    yield channel_texts.confirm_remove(one).text
    yield channel_texts.ask_label(one).text
    yield channel_texts.link_refused(name)
    yield owner_alerts.channel_broken(one)
    yield owner_alerts.channel_works(one)
    her = user(name[:NAME_MAX], ban_reason=name, is_banned=True, source=name, blocked_at=NOW, pass_until=NOW)
    yield people_cards.card(her, Standing(), PeopleList(), "shop_bot", NOW, BERLIN).text
    yield people_bans.ask_reason(her.user_id, her, 7, PeopleList()).text
    yield people_texts.banned(her, was_known=False, zone=BERLIN)
    yield people_texts.unbanned(her)
    yield people_texts.granted_credits(her, 5, BotSettings(), is_new=True)
    yield people_texts.granted_days(her, 5, BotSettings(), BERLIN, is_new=False)


@given(st.text(max_size=200))
def test_whatever_it_is_called_its_screens_are_sound_html(name: str) -> None:
    for html in texts_naming(name):
        bare = re.sub(r'</?(b|code)>|<tg-time unix="\d+" format="[a-zA-Z]+">|</tg-time>', "", html)
        assert "<" not in bare and ">" not in bare
        assert not re.search(r"&(?!(amp|lt|gt|quot|#x27);)", bare)
        assert html.count("\u2068") == html.count("\u2069")
        assert not re.search("[\u202a-\u202e\u2066\u2067]", html)
        assert len(html) <= 4096


def test_toasts_fit_telegrams_200_characters_and_are_plain() -> None:
    for text in (
        channel_texts.channel_gone(),
        channel_texts.new_link_made(),
        channel_texts.old_link_not_revoked(),
        channel_texts.checked_fine(),
        channel_texts.check_unsure(),
        channel_texts.removed(channel("n" * 128)),
        people_bans.is_admin(),
    ):
        assert len(text) <= TOAST_MAX
        assert "<" not in text


def test_limits_in_sentences_are_the_real_ones() -> None:
    assert f"1 to {people_texts.CREDITS_MAX})" in people_texts.grant_usage()
    assert f"1 to {people_texts.DAYS_MAX})" in people_texts.grant_usage()
    assert f"1 to {LABEL_MAX} " in channel_texts.label_expected()
    assert f"{CHANNELS_MAX} channels" in channel_texts.full()


@pytest.mark.parametrize(("on_error", "words"), [(OnError.OPEN, "are let in"), (OnError.CLOSED, "get no posts")])
def test_the_alert_of_a_broken_channel_says_what_happens_meanwhile(on_error: OnError, words: str) -> None:
    assert words in owner_alerts.channel_broken(channel(on_error=on_error))
    assert words not in owner_alerts.channel_broken(channel(on_error=on_error, is_paused=True))


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (ShortenerFailure.DIRECT, "straight to the page"),
        (ShortenerFailure.GRANT, "get what an unlock earns"),
        (ShortenerFailure.REFUSE, "nobody can unlock"),
    ],
)
def test_the_alert_of_failing_shorteners_says_what_happens_meanwhile(mode: ShortenerFailure, words: str) -> None:
    html = owner_alerts.shorteners_failing(mode.value)
    assert words in html and f"“{field_of('on_shortener_failure').label}”" in html
    assert html == owner_alerts.shorteners_failing(mode)
    assert "work again" in owner_alerts.shorteners_work()


def test_the_note_about_shorteners_is_shown_only_when_access_becomes_required() -> None:
    def said(name: str, before: object, after: object, *, has_shorteners: bool = False) -> str:
        return settings_texts.of_access(name, before, after, has_shorteners=has_shorteners, has_page=True)

    assert said("access_mode", "open", "credits")
    assert said("access_mode", "credits", "pass")
    assert not said("access_mode", "credits", "open")
    assert not said("access_mode", "pass", "pass")
    assert not said("access_mode", "open", "credits", has_shorteners=True)
    assert not said("welcome_text", None, "credits")
