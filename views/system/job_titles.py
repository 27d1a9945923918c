"""What jobs are called where owners read of them."""

from views.html import bare, cut
from views.language import pgettext

#: characters of a name without a title
_NAME_MAX = 20


def job_title(name: str) -> str:
    """Return a job's title, plain text; its name where it has none."""
    titles = {
        "message_deleter": pgettext("job", "Auto-delete"),
        "broadcast_sender": pgettext("job", "Send broadcasts"),
        "broadcast_deleter": pgettext("job", "Delete broadcasts"),
        "publisher": pgettext("job", "Publish"),
        "announcement_deleter": pgettext("job", "Withdraw"),
        "token_cleanup": pgettext("job", "Clean up unlocks"),
        "session_cleanup": pgettext("job", "Clean up sessions"),
        "token_count_reset": pgettext("job", "New day"),
        "statistics": pgettext("job", "Count"),
        "eraser": pgettext("job", "Erase"),
        "monday_summary": pgettext("job", "Monday summary"),
        "backup": pgettext("job", "Backup"),
        "housekeeping": pgettext("job", "Tidy"),
        "deep_cleaning": pgettext("job", "Deep clean"),
        "health_check": pgettext("job", "Watch"),
    }
    return titles.get(name) or cut(bare(name), _NAME_MAX)
