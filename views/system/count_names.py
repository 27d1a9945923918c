"""What the counts of a run are called where the team reads of them."""

from views.language import pgettext


def count_name(name: str) -> str:
    """Return the words for a count, plain text; of one of another version its name."""
    names = _things() | _outcomes()
    return names.get(name) or name.replace("_", " ")


def _things() -> dict[str, str]:
    """Return the words for counts of documents and other things."""
    return {
        "audit_log": pgettext("counted by a run", "audit log"),
        "bytes": pgettext("counted by a run", "bytes"),
        "days": pgettext("counted by a run", "days"),
        "deliveries": pgettext("counted by a run", "deliveries"),
        "documents": pgettext("counted by a run", "documents"),
        "events": pgettext("counted by a run", "events"),
        "findings": pgettext("counted by a run", "findings"),
        "gift_claims": pgettext("counted by a run", "gift claims"),
        "gifts": pgettext("counted by a run", "gifts"),
        "incidents": pgettext("counted by a run", "incidents"),
        "login_codes": pgettext("counted by a run", "login codes"),
        "memberships": pgettext("counted by a run", "memberships"),
        "pauses": pgettext("counted by a run", "pauses"),
        "pending": pgettext("counted by a run", "pending"),
        "promises": pgettext("counted by a run", "promises"),
        "recipients": pgettext("counted by a run", "recipients"),
        "rows": pgettext("counted by a run", "rows"),
        "runs": pgettext("counted by a run", "runs"),
        "sessions": pgettext("counted by a run", "sessions"),
        "token_counts": pgettext("counted by a run", "token counts"),
        "tokens": pgettext("counted by a run", "tokens"),
        "tokens_without_user": pgettext("counted by a run", "tokens without user"),
        "tombstones": pgettext("counted by a run", "tombstones"),
        "unused_tokens": pgettext("counted by a run", "unused tokens"),
        "users": pgettext("counted by a run", "users"),
    }


def _outcomes() -> dict[str, str]:
    """Return the words for counts of what became of things."""
    return {
        "blocked": pgettext("counted by a run", "blocked"),
        "brought_forward": pgettext("counted by a run", "brought forward"),
        "cancelled": pgettext("counted by a run", "cancelled"),
        "deleted": pgettext("counted by a run", "deleted"),
        "edited": pgettext("counted by a run", "edited"),
        "emptied": pgettext("counted by a run", "emptied"),
        "erased": pgettext("counted by a run", "erased"),
        "failed": pgettext("counted by a run", "failed"),
        "gone": pgettext("counted by a run", "gone"),
        "impossible": pgettext("counted by a run", "impossible"),
        "kept": pgettext("counted by a run", "kept"),
        "left_out": pgettext("counted by a run", "left out"),
        "missed": pgettext("counted by a run", "missed"),
        "not_sent": pgettext("counted by a run", "not sent"),
        "nothing_counted": pgettext("counted by a run", "nothing counted"),
        "other_bot": pgettext("counted by a run", "other bot"),
        "over": pgettext("counted by a run", "over"),
        "postponed": pgettext("counted by a run", "postponed"),
        "published": pgettext("counted by a run", "published"),
        "reader_gone": pgettext("counted by a run", "account gone"),
        "refused": pgettext("counted by a run", "refused"),
        "removed": pgettext("counted by a run", "removed"),
        "retry": pgettext("counted by a run", "retry"),
        "rows_removed": pgettext("counted by a run", "rows removed"),
        "sending": pgettext("counted by a run", "sending"),
        "sent": pgettext("counted by a run", "sent"),
        "swept": pgettext("counted by a run", "swept"),
        "switched_off": pgettext("counted by a run", "switched off"),
        "too_large": pgettext("counted by a run", "too large"),
        "too_old": pgettext("counted by a run", "too old"),
        "too_wide": pgettext("counted by a run", "too wide"),
        "tries_removed": pgettext("counted by a run", "tries removed"),
        "unknown": pgettext("counted by a run", "unknown"),
        "unused_deleted": pgettext("counted by a run", "unused deleted"),
        "withdrawn": pgettext("counted by a run", "withdrawn"),
    }
