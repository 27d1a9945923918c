"""The view “Sessions” of the admin page: where members are signed in to it."""

from views.language import _, pgettext
from views.page.forms import Words


def words() -> Words:
    return {
        "heading": pgettext("view", "Sessions"),
        "sessions_text": _("Whoever is signed in to this page. A session ends twelve hours after signing in."),
        "whose": pgettext("of a session", "Whose"),
        "since": pgettext("of a session", "Since"),
        "until": pgettext("of a session", "Until"),
        "signed_in_with": _("Signed in with"),
        "link": _("link from /admin"),
        "mini_app": _("page inside Telegram"),
        "this_one": _("this one"),
        "end": pgettext("a session", "End it"),
        "end_of": _("End the session of {name}, since {date}"),
        "ended": _("The session is ended."),
        "end_mine": _("End all mine"),
        "end_all_of": _("End all of {name}"),
        "confirm_mine": _("End all of your sessions?"),
        "confirm_mine_text": _("This one, too. Links you have not opened yet stop working; /admin gives a new one."),
        "confirm_all_of": _("End all sessions of {name}?"),
        "confirm_all_of_text": _("They can sign in again, as long as they are in the team."),
        "yes_end": _("End them"),
        "all_ended": _("The sessions of {name} are ended."),
    }


def session_gone() -> str:
    return _("This session has ended.")
