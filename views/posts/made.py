"""The answer to a new post, and what its preview says."""

from collections.abc import Sequence

from core.access import StepsBefore
from core.posts import Post
from views import amounts
from views.buttons import Row
from views.html import esc, isolate
from views.language import _, ngettext
from views.posts.callbacks import PostAction, PostList
from views.posts.cards import copy_link, publish_button
from views.posts.words import act, untitled
from views.screens import Screen
from views.storage import copying_texts


def nothing_there() -> str:
    return _("This post is gone. Here are the others.")


def too_late() -> str:
    return _(
        "It is too late for that: the post is older than 10 minutes, was opened, or is announced. Remove it instead."
    )


def made(post: Post, link: str, steps: StepsBefore, channel: str | None = None) -> Screen:
    """Return the answer to a new post. `steps`: what stands before it; `channel`: the only one to publish in."""
    head = _("Post {number} is saved: {title}, {messages}.").format(**_named(post))
    return _answer(post, link, steps, head, PostAction.DISCARD, channel)


def added(post: Post, link: str, steps: StepsBefore, messages: int) -> Screen:
    """Return the answer to messages that were added to a post."""
    head = ngettext(
        "Post {number} has {count} message more: {title}, {messages}.",
        "Post {number} has {count} messages more: {title}, {messages}.",
        messages,
    ).format(count=messages, **_named(post))
    return _answer(post, link, steps, head, PostAction.BRING_BACK)


def replaced(post: Post, link: str, steps: StepsBefore) -> Screen:
    """Return the answer to new messages of a post."""
    head = _("Post {number} has new content: {title}, {messages}. The link is the same.").format(**_named(post))
    return _answer(post, link, steps, head, PostAction.BRING_BACK)


def _named(post: Post) -> dict[str, object]:
    """Return the fields of a post: number, title, messages."""
    title = isolate(post.title or untitled())
    return {"number": post.number, "title": title, "messages": amounts.messages(post.item_count)}


def _answer(
    post: Post, link: str, steps: StepsBefore, head: str, undo: PostAction, channel: str | None = None
) -> Screen:
    """Return an answer that begins with `head` (HTML). `undo`: what its last button does."""
    text = f"{head}\n{esc(link)}\n{steps_sentence(steps)}"
    return Screen(text, (*_rows(post, link, channel), [act(_("Undo"), undo, post.code, PostList())]))


def _rows(post: Post, link: str, channel: str | None) -> tuple[Row, ...]:
    place = PostList()
    return (
        [publish_button(post, channel)],
        [copy_link(link, _("Copy link")), act(_("Preview"), PostAction.PREVIEW, post.code, place)],
        [
            act(_("Add messages"), PostAction.ADD, post.code, place),
            act(_("Card"), PostAction.CARD, post.code, place),
        ],
    )


def steps_sentence(steps: StepsBefore) -> str:
    """Return “Whoever opens it gets the post after joining 2 channels and unlocking.”"""
    if not steps.channels:
        if steps.has_unlock:
            return _("Whoever opens it gets the post after unlocking.")
        return _("Whoever opens it gets the post at once.")
    if steps.has_unlock:
        return ngettext(
            "Whoever opens it gets the post after joining {count} channel and unlocking.",
            "Whoever opens it gets the post after joining {count} channels and unlocking.",
            steps.channels,
        ).format(count=steps.channels)
    return ngettext(
        "Whoever opens it gets the post after joining {count} channel.",
        "Whoever opens it gets the post after joining {count} channels.",
        steps.channels,
    ).format(count=steps.channels)


def discarded() -> Screen:
    return Screen(_("Undone: that was no post. Nothing of it is kept."))


def preview_note(below: Sequence[str], *, missing: int) -> str:
    """Return the text below the preview. `below`: what a subscriber reads there (HTML), nothing for no message."""
    lines = [_("<b>Preview.</b> This is what a subscriber gets. It counts nowhere and stays in this chat.")]
    if missing:
        gone = ngettext(
            "{count} message of this post can no longer be found in the storage channel. “Content” on its card, then "
            "“Replace all”, repairs it.",
            "{count} messages of this post can no longer be found in the storage channel. “Content” on its card, then "
            "“Replace all”, repairs it.",
            missing,
        )
        lines.append(gone.format(count=f"{missing:,}"))
    if below:
        read = "\n".join(below)
        lines.append(_("Below it they read:\n<blockquote>{text}</blockquote>").format(text=read))
    else:
        lines.append(_("It is never deleted."))
    return "\n\n".join(lines)


def preview_unsure(post: Post) -> str:
    return _("Telegram did not confirm the preview of post {number}. If it is not all there, ask for it again.").format(
        number=post.number
    )


def preview_restricted(post: Post) -> str:
    failed = _("I could not show post {number}.").format(number=post.number)
    return f"{failed} {copying_texts.saving_restricted()}"


def preview_failed(post: Post) -> str:
    return _(
        "I could not show post {number}: its messages in the storage channel are out of my reach. /start checks the "
        "channel; “Content” on the card, then “Replace all”, gives the post new messages."
    ).format(number=post.number)
