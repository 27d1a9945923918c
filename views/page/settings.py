"""The view “Settings” of the admin page, and what its part of the API says."""

from core.settings import FIELDS
from views.html import bare, cut
from views.language import _, gettext, pgettext
from views.page.durations import duration_words
from views.page.forms import Words

#: characters of a name in a sentence
_NAME_MAX = 40


def words() -> Words:
    return {**_frame(), **_values(), **_texts(), **_of_fields(), **duration_words()}


def _frame() -> dict[str, str]:
    return {
        "to_chat": pgettext("button", "To the chat"),
        "heading": pgettext("view", "Settings"),
        "group_access": _("Access"),
        "group_unlocking": _("Unlocking"),
        "group_texts": _("Texts"),
        "group_publishing": _("Publishing"),
        "group_bots": _("Bots"),
        "group_system": _("System"),
        "groups": _("Groups of settings"),
        "usual": _("Usual value"),
        "usual_is": _("Usually {value}."),
        "changed_by": _("Changed by {name}, {when}."),
        "changed": _("{setting} is now {value}."),
        "changed_text": _("{setting} is changed."),
        "stands": _("{setting}: {value}. Nothing to change."),
        "in_chat": _("You choose this in the chat of the admin bot: /settings."),
        "shorteners_in_chat": _("Shorteners and their keys are added in the chat of the admin bot."),
        "at_system": _("This is under “System” on this page."),
        "save_mine": _("Save mine"),
        "keep_theirs": _("Keep it as it is now"),
    }


def _values() -> dict[str, str]:
    return {
        "on": pgettext("switch", "on"),
        "off": pgettext("switch", "off"),
        "never_off": pgettext("duration", "off"),
        "never_never": pgettext("duration", "never"),
        "never_for ever": pgettext("duration", "for ever"),
        "other": pgettext("choice", "Other"),
        "other_value": _("Another value"),
        "none": pgettext("value", "none"),
        "own_text": _("the bot's own"),
        "own_announcement": _("title and text"),
        "open_link": pgettext("button", "Open"),
        "confirm_title": _("Change who gets posts?"),
        "confirm_open": _("From now on posts cost nothing. Credits and passes stay for the day you change this again."),
        "confirm_credits": _("From now on a post costs 1 credit. Passes stay valid."),
        "confirm_pass": _("From now on posts are for those with a pass. Credits stay valid."),
        "no_shortener": _("There is no shortener: subscribers unlock on your own page, and you earn nothing by it."),
        "confirm_yes": pgettext("button", "Change it"),
    }


def _texts() -> dict[str, str]:
    return {
        "text_help": _("Formatting is written as Telegram's HTML. The buttons put it around what you selected."),
        "placeholders": _("Placeholders"),
        "formatting": _("Formatting"),
        "preview": _("As it is read, with the longest values"),
        "preview_usual": _("The usual text is read: {value}."),
        "bold": _("Bold"),
        "italic": _("Italic"),
        "underline": _("Underlined"),
        "strike": _("Struck through"),
        "code": _("Code"),
        "quote": _("Quote"),
        "spoiler": _("Spoiler"),
        "link": _("Link"),
    }


def _of_fields() -> dict[str, str]:
    found = {}
    for field in FIELDS:
        found[f"label_{field.name}"] = gettext(field.label)
        found[f"sentence_{field.name}"] = gettext(field.sentence)
        for choice, text in field.words.items():
            found[f"choice_{field.name}_{choice}"] = gettext(text)
    return found


# what the API says


def no_such_setting() -> str:
    return _("There is no setting of this name that is changed here.")


def not_a_value() -> str:
    return _("This is no value of the setting.")


def conflict(name: str, value: str) -> str:
    """Say that somebody changed the setting since it was read. `value`: what it is now, in words. Plain text."""
    if not name:
        return _("Somebody changed this to {value} a moment ago. Yours is not saved.").format(value=value)
    who = cut(bare(name), _NAME_MAX)
    return _("{name} changed this to {value} a moment ago. Yours is not saved.").format(name=who, value=value)
