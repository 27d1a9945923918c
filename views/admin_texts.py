"""What admins read in more than one subject."""

from core.team.admins import Role

#: Telegram's limit for the answer to a button, in characters (BOTAPI §2.7)
TOAST_MAX = 200

HELP = (
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
    "/cancel stops whatever I am waiting for"
)
SEND_ANYTHING = "Send what subscribers should get: photo, video, file, album or text."
UNKNOWN_COMMAND = "I don't know this command. /help lists the ones I know."
NOTHING_TO_CANCEL = "There is nothing to cancel. Send me anything to make a post."
CANCELLED = "Cancelled. Nothing was changed."
FIRST_THE_BATCH = "You are collecting messages. Press Done or Cancel first."
STALE_BUTTON = "This button is old. Here is the screen as it is now."
UNDONE = "Undone."
CHANGED_SINCE = "It was changed again since, so I left it as it is."
TOO_LATE_TO_UNDO = "It is too late to undo that: 10 minutes are over."


def not_your_role(role: Role) -> str:
    """Refuse what a role may not do; fits into the answer to a button."""
    return f"Your role, {role.value}, cannot do this. Ask an owner."


def not_for_you(user_bot_username: str) -> str:
    """Answer people who are not admins; fits into the answer to a button."""
    return f"This bot is for the channel's owners. To get a post, open its link: it leads to @{user_bot_username}."
