"""What the page says of announcements, on the card of a post and on the schedule."""

from views.language import _, pgettext
from views.page.forms import Words


def words() -> Words:
    """Return the states of an announcement, and what can be done about it."""
    return _states() | _steps()


def _states() -> dict[str, str]:
    return {
        "state_planned": _("Waits for its time"),
        "state_sending": _("Is being published"),
        "state_published": _("In the channel"),
        "state_unknown": _("Telegram did not confirm it. Look into the channel first."),
        "state_failed": _("Telegram refused it"),
        "state_missed": _("Missed: nothing ran at its time"),
        "state_withdrawn": _("Taken out of the channel"),
        "state_emptied": _("Text and button taken away"),
        "state_cancelled": _("Off the schedule"),
        "leaves_at": _("Leaves the channel {time}"),
        "moved_by": _("Moved by {name}"),
        "open_message": pgettext("button", "Open"),
        "open_post": _("Open the post"),
    }


def _steps() -> dict[str, str]:
    return {
        "step_now": _("Publish now"),
        "step_move": pgettext("button", "Move"),
        "step_off": _("Off the schedule"),
        "step_drop": pgettext("button", "Give up"),
        "step_there": _("It is there"),
        "step_again": _("Send again"),
        "step_withdraw": pgettext("button", "Withdraw"),
        "sure_now": _("Publish “{title}” in {channel} now?"),
        "sure_now_text": _("Its subscribers see it within seconds."),
        "sure_again": _("Send “{title}” to {channel} again?"),
        "sure_again_text": _("Look into the channel first. If it is there, it would be there twice."),
        "sure_withdraw": _("Withdraw “{title}” from {channel}?"),
        "sure_withdraw_text": _(
            "It leaves the channel within a minute. One that is older than 48 hours loses text and button; "
            "only you can delete its message."
        ),
        "done_now": _("It is published within seconds."),
        "done_off": _("It is off the schedule."),
        "done_drop": _("It is given up."),
        "done_there": _("Noted: it is in the channel."),
        "done_again": _("It is sent again."),
        "done_withdraw": _("It leaves the channel within a minute."),
        "done_move": _("Moved to {time}."),
        "move_to": _("New time ({zone})"),
        "move": pgettext("button", "Move"),
        "save_mine": _("Save mine"),
        "untitled": _("Without a title"),
    }
