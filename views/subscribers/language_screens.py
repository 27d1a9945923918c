"""What subscribers read and press to choose the language of the bot."""

from collections.abc import Sequence

from views.buttons import button
from views.catalogues import own_name
from views.language import _
from views.screens import Screen, in_pairs
from views.subscribers.callbacks import ChooseLanguage


def languages(codes: Sequence[str], chosen: str) -> Screen:
    """Return the choice. `chosen`: the language spoken now, marked."""
    names = [f"✓ {own_name(code)}" if code == chosen else own_name(code) for code in codes]
    buttons = [button(name, ChooseLanguage(code=code).pack()) for code, name in zip(codes, names, strict=True)]
    return Screen(_("Which language shall I speak with you?"), in_pairs(buttons))


def chosen() -> str:
    """Return a toast, to be read in the language that was chosen."""
    return _("I speak English with you now.")
