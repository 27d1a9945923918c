"""What both bots show of themselves: read, asked for, confirmed."""

from dataclasses import dataclass
from datetime import timedelta

from aiogram.types import InlineKeyboardButton

from core.bots.texts import LONGEST, Part
from views.bots.callbacks import AskPart, BotButton, RemovePicture, SavePart, Which
from views.buttons import DANGER, PRIMARY, button
from views.html import bare, cut, esc, isolate
from views.language import _, ngettext
from views.navigation import Section, data_of, parent
from views.screens import Parent, Screen
from views.times import duration

#: characters of a text on the screen of a bot
#: characters of a username on the button that leads back
_ON_BUTTON = 18
_SHOWN = {Part.NAME: 64, Part.ABOUT: 120, Part.DESCRIPTION: 240}


@dataclass(frozen=True, slots=True)
class BotTexts:
    """What Telegram shows of a bot; None: it did not say."""

    username: str
    name: str | None = None
    about: str | None = None
    description: str | None = None

    def of(self, part: Part) -> str | None:
        return {Part.NAME: self.name, Part.ABOUT: self.about, Part.DESCRIPTION: self.description}.get(part)


def bots_screen(user_bot: str, admin_bot: str) -> Screen:
    """Choose one of both bots, by username."""
    text = _("<b>Names and pictures</b>\nWhat people see of a bot before they press Start.")
    rows = (
        [button(f"@{user_bot} ›", BotButton(which=Which.USER).pack())],
        [button(f"@{admin_bot} ›", BotButton(which=Which.ADMIN).pack())],
    )
    return Screen(text, rows, parent(Section.SETTINGS))


def bot_screen(which: Which, texts: BotTexts, note: str | None = None) -> Screen:
    """Return what a bot shows."""
    lines = [
        f"<b>@{esc(texts.username)}</b>",
        _("Name: {text}").format(text=_shown(texts, Part.NAME)),
        _("About: {text}").format(text=_shown(texts, Part.ABOUT)),
        _("Description: {text}").format(text=_shown(texts, Part.DESCRIPTION)),
    ]

    rows = (
        [_ask(which, Part.NAME), _ask(which, Part.ABOUT)],
        [_ask(which, Part.DESCRIPTION), _ask(which, Part.PICTURE)],
    )
    return Screen("\n".join(lines), rows, _up()).with_note(note)


def _shown(texts: BotTexts, part: Part) -> str:
    text = texts.of(part)
    if text is None:
        return _("not known, Telegram did not answer")
    return isolate(" ".join(text.split()), _SHOWN[part]) if bare(text).strip() else _("none")


def part_name(part: Part) -> str:
    """Return what a part is called on a button."""
    match part:
        case Part.NAME:
            return _("Name")
        case Part.ABOUT:
            return _("About")
        case Part.DESCRIPTION:
            return _("Description")
        case Part.PICTURE:
            return _("Picture")


def _ask(which: Which, part: Part) -> InlineKeyboardButton:
    return button(f"{part_name(part)} ›", AskPart(which=which, part=part).pack())


def question(which: Which, part: Part, username: str) -> Screen:
    """Ask for a part."""
    back = Parent(cut(f"@{username}", _ON_BUTTON), BotButton(which=which).pack())
    if part is Part.PICTURE:
        remove = button(_("Remove picture"), RemovePicture(which=which).pack())
        return Screen(_("Send the picture as a photo."), ([remove],), back)
    return Screen(expected(part), (), back)


def expected(part: Part) -> str:
    """Say what a part may be."""
    most = LONGEST.get(part, 0)
    match part:
        case Part.NAME:
            return ngettext(
                "Send the name: at most {count} character.", "Send the name: at most {count} characters.", most
            ).format(count=most)
        case Part.ABOUT:
            return ngettext(
                "Send one line for the bot's page: at most {count} character, or - for none.",
                "Send one line for the bot's page: at most {count} characters, or - for none.",
                most,
            ).format(count=most)
        case Part.DESCRIPTION:
            return ngettext(
                "Send what stands in the empty chat: at most {count} character, or - for nothing.",
                "Send what stands in the empty chat: at most {count} characters, or - for nothing.",
                most,
            ).format(count=most)
        case Part.PICTURE:
            return _("Send the picture as a photo.")


def confirm(which: Which, part: Part, value: str, username: str) -> Screen:
    """Show what was sent before everybody sees it. `value`: the text; of a picture "" where it is taken away."""
    back = Parent(cut(f"@{username}", _ON_BUTTON), BotButton(which=which).pack())
    save = SavePart(which=which, part=part).pack()
    bot = f"@{esc(username)}"
    if part is Part.PICTURE:
        text = _("Shall {bot} have this picture?") if value else _("Shall {bot} lose its picture?")
        buttons = [button(_("Save"), save, style=PRIMARY) if value else button(_("Remove"), save, style=DANGER)]
    else:
        shown = isolate(value, LONGEST[part])
        text = _("{name} of {bot}:").format(name=part_name(part), bot=bot) + f"\n{shown or _('none')}"
        buttons = [
            button(_("Save"), save, style=PRIMARY),
            button(_("Again"), AskPart(which=which, part=part).pack()),
        ]
    return Screen(text.format(bot=bot) if part is Part.PICTURE else text, (buttons,), back)


def saved() -> str:
    return _("Saved. Apps may show it a little later.")


def to_wait(span: timedelta) -> str:
    """Say when Telegram allows it again; it allows a name a few times a day."""
    return _("Telegram allows this again in {time}. Nothing was changed.").format(time=duration(span))


def refused(reason: str) -> str:
    """Say that Telegram refused it, in its own words."""
    return _("Telegram refused: {reason}. Nothing was changed.").format(reason=esc(reason.rstrip(".")))


def unanswered() -> str:
    return _("Telegram did not answer. Press Save again in a few minutes.")


def nothing_sent() -> str:
    return _("There is nothing to save any more.")


def _up() -> Parent:
    return Parent(_("Names"), data_of(Section.PROFILES))
