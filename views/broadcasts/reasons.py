"""Why a broadcast stopped, for admins: stored as plain text, escaped where it is shown."""

from views.storage import copying_texts

#: characters quoted of Telegram's error description
QUOTED_MAX = 200

SOURCE_LOST = (
    "The user bot cannot reach the storage channel any more. Make it an administrator there again, then send the "
    "broadcast anew."
)
SOURCE_GONE = "Its message is not in the storage channel any more, or Telegram does not let it be copied."
SAVING_RESTRICTED = f"{copying_texts.SAVING_RESTRICTED} Then send the broadcast anew."
INCOMPLETE = "Not all of the album is in the storage channel any more."


def refused(telegrams_words: str) -> str:
    """Say that Telegram refuses the message. `telegrams_words`: its error description."""
    return f"Telegram refuses it: {telegrams_words[:QUOTED_MAX]}"
