"""What admins read when messages could not be copied into the storage channel."""

from collections.abc import Sequence
from datetime import timedelta

from views.html import bare, cut, esc
from views.language import _, ngettext
from views.times import duration


def saving_restricted() -> str:
    """Return plain text, which is HTML as well."""
    return _(
        "The storage channel restricts saving content, so nothing can be copied from it. Turn “Restrict saving "
        "content” off in the settings of that channel."
    )


def store_trouble() -> str:
    return _("Telegram has trouble right now and nothing was stored. Please send it again in a minute.")


def nothing_copied() -> str:
    return _(
        "I could not store this. It was deleted meanwhile, or its sender has forbidden copying. Save it and send it to "
        "me as your own message."
    )


def store_refused(description: str) -> str:
    words = esc(cut(bare(description), 200))
    return _("Telegram did not store this. It says: {words}").format(words=words)


def store_wait(retry_after_s: float) -> str:
    return _("Telegram asks me to slow down and nothing was stored. Please send it again in {time}.").format(
        time=_wait(retry_after_s)
    )


def store_unsure(retry_after_s: float | None = None) -> str:
    """Say that copies may or may not have been stored. `retry_after_s`: Telegram asks to wait as long."""
    if retry_after_s is None:
        return _(
            "Telegram did not confirm that this was stored, so nothing was made of it. Please send it again. A stray "
            "copy may be left in the storage channel; you can delete it there."
        )
    return _(
        "Telegram did not confirm that this was stored, so nothing was made of it. Please send it again in {time}. A "
        "stray copy may be left in the storage channel; you can delete it there."
    ).format(time=_wait(retry_after_s))


def _wait(retry_after_s: float) -> str:
    return duration(timedelta(seconds=max(1, retry_after_s)))


def some_missing(stored: int, wanted: int, missing: Sequence[int]) -> str:
    """Say that copies are missing. `missing`: positions of messages without a copy (1..), empty if unknown."""
    sentences = [
        _("Only {stored} of {wanted} messages could be stored, so nothing was made of them, and I cleaned up.").format(
            stored=stored, wanted=wanted
        )
    ]
    if missing:
        words = ngettext("Missing: message {numbers}.", "Missing: messages {numbers}.", len(missing))
        sentences.append(words.format(numbers=", ".join(str(position) for position in missing)))
    sentences.append(
        _(
            "Deleted messages cannot be stored, nor messages whose sender forbids copying. Please send it all again "
            "without them."
        )
    )
    return " ".join(sentences)
