"""What admins read of batches."""

from core.posts import ITEMS_MAX
from views.quantities import counted

#: messages a batch needs; a single one needs no batch
BATCH_MIN = 2

CANCELLED = "Batch cancelled. Nothing was stored."
STALE = "This batch is already closed."
LOST = "I have lost track of your batch, and nothing was stored. Please begin again with /batch."
TOO_FEW = f"A batch needs at least {BATCH_MIN} messages. Send more, or cancel."
NOTHING_YET = "Send at least one message first, or cancel."
FULL = f"The batch is full: {ITEMS_MAX} messages is the most one post can hold. Press Finish under it."
ALBUM_TOO_BIG = (
    f"This album does not fit: a post holds at most {ITEMS_MAX} messages, and albums stay whole. "
    "Nothing of it was added. Press Finish, and start another batch with it."
)


def status(collected: int, replaces: int | None) -> str:
    """Return the status message. `replaces`: number of the post that gets new content, None for a new post."""
    if replaces is None:
        head = "<b>New batch.</b> Send or forward the messages of this post, in order. Albums stay whole."
        least = BATCH_MIN
    else:
        head = f"<b>New content for post {replaces}.</b> Send one message, an album, or several."
        least = 1
    if collected == 0:
        return head
    if collected < least:
        return f"{head}\n\n{counted(collected, 'message')} so far. Send at least {least - collected} more."
    if collected >= ITEMS_MAX:
        return f"{head}\n\n<b>{collected} messages</b>: full. Press Finish."
    return f"{head}\n\n<b>{counted(collected, 'message')}</b> so far. Press Finish when it is complete."


def storing(collected: int) -> str:
    return f"Storing {counted(collected, 'message')}…"


def not_stored(sentence: str, collected: int) -> str:
    """Say that storing failed, for the reason `sentence` (HTML), and that the batch is still open."""
    return f"{sentence}\n\nYour {counted(collected, 'message')} are still here: press Finish to try again."
