"""What a member reads and presses to choose the language of the admin bot."""

from aiogram.types import InlineKeyboardButton

from core.team.admins import Role
from core.team.rights import Right, may
from views.buttons import Row, button
from views.catalogues import SOURCE, TEAM_LANGUAGES, own_name
from views.language import _
from views.navigation import Section, parent
from views.screens import Screen, in_pairs
from views.team.callbacks import AS_IN_APP, ChooseMyLanguage


def my_language(chosen: str, role: Role) -> Screen:
    """Return the choice. `chosen`: a code, "" for the language of the app."""
    lines = [_("Which language shall I speak with you?")]
    if may(role, Right.BOTS):
        lines.append(_("A subscriber whose language I do not speak reads that of an owner, too."))
    as_in_app: Row = [_choice(_("As in my Telegram"), AS_IN_APP, is_chosen=not chosen)]
    codes = (SOURCE, *TEAM_LANGUAGES)
    named = [_choice(own_name(code), code, is_chosen=code == chosen) for code in codes]
    # whoever may not open the settings came by the command
    above = parent(Section.SETTINGS if may(role, Right.SETTINGS) else Section.MENU)
    return Screen("\n".join(lines), (as_in_app, *in_pairs(named)), above)


def language_chosen() -> str:
    """Return a toast, to be read in the language that was chosen."""
    return _("I speak English with you now.")


def _choice(name: str, code: str, *, is_chosen: bool) -> InlineKeyboardButton:
    return button(f"✓ {name}" if is_chosen else name, ChooseMyLanguage(code=code).pack())
