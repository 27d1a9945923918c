"""Old links: off, on, the channel's rights, the question for a link, and what it opens."""

from aiogram.types import InlineKeyboardButton, KeyboardButton, KeyboardButtonRequestChat, ReplyKeyboardMarkup

from core.exchange.old_links import OldMessages
from views.buttons import PRIMARY, Row, button, rights
from views.html import bare, cut, esc, isolate
from views.language import gettext as _
from views.language import ngettext
from views.links import add_to_channel_link
from views.navigation import Section, data_of, parent
from views.screens import Parent, Screen
from views.system.exchange_callbacks import OldLinks, OldLinksAction

#: identifies the answer of the picker
OLD_CHANNEL_REQUEST_ID = 41
#: bots can only be administrators of a channel; the user bot reads there and does nothing else
_USER_BOT_RIGHTS = ("post_messages",)
#: characters of a channel's name in a sentence
_NAME_MAX = 60


def _act(act: OldLinksAction, chat_id: int = 0) -> str:
    return OldLinks(act=act, chat_id=chat_id).pack()


def _here() -> Parent:
    return Parent(_("Old links"), data_of(Section.OLD_LINKS))


def off(note: str | None = None) -> Screen:
    """Return the screen while they are off."""
    text = "\n\n".join(
        (
            _("<b>Old links</b>\nOff."),
            _(
                "Did another bot have this token before? Then its links lead here. Choose the channel it kept its "
                "posts in, and each link becomes a post when it is opened first."
            ),
            _(
                "Such links can be made up: whoever knows how opens every message of that channel. Choose no channel "
                "with messages that nobody shall see."
            ),
        )
    )
    choose = button(_("Choose the old channel"), _act(OldLinksAction.CHOOSE), style=PRIMARY)
    return Screen(text, ([choose],), parent(Section.SYSTEM)).with_note(note)


def on(name: str, other: int, note: str | None = None) -> Screen:
    """Return the screen while they are on. `other`: presses of links that only another bot can open."""
    lines = [_("<b>Old links</b>\nOn: they open messages of {name}.").format(name=isolate(name, _NAME_MAX))]
    if other:
        lines.append(
            ngettext(
                "{count} press of a link that only the other bot could open.",
                "{count} presses of links that only the other bot could open.",
                other,
            ).format(count=f"{other:,}")
        )
    rows: tuple[Row, ...] = (
        [button(_("Turn off"), _act(OldLinksAction.TURN_OFF))],
        [button(_("Choose another channel"), _act(OldLinksAction.CHOOSE))],
    )
    return Screen("\n\n".join(lines), rows, parent(Section.SYSTEM)).with_note(note)


def pick() -> ReplyKeyboardMarkup:
    """Show Telegram's chat picker, for channels where the owner may add administrators."""
    request = KeyboardButtonRequestChat(
        request_id=OLD_CHANNEL_REQUEST_ID,
        chat_is_channel=True,
        user_administrator_rights=rights(("promote_members", *_USER_BOT_RIGHTS)),
        request_title=True,
    )
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=_("Choose the old channel"), request_chat=request)]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def ask_channel() -> str:
    """Ask for the channel; the picker is below."""
    return _("In which channel did the other bot keep its posts? Choose it below.")


def channel_is_fine() -> str:
    """Say that the channel can be used."""
    return _("I can read that channel.")


def is_storage() -> str:
    """Refuse the storage channel."""
    return _(
        "That is the storage channel of these bots: with old links whoever knows how could open every post in it, also "
        "removed ones. Choose the other bot's channel."
    )


def not_there(chat_id: int, name: str, username: str) -> Screen:
    """Say that the user bot is no administrator of the channel, or that Telegram did not say."""
    text = _("@{bot} is not an administrator of {name}, or Telegram does not say so. Add it, then check again.").format(
        bot=esc(username), name=isolate(name, _NAME_MAX)
    )
    label = cut(bare(_("Add @{bot}").format(bot=username)), 40)
    add = InlineKeyboardButton(text=label, url=add_to_channel_link(username, _USER_BOT_RIGHTS), style=PRIMARY)
    again = button(_("Check again"), _act(OldLinksAction.CHECK, chat_id))
    return Screen(text, ([add], [again]), _here())


def ask_link(name: str) -> Screen:
    """Ask for one old link of the channel."""
    text = _("Send one old link of {name}, as subscribers have it.").format(name=isolate(name, _NAME_MAX))
    return Screen(text, (), _here())


def no_link(username: str) -> str:
    """Say what is expected."""
    return _("A link like https://t.me/{bot}?start=Z2V0LTEy is expected. Send one.").format(bot=esc(username))


def of_other_username(found: str, username: str) -> str:
    """Say that a link leads to another bot."""
    return _(
        "That link leads to @{found}, so it never gets here. Old links need the token of the bot they lead to; this "
        "one is @{bot}."
    ).format(found=esc(found), bot=esc(username))


def opens_nothing(name: str) -> str:
    """Say that a link opens nothing in the chosen channel."""
    return _(
        "That link is of another kind, or opens messages of another channel than {name}. Send another one, or choose "
        "another channel."
    ).format(name=isolate(name, _NAME_MAX))


def opens(found: OldMessages, chat_id: int, name: str) -> Screen:
    """Say what a link opens, and ask whether to turn old links on."""
    if found.count == 1:
        said = _("It opens message {first} of {name}.")
    else:
        said = _("It opens messages {first} to {last} of {name}.")
    lines = [said.format(first=found.first, last=found.last, name=isolate(name, _NAME_MAX))]
    if found.is_too_many:
        lines.append(_("These are more than one post can have: this link stays closed, shorter ones open."))
    turn_on = button(_("Turn on"), _act(OldLinksAction.TURN_ON, chat_id), style=PRIMARY)
    return Screen("\n\n".join(lines), ([turn_on],), _here())


def turned_off() -> str:
    """Say that they are off."""
    return _("Old links open nothing now. The posts that were made of them stay.")


def changed_meanwhile() -> str:
    """Say that another owner was faster."""
    return _("Somebody else changed this a moment ago. Here is how it is now.")
