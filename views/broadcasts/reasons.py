"""Why a broadcast stopped, for admins: stored as plain English, looked up and escaped where it is shown."""

from views.language import N_, _

#: characters quoted of Telegram's error description
QUOTED_MAX = 200

SOURCE_LOST = N_(
    "The user bot cannot reach the storage channel any more. Make it an administrator there again, then send the "
    "broadcast anew."
)
SOURCE_GONE = N_("Its message is not in the storage channel any more, or Telegram does not let it be copied.")
SAVING_RESTRICTED = N_(
    "The storage channel restricts saving content, so nothing can be copied from it. Turn “Restrict saving content” "
    "off in the settings of that channel. Then send the broadcast anew."
)
INCOMPLETE = N_("Not all of the album is in the storage channel any more.")
_REFUSED = "Telegram refuses it: "


def refused(telegrams_words: str) -> str:
    """Say that Telegram refuses the message, as it is stored. `telegrams_words`: its error description."""
    return f"{_REFUSED}{telegrams_words[:QUOTED_MAX]}"


def in_words(stored: str) -> str:
    """Return a stored reason in the language spoken; words of Telegram as they are. Plain text."""
    if stored.startswith(_REFUSED):
        return _("Telegram refuses it: {words}").format(words=stored.removeprefix(_REFUSED))
    return _(stored)
