"""The frame of the admin page: signing in, the names of the views, what is above and below them."""

from views.language import _, pgettext
from views.page.forms import Words


def words() -> Words:
    """Return the texts of the frame, which every view may use as well."""
    return _views() | _signing_in() | _everywhere()


def _views() -> dict[str, str]:
    """Name and title of each view."""
    return {
        "view_subscribers": pgettext("view", "Subscribers"),
        "view_posts": pgettext("view", "Posts"),
        "view_schedule": pgettext("view", "Schedule"),
        "view_statistics": pgettext("view", "Statistics"),
        "view_settings": pgettext("view", "Settings"),
        "view_broadcasts": pgettext("view", "Broadcasts"),
        "view_team": pgettext("view", "Team"),
        "view_system": pgettext("view", "System"),
        "view_sessions": pgettext("view", "Sessions"),
        "views": _("Sections of this page"),
        "to_content": _("To the content"),
        "sign_out": _("Sign out"),
    }


def _signing_in() -> dict[str, str]:
    again = _("Send /admin to the admin bot and open the link it answers with. A link works once, within five minutes.")
    return {
        "coming": _("One moment"),
        "coming_text": _("Signing in."),
        "closed": _("Open me from the admin bot: /admin"),
        "closed_text": again,
        "ended": _("Your session has ended"),
        "ended_text": again,
        "left": _("You are signed out"),
        "left_text": again,
        "refused": _("This link does not work any more"),
        "refused_text": again,
        "stranger": _("This page is for the team"),
        "stranger_text": _("An owner can add you in the admin bot: /team."),
        "away": _("The server does not answer"),
        "away_text": _("It may be starting. Nothing is lost."),
        "busy": _("Too many requests"),
        "busy_text": _("Please wait a minute."),
        "try_again": _("Try again"),
    }


def _everywhere() -> dict[str, str]:
    return {
        "no_answer": _("The server does not answer."),
        "trying_again": _("Trying again every 30 seconds."),
        "did_not_open": _("This page did not open"),
        "broke_off": _("The server broke off. Please try again."),
        "answered": _("The server answered {status}."),
        "not_understood": _("This page does not understand the server. Please load it again."),
        "try_now": _("Try now"),
        "leave_it": _("Leave it"),
        "cancel": _("Cancel"),
        "close": _("Close"),
        "save": _("Save"),
        "undo": pgettext("button", "Undo"),
        "undone": _("It is as it was before."),
        "search": pgettext("button", "Search"),
        "previous": pgettext("page of a list", "Previous"),
        "next": pgettext("page of a list", "Next"),
        "copied": _("Copied."),
        "copy": pgettext("button", "Copy"),
        "download_begins": _("The download begins."),
    }
