"""The answer to a new post, and what its preview says."""

from collections.abc import Sequence

from core.access import StepsBefore
from core.posts import Post
from views.buttons import Row
from views.html import esc, isolate
from views.posts.callbacks import PostAction, PostList
from views.posts.cards import copy_link, publish_button
from views.posts.words import UNTITLED, act
from views.quantities import counted
from views.screens import Screen
from views.storage import copying_texts

NOTHING_THERE = "This post is gone. Here are the others."
TOO_LATE = "It is too late for that: the post is older than 10 minutes, was opened, or is announced. Remove it instead."


def made(post: Post, link: str, steps: StepsBefore, channel: str | None = None) -> Screen:
    """Return the answer to a new post. `steps`: what stands before it; `channel`: the only one to publish in."""
    return _answer(post, link, steps, f"Post {post.number} is saved: {_what(post)}.", PostAction.DISCARD, channel)


def added(post: Post, link: str, steps: StepsBefore, messages: int) -> Screen:
    """Return the answer to messages that were added to a post."""
    head = f"Post {post.number} has {counted(messages, 'message')} more: {_what(post)}."
    return _answer(post, link, steps, head, PostAction.BRING_BACK)


def replaced(post: Post, link: str, steps: StepsBefore) -> Screen:
    """Return the answer to new messages of a post."""
    head = f"Post {post.number} has new content: {_what(post)}. The link is the same."
    return _answer(post, link, steps, head, PostAction.BRING_BACK)


def _answer(
    post: Post, link: str, steps: StepsBefore, head: str, undo: PostAction, channel: str | None = None
) -> Screen:
    """Return an answer that begins with `head` (HTML). `undo`: what its last button does."""
    text = f"{head}\n{esc(link)}\n{steps_sentence(steps)}"
    return Screen(text, (*_rows(post, link, channel), [act("Undo", undo, post.code, PostList())]))


def _what(post: Post) -> str:
    return f"{isolate(post.title or UNTITLED)}, {counted(post.item_count, 'message')}"


def _rows(post: Post, link: str, channel: str | None) -> tuple[Row, ...]:
    place = PostList()
    return (
        [publish_button(post, channel)],
        [copy_link(link), act("Preview", PostAction.PREVIEW, post.code, place)],
        [act("Add messages", PostAction.ADD, post.code, place), act("Card", PostAction.CARD, post.code, place)],
    )


def steps_sentence(steps: StepsBefore) -> str:
    """Return “Whoever opens it gets the post after joining 2 channels and unlocking.”"""
    parts = [f"joining {counted(steps.channels, 'channel')}"] if steps.channels else []
    parts += ["unlocking"] if steps.has_unlock else []
    return f"Whoever opens it gets the post {'after ' + ' and '.join(parts) if parts else 'at once'}."


def discarded() -> Screen:
    return Screen("Undone: that was no post. Nothing of it is kept.")


def preview_note(below: Sequence[str], *, missing: int) -> str:
    """Return the text below the preview. `below`: what a subscriber reads there (HTML), nothing for no message."""
    lines = ["<b>Preview.</b> This is what a subscriber gets. It counts nowhere and stays in this chat."]
    if missing:
        lines.append(
            f"{counted(missing, 'message')} of this post can no longer be found in the storage channel. "
            "“Content” on its card, then “Replace all”, repairs it."
        )
    read = "\n".join(below)
    lines.append(f"Below it they read:\n<blockquote>{read}</blockquote>" if below else "It is never deleted.")
    return "\n\n".join(lines)


def preview_unsure(post: Post) -> str:
    return f"Telegram did not confirm the preview of post {post.number}. If it is not all there, ask for it again."


def preview_restricted(post: Post) -> str:
    return f"I could not show post {post.number}. {copying_texts.SAVING_RESTRICTED}"


def preview_failed(post: Post) -> str:
    return (
        f"I could not show post {post.number}: its messages in the storage channel are out of my reach. "
        "/start checks the channel; “Content” on the card, then “Replace all”, gives the post new messages."
    )
