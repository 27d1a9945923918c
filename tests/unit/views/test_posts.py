"""Texts and buttons of posts: escaped, isolated, within Telegram's limits."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access import StepsBefore
from core.posts import DESCRIPTION_MAX, TITLE_MAX, Post
from core.settings.model import BotSettings
from views import admin_texts
from views.buttons import PAGE_MAX
from views.html import isolate
from views.posts import batch_texts, cards, changes, content_texts, contents, lists, made, options, questions
from views.posts.callbacks import Choice, PostList, Show
from views.storage import texts as storage_texts
from views.storage.rights import Lack

NAMES = ("live", "scheduled", "removed", "imported", "all")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
LINK = "https://t.me/bot?start=p_AAAAAAAAAAAAAAAA"
#: the longest place in the list a button can carry
FAR = PostList(page=PAGE_MAX, search="ffff", show=Show.NOT_ANNOUNCED)


def post(title: str = "Rome", **changed: Any) -> Post:
    fields = {
        "code": "A" * 16,
        "number": 123456,
        "title": title,
        "storage_chat_id": -1,
        "message_ids": (1,),
        "item_count": 1,
        "created_by": 1,
        "created_at": NOW,
        **changed,
    }
    return Post.model_validate(fields)


@given(st.text(max_size=DESCRIPTION_MAX))
def test_whatever_a_post_is_called_its_screens_are_sound_html(name: str) -> None:
    one = post(name[:TITLE_MAX], description=name, label=name[:40] or None, password=name[:128])
    facts = cards.CardFacts(LINK, BotSettings(), NOW, BERLIN, cards.Announced(name, NOW))
    for html in (
        made.made(one, LINK, StepsBefore(2, has_unlock=True)).text,
        cards.card(one, facts, FAR).text,
        cards.confirm_remove(one, FAR, announcements=1, copies=2, too_old=1).text,
        questions.ask_title(one, FAR).text,
        questions.ask_text(one, FAR, "ffff").text,
        questions.ask_label(one, FAR, "ffff", name).text,
        questions.ask_password(one, options.password_words(one), FAR, "ffff").text,
        *(changes.somebody_else(one, choice, name, save_mine="m", place=FAR).text for choice in Choice),
        *(options.option_note(one, choice) for choice in Choice),
        lists.list_screen([], FAR, more=False, search=name[:80] or "x").text,
    ):
        bare = re.sub(r"</?(b|code|blockquote|tg-time)( [^>]*)?>", "", html)
        assert "<" not in bare and ">" not in bare
        assert not re.search(r"&(?!(amp|lt|gt|quot|#x27|#123|#125);)", bare)
        assert len(html) <= 4096


@given(st.text(max_size=TITLE_MAX))
def test_direction_controls_of_a_title_do_not_leave_it(name: str) -> None:
    html = cards.confirm_remove(post(name), FAR, announcements=0, copies=0, too_old=0).text
    assert html.count("\u2068") == html.count("\u2069") == 1
    assert not re.search("[\u202a-\u202e\u2066\u2067]", html)


def test_a_name_is_cut_before_it_is_escaped() -> None:
    assert isolate("&" * 100, 10) == "\u2068" + "&amp;" * 9 + "…\u2069"


@given(st.text(max_size=TITLE_MAX), st.integers(0, 10**9))
def test_a_row_of_the_list_names_number_and_deliveries_in_forty_characters(title: str, delivered: int) -> None:
    screen = lists.list_screen([post(title, delivered=delivered)], PostList(), more=False, search=None)
    text = screen.rows[0][0].text
    assert text.startswith("123456 · ") and text.endswith(f" · {delivered:,}") and len(text) <= 40


@pytest.mark.parametrize(("entries", "page", "more"), [(6, 0, True), (6, 7, True), (6, 7, False), (2, 7, False)])
def test_search_and_the_next_page_are_on_every_page(entries: int, page: int, more: bool) -> None:
    screen = lists.list_screen([post()] * entries, PostList(page=page), more=more, search=None)
    labels = [button.text for row in screen.rows[entries:] for button in row]
    assert "Search" in labels
    assert ("Older ›" in labels, "‹ Newer" in labels) == (more, page > 0)


@pytest.mark.parametrize("show", list(Show))
def test_the_choice_of_posts_shows_its_value_wherever_it_fits(show: Show) -> None:
    screen = lists.list_screen([], PostList(show=show), more=False, search=None)
    label = screen.rows[0][0].text
    assert label.lower() in {f"show: {name} ›" for name in NAMES} | {"not announced ›"}


def test_toasts_fit_telegrams_200_characters() -> None:
    for text in (
        admin_texts.stale_button(),
        made.too_late(),
        contents.no_picture(),
        lists.search_gone(),
        batch_texts.stale(),
        batch_texts.nothing_yet(),
        content_texts.last_one(),
        content_texts.undo_over(),
        content_texts.changed_meanwhile(),
        admin_texts.first_the_batch(),
    ):
        assert len(text) <= admin_texts.TOAST_MAX
        assert "<" not in text


def test_missing_rights_are_named_for_each_bot() -> None:
    html = storage_texts.missing("T", ("a_bot", (Lack.POST, Lack.DELETE)), ("u_bot", (Lack.NOT_THERE,)))
    assert "• @a_bot lacks the right “Post messages” and lacks the right “Delete messages”" in html
    assert "• @u_bot is not an administrator there" in html


@pytest.mark.parametrize(
    ("collected", "numbers", "words"),
    [
        (0, {}, "<b>New post.</b> Send or forward"),
        (1, {}, "<b>1 message</b> so far"),
        (99, {}, "<b>99 messages</b> so far"),
        (100, {}, "full. Press Done."),
        (0, {"replaces": 7}, "New messages for post 7"),
        (1, {"adds_to": 7}, "More messages for post 7"),
    ],
)
def test_the_status_of_a_batch_says_the_next_step(collected: int, numbers: dict[str, int], words: str) -> None:
    screen = batch_texts.status("f" * 8, collected, **numbers)
    assert words in screen.text and [button.text for button in screen.rows[0]] == ["Done", "Cancel"]


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (StepsBefore(), "at once."),
        (StepsBefore(1), "after joining 1 channel."),
        (StepsBefore(0, has_unlock=True), "after unlocking."),
        (StepsBefore(2, has_unlock=True), "after joining 2 channels and unlocking."),
    ],
)
def test_a_receipt_says_what_stands_before_the_post(steps: StepsBefore, sentence: str) -> None:
    assert made.made(post(), LINK, steps).text.endswith(f"Whoever opens it gets the post {sentence}")


def sentences_of(path: Path) -> list[str]:
    """Every string in the file except docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings
    ]


def test_texts_speak_of_messages_and_subscribers_only() -> None:
    """One word for one thing: a post has messages, and is read by subscribers."""
    views = Path(admin_texts.__file__).parent
    other_words = re.compile(r"\b(items?|parts?|readers?)\b", re.IGNORECASE)
    # the data of buttons is read by no one
    paths = [path for path in sorted(views.rglob("*.py")) if not path.name.endswith("callbacks.py")]
    assert [one for path in paths for one in sentences_of(path) if other_words.search(one)] == []


def test_limits_in_sentences_are_the_real_ones() -> None:
    assert f"1 to {TITLE_MAX} characters" in questions.title_expected()
    assert f"at most {DESCRIPTION_MAX} characters" in questions.text_expected()
