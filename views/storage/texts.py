"""What admins read during the setup of the storage channel."""

from collections.abc import Sequence

from views.html import isolate
from views.language import _
from views.storage.rights import Lack, lacks_of


def no_storage() -> str:
    return _("There is no storage channel yet. /start sets it up in a minute.")


def picker_button() -> str:
    return _("Choose or create the storage channel")


def pick() -> str:
    return _(
        "Press “{button}” below the text field and pick a private channel of yours. Telegram adds this bot with the "
        "rights it needs."
    ).format(button=picker_button())


def restricted_remedy() -> str:
    return _("In Telegram, open the channel's settings, then its type, and switch “Restrict saving content” off.")


def not_a_channel() -> str:
    return _("That is not a channel I asked for. Press “{button}” below the text field.").format(button=picker_button())


def first() -> str:
    """Return the first question of the set-up."""
    return _("First: where posts are kept.")


def add_user_bot(username: str) -> str:
    return _("Now add @{bot} to it, too.").format(bot=username)


def wrong_bot(username: str, wanted: str) -> str:
    """Say that another bot than the user bot was added."""
    return _("That was @{other}. Add @{bot}: it is the one subscribers know.").format(other=username, bot=wanted)


def is_public(title: str) -> str:
    return _(
        "{channel} is public: everyone could read all posts there. Choose a private channel, or create one: press "
        "“{button}” below the text field."
    ).format(channel=isolate(title), button=picker_button())


def ready(title: str) -> str:
    return _(
        "Your posts are kept in {channel}.\n\nOnly you and your two bots are in it; subscribers get copies."
    ).format(channel=isolate(title))


def chosen(title: str) -> str:
    """Say that the channel is saved."""
    return _(
        "<b>All set.</b> Both bots are in {channel}.\n\n"
        "Now send me anything, a photo or a text, and you get its link back."
    ).format(channel=isolate(title))


def checked(title: str) -> str:
    return _("Both bots have all the rights they need in {channel}.").format(channel=isolate(title))


def missing(title: str, admin_bot: tuple[str, Sequence[Lack]], user_bot: tuple[str, Sequence[Lack]]) -> str:
    """List the rights each bot is missing in the channel; each bot as (username, missing rights)."""
    lines = [_("<b>Almost there.</b> In {channel}:").format(channel=isolate(title))]
    lines += [f"• {lacks_of(username, lacks)}" for username, lacks in (admin_bot, user_bot) if lacks]
    lines += ["", _("Use the button below (or the channel's administrators page) and then press “Check again”.")]
    return "\n".join(lines)


def restricted(title: str) -> str:
    """Say that saving is restricted in the channel, and what to do."""
    return _(
        "<b>Almost there.</b> {channel} restricts saving content: while it does, Telegram may refuse to hand its posts "
        "on to subscribers.\n\n{remedy} Then press “Check again”."
    ).format(channel=isolate(title), remedy=restricted_remedy())


def change_channel() -> str:
    more = _(
        "New posts go there. Posts you already have stay in the old channel: keep both bots in it as administrators."
    )
    return f"{pick()}\n\n{more}"


def unreachable() -> str:
    """Return what is wrong, behind a colon."""
    return _("the storage channel is out of reach")


def not_stored(what: str) -> str:
    """Return the answer to messages that could not be stored."""
    return _("This was not stored: {what}. /start helps to put that right; then send it again.").format(what=what)


def lacks_sentence(admin_bot: tuple[str, Sequence[Lack]], user_bot: tuple[str, Sequence[Lack]]) -> str:
    """Return `@a lacks … ; @b is not an administrator there` for `not_stored` and the owners' alert."""
    return "; ".join(lacks_of(username, lacks) for username, lacks in (admin_bot, user_bot) if lacks)
