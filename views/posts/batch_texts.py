"""What admins read of batches: messages that are collected until `Done`."""

from core.posts import ITEMS_MAX
from views import amounts
from views.buttons import PRIMARY, button
from views.language import _, ngettext, pgettext
from views.posts.callbacks import BatchAction, BatchButton
from views.screens import Screen

#: messages a batch needs
BATCH_MIN = 1


def cancelled() -> str:
    return _("Cancelled. Nothing was stored.")


def stale() -> str:
    return _("This was ended already.")


def lost() -> str:
    return _("I have lost track of what you were collecting, and nothing was stored. Please begin again with /batch.")


def nothing_yet() -> str:
    return _("Send at least one message first, or cancel.")


def full() -> str:
    return _("That is all: {most} messages is the most one post can hold. Press Done.").format(most=ITEMS_MAX)


def album_too_big() -> str:
    return _(
        "This album does not fit: a post holds at most {most} messages, and albums stay whole. Nothing of it was "
        "added. Press Done, and start another post with it."
    ).format(most=ITEMS_MAX)


def status(batch_id: str, collected: int, *, adds_to: int | None = None, replaces: int | None = None) -> Screen:
    """Return the status message of a batch.

    `adds_to`, `replaces`: the number of the post whose messages these become; neither for a new post.
    """
    if adds_to is not None:
        lines = [_("<b>More messages for post {number}.</b> Send or forward them, in order.").format(number=adds_to)]
    elif replaces is not None:
        lines = [_("<b>New messages for post {number}.</b> Send or forward them, in order.").format(number=replaces)]
    else:
        lines = [_("<b>New post.</b> Send or forward its messages, in order. Albums stay whole.")]
    if collected >= ITEMS_MAX:
        lines.append(_("<b>{count} messages</b>: full. Press Done.").format(count=collected))
    elif collected:
        so_far = ngettext("<b>{count} message</b> so far.", "<b>{count} messages</b> so far.", collected)
        lines.append(so_far.format(count=collected))
    buttons = [
        button(
            pgettext("end a batch", "Done"), BatchButton(act=BatchAction.DONE, batch=batch_id).pack(), style=PRIMARY
        ),
        button(pgettext("button", "Cancel"), BatchButton(act=BatchAction.CANCEL, batch=batch_id).pack()),
    ]
    return Screen("\n".join(lines), (buttons,))


def storing(collected: int) -> str:
    return _("Storing {messages}…").format(messages=amounts.messages(collected))


def not_stored(sentence: str, collected: int, shown: Screen) -> Screen:
    """Say that storing failed, for the reason `sentence` (HTML), and that the batch `shown` is still open."""
    still = ngettext(
        "Your {count} message are still here: press Done to try again.",
        "Your {count} messages are still here: press Done to try again.",
        collected,
    )
    return Screen(f"{sentence}\n\n{still.format(count=collected)}", shown.rows)


def batch_title(messages: int) -> str:
    return amounts.messages(messages)
