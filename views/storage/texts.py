"""What admins read during the setup of the storage channel."""

from collections.abc import Sequence

from views.html import isolate
from views.storage.rights import Lack, lacks_of

NO_STORAGE = "There is no storage channel yet. /start sets it up in a minute."
PICKER_BUTTON = "Choose or create the storage channel"
PICK = (
    f"Press “{PICKER_BUTTON}” below the text field and pick a private channel of yours. "
    "Telegram adds this bot with the rights it needs."
)
RESTRICTED_REMEDY = "In Telegram, open the channel's settings, then its type, and switch “Restrict saving content” off."
NOT_A_CHANNEL = f"That is not a channel I asked for. Press “{PICKER_BUTTON}” below the text field."


def first() -> str:
    """Return the first question of the set-up."""
    return "First: where posts are kept."


def add_user_bot(username: str) -> str:
    return f"Now add @{username} to it, too."


def wrong_bot(username: str, wanted: str) -> str:
    """Say that another bot than the user bot was added."""
    return f"That was @{username}. Add @{wanted}: it is the one subscribers know."


def is_public(title: str) -> str:
    return (
        f"{isolate(title)} is public: everyone could read all posts there. Choose a private channel, "
        f"or create one: press “{PICKER_BUTTON}” below the text field."
    )


def ready(title: str) -> str:
    return f"Your posts are kept in {isolate(title)}.\n\nOnly you and your two bots are in it; subscribers get copies."


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
