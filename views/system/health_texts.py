"""Health findings in words: what is wrong, what to do next, and the all-clear."""

from collections.abc import Callable

from core.health.findings import RECOVERY, Finding, Trouble
from views.html import bare, cut, esc

_BOTS = {"user_bot": "user bot", "admin_bot": "admin bot"}
#: characters quoted of an error
_DETAIL_MAX = 200

_SENTENCES: dict[Trouble, Callable[[str, Finding], str]] = {
    Trouble.BOT_AWAY: lambda who, _: f"Telegram does not answer for the {who}.",
    Trouble.BOT_UNKNOWN: lambda who, _: f"Telegram does not know the {who}'s token any more.",
    Trouble.WEBHOOK_SET: lambda who, _: f"A webhook is set for the {who}, so what people send it does not come here.",
    Trouble.WEBHOOK_LOST: lambda who, _: f"Telegram does not send what people write to the {who} here any more.",
    Trouble.SECOND_POLLER: lambda who, _: (
        f"A second program is using the {who}'s token. It takes some of the messages, which then get no answer."
    ),
    Trouble.UPDATES_WAIT: lambda who, found: f"{found.amount:,} updates of the {who} wait at Telegram.",
    Trouble.FLOOD: lambda who, found: (
        f"Telegram refused {found.amount} % of the {who}'s calls in the last minute (429)."
    ),
    Trouble.DATABASE_AWAY: lambda _, __: "The database does not answer.",
    Trouble.DATABASE_SLOW: lambda _, found: f"The database took {found.amount:,} ms for a sign of life.",
    Trouble.DATABASE_READ_ONLY: lambda _, __: (
        "The database can be read but takes no writes, so nothing is delivered or deleted."
    ),
    Trouble.CLOCKS_APART: lambda who, found: (
        f"The clock of the machine {who} differs from the database's by {found.amount:,} seconds, "
        "so no job begins there."
    ),
    Trouble.JOB_OVERDUE: lambda who, _: f"The job {who} has not run when it should have, twice.",
    Trouble.JOB_FAILED: lambda who, _: f"The last run of the job {who} did not succeed.",
    Trouble.DELETIONS_OVERDUE: lambda _, found: (
        f"{found.amount:,} deliveries should have been deleted more than five minutes ago."
    ),
    Trouble.WORK_WAITS: lambda who, found: (
        f"The work of {_whose(who)} has been due for {found.amount:,} minutes, and nobody does it."
    ),
    Trouble.ROW_UNREADABLE: lambda who, found: (
        f"{found.amount:,} more rows of {who} cannot be read."
        if found.amount
        else f"One row of {who.partition(':')[0]} cannot be read: {who.partition(':')[2]}. The rest goes on."
    ),
}
_NEXT_STEPS = {
    Trouble.BOT_AWAY: "See whether this machine reaches TELEGRAM_API_URL. The bot goes on by itself when it does.",
    Trouble.BOT_UNKNOWN: "Ask @BotFather for the bot's token, put it into the configuration, and start again.",
    Trouble.WEBHOOK_SET: (
        "Call deleteWebhook for it. If nobody of you has set it, somebody else has the token: "
        "revoke it at @BotFather first."
    ),
    Trouble.WEBHOOK_LOST: (
        "Start Tollgate again: it sets the webhook. If nobody of you has changed it, somebody else has the token: "
        "revoke it at @BotFather first."
    ),
    Trouble.SECOND_POLLER: (
        "Stop it: mostly it is a second start of Tollgate, here or on another machine. If nobody of you runs it, "
        "somebody else has the token: revoke it at @BotFather and put the new one into the configuration."
    ),
    Trouble.UPDATES_WAIT: "See in the log what its handlers wait for, and whether the process that polls is running.",
    Trouble.FLOOD: "Lower BULK_RATE_PER_SECOND, and see whether another program uses the same token.",
    Trouble.DATABASE_AWAY: "See whether MongoDB is running and MONGO_URI reaches it. What people send waits meanwhile.",
    Trouble.DATABASE_SLOW: "See what else the database's machine is doing, and what “python -m database doctor” says.",
    Trouble.DATABASE_READ_ONLY: (
        "See whether its disk or its quota is full, and whether the user in MONGO_URI still has the role readWrite. "
        "What people send waits meanwhile."
    ),
    Trouble.CLOCKS_APART: "Set both clocks by a time server (NTP). Jobs begin again by themselves.",
    Trouble.JOB_OVERDUE: (
        "See with /jobs or “python -m schedulers list” whether a process runs it, and run it from there."
    ),
    Trouble.JOB_FAILED: "/jobs and “python -m schedulers history” show the error. It is tried again at its next time.",
    Trouble.DELETIONS_OVERDUE: (
        "See with /jobs how Auto-delete ends. Telegram deletes nothing that is older than 48 hours."
    ),
    Trouble.WORK_WAITS: (
        "See whether the process of the user bot is running and what its log says; starting it again begins the work."
    ),
    Trouble.ROW_UNREADABLE: (
        "“python -m database unreadable” shows every such row and what is wrong with it. It is left out until it is "
        "repaired; what it stands for is not done."
    ),
}
_OVER: dict[Trouble, Callable[[str], str]] = {
    Trouble.BOT_AWAY: lambda who: f"Telegram answers for the {who} again.",
    Trouble.BOT_UNKNOWN: lambda who: f"Telegram knows the {who}'s token again.",
    Trouble.WEBHOOK_SET: lambda who: f"No webhook is set for the {who} any more.",
    Trouble.WEBHOOK_LOST: lambda who: f"Telegram sends what people write to the {who} here again.",
    Trouble.SECOND_POLLER: lambda who: f"For ten minutes no other program has used the {who}'s token.",
    Trouble.UPDATES_WAIT: lambda who: f"The updates of the {who} do not pile up any more.",
    Trouble.FLOOD: lambda who: f"Telegram takes the {who}'s calls again.",
    Trouble.DATABASE_AWAY: lambda _: "The database answers again.",
    Trouble.DATABASE_SLOW: lambda _: "The database answers quickly again.",
    Trouble.DATABASE_READ_ONLY: lambda _: "The database takes writes again.",
    Trouble.CLOCKS_APART: lambda who: f"The clock of the machine {who} agrees with the database's again.",
    Trouble.JOB_OVERDUE: lambda who: f"The job {who} runs at its times again.",
    Trouble.JOB_FAILED: lambda who: f"The job {who} succeeded again.",
    Trouble.DELETIONS_OVERDUE: lambda _: "Deliveries are deleted in time again.",
    Trouble.WORK_WAITS: lambda who: f"The work of {_whose(who)} is done again.",
    Trouble.ROW_UNREADABLE: lambda who: (
        f"The row {who} can be read again, or is gone." if ":" in who else f"Most rows of {who} can be read again."
    ),
}


def _whose(subject: str) -> str:
    return "telling subscribers of interrupted deliveries" if subject == RECOVERY else f"the job {subject}"


def sentence(finding: Finding) -> str:
    """Say what is wrong, with the quoted error if there is one. Plain text."""
    said = _SENTENCES[finding.trouble](_name(finding), finding)
    detail = " ".join(finding.detail.split())
    return f"{said} It says: {cut(bare(detail), _DETAIL_MAX)}" if detail else said


def next_step(finding: Finding) -> str:
    """Say what to do about it. Plain text."""
    return _NEXT_STEPS[finding.trouble]


def alert(finding: Finding) -> str:
    """Return the alert when it starts. HTML."""
    return f"<b>{esc(sentence(finding))}</b>\n{esc(next_step(finding))}"


def all_clear(finding: Finding) -> str:
    """Return the alert when it is over. HTML."""
    return esc(_OVER[finding.trouble](_name(finding)))


def loop_failed(name: str, error: str) -> str:
    """Say that a loop has failed and is started again. HTML."""
    said = cut(" ".join(error.split()), _DETAIL_MAX)
    return (
        f"<b>Something that always runs has stopped and is started again: {esc(name)}.</b> It says: {esc(said)}\n"
        "If it goes on, please report it with the log: it is a fault of the program, or a stored row that is damaged."
    )


def loop_runs(name: str) -> str:
    """Say that it has run for a while since. HTML."""
    return f"It has run for five minutes again: {esc(name)}."


def _name(finding: Finding) -> str:
    return _BOTS.get(finding.subject, finding.subject)
