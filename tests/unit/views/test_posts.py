"""Texts and buttons of posts: escaped, isolated, within Telegram's limits."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.posts import DESCRIPTION_MAX, TITLE_MAX, Post, PostStatus
from core.settings import BotSettings
from views import admin_texts
from views.buttons import PAGE_MAX
from views.html import isolate
from views.posts import batch_texts
from views.posts import keyboards as post_keyboards
from views.posts import texts as post_texts
from views.posts.callbacks import PostList
from views.storage import keyboards as storage_keyboards
from views.storage import texts as storage_texts
from views.storage.rights import Lack

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
LINK = "https://t.me/bot?start=p_AAAAAAAAAAAAAAAA"
#: the longest place in the list a button can carry
FAR = PostList(page=PAGE_MAX, search="ffff", removed=True)


def post(title: str = "Rome", *, description: str = "", status: PostStatus = PostStatus.LIVE) -> Post:
    return Post(
        code="A" * 16,
        number=123456,
        title=title,
        description=description,
        storage_chat_id=-1,
        message_ids=(1,),
        item_count=1,
        status=status,
        created_by=1,
        created_at=NOW,
    )


@given(st.text(max_size=DESCRIPTION_MAX))
def test_whatever_a_post_is_called_its_screens_are_sound_html(name: str) -> None:
    one = post(name[:TITLE_MAX], description=name)
    for html in (
        post_texts.made(one, LINK),
        post_texts.card(one, LINK, BotSettings(), BERLIN),
        post_texts.confirm_remove(one),
        post_texts.ask_title(one),
        post_texts.list_screen([], page=0, search=name[:80] or "x", removed=False),
    ):
        bare = re.sub(r"</?(b|code|blockquote)>", "", html)
        assert "<" not in bare and ">" not in bare
        assert not re.search(r"&(?!(amp|lt|gt|quot|#x27);)", bare)
        # direction controls of a name are removed, those of the isolate are balanced
        assert html.count("\u2068") == html.count("\u2069")
        assert not re.search("[\u202a-\u202e\u2066\u2067]", html)
        assert len(html) <= 4096


def test_a_name_is_cut_before_it_is_escaped() -> None:
    assert isolate("&" * 100, 10) == "\u2068" + "&amp;" * 9 + "…\u2069"


@pytest.mark.parametrize("status", [PostStatus.LIVE, PostStatus.REMOVED])
def test_back_is_alone_in_the_last_row_of_a_card(status: PostStatus) -> None:
    keyboard = post_keyboards.card(post(status=status), LINK, PostList())
    assert [button.text for button in keyboard.inline_keyboard[-1]] == ["Back"]


def test_every_button_fits_telegrams_limits() -> None:
    one = post("ש" * TITLE_MAX)
    keyboards = [
        post_keyboards.card(one, LINK, FAR),
        post_keyboards.confirm_remove(one, FAR),
        post_keyboards.deletion_times(one, FAR),
        post_keyboards.post_list([one] * 8, FAR, more=True),
        post_keyboards.made(one, LINK),
        post_keyboards.batch("f" * 8),
        storage_keyboards.missing_rights(-1009999999999999, [("b" * 32, ("post_messages",))]),
    ]
    for button in (one for keyboard in keyboards for row in keyboard.inline_keyboard for one in row):
        assert len((button.callback_data or "").encode()) <= 64
        assert 1 <= len(button.text) <= 64
        assert button.callback_data or button.url or button.copy_text


def test_toasts_fit_telegrams_200_characters() -> None:
    for text in (
        admin_texts.STALE_BUTTON,
        post_texts.QUESTION_LOST,
        post_texts.POST_GONE,
        batch_texts.STALE,
        batch_texts.TOO_FEW,
        batch_texts.NOTHING_YET,
        admin_texts.FIRST_THE_BATCH,
    ):
        assert len(text) <= admin_texts.TOAST_MAX
        assert "<" not in text


def test_missing_rights_are_named_for_each_bot() -> None:
    html = storage_texts.missing("T", ("a_bot", (Lack.POST, Lack.DELETE)), ("u_bot", (Lack.NOT_THERE,)))
    assert "• @a_bot lacks the right “Post messages” and lacks the right “Delete messages”" in html
    assert "• @u_bot is not an administrator there" in html


@pytest.mark.parametrize(
    ("collected", "replaces", "words"),
    [
        (0, None, "Send or forward"),
        (1, None, "at least 1 more"),
        (2, None, "Press Finish"),
        (99, None, "<b>99 messages</b> so far"),
        (100, None, "full. Press Finish."),
        (0, 7, "New content for post 7"),
        (1, 7, "<b>1 message</b> so far"),
    ],
)
def test_the_status_of_a_batch_says_the_next_step(collected: int, replaces: int | None, words: str) -> None:
    assert words in batch_texts.status(collected, replaces)


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
    assert f"1 to {TITLE_MAX} characters" in post_texts.TITLE_EXPECTED
    assert f"at most {DESCRIPTION_MAX} characters" in post_texts.DESCRIPTION_EXPECTED
