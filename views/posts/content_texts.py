"""What admins read when the messages of a post are changed."""

from core.posts import ITEMS_MAX, Post
from views.quantities import counted

LAST_ONE = "A post keeps at least one message. “Replace all” gives it others; “Remove” closes its link."
UNDO_OVER = "It is too late to undo that: ten minutes are over, or the messages were changed again since."
CHANGED_MEANWHILE = "Somebody else has just changed the messages of this post. Yours are not saved; look at it again."


def does_not_fit(post: Post, added: int) -> str:
    """Say why messages cannot be added at the end of a post."""
    if post.item_count + added <= ITEMS_MAX:
        return "This post lies in an earlier storage channel, and one post cannot lie in two. “Replace all” moves it."
    most = f"{ITEMS_MAX} messages is the most a post can hold"
    return f"These do not fit: post {post.number} has {counted(post.item_count, 'message')}, and {most}."
