"""The view “Schedule” of the admin page."""

from views.language import _, ngettext, pgettext
from views.page import announcements
from views.page.forms import Words, forms


def words() -> Words:
    return {
        "heading": pgettext("view", "Schedule"),
        "times_of": _("Times of {zone}. Drag an announcement to another day, or open it to move it."),
        "empty": _("Nothing is scheduled in this month. Open a post, Publish, When."),
        "to_posts": pgettext("view", "Posts"),
        "previous_month": _("Month before"),
        "next_month": _("Month after"),
        "this_month": _("This month"),
        "needs_you": _("Needs you"),
        "more": _("Show more of this month"),
        "planned": forms(lambda n: ngettext("{count} announcement", "{count} announcements", n)),
        "in_calendar": _("{time}, {title}, {channel}"),
        **announcements.words(),
    }
