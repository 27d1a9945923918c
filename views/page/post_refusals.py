"""Sentences with which the page's API refuses something about posts, announcements and the schedule."""

from core.announcements import LABEL_MAX as BUTTON_MAX
from core.announcements import AnnouncementState
from core.posts import DESCRIPTION_MAX, LABEL_MAX, PASSWORD_MAX, SOURCES_MAX, TITLE_MAX, PostField
from core.templates import isolated
from views.language import _, ngettext


def no_such_post() -> str:
    return _("This post is not there any more.")


def no_such_announcement() -> str:
    return _("This announcement is not there any more.")


def not_yours() -> str:
    return _("Your role, editor, takes down own posts only. Ask an owner.")


def field_expected(field: PostField) -> str:
    """Return what a field takes."""
    match field:
        case PostField.TITLE:
            return _("A title is one line of 1 to {count} characters, like: Spring album.").format(count=TITLE_MAX)
        case PostField.DESCRIPTION:
            return _("A text has at most {count} characters.").format(count=DESCRIPTION_MAX)
        case PostField.LABEL:
            return label_expected(LABEL_MAX)
        case PostField.PASSWORD:
            return _("A password is one line of 1 to {count} characters.").format(count=PASSWORD_MAX)
        case PostField.DELETE_AFTER:
            return _("Auto-delete is a number of minutes up to 47 hours, or never.")
        case _:
            return _("This value cannot be chosen here.")


def label_expected(longest: int = BUTTON_MAX) -> str:
    return _("A button has one line of 1 to {count} characters, like: Open the album.").format(count=longest)


def place_expected() -> str:
    return _("A name has 1 to 24 letters a to z and digits, without spaces, like: insta.")


def places_full() -> str:
    return ngettext(
        "A post has links for at most {count} place.", "A post has links for at most {count} places.", SOURCES_MAX
    ).format(count=SOURCES_MAX)


def changed_by(who: str) -> str:
    """Return who changed a field; what it is now is shown with it."""
    if not who:
        return _("Somebody changed this a moment ago. Yours is not saved.")
    return _("{name} changed this a moment ago. Yours is not saved.").format(name=isolated(who))


def moved_by(who: str, at: str) -> str:
    """Return who planned an announcement for another time. `at`: the time, in the form it is typed in."""
    if not who:
        return _("Somebody moved this to {time} a moment ago. Yours is not saved.").format(time=at)
    return _("{name} moved this to {time} a moment ago. Yours is not saved.").format(name=isolated(who), time=at)


def state_now(state: AnnouncementState) -> str:
    """Return what became of an announcement since the page showed it."""
    return {
        AnnouncementState.PLANNED: _("It waits for its time now. Nothing was changed."),
        AnnouncementState.SENDING: _("It is being published just now. Nothing was changed."),
        AnnouncementState.PUBLISHED: _("It is in its channel already. Nothing was changed."),
        AnnouncementState.UNKNOWN: _("Telegram did not confirm it. Look into the channel first. Nothing was changed."),
        AnnouncementState.FAILED: _("Telegram refused it. Nothing was changed."),
        AnnouncementState.MISSED: _("It was missed. Nothing was changed."),
        AnnouncementState.WITHDRAWN: _("It was taken out of its channel. Nothing was changed."),
        AnnouncementState.EMPTIED: _("Its text and button were taken away. Nothing was changed."),
        AnnouncementState.CANCELLED: _("It is off the schedule. Nothing was changed."),
    }[state]


def channel_gone() -> str:
    return _("Posts are not published in this channel any more. Nothing was changed.")


def time_passed() -> str:
    return _("Its time has passed meanwhile, so it stays off the schedule.")


def slot_taken() -> str:
    return _("Something else is planned in this slot by now. Choose another time.")


def post_removed() -> str:
    return _("This post is removed. Restore it before you publish it.")


def too_long(characters: int, longest: int, *, has_cover: bool) -> str:
    count, limit = f"{characters:,}", f"{longest:,}"
    if has_cover:
        text = _("The text has {count} characters; under a picture Telegram takes {limit}.")
    else:
        text = _("The text has {count} characters; Telegram takes {limit}.")
    return text.format(count=count, limit=limit)


def no_cover() -> str:
    return _("This picture is not there any more. Choose another one.")


def no_bot_name() -> str:
    return _("The name of the user bot is not known here yet. Start the bots once.")
