"""Names and roles of the team in words."""

from core.team.admins import Member, Role, RoleChange
from views.html import bare, cut, isolate
from views.language import _, pgettext

#: characters of a name in a sentence
NAME_MAX = 40


def role_name(role: Role) -> str:
    """Return a role in lower case, as on a button or in a list."""
    return {
        Role.OWNER: pgettext("role", "owner"),
        Role.MANAGER: pgettext("role", "manager"),
        Role.EDITOR: pgettext("role", "editor"),
    }[role]


def what_role_does(role: Role) -> str:
    """Return what a role may do, in one sentence."""
    return {
        Role.OWNER: _("An owner may do everything, also change the team."),
        Role.MANAGER: _("A manager does everything but the team, the bots, shorteners and where posts are kept."),
        Role.EDITOR: _("An editor makes, publishes and schedules posts."),
    }[role]


def has_name(name: str) -> bool:
    return bool(bare(name).strip())


def name_of(member: Member) -> str:
    """Return a member's name for a sentence (HTML); the id where none is known."""
    return called(member.name, member.user_id)


def called(name: str, user_id: int) -> str:
    """Return a name for a sentence (HTML); the id where there is none."""
    return isolate(name, NAME_MAX) if has_name(name) else str(user_id)


def plain_name(name: str, user_id: int) -> str:
    """Return a name without HTML; the id where there is none."""
    return cut(bare(name).strip(), NAME_MAX) if has_name(name) else str(user_id)


def on_button(name: str, user_id: int, limit: int) -> str:
    """Return a name for a button, its direction isolated."""
    return f"\u2068{cut(bare(name), limit - 2)}\u2069" if has_name(name) else str(user_id)


def changed(change: RoleChange, name: str) -> str:
    """Say what a change of a role did; plain, for a toast. `name`: without HTML."""
    return {
        RoleChange.DONE: _("Done."),
        RoleChange.UNCHANGED: _("It is so already."),
        RoleChange.GONE: _("{name} is not in the team any more.").format(name=name),
        RoleChange.SEEN_OTHERWISE: _("Somebody else has changed the role of {name} meanwhile.").format(name=name),
        RoleChange.CONFIGURED: _("An owner by the configuration of the server can only be changed there."),
        RoleChange.LAST_OWNER: _("The last owner stays. Make somebody else an owner first."),
        RoleChange.NO_KEY: _("No owner can be made here: the file with the owners' key is missing on the server."),
    }[change]
