"""Health findings in words: what is wrong, what to do next, and the all-clear."""

from collections.abc import Callable

from core.health.findings import RECOVERY, Finding, Trouble
from views.html import bare, cut, esc
from views.language import _, ngettext
from views.system.polling_texts import bot_name

#: characters quoted of an error
_DETAIL_MAX = 200

#: made of a finding, with the fields of `_fields`
_SENTENCES: dict[Trouble, Callable[[Finding], str]] = {
    Trouble.BOT_AWAY: lambda found: _("Telegram does not answer for the {bot}."),
    Trouble.BOT_UNKNOWN: lambda found: _("Telegram does not know the {bot}'s token any more."),
    Trouble.WEBHOOK_SET: lambda found: _("A webhook is set for the {bot}, so what people send it does not come here."),
    Trouble.WEBHOOK_LOST: lambda found: _("Telegram does not send what people write to the {bot} here any more."),
    Trouble.SECOND_POLLER: lambda found: _(
        "A second program is using the {bot}'s token. It takes some of the messages, which then get no answer."
    ),
    Trouble.NOBODY_POLLS: lambda found: ngettext(
        "For {count} minute no process has taken what people write to the {bot}.",
        "For {count} minutes no process has taken what people write to the {bot}.",
        found.amount,
    ),
    Trouble.UPDATES_WAIT: lambda found: ngettext(
        "{count} update of the {bot} waits at Telegram.", "{count} updates of the {bot} wait at Telegram.", found.amount
    ),
    Trouble.FLOOD: lambda found: _("Telegram refused {count} % of the {bot}'s calls in the last minute (429)."),
    Trouble.DATABASE_AWAY: lambda found: _("The database does not answer."),
    Trouble.DATABASE_SLOW: lambda found: _("The database took {count} ms for a sign of life."),
    Trouble.DATABASE_READ_ONLY: lambda found: _(
        "The database can be read but takes no writes, so nothing is delivered or deleted."
    ),
    Trouble.CLOCKS_APART: lambda found: ngettext(
        "The clock of the machine {machine} differs from the database's by {count} second, so no job begins there.",
        "The clock of the machine {machine} differs from the database's by {count} seconds, so no job begins there.",
        found.amount,
    ),
    Trouble.JOB_OVERDUE: lambda found: _("The job {job} has not run when it should have, twice."),
    Trouble.JOB_FAILED: lambda found: _("The last run of the job {job} did not succeed."),
    Trouble.DELETIONS_OVERDUE: lambda found: ngettext(
        "{count} delivery should have been deleted more than five minutes ago.",
        "{count} deliveries should have been deleted more than five minutes ago.",
        found.amount,
    ),
    Trouble.WORK_WAITS: lambda found: _recovery_waits(found) if found.subject == RECOVERY else _job_waits(found),
    Trouble.ROW_UNREADABLE: lambda found: (
        ngettext(
            "{count} more row of {collection} cannot be read.",
            "{count} more rows of {collection} cannot be read.",
            found.amount,
        )
        if found.amount
        else _("One row of {collection} cannot be read: {row}. The rest goes on.")
    ),
}
_NEXT_STEPS: dict[Trouble, Callable[[], str]] = {
    Trouble.BOT_AWAY: lambda: _(
        "See whether this machine reaches TELEGRAM_API_URL. The bot goes on by itself when it does."
    ),
    Trouble.BOT_UNKNOWN: lambda: _(
        "Ask @BotFather for the bot's token, put it into the configuration, and start again."
    ),
    Trouble.WEBHOOK_SET: lambda: _(
        "Call deleteWebhook for it. If nobody of you has set it, somebody else has the token: "
        "revoke it at @BotFather first."
    ),
    Trouble.WEBHOOK_LOST: lambda: _(
        "Tollgate sets it again within minutes if it was removed and nobody polls. Else start it again. If nobody of "
        "you has changed it, somebody else has the token: revoke it at @BotFather first."
    ),
    Trouble.SECOND_POLLER: lambda: _(
        "Stop it: mostly it is a second start of Tollgate, here or on another machine. If nobody of you runs it, "
        "somebody else has the token: revoke it at @BotFather and put the new one into the configuration."
    ),
    Trouble.NOBODY_POLLS: lambda: _(
        "See whether the process of that bot is running and reaches the database, and start it again. What people "
        "write waits at Telegram, for a day at most."
    ),
    Trouble.UPDATES_WAIT: lambda: _(
        "See in the log what its handlers wait for, and whether the process that polls is running."
    ),
    Trouble.FLOOD: lambda: _("Lower BULK_RATE_PER_SECOND, and see whether another program uses the same token."),
    Trouble.DATABASE_AWAY: lambda: _(
        "See whether MongoDB is running and MONGO_URI reaches it. What people send waits meanwhile."
    ),
    Trouble.DATABASE_SLOW: lambda: _(
        "See what else the database's machine is doing, and what “python -m database doctor” says."
    ),
    Trouble.DATABASE_READ_ONLY: lambda: _(
        "See whether its disk or its quota is full, and whether the user in MONGO_URI still has the role readWrite. "
        "What people send waits meanwhile."
    ),
    Trouble.CLOCKS_APART: lambda: _("Set both clocks by a time server (NTP). Jobs begin again by themselves."),
    Trouble.JOB_OVERDUE: lambda: _(
        "See with /jobs or “python -m schedulers list” whether a process runs it, and run it from there."
    ),
    Trouble.JOB_FAILED: lambda: _(
        "/jobs and “python -m schedulers history” show the error. It is tried again at its next time."
    ),
    Trouble.DELETIONS_OVERDUE: lambda: _(
        "See with /jobs how Auto-delete ends. Telegram deletes nothing that is older than 48 hours."
    ),
    Trouble.WORK_WAITS: lambda: _(
        "See whether the process of the user bot is running and what its log says; starting it again begins the work."
    ),
    Trouble.ROW_UNREADABLE: lambda: _(
        "“python -m database unreadable” shows every such row and what is wrong with it. It is left out until it is "
        "repaired; what it stands for is not done."
    ),
}
_OVER: dict[Trouble, Callable[[Finding], str]] = {
    Trouble.BOT_AWAY: lambda found: _("Telegram answers for the {bot} again."),
    Trouble.BOT_UNKNOWN: lambda found: _("Telegram knows the {bot}'s token again."),
    Trouble.WEBHOOK_SET: lambda found: _("No webhook is set for the {bot} any more."),
    Trouble.WEBHOOK_LOST: lambda found: _("Telegram sends what people write to the {bot} here again."),
    Trouble.SECOND_POLLER: lambda found: _("For ten minutes no other program has used the {bot}'s token."),
    Trouble.NOBODY_POLLS: lambda found: _("What people write to the {bot} is taken again."),
    Trouble.UPDATES_WAIT: lambda found: _("The updates of the {bot} do not pile up any more."),
    Trouble.FLOOD: lambda found: _("Telegram takes the {bot}'s calls again."),
    Trouble.DATABASE_AWAY: lambda found: _("The database answers again."),
    Trouble.DATABASE_SLOW: lambda found: _("The database answers quickly again."),
    Trouble.DATABASE_READ_ONLY: lambda found: _("The database takes writes again."),
    Trouble.CLOCKS_APART: lambda found: _("The clock of the machine {machine} agrees with the database's again."),
    Trouble.JOB_OVERDUE: lambda found: _("The job {job} runs at its times again."),
    Trouble.JOB_FAILED: lambda found: _("The job {job} succeeded again."),
    Trouble.DELETIONS_OVERDUE: lambda found: _("Deliveries are deleted in time again."),
    Trouble.WORK_WAITS: lambda found: (
        _("The work of telling subscribers of interrupted deliveries is done again.")
        if found.subject == RECOVERY
        else _("The work of the job {job} is done again.")
    ),
    Trouble.ROW_UNREADABLE: lambda found: (
        _("The row {name} can be read again, or is gone.")
        if ":" in found.subject
        else _("Most rows of {collection} can be read again.")
    ),
}


def _recovery_waits(found: Finding) -> str:
    return ngettext(
        "The work of telling subscribers of interrupted deliveries has been due for {count} minute, and nobody does "
        "it.",
        "The work of telling subscribers of interrupted deliveries has been due for {count} minutes, and nobody does "
        "it.",
        found.amount,
    )


def _job_waits(found: Finding) -> str:
    return ngettext(
        "The work of the job {job} has been due for {count} minute, and nobody does it.",
        "The work of the job {job} has been due for {count} minutes, and nobody does it.",
        found.amount,
    )


def _fields(found: Finding) -> dict[str, str]:
    """Return what the sentences name: each subject is one of these, by its trouble."""
    who = bot_name(found.subject)
    collection, _separator, row = who.partition(":")
    count = f"{found.amount:,}"
    return {"bot": who, "job": who, "machine": who, "name": who, "collection": collection, "row": row, "count": count}


def sentence(finding: Finding) -> str:
    """Say what is wrong, with the quoted error if there is one. Plain text."""
    said = _SENTENCES[finding.trouble](finding).format(**_fields(finding))
    detail = cut(bare(" ".join(finding.detail.split())), _DETAIL_MAX)
    return _("{sentence} It says: {error}").format(sentence=said, error=detail) if detail else said


def next_step(finding: Finding) -> str:
    """Say what to do about it. Plain text."""
    return _NEXT_STEPS[finding.trouble]()


def alert(finding: Finding) -> str:
    """Return the alert when it starts. HTML."""
    return f"<b>{esc(sentence(finding))}</b>\n{esc(next_step(finding))}"


def all_clear(finding: Finding) -> str:
    """Return the alert when it is over. HTML."""
    return esc(_OVER[finding.trouble](finding).format(**_fields(finding)))


def loop_failed(name: str, error: str) -> str:
    """Say that a loop has failed and is started again. HTML."""
    said = cut(" ".join(error.split()), _DETAIL_MAX)
    return _(
        "<b>Something that always runs has stopped and is started again: {name}.</b> It says: {error}\n"
        "If it goes on, please report it with the log: it is a fault of the program, or a stored row that is damaged."
    ).format(name=esc(name), error=esc(said))


def loop_runs(name: str) -> str:
    """Say that it has run for a while since. HTML."""
    return _("It has run for five minutes again: {name}.").format(name=esc(name))
