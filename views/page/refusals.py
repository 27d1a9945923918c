"""Sentences with which the page's API refuses members of the team and strangers."""

from core.team.admins import Role
from views.language import _, ngettext


def not_in_the_team() -> str:
    return _("This page is for the team. An owner can add you in the admin bot.")


def role_cannot(role: Role) -> str:
    return {
        Role.OWNER: _("Your role, owner, cannot do this."),
        Role.MANAGER: _("Your role, manager, cannot do this. Ask an owner."),
        Role.EDITOR: _("Your role, editor, cannot do this. Ask an owner."),
    }[role]


def sign_in_first() -> str:
    return _("Sign in first: open this page from the admin bot.")


def wrong_origin() -> str:
    return _("This request came from another site.")


def wrong_host() -> str:
    return _("This is no address of this site. Its operator names them in PUBLIC_BASE_URL and ALLOWED_HOSTS.")


def too_many(wait_s: int) -> str:
    return ngettext(
        "Too many requests: try again in {count} second.", "Too many requests: try again in {count} seconds.", wait_s
    ).format(count=wait_s)


def not_understood() -> str:
    return _("This request was not understood.")


def nothing_here() -> str:
    return _("There is nothing here.")


def wrong_method() -> str:
    return _("This address does not take this method.")


def too_slow() -> str:
    return _("The body did not arrive in time.")


def too_large() -> str:
    return _("The body is too large.")


def unavailable() -> str:
    return _("The database does not answer. Please try again in a moment.")


def slow() -> str:
    return _("The database took too long. Please try again in a minute.")


def failed() -> str:
    return _("Something went wrong on our side.")
