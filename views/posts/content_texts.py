"""What admins read when the messages of a post are changed."""

from core.posts import ITEMS_MAX, Post
from views import amounts
from views.language import _


def last_one() -> str:
    return _("A post keeps at least one message. “Replace all” gives it others; “Remove” closes its link.")


def undo_over() -> str:
    return _("It is too late to undo that: ten minutes are over, or the messages were changed again since.")


def changed_meanwhile() -> str:
    return _("Somebody else has just changed the messages of this post. Yours are not saved; look at it again.")


def does_not_fit(post: Post, added: int) -> str:
    """Say why messages cannot be added at the end of a post."""
    if post.item_count + added <= ITEMS_MAX:
        return _(
            "This post lies in an earlier storage channel, and one post cannot lie in two. “Replace all” moves it."
        )
    return _("These do not fit: post {number} has {messages}, and {most} messages is the most a post can hold.").format(
        number=post.number, messages=amounts.messages(post.item_count), most=ITEMS_MAX
    )
