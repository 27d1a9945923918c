"""What is asked about a post in words, and what is said to an answer of another kind."""

from core.posts import DESCRIPTION_MAX, LABEL_MAX, PASSWORD_MAX, TITLE_MAX, Post
from views.buttons import Row, button
from views.html import isolate
from views.posts.callbacks import AS_SETTINGS, NONE, Choice, PostChoice, PostList
from views.posts.words import UNTITLED, card_parent, options_parent
from views.screens import Screen

#: plain text, as everything that is said to a wrong answer
TITLE_EXPECTED = f"A title is one line of 1 to {TITLE_MAX} characters, like: Spring album. Send it as text."
TEXT_EXPECTED = (
    f"A text has at most {DESCRIPTION_MAX} characters, like: Twelve photos from the garden. Send it as text."
)
LABEL_EXPECTED = f"A button has one line of 1 to {LABEL_MAX} characters, like: Open the album. Send it as text."
PASSWORD_EXPECTED = f"A password is one line of 1 to {PASSWORD_MAX} characters, like: spring2026. Send it as text."
PLACE_EXPECTED = "A name has 1 to 24 letters a to z and digits, without spaces, like: insta. Send it as text."
DELETION_EXPECTED = "That is no time I understand. Send it like 45 min, 2 h, 1h 30m or never, at most 47 h."
COVER_EXPECTED = "A cover is one photo. Send a picture as a photo: not as a file, not as an album, not as a video."
QUESTION_LOST = "I have lost track of what I asked. Open the card again with /posts."


def _rows(choices: list[tuple[str, int]], choice: Choice, post: Post, place: PostList, seen: str) -> tuple[Row, ...]:
    return tuple([button(text, choice_data(post, place, choice, value, seen))] for text, value in choices)


def choice_data(post: Post, place: PostList, choice: Choice, value: int, seen: str) -> str:
    """Return the callback data that sets a field. `seen`: fingerprint of its present value."""
    at = {"page": place.page, "search": place.search, "show": place.show}
    return PostChoice(code=post.code, **at, choice=choice, value=value, seen=seen).pack()


def ask_title(post: Post, place: PostList) -> Screen:
    text = f"Send the new title of post {post.number}.\nNow: {isolate(post.title or UNTITLED)}"
    return Screen(text, (), card_parent(post, place))


def ask_text(post: Post, place: PostList, seen: str) -> Screen:
    """Ask for the text of a post; the one it has now is shown with its formatting."""
    html = post.text_html
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


def ask_password(post: Post, now: str, place: PostList, seen: str) -> Screen:
    """Ask for the archive password. `now`: the present one in words (HTML)."""
    text = (
        f"Send the archive password of post {post.number}, like <code>spring2026</code>. Subscribers read it under "
        f"the post; it locks nothing.\nNow: {now}"
    )
    choices = [("As in settings", AS_SETTINGS), ("None", NONE)]
    return Screen(text, _rows(choices, Choice.PASSWORD, post, place, seen), options_parent(post, place))


def ask_place(post: Post, place: PostList) -> Screen:
    return Screen("Send its name, like <code>insta</code>.", (), options_parent(post, place))
