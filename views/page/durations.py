"""Durations on the admin page, in the short words of the chat."""

from views.language import ngettext, pgettext
from views.page.forms import Words, forms


def duration_words() -> Words:
    """Return the words that `static/admin_durations.js` uses; a view that shows durations has them among its own."""
    return {
        "duration_day": forms(lambda n: ngettext("{count} day", "{count} days", n)),
        "duration_hour": pgettext("duration", "{count} h"),
        "duration_minute": pgettext("duration", "{count} min"),
        "duration_second": pgettext("duration", "{count} s"),
    }
