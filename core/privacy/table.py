"""The table of all collections: what of each is a subscriber's, how long it is kept and what removes it.

docs/privacy.md shows it; a test holds both against `database.indexes`. A new collection gets a row here.
"""

from dataclasses import dataclass
from enum import StrEnum


class Erasure(StrEnum):
    """What an erasure does with a collection. A closed list."""

    #: the rows are deleted
    DELETED = "deleted"
    #: a ban stays, without anything else
    ALL_BUT_A_BAN = "deleted; of a banned subscriber id and ban stay"
    #: what is to be deleted from the chat stays until that is done
    WHEN_FULFILLED = "copies without a time: deleted; others: when they are deleted from the chat"
    #: the rows stay and do not say any more whom they are about
    MASKED = "the subscriber is masked"
    #: nothing of a subscriber is in it
    NOTHING = "nothing of a subscriber is in it"


@dataclass(frozen=True, slots=True)
class Kept:
    """One collection."""

    collection: str
    #: what is kept, for readers of the docs
    what: str
    how_long: str
    #: the job, or what else removes it
    removed_by: str
    erasure: Erasure = Erasure.NOTHING
    #: the field that says whose a row is; "" where nothing is a subscriber's
    field: str = ""
    #: fields that are no answer to “what do you have of me”: the work of processes, and other people
    hidden: tuple[str, ...] = ()


_WORK = ("owner", "until", "claimed_by", "claimed_until", "claim", "uncounted", "unreadable_until")
_HISTORY = "“Keep history” (30 days)"

KEPT: tuple[Kept, ...] = (
    Kept(
        "users",
        "a subscriber: id, name, @username, language, first and last visit, source, credits, pass, ban, news on or off",
        "“Keep silent subscribers” (365 days) after the last visit; as long as credits, a pass or a ban are in force",
        "housekeeping",
        Erasure.ALL_BUT_A_BAN,
        "user_id",
        _WORK,
    ),
    Kept(
        "tokens",
        "an unlock: when begun and finished, for which post, by which shortener",
        "until it ends (2 days); unfinished: “Keep unused unlocks” (30 days)",
        "token_cleanup",
        Erasure.DELETED,
        "user_id",
        _WORK,
    ),
    Kept(
        "token_generator_count",
        "how many unlocks a subscriber began on a day",
        "the day",
        "token_count_reset",
        Erasure.DELETED,
        "user_id",
        _WORK,
    ),
    Kept(
        "deliveries",
        "a post a subscriber got: when, and which messages are to be deleted when",
        f"{_HISTORY}; a paid copy that stays: as long as it is not paid again",
        "housekeeping",
        Erasure.WHEN_FULFILLED,
        "user_id",
        _WORK,
    ),
    Kept(
        "pending_deletions",
        "messages that are to be deleted from a chat",
        "until they are deleted, 48 hours at most",
        "message_deleter",
        Erasure.WHEN_FULFILLED,
        "user_id",
        _WORK,
    ),
    Kept(
        "impossible_deletions",
        "messages that could not be deleted",
        _HISTORY,
        "housekeeping",
        Erasure.DELETED,
        "chat_id",
        _WORK,
    ),
    Kept(
        "broadcast_recipients",
        "who got a broadcast",
        "until nothing of the broadcast is to be deleted, about 2 days",
        "broadcast_deleter",
        Erasure.WHEN_FULFILLED,
        "user_id",
        _WORK,
    ),
    Kept(
        "memberships",
        "whether a subscriber is in a required channel, or asked to join",
        f"{_HISTORY} after it was seen last; a request to join: 365 days",
        "housekeeping",
        Erasure.DELETED,
        "user_id",
        _WORK,
    ),
    Kept(
        "gift_claims",
        "who took a gift, and when",
        "30 days after its end",
        "housekeeping",
        Erasure.DELETED,
        "user_id",
        _WORK,
    ),
    Kept(
        "tries",
        "that a subscriber tried to get a post on a day, and how far they came",
        "until that day is counted, some days",
        "statistics",
        Erasure.DELETED,
        "user_id",
        _WORK,
    ),
    Kept(
        "send_pauses",
        "chats that Telegram asked to wait",
        "until the wait is over",
        "housekeeping",
        Erasure.DELETED,
        "chat",
        _WORK,
    ),
    Kept(
        "audit_log",
        "what the team did: who, when, to whom",
        "365 days",
        "housekeeping",
        Erasure.MASKED,
        "target",
        ("admin_id", *_WORK),
    ),
    Kept(
        "erasures",
        "who is being erased; afterwards a hash of the id",
        "365 days",
        "housekeeping",
        Erasure.MASKED,
        "user_id",
        _WORK,
    ),
    Kept("admins", "the team: id, role", "until removed from the team", "the owners"),
    Kept("invitations", "invitations to the team", "until they are used or over", "housekeeping"),
    Kept("gifts", "gift links, without who took them", "30 days after their end", "housekeeping"),
    Kept("post_days", "counts of a post and day", "for ever", "nothing"),
    Kept("event_batches", "counts on their way into the days", "until they are there", "the next batch"),
    Kept("posts", "posts", "for ever", "the team"),
    Kept("announcements", "announcements of posts in channels", "for ever", "nothing"),
    Kept("broadcasts", "broadcasts and their counts, without recipients", "for ever", "nothing"),
    Kept("channels", "channels", "for ever", "the team"),
    Kept("shorteners", "shorteners", "for ever", "the owners"),
    Kept("shortener_days", "counts of a shortener and day", "for ever", "nothing"),
    Kept("daily_stats", "counts of a day", "for ever", "nothing"),
    Kept("job_runs", "runs of jobs", _HISTORY, "housekeeping"),
    Kept("incidents", "alerts to the owners", f"{_HISTORY} after their end", "housekeeping"),
    Kept("unreadable_rows", "which rows cannot be read", "until they can, or are gone", "housekeeping"),
    Kept(
        "revoked_sessions", "ended sessions of the admin page", "until they would end by themselves", "session_cleanup"
    ),
    Kept("sessions", "open sessions of the admin page: who, since when, browser", "12 hours", "session_cleanup"),
    Kept("admin_config", "settings, and who of the team changed them last", "for ever", "nothing"),
    Kept(
        "dialogues", "what a member of the team is typing or choosing in the admin bot", "until it is done", "the bot"
    ),
    Kept("health", "what the last health check found", "until the next", "health_check"),
    Kept("job_leases", "which process runs a job", "for ever", "nothing"),
    Kept("polling_leases", "which process polls a bot", "for ever", "nothing"),
    Kept("send_shares", "which process may send how much", "minutes", "the next process"),
    Kept("migrations", "which migrations were applied", "for ever", "nothing"),
    Kept("restore", "that a restore is under way", "until it ends", "the restore"),
    Kept("login_codes", "links to the admin page that work once", "until they expire", "housekeeping"),
)
_BY_NAME = {one.collection: one for one in KEPT}


def kept(collection: str) -> Kept:
    """Return the row of a collection. Raises KeyError for an unknown one."""
    return _BY_NAME[collection]


def of_subscribers() -> tuple[Kept, ...]:
    """Return the collections in which something is a subscriber's."""
    return tuple(one for one in KEPT if one.field)


def as_lines() -> list[str]:
    """Return the table as docs/privacy.md has it."""
    head = ["| collection | what is kept | how long | removed by | after “Delete my data” |", "|---|---|---|---|---|"]
    return head + [
        f"| `{one.collection}` | {one.what} | {one.how_long} | {_who(one)} | {one.erasure.value} |" for one in KEPT
    ]


def _who(one: Kept) -> str:
    return f"`{one.removed_by}`" if "_" in one.removed_by or one.removed_by == "housekeeping" else one.removed_by
