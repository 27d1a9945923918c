"""What admins read of batches: messages that are collected until `Done`."""

from core.posts import ITEMS_MAX
from views.buttons import PRIMARY, button
from views.posts.callbacks import BatchAction, BatchButton
from views.quantities import counted
from views.screens import Screen

#: messages a batch needs
BATCH_MIN = 1

CANCELLED = "Cancelled. Nothing was stored."
STALE = "This was ended already."
LOST = "I have lost track of what you were collecting, and nothing was stored. Please begin again with /batch."
NOTHING_YET = "Send at least one message first, or cancel."
FULL = f"That is all: {ITEMS_MAX} messages is the most one post can hold. Press Done."
ALBUM_TOO_BIG = (
    f"This album does not fit: a post holds at most {ITEMS_MAX} messages, and albums stay whole. "
    "Nothing of it was added. Press Done, and start another post with it."
)


def status(batch_id: str, collected: int, *, adds_to: int | None = None, replaces: int | None = None) -> Screen:
    """Return the status message of a batch.

    `adds_to`, `replaces`: the number of the post whose messages these become; neither for a new post.
    """
    if adds_to is not None:
        head = f"<b>More messages for post {adds_to}.</b> Send or forward them, in order."
    elif replaces is not None:
        head = f"<b>New messages for post {replaces}.</b> Send or forward them, in order."
    else:
        head = "<b>New post.</b> Send or forward its messages, in order. Albums stay whole."
    if collected >= ITEMS_MAX:
        head += f"\n<b>{collected} messages</b>: full. Press Done."
    elif collected:
        head += f"\n<b>{counted(collected, 'message')}</b> so far."
    buttons = [
        button("Done", BatchButton(act=BatchAction.DONE, batch=batch_id).pack(), style=PRIMARY),
        button("Cancel", BatchButton(act=BatchAction.CANCEL, batch=batch_id).pack()),
    ]
    return Screen(head, (buttons,))


def storing(collected: int) -> str:
    return f"Storing {counted(collected, 'message')}…"


def not_stored(sentence: str, collected: int, shown: Screen) -> Screen:
    """Say that storing failed, for the reason `sentence` (HTML), and that the batch `shown` is still open."""
    still = f"Your {counted(collected, 'message')} are still here: press Done to try again."
    return Screen(f"{sentence}\n\n{still}", shown.rows)


def batch_title(messages: int) -> str:
    return counted(messages, "message")
