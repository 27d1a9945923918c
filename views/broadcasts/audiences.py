"""Names of audiences."""

from views.language import ngettext


def new_in_days(days: int) -> str:
    """Return the button for those who came within so many days."""
    return ngettext("New in {count} day", "New in {count} days", days).format(count=days)


def people_new_in(days: int) -> str:
    """Return the same in the words of a summary."""
    return ngettext("new in the last day", "new in the last {count} days", days).format(count=days)
