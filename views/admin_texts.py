"""What admins read in more than one subject."""

from core.team.admins import Role
from views.language import _
from views.team.words import role_name

#: Telegram's limit for the answer to a button, in characters (BOTAPI §2.7)
TOAST_MAX = 200


def command_words() -> dict[str, str]:
    """Return what the list of commands says of each, in FRONT's order; every other command is answered as well."""
    return {
        "menu": _("Everything at a glance"),
        "new": _("A new post"),
        "posts": _("Find, change and remove posts"),
        "schedule": _("What is published next"),
        "broadcast": _("One message to many subscribers"),
        "subscribers": _("Find a subscriber"),
        "stats": _("Numbers and charts"),
        "settings": _("What can be changed"),
        "help": _("What I can do"),
        "cancel": _("Stop what I am waiting for"),
    }


def for_the_owners(user_bot_username: str) -> str:
    """Return what the list of commands says to strangers."""
    return _("For the owners of @{bot}").format(bot=user_bot_username)


def help_text() -> str:
    return _(
        "<b>Send me anything</b> and it becomes a post with a link: a text, a photo, a video, a file, a voice message, "
        "a sticker, an album. Forwarding works too.\n\n"
        "/menu shows everything at a glance\n"
        "/new makes a post, /batch puts several messages behind one link\n"
        "/posts finds a post to change, publish or remove\n"
        "/schedule shows what is published next in your channels\n"
        "/broadcast sends one message to all subscribers or to some of them, now or later; /broadcast list shows the "
        "last ones\n"
        "/channels lists the channels one has to join before a post, and adds some\n"
        "/subscribers finds a subscriber, /grant gives credits or days, /ban keeps somebody out, /unban lets in again\n"
        "/stats shows the numbers and charts of the last days\n"
        "/jobs shows what runs by itself and how it went, runs it now or pauses it\n"
        "/admin sends a link to the admin page, /backup writes a backup now\n"
        "/settings shows what you can change, /set changes it\n"
        "/team, for owners, invites people and shows who did what\n"
        "/cancel stops whatever I am waiting for"
    )


def send_anything() -> str:
    return _("Send what subscribers should get: photo, video, file, album or text.")


def unknown_command() -> str:
    return _("I don't know this command. /help lists the ones I know.")


def nothing_to_cancel() -> str:
    return _("There is nothing to cancel. Send me anything to make a post.")


def cancelled() -> str:
    return _("Cancelled. Nothing was changed.")


def first_the_batch() -> str:
    return _("You are collecting messages. Press Done or Cancel first.")


def stale_button() -> str:
    return _("This button is old. Here is the screen as it is now.")


def undone() -> str:
    return _("Undone.")


def changed_since() -> str:
    return _("It was changed again since, so I left it as it is.")


def too_late_to_undo() -> str:
    return _("It is too late to undo that: 10 minutes are over.")


def not_your_role(role: Role) -> str:
    """Refuse what a role may not do; fits into the answer to a button."""
    return _("Your role, {role}, cannot do this. Ask an owner.").format(role=role_name(role))


def not_for_you(user_bot_username: str) -> str:
    """Answer people who are not admins; fits into the answer to a button."""
    return _("This bot is for the channel's owners. To get a post, open its link: it leads to @{bot}.").format(
        bot=user_bot_username
    )
