"""What is asked about a post in words, and what is said to an answer of another kind."""

from core.posts import DESCRIPTION_MAX, LABEL_MAX, PASSWORD_MAX, TITLE_MAX, Post, PostField
from views.buttons import Row, button
from views.html import esc, isolate
from views.posts.callbacks import AS_SETTINGS, NONE, Choice, PostChoice, PostList
from views.posts.words import UNTITLED, card_parent, options_parent
from views.screens import Screen

TITLE_EXPECTED = f"A title is one line of 1 to {TITLE_MAX} characters, like <code>Spring album</code>. Send it as text."
TEXT_EXPECTED = (
    f"A text has at most {DESCRIPTION_MAX} characters, with formatting if you like. Send it as text, like "
    "<code>Twelve photos from the garden</code>."
)
LABEL_EXPECTED = f"A button has 1 to {LABEL_MAX} characters in one line, like <code>Open the album</code>. Send it as text."
PASSWORD_EXPECTED = f"A password has 1 to {PASSWORD_MAX} characters in one line, like <code>spring2026</code>. Send it as text."
PLACE_EXPECTED = "A name has 1 to 24 letters and digits, without spaces, like <code>insta</code>. Send it as text."
DELETION_EXPECTED = (
    "That is no time I understand. Send <code>45 min</code>, <code>2 h</code>, <code>1h 30m</code> or "
    "<code>never</code>, at most 47 hours."
)
COVER_EXPECTED = "A cover is a photo. Send one as a photo, not as a file: a picture of up to 10 MB."
ONE_COVER = "A cover is one photo, not an album. Send a single one."
QUESTION_LOST = "I have lost track of what I asked. Open the card again with /posts."
_CURRENT_MAX = 80


def _rows(choices: list[tuple[str, int]], choice: Choice, post: Post, place: PostList, seen: str) -> tuple[Row, ...]:
    return tuple([button(text, choice_data(post, place, choice, value, seen))] for text, value in choices)


def choice_data(post: Post, place: PostList, choice: Choice, value: int, seen: str) -> str:
    """Return the callback data that sets a field. `seen`: fingerprint of its present value."""
    at = {"page": place.page, "search": place.search, "show": place.show}
    return PostChoice(code=post.code, **at, choice=choice, value=value, seen=seen).pack()


def ask_title(post: Post, place: PostList) -> Screen:
    text = f"Send the new title of post {post.number}.\nNow: {isolate(post.title or UNTITLED)}"
    return Screen(text, (), card_parent(post, place))


def ask_text(post: Post, html: str, place: PostList, seen: str) -> Screen:
    """Ask for the text of a post. `html`: the one it has now, with its formatting."""
    now = f"Now:\n{html}" if html else "It has none."
    text = f"Send the text of post {post.number}, at most {DESCRIPTION_MAX} characters. Formatting is kept.\n{now}"
    rows = _rows([("No text", NONE)], Choice.DESCRIPTION, post, place, seen) if html else ()
    return Screen(text, rows, card_parent(post, place))


def ask_deletion(post: Post, place: PostList) -> Screen:
    text = (
        f"Send the time after which copies of post {post.number} delete themselves, like <code>45 min</code>, "
        "<code>2 h</code> or <code>never</code>.\nAt most 47 hours: Telegram deletes nothing older than 48."
    )
    return Screen(text, (), options_parent(post, place))


def ask_label(post: Post, place: PostList, seen: str, usual: str) -> Screen:
    """Ask for the button's label. `usual`: what the button says without one."""
    now = isolate(post.label, LABEL_MAX) if post.label else f"as in settings, {isolate(usual, LABEL_MAX)}"
    text = (
        f"Send the text of the button under announcements of post {post.number}, like <code>Open the album</code>.\n"
        f"Now: {now}"
    )
    rows = _rows([("As in settings", AS_SETTINGS)], Choice.LABEL, post, place, seen) if post.label else ()
    return Screen(text, rows, options_parent(post, place))


def ask_password(post: Post, place: PostList, seen: str) -> Screen:
    now = {None: "as in settings", "": "none"}.get(post.password, f"<code>{esc(post.password or '')}</code>")
    text = (
        f"Send the archive password of post {post.number}, like <code>spring2026</code>. Subscribers read it under "
        f"the post; it locks nothing.\nNow: {now}"
    )
    choices = [("As in settings", AS_SETTINGS), ("None", NONE)]
    return Screen(text, _rows(choices, Choice.PASSWORD, post, place, seen), options_parent(post, place))


def ask_place(post: Post, place: PostList) -> Screen:
    return Screen("Send its name, like <code>insta</code>.", (), options_parent(post, place))


def value_words(field: PostField, value: object) -> str:
    """Return a value as a sentence shows it; HTML."""
    if value is None:
        return "as in settings"
    if isinstance(value, str) and field is not PostField.DESCRIPTION:
        return f"“{isolate(value, _CURRENT_MAX)}”" if value else "none"
    return "another text"
