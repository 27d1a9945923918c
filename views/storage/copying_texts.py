"""What admins read when messages could not be copied into the storage channel."""

from collections.abc import Sequence
from datetime import timedelta

from views.html import cut, esc
from views.times import duration

#: plain text and HTML alike
SAVING_RESTRICTED = (
    "The storage channel restricts saving content, so nothing can be copied from it. Turn “Restrict saving content” "
    "off in the settings of that channel."
)
STORE_TROUBLE = "Telegram has trouble right now and nothing was stored. Please send it again in a minute."
STORE_UNSURE = (
    "Telegram did not confirm that this was stored, so nothing was made of it. Please send it again. "
    "A stray copy may be left in the storage channel; you can delete it there."
)
NOTHING_COPIED = (
    "I could not store this. It was deleted meanwhile, or its sender has forbidden copying. "
    "Save it and send it to me as your own message."
)


def store_refused(description: str) -> str:
    return f"Telegram did not store this. It says: {esc(cut(description, 200))}"


def store_wait(retry_after_s: float) -> str:
    wait = duration(timedelta(seconds=max(1, retry_after_s)))
    return f"Telegram asks me to slow down and nothing was stored. Please send it again in {wait}."


def some_missing(stored: int, wanted: int, missing: Sequence[int]) -> str:
    """Say that copies are missing. `missing`: positions of messages without a copy (1..), empty if unknown."""
    which = f" Missing: {_ordinals(missing)}." if missing else ""
    return (
        f"Only {stored} of {wanted} messages could be stored, so nothing was made of them, and I cleaned up.{which} "
        "Deleted messages cannot be stored, nor messages whose sender forbids copying. "
        "Please send it all again without them."
    )


def _ordinals(positions: Sequence[int]) -> str:
    return ("message " if len(positions) == 1 else "messages ") + ", ".join(str(position) for position in positions)
