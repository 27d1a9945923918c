"""What is asked about a post in words, and what is said to an answer of another kind."""

from core.posts import DESCRIPTION_MAX, LABEL_MAX, PASSWORD_MAX, TITLE_MAX, Post
from views.buttons import Row, button
from views.html import isolate
from views.language import _, pgettext
from views.posts.callbacks import AS_SETTINGS, NONE, Choice, PostChoice, PostList
from views.posts.words import card_parent, options_parent, untitled
from views.screens import Screen

# said to a wrong answer: plain text


def title_expected() -> str:
    return _("A title is one line of 1 to {most} characters, like: Spring album. Send it as text.").format(
        most=TITLE_MAX
    )


def text_expected() -> str:
    return _("A text has at most {most} characters, like: Twelve photos from the garden. Send it as text.").format(
        most=DESCRIPTION_MAX
    )


def label_expected() -> str:
    return _("A button has one line of 1 to {most} characters, like: Open the album. Send it as text.").format(
        most=LABEL_MAX
    )


def password_expected() -> str:
    return _("A password is one line of 1 to {most} characters, like: spring2026. Send it as text.").format(
        most=PASSWORD_MAX
    )


def place_expected() -> str:
    return _("A name has 1 to 24 letters a to z and digits, without spaces, like: insta. Send it as text.")


def deletion_expected() -> str:
    return _("That is no time I understand. Send it like 45 min, 2 h, 1h 30m or never, at most 47 h.")


def cover_expected() -> str:
    return _("A cover is one photo. Send a picture as a photo: not as a file, not as an album, not as a video.")


def question_lost() -> str:
    return _("I have lost track of what I asked. Open the card again with /posts.")


def choice_data(post: Post, place: PostList, choice: Choice, value: int, seen: str) -> str:
    """Return the callback data that sets a field. `seen`: fingerprint of its present value."""
    at = {"page": place.page, "search": place.search, "show": place.show}
    return PostChoice(code=post.code, **at, choice=choice, value=value, seen=seen).pack()


def _rows(choices: list[tuple[str, int]], choice: Choice, post: Post, place: PostList, seen: str) -> tuple[Row, ...]:
    return tuple([button(text, choice_data(post, place, choice, value, seen))] for text, value in choices)


def ask_title(post: Post, place: PostList) -> Screen:
    text = _("Send the new title of post {number}.\nNow: {title}").format(
        number=post.number, title=isolate(post.title or untitled())
    )
    return Screen(text, (), card_parent(post, place))


def ask_text(post: Post, place: PostList, seen: str) -> Screen:
    """Ask for the text of a post; the one it has now is shown with its formatting."""
    html = post.text_html
    ask = _("Send the text of post {number}, at most {most} characters. Formatting is kept.")
    now = _("Now:\n{text}").format(text=html) if html else _("It has none.")
    rows = _rows([(_("No text"), NONE)], Choice.DESCRIPTION, post, place, seen) if html else ()
    text = f"{ask.format(number=post.number, most=DESCRIPTION_MAX)}\n{now}"
    return Screen(text, rows, card_parent(post, place))


def ask_deletion(post: Post, place: PostList) -> Screen:
    text = _(
        "Send the time after which copies of post {number} delete themselves, like <code>45 min</code>, "
        "<code>2 h</code> or <code>never</code>.\nAt most 47 hours: Telegram deletes nothing older than 48."
    ).format(number=post.number)
    return Screen(text, (), options_parent(post, place))


def ask_label(post: Post, place: PostList, seen: str, usual: str) -> Screen:
    """Ask for the button's label. `usual`: what the button says without one."""
    if post.label:
        now = isolate(post.label, LABEL_MAX)
    else:
        now = _("as in settings, {label}").format(label=isolate(usual, LABEL_MAX))
    text = _(
        "Send the text of the button under announcements of post {number}, like <code>Open the album</code>.\n"
        "Now: {label}"
    ).format(number=post.number, label=now)
    usually = [(_("As in settings"), AS_SETTINGS)]
    rows = _rows(usually, Choice.LABEL, post, place, seen) if post.label else ()
    return Screen(text, rows, options_parent(post, place))


def ask_password(post: Post, now: str, place: PostList, seen: str) -> Screen:
    """Ask for the archive password. `now`: the present one in words (HTML)."""
    text = _(
        "Send the archive password of post {number}, like <code>spring2026</code>. Subscribers read it under "
        "the post; it locks nothing.\nNow: {password}"
    ).format(number=post.number, password=now)
    choices = [(_("As in settings"), AS_SETTINGS), (pgettext("password", "None"), NONE)]
    return Screen(text, _rows(choices, Choice.PASSWORD, post, place, seen), options_parent(post, place))


def ask_place(post: Post, place: PostList) -> Screen:
    return Screen(_("Send its name, like <code>insta</code>."), (), options_parent(post, place))
