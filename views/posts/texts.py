"""What admins read of posts: the answer to a new one, the list, the card, the preview."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.posts import DESCRIPTION_MAX, TITLE_MAX, Post, PostStatus
from core.settings import BotSettings
from views.html import esc, isolate
from views.quantities import counted
from views.storage import copying_texts
from views.times import date_and_time, duration

POST_GONE = "This post does not exist (any more). /posts shows the others."


def made(post: Post, link: str) -> str:
    """Return the answer to a new post, with its full link."""
    return f"<b>Post {post.number} is ready.</b>\n{_content(post, link)}\n\nWhoever opens this link gets the post."


def replaced(post: Post, link: str) -> str:
    return f"<b>Post {post.number} has its new content.</b>\n{_content(post, link)}\n\nThe link is the same as before."


def _content(post: Post, link: str) -> str:
    return f"{isolate(post.title)} · {counted(post.item_count, 'message')}\n\n{esc(link)}"


def batch_title(messages: int) -> str:
    return counted(messages, "message")


def preview_note(warning: str | None, *, missing: int) -> str:
    """Return the text below the preview. `warning`: what a subscriber reads there, None for never deleted."""
    lines = ["👁 <b>Preview.</b> This is what a subscriber gets. It counts nowhere and stays in this chat."]
    if missing:
        lines.append(
            f"{counted(missing, 'message')} of this post can no longer be found in the storage channel. "
            "“Replace messages” on its card repairs it."
        )
    lines.append(f"Below it they read:\n<blockquote>{warning}</blockquote>" if warning else "It is never deleted.")
    return "\n\n".join(lines)


def preview_unsure(post: Post) -> str:
    return f"Telegram did not confirm the preview of post {post.number}. If it is not all there, ask for it again."


def preview_restricted(post: Post) -> str:
    return f"I could not show post {post.number}. {copying_texts.SAVING_RESTRICTED}"


def preview_failed(post: Post) -> str:
    return (
        f"I could not show post {post.number}: its messages in the storage channel are out of my reach. "
        "/start checks the channel; “Replace messages” on the card gives the post new content."
    )


def list_screen(posts: Sequence[Post], *, page: int, search: str | None, removed: bool) -> str:
    """Return the text above the buttons of the list."""
    head = f"<b>Posts</b> matching {isolate(search, 40)}" if search else "<b>Posts</b>, newest first"
    if posts:
        where = f"{head} · page {page + 1}" if page else head
        return f"{where}\nPress one to open it."
    if search:
        return f"{head}\n\nNothing found. I search by number and by how the title begins."
    if page:
        return f"{head}\n\nThis page is empty."
    what = "No post, not even a removed one." if removed else "No posts yet."
    return f"{head}\n\n{what} Send me anything and it becomes the first."


ASK_SEARCH = "Send a post's number or how its title begins. /cancel to stop."


def protect_words(post: Post, settings: BotSettings) -> str:
    if post.protect is None:
        return f"as in settings ({'on' if settings.protect_content else 'off'})"
    return "on" if post.protect else "off"


def deletion_words(minutes: int) -> str:
    return "never" if minutes == 0 else f"after {duration(timedelta(minutes=minutes))}"


def deletion_of(post: Post, settings: BotSettings) -> str:
    if post.delete_after_minutes is None:
        return f"as in settings ({deletion_words(settings.delete_after_minutes)})"
    return deletion_words(post.delete_after_minutes)


def card(post: Post, link: str, settings: BotSettings, zone: ZoneInfo) -> str:
    """Return everything about one post on one screen."""
    lines = [f"<b>Post {post.number}</b> · {isolate(post.title)}"]
    if post.status is PostStatus.REMOVED:
        lines.append("<b>Removed.</b> Its link opens nothing.")
    if post.description:
        lines.append(isolate(post.description, DESCRIPTION_MAX))
    lines += [
        "",
        esc(link),
        "",
        f"{counted(post.item_count, 'message')} · opened {counted(post.views, 'time')}",
        f"Protected: {protect_words(post, settings)}",
        f"Deleted for subscribers: {deletion_of(post, settings)}",
        f"Made {date_and_time(post.created_at, zone)}",
    ]
    return "\n".join(lines)


def ask_title(post: Post) -> str:
    return f"Send the new title for post {post.number} (now {isolate(post.title)}), or /cancel."


def ask_description(post: Post) -> str:
    return f"Send the new description for post {post.number}. A single “-” empties it. /cancel to stop."


def ask_deletion(post: Post) -> str:
    return (
        f"Send the time after which post {post.number} is deleted for a subscriber: "
        "<code>45</code> (minutes), <code>2h</code>, <code>1h 30m</code> or <code>never</code>. "
        "At most 47 hours, because Telegram deletes nothing older than 48. /cancel to stop."
    )


def deletion_screen(post: Post, settings: BotSettings) -> str:
    return (
        f"<b>Post {post.number}</b> · {isolate(post.title)}\n\n"
        f"When is it deleted for a subscriber? Now: {deletion_of(post, settings)}."
    )


def confirm_remove(post: Post) -> str:
    return (
        f"Remove <b>post {post.number}</b>, {isolate(post.title)}?\n\n"
        "Its link stops working at once. You can restore it later; nothing is lost."
    )


QUESTION_LOST = "I have lost track of what I asked. Open the card again with /posts."
TITLE_EXPECTED = f"A title is a line of text with 1 to {TITLE_MAX} characters. Send it, or /cancel."
DESCRIPTION_EXPECTED = f"A description is a text of at most {DESCRIPTION_MAX} characters. Send it, or /cancel."
SEARCH_EXPECTED = "Send a number or the beginning of a title as text, or /cancel."
DELETION_EXPECTED = (
    "Send how long a copy stays, like 45 (minutes), 2h, 1h 30m or never. At most 47 hours: Telegram deletes nothing "
    "older than 48. /cancel to stop."
)
