"""What jobs are called where owners read of them."""

from views.html import bare, cut

_TITLES = {
    "message_deleter": "Auto-delete",
    "broadcast_sender": "Send broadcasts",
    "broadcast_deleter": "Delete broadcasts",
    "publisher": "Publish",
    "announcement_deleter": "Withdraw",
    "token_cleanup": "Clean up unlocks",
    "session_cleanup": "Clean up sessions",
    "token_count_reset": "New day",
    "statistics": "Count",
    "backup": "Backup",
    "housekeeping": "Tidy",
    "deep_cleaning": "Deep clean",
    "health_check": "Watch",
}
#: characters of a name without a title
_NAME_MAX = 20


def job_title(name: str) -> str:
    """Return a job's title, plain text; its name where it has none."""
    return _TITLES.get(name) or cut(bare(name), _NAME_MAX)
