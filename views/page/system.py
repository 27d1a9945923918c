"""The view “System” of the admin page, and what its part of the API says."""

from core.jobs import JobOutcome
from views.language import _, pgettext
from views.page.durations import duration_words
from views.page.forms import Words


def words() -> Words:
    return {**_frame(), **_jobs(), **_outcomes(), **_backups(), **_exports(), **_maintenance(), **duration_words()}


def _frame() -> dict[str, str]:
    return {
        "heading": pgettext("view", "System"),
        "updated": _("Last updated {time}"),
    }


def _jobs() -> Words:
    return {
        "jobs": _("Jobs"),
        "column_job": _("Job"),
        "column_schedule": _("Schedule"),
        "column_next": _("Next run"),
        "column_last": _("Last run"),
        "column_do": _("What to do"),
        "run_now": pgettext("button", "Run now"),
        "run_now_of": _("Run now: {job}"),
        "pause": pgettext("button", "Pause"),
        "pause_of": _("Pause: {job}"),
        "resume": pgettext("button", "Resume"),
        "resume_of": _("Resume: {job}"),
        "next_off": pgettext("next run", "off"),
        "next_paused": pgettext("next run", "paused"),
        "next_due": pgettext("next run", "when one is due"),
        "paused_by": _("by {who}"),
        "asking": _("Asking."),
        "asked": _("Asked for: it begins in a moment."),
        "resumed": _("Resumed."),
        "paused": _("Paused."),
        "pause_title": _("Pause the job “{job}”?"),
        "pause_text": _(
            "It will not run by its schedule until somebody resumes it. A run under way goes on; “Run now” still works."
        ),
        "pause_yes": pgettext("button", "Pause it"),
        "nobody_began": _("Nobody has begun it: is the process that runs the jobs up?"),
        "goes_on": _("It goes on."),
        "asked_by": _("asked for by {who}"),
        "by_hand": _("by hand"),
        "takeover": _("once more, for a process that vanished"),
        "more": _("more is left for the next run"),
        "nothing_to_do": _("nothing to do"),
        "ended_so": _("{outcome}: {details}"),
    }


def _outcomes() -> dict[str, str]:
    return {
        "outcome_waiting": pgettext("run", "waiting to begin"),
        "outcome_running": pgettext("run", "running"),
        "outcome_none": pgettext("run", "not run yet"),
        f"outcome_{JobOutcome.SUCCEEDED}": pgettext("run", "succeeded"),
        f"outcome_{JobOutcome.FAILED}": pgettext("run", "failed"),
        f"outcome_{JobOutcome.TIMED_OUT}": pgettext("run", "timed out"),
        f"outcome_{JobOutcome.MISSED}": pgettext("run", "missed"),
        f"outcome_{JobOutcome.SKIPPED}": pgettext("run", "skipped"),
        f"outcome_{JobOutcome.CANCELLED}": pgettext("run", "cancelled"),
        f"outcome_{JobOutcome.ABANDONED}": pgettext("run", "abandoned"),
    }


def _backups() -> dict[str, str]:
    return {
        "backups": _("Backups"),
        "backup_now": pgettext("button", "Back up now"),
        "backup_running": _("One is being written."),
        "backup_waiting": _("Asked for. It waits for a process to take it."),
        "no_backups": _("No backup has been tried yet, or its history was removed."),
        "backup_begun": _("Begun"),
        "backup_how": _("How it went"),
        "backup_size": _("Size"),
        "backup_took": _("Took"),
        "backup_where": _("Backups are files on the machine that runs the jobs."),
    }


def _exports() -> dict[str, str]:
    return {
        "exports": _("Export"),
        "exports_text": _("A file of everything, for a spreadsheet (CSV) or a program (JSON)."),
        "export_posts": _("Posts"),
        "export_subscribers": _("Subscribers"),
        "export_days": _("Days"),
        "export_activity": _("Activity"),
        "export_of": _("{what} as {form}"),
        "export_ordered": _("The download of {name} begins."),
    }


def _maintenance() -> dict[str, str]:
    return {
        "maintenance": _("Maintenance"),
        "maintenance_text": _("Until then subscribers read when the bot is back, and get nothing else."),
        "maintenance_on": _("On until {when}. Subscribers get nothing."),
        "maintenance_off": _("Off. Subscribers get their posts."),
        "maintenance_until": pgettext("maintenance", "Until"),
        "maintenance_begin": pgettext("button", "Begin"),
        "maintenance_move": pgettext("button", "Move its end"),
        "maintenance_end": pgettext("button", "End it now"),
        "maintenance_title": _("Close the user bot until {when}?"),
        "maintenance_yes": pgettext("button", "Begin maintenance"),
        "maintenance_begun": _("Maintenance is on until {when}."),
        "maintenance_ended": _("Maintenance is over."),
    }


# what the API says


def not_an_end() -> str:
    return _("Maintenance ends within the next 24 hours. Choose another time.")


def maintenance_changed() -> str:
    return _("Somebody changed the maintenance a moment ago. Yours is not saved.")
