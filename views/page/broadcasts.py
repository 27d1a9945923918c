"""The view “Broadcasts” of the admin page, and what its part of the API says."""

from core.broadcasts import BroadcastStatus
from views.language import _, ngettext, pgettext
from views.page.durations import duration_words
from views.page.forms import Words, forms


def words() -> Words:
    return {**_list(), **_states(), **_results(), **_card(), **_decisions(), **duration_words()}


def _list() -> Words:
    return {
        "to_chat": pgettext("button", "To the chat"),
        "heading": pgettext("view", "Broadcasts"),
        "compose": _(
            "A new broadcast is written in the chat of the admin bot: /broadcast. What you send there, also "
            "photos, videos and albums, is what subscribers get."
        ),
        "empty": _("No broadcasts yet. /broadcast in the chat of the admin bot makes the first."),
        "column_title": _("Broadcast"),
        "column_state": _("State"),
        "column_result": _("Reached"),
        "column_when": _("When"),
        "untitled": _("without text"),
        "back": _("All broadcasts"),
        "page": _("Page {number}"),
        "progress": _("{done} of {total}"),
        "so_far": forms(lambda n: ngettext("{count} person so far", "{count} people so far", n)),
        "open": _("Open broadcast: {title}"),
    }


def _states() -> dict[str, str]:
    return {
        "status_queued": pgettext("broadcast", "waiting"),
        "status_sending": pgettext("broadcast", "being sent"),
        "status_paused": pgettext("broadcast", "paused"),
        "status_sent": pgettext("broadcast", "sent"),
        "status_recalling": pgettext("broadcast", "being deleted"),
        "status_recalled": pgettext("broadcast", "deleted"),
        "status_cancelled": pgettext("broadcast", "cancelled"),
        "status_failed": pgettext("broadcast", "stopped"),
        "waits_until": _("Begins {when}"),
        "begun": _("Begun {when}"),
        "ended": _("Ended {when}"),
        "listing": _("Making the list of recipients"),
        "why": _("Why it stopped: {reason}"),
        "not_known": _("Another program sent it; who got it is not known here."),
    }


def _results() -> Words:
    return {
        "results": _("Results"),
        "arrived": _("Got it"),
        "remaining": _("Not sent yet"),
        "not_sent": _("Not sent to"),
        "blocked": _("Blocked the bot or gone"),
        "failed": _("Failed"),
        "unknown": _("Unknown"),
        "unknown_note": _("No answer came, or a record is damaged. They may have it already."),
        "swept": _("Unclear, cleaned up"),
        "left_out": _("News off"),
        "deleted": _("Deleted again"),
        "kept": _("Stays with"),
        "kept_note": _("Too old, refused, account gone, or its record damaged."),
    }


def _card() -> Words:
    return {
        "details": _("Details"),
        "audience": _("Audience"),
        "audience_everybody": _("Everybody"),
        "audience_new": forms(lambda n: ngettext("New within {count} day", "New within {count} days", n)),
        "audience_active": forms(lambda n: ngettext("Active within {count} day", "Active within {count} days", n)),
        "audience_with_pass": _("With a pass"),
        "audience_without_pass": _("Without a pass"),
        "audience_language": _("Language: {language}"),
        "audience_source": _("Source: {source}"),
        "messages": _("Messages"),
        "sound": _("Sound"),
        "sound_on": pgettext("sound", "on"),
        "sound_off": pgettext("sound", "off"),
        "pin": _("Pinned"),
        "yes": pgettext("answer", "yes"),
        "no": pgettext("answer", "no"),
        "stop_button": _("Stop button"),
        "buttons": _("Buttons"),
        "auto_delete": _("Auto-delete"),
        "auto_delete_after": _("{time} after each got it"),
        "auto_delete_never": pgettext("duration", "never"),
        "made": _("Made"),
        "made_by": _("{when}, by {id}"),
    }


def _decisions() -> Words:
    return {
        "pause": pgettext("button", "Pause"),
        "resume": pgettext("button", "Resume"),
        "cancel_broadcast": pgettext("button", "Cancel it"),
        "recall": pgettext("button", "Delete for everyone"),
        "pause_said": _("Paused. What is on its way still arrives."),
        "resume_said": _("It goes on when its turn comes."),
        "cancel_said": _("Cancelled. What is on its way still arrives."),
        "recall_said": _("It is being deleted for everyone."),
        "cancel_title": _("Cancel this broadcast?"),
        "cancel_text": forms(
            lambda n: ngettext(
                "{count} person has not got it yet, and will not get it.",
                "{count} people have not got it yet, and will not get it.",
                n,
            )
        ),
        "cancel_text_unknown": _("Whoever has not got it yet will not get it."),
        "cancel_yes": pgettext("button", "Cancel the broadcast"),
        "recall_title": _("Delete it for everyone?"),
        "recall_text": forms(
            lambda n: ngettext(
                "{count} person has it. Nothing brings it back.", "{count} people have it. Nothing brings it back.", n
            )
        ),
        "recall_yes": pgettext("button", "Delete for everyone"),
    }


# what the API says


def gone() -> str:
    return _("This broadcast does not exist (any more).")


def too_late(status: BroadcastStatus) -> str:
    """Say that a decision came too late: the broadcast is in another state by now."""
    return {
        BroadcastStatus.QUEUED: _("Nothing was changed: it is waiting for its turn."),
        BroadcastStatus.SENDING: _("Nothing was changed: it is being sent."),
        BroadcastStatus.PAUSED: _("Nothing was changed: it is paused."),
        BroadcastStatus.SENT: _("Nothing was changed: it was sent."),
        BroadcastStatus.RECALLING: _("Nothing was changed: it is being deleted."),
        BroadcastStatus.RECALLED: _("Nothing was changed: it was deleted."),
        BroadcastStatus.CANCELLED: _("Nothing was changed: it was cancelled."),
        BroadcastStatus.FAILED: _("Nothing was changed: it stopped."),
    }[status]
