"""What stands in a channel besides an announcement's own text, and why one could not be sent or changed.

The reasons are stored as plain text in English, and looked up and escaped where they are shown (`reason_words`).
"""

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from views.language import N_, _

#: what remains of a message that is too old to be deleted: Telegram takes no empty text
EMPTIED = "…"

NO_ID = N_("Telegram has put the message off and does not say its number. Look into the channel.")
PICTURE_STAYS = N_("Telegram does not take a picture away from a message: the text is changed, the picture stays.")
NOT_A_PICTURE = N_("Telegram does not take this kind of message as the picture of another.")
POST_REMOVED = N_("The post was removed before its time.")
NOT_PUBLISHED_TO = N_("I do not publish in this channel any more.")
NO_MESSAGE = N_("It is not known which message it is, so I can neither change nor delete it.")
OTHER_BOT = N_("Another bot published it, so I can neither change nor delete it.")


def reason_words(stored: str) -> str:
    """Return a stored reason in the language spoken; Telegram's own words as they are. Plain text."""
    return _(stored)


def below_announcement(label: str, url: str) -> InlineKeyboardMarkup:
    """Return the one button below an announcement."""
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text=label, url=url)]])
