"""The view “Team” of the admin page: members, roles, invitations, and what the team did."""

from views.language import _, pgettext
from views.page.forms import Words


def words() -> Words:
    return {**_members(), **_invitations(), **_activity()}


def _members() -> dict[str, str]:
    return {
        "heading": pgettext("view", "Team"),
        "name": _("Name"),
        "role": pgettext("of a member", "Role"),
        "joined": _("In the team since"),
        "joined_by": _("{date}, by {name}"),
        "configured": _("by the configuration of the server"),
        "you": _("you"),
        "owner": pgettext("role", "owner"),
        "manager": pgettext("role", "manager"),
        "editor": pgettext("role", "editor"),
        "does_owner": _("An owner may do everything, also change the team."),
        "does_manager": _("A manager does everything but the team, the bots, shorteners and where posts are kept."),
        "does_editor": _("An editor makes, publishes and schedules posts."),
        "change_role": _("Change the role"),
        "change_role_of": _("Change the role of {name}"),
        "new_role": _("Which role?"),
        "confirm_owner": _("Make {name} an owner?"),
        "confirm_owner_text": _("An owner may do everything, also take your role away."),
        "yes_owner": _("Make them an owner"),
        "remove": pgettext("from the team", "Remove"),
        "remove_of": _("Remove {name}"),
        "confirm_remove": _("Remove {name} from the team?"),
        "confirm_remove_text": _("It holds from their next press on. They are told."),
        "role_changed": _("{name} is told of the new role."),
        "removed": _("{name} is not in the team any more."),
    }


def _invitations() -> dict[str, str]:
    return {
        "invite": _("Invite somebody"),
        "invite_text": _("The link lets in whoever opens it first. It works once, for 24 hours."),
        "invite_yes": _("Make the link"),
        "invited": _("Send this link to them: {role}, until {date}."),
        "invitations": _("Open invitations"),
        "for_anyone": _("for whoever opens it first"),
        "invitation_line": _("{role}, {who}, by {name}, until {date}"),
        "cancel_invitation": _("Cancel it"),
        "invitation_cancelled": _("The invitation is cancelled."),
    }


def _activity() -> dict[str, str]:
    return {
        "activity": _("Activity"),
        "when": pgettext("of an action", "When"),
        "who": pgettext("of an action", "Who"),
        "what": pgettext("of an action", "What"),
        "kind": pgettext("of an action", "Kind"),
        "day": pgettext("of an action", "Day"),
        "all": _("all"),
        "no_activity": _("Nothing was done yet."),
        "none_match": _("Nothing of this kind was done."),
        "csv": _("As CSV"),
    }


# what the API refuses


def owner_not_invited() -> str:
    return _("An owner is made of a member, never by a link.")


def bot_unknown() -> str:
    return _("The bots have not been started yet, so the name of the admin bot is not known.")


def invitation_gone() -> str:
    return _("This invitation was used, cancelled or has ended.")
