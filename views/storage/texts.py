"""What admins read during the setup of the storage channel."""

from collections.abc import Sequence

from views.html import isolate
from views.storage.rights import Lack, lacks_of

NO_STORAGE = "There is no storage channel yet. /start sets it up in a minute."
PICK = (
    "Press “Choose the storage channel” below the text field and pick a private channel of yours. "
    "Telegram adds this bot with the rights it needs."
)
RESTRICTED_REMEDY = "In Telegram, open the channel's settings, then its type, and switch “Restrict saving content” off."
PICKER_BUTTON = "Choose the storage channel"
NOT_A_CHANNEL = "That is not a channel I asked for. Press “Choose the storage channel” below the text field."


def welcome(name: str) -> str:
    """Name the one step that is needed first."""
    return (
        f"Hello {isolate(name, 64)}. Whatever you send me becomes a post with a link.\n\n"
        "<b>One step first:</b> I keep your posts in a private channel only you and your two bots can see. "
        f"Create one in Telegram if you have none.\n\n{PICK}"
    )


def ready(title: str) -> str:
    return (
        f"Your posts are kept in {isolate(title)}.\n\n"
        "<b>Send me anything</b> and you get its link back. /help says more."
    )


def chosen(title: str) -> str:
    """Say that the channel is saved."""
    return (
        f"<b>All set.</b> Both bots are in {isolate(title)}.\n\n"
        "Now send me anything, a photo or a text, and you get its link back."
    )


def checked(title: str) -> str:
    return f"Both bots have all the rights they need in {isolate(title)}."


def missing(title: str, admin_bot: tuple[str, Sequence[Lack]], user_bot: tuple[str, Sequence[Lack]]) -> str:
    """List the rights each bot is missing in the channel; each bot as (username, missing rights)."""
    lines = [f"<b>Almost there.</b> In {isolate(title)}:"]
    lines += [f"• {lacks_of(username, lacks)}" for username, lacks in (admin_bot, user_bot) if lacks]
    lines += ["", "Use the button below (or the channel's administrators page) and then press “Check again”."]
    return "\n".join(lines)


def restricted(title: str) -> str:
    """Say that saving is restricted in the channel, and what to do."""
    return (
        f"<b>Almost there.</b> {isolate(title)} restricts saving content: while it does, Telegram may refuse to hand "
        f"its posts on to subscribers.\n\n{RESTRICTED_REMEDY} Then press “Check again”."
    )


def change_channel() -> str:
    return (
        f"{PICK}\n\nNew posts go there. Posts you already have stay in the old channel: "
        "keep both bots in it as administrators."
    )


UNREACHABLE = "the storage channel is out of reach"


def not_stored(what: str) -> str:
    """Return the answer to messages that could not be stored."""
    return f"This was not stored: {what}. /start helps to put that right; then send it again."


def lacks_sentence(admin_bot: tuple[str, Sequence[Lack]], user_bot: tuple[str, Sequence[Lack]]) -> str:
    """Return `@a lacks … ; @b is not an administrator there` for `not_stored` and the owners' alert."""
    return "; ".join(lacks_of(username, lacks) for username, lacks in (admin_bot, user_bot) if lacks)
