"""What admins read when messages could not be copied into the storage channel."""

from collections.abc import Sequence
from datetime import timedelta

from views.html import bare, cut, esc
from views.times import duration

#: plain text and HTML alike
SAVING_RESTRICTED = (
    "The storage channel restricts saving content, so nothing can be copied from it. Turn “Restrict saving content” "
    "off in the settings of that channel."
)
STORE_TROUBLE = "Telegram has trouble right now and nothing was stored. Please send it again in a minute."
NOTHING_COPIED = (
    "I could not store this. It was deleted meanwhile, or its sender has forbidden copying. "
    "Save it and send it to me as your own message."
)


def store_refused(description: str) -> str:
    return f"Telegram did not store this. It says: {esc(cut(bare(description), 200))}"


def store_wait(retry_after_s: float) -> str:
    return f"Telegram asks me to slow down and nothing was stored. Please send it again in {_wait(retry_after_s)}."


def store_unsure(retry_after_s: float | None = None) -> str:
    """Say that copies may or may not have been stored. `retry_after_s`: Telegram asks to wait as long."""
    when = "" if retry_after_s is None else f" in {_wait(retry_after_s)}"
    return (
        "Telegram did not confirm that this was stored, so nothing was made of it. "
        f"Please send it again{when}. A stray copy may be left in the storage channel; you can delete it there."
    )


def _wait(retry_after_s: float) -> str:
    return duration(timedelta(seconds=max(1, retry_after_s)))


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
