"""Channels in words, and their screens."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.subscriptions import CHANNELS_MAX, LABEL_MAX, Channel
from views.buttons import Row
from views.channels import keyboards
from views.channels.keyboards import pick_channel_button, pick_group_button
from views.html import bare, cut, esc, isolate
from views.language import _, pgettext
from views.navigation import MENU, Section, parent
from views.screens import Parent, Screen
from views.storage.rights import Lack
from views.storage.texts import missing
from views.times import date_and_time, duration

#: characters of a name in the list, and in a toast
_LISTED_MAX, _TOASTED_MAX = 40, 60
#: channels named above the list
_BROKEN_MAX = 3


def channel_gone() -> str:
    return _("This channel is not here (any more). Here are the others.")


def ask_channel() -> str:
    return _(
        "Which one?\n\nPress the button below the text field, or forward me any post that was written there. "
        "/cancel to stop."
    )


def channel_expected() -> str:
    return _(
        "I can't tell a channel by that. Forward me a post that was written in the channel, or press the button below "
        "the text field. /cancel to stop."
    )


def person_forwarded() -> str:
    return _(
        "That was written by a person, not in a channel. Forward me a post that was written in the channel, or press "
        "the button below the text field. /cancel to stop."
    )


def is_storage() -> str:
    return _(
        "That is the storage channel. Whoever joins it sees every post, so nobody should have to. Choose another one."
    )


def is_basic_group() -> str:
    return _(
        "That is a basic group, which has no invite links I could count by. Make its history visible for new members "
        "in the group's settings: Telegram then turns it into a supergroup. After that, add it again."
    )


def is_no_channel() -> str:
    return _("That is neither a channel nor a group. Choose another one.")


def full() -> str:
    return _("There are {most} channels already, and more cannot be asked for. Remove one first.").format(
        most=CHANNELS_MAX
    )


def link_unsure() -> str:
    return _(
        "Telegram did not confirm the new invite link, so nothing was changed. Please try again in a moment. "
        "An unused link called Tollgate may be left among the channel's invite links; you can revoke it there."
    )


def link_trouble() -> str:
    return _("Telegram has trouble right now, so nothing was changed. Please try again in a moment.")


def rights_lost() -> str:
    return _(
        "Telegram does not let the user bot make an invite link there, so nothing was changed. "
        "“Check” shows what is missing."
    )


def new_link_made() -> str:
    return _("There is a new link now. The old one no longer works.")


def old_link_not_revoked() -> str:
    return _("There is a new link now. The old one could not be revoked: you can do that in Telegram.")


def checked_fine() -> str:
    return _("All is well: the user bot sees who has joined, and the invite link works.")


def checked_without_link() -> str:
    return _("The user bot sees who has joined. About the invite link Telegram did not answer.")


def link_gone() -> str:
    return _(
        "<b>The invite link no longer works.</b> Somebody has revoked it, or it is not the user bot's: people who "
        "press its button cannot join. “New link” makes one that works."
    )


def check_unsure() -> str:
    return _("Telegram did not answer, so I cannot tell. Please try again in a moment.")


def question_lost() -> str:
    return _("I have lost track of what I asked. Here are your channels.")


def label_expected() -> str:
    return _(
        "A button text is a line of text with 1 to {most} characters, or a single “-” for none. /cancel to stop."
    ).format(most=LABEL_MAX)


def pick_here(*, is_group: bool) -> str:
    button = pick_group_button() if is_group else pick_channel_button()
    return _("“{button}” is below the text field.").format(button=button)


def link_wait(retry_after_s: float) -> str:
    wait = duration(timedelta(seconds=max(1, retry_after_s)))
    return _("Telegram asks me to slow down, so nothing was changed. Please try again in {time}.").format(time=wait)


def link_refused(description: str) -> str:
    words = esc(cut(bare(description), 200))
    return _("Telegram made no invite link, so nothing was changed. It says: {words}").format(words=words)


def channel_list(channels: Sequence[Channel], page: int, zone: ZoneInfo) -> Screen:
    """Return a page of the list, from 0. Channels the user bot cannot see are named above it."""
    if not channels:
        text = _("<b>Channels</b>\n\nNo channel yet. Connect the one your subscribers read.")
        return Screen(text, keyboards.channel_list(channels, 0), MENU)
    broken = [one for one in channels if one.broken_since is not None and one.is_joined_for_posts]
    lines = [_("<b>Channels</b>, in the order subscribers see them")]
    words = _("⚠ {channel}: the user bot cannot see who has joined, since {time}.")
    lines += [
        words.format(channel=isolate(one.name, _LISTED_MAX), time=_broken_since(one, zone))
        for one in broken[:_BROKEN_MAX]
    ]
    return Screen("\n".join(lines), keyboards.channel_list(channels, page), MENU)


def _broken_since(channel: Channel, zone: ZoneInfo) -> str:
    assert channel.broken_since is not None, "checked by the callers"
    return date_and_time(channel.broken_since, zone)


def channel_card(channel: Channel, place: int, of_all: int, zone: ZoneInfo) -> Screen:
    """Return everything about one channel. `place`: in the order, from 0."""
    address = f"@{esc(channel.username)}" if channel.username else pgettext("channel", "private")
    lines = [f"<b>{isolate(channel.title or str(channel.chat_id))}</b> · {address}"]
    if channel.is_published_to:
        lines.append(_("I publish posts here."))
    if channel.is_joined_for_posts:
        number = _("Subscribers must join it: number {number} of {count}.")
        lines.append(number.format(number=place + 1, count=of_all))
    elif channel.invite_link:
        lines.append(_("Nobody has to join it now; what I know of its members stays."))
    if channel.broken_since and channel.is_watched:
        broken = _("⚠ The user bot cannot see who has joined, since {time}. “Check” shows why.")
        lines.append(broken.format(time=_broken_since(channel, zone)))
    if channel.label:
        lines.append(_("Button text: {label}").format(label=isolate(channel.label)))
    if channel.invite_link:
        joined = _("Joined through its link: {count}").format(count=f"{channel.joined_count:,}")
        lines += [joined, esc(cut(channel.invite_link, 100))]
    if channel.added_at:
        lines.append(_("Connected {time}").format(time=date_and_time(channel.added_at, zone)))
    return Screen("\n".join(lines), keyboards.channel(channel, place, of_all), parent(Section.CHANNELS))


def added(channel: Channel) -> str:
    return _("{channel} is connected: subscribers have to join it from now on.").format(channel=isolate(channel.name))


def already_there(channel: Channel) -> str:
    return _("{channel} is one of the channels to join already.").format(channel=isolate(channel.name))


def lacking(title: str | None, username: str, lacks: Sequence[Lack], rows: tuple[Row, ...], back: Parent) -> Screen:
    """Return the rights the user bot is missing in a channel. `title` None: not known."""
    return Screen(missing(title or _("the channel"), ("", ()), (username, lacks)), rows, back)


def confirm_remove(channel: Channel) -> Screen:
    text = _(
        "Remove {channel} from your channels?\n\n"
        "Nobody is asked to join it any more, nothing is published in it, and what I know of who has joined is "
        "forgotten. The channel itself, its members and posts stay as they are, and so does the invite link. "
        "To stop asking for a while only, go back and turn “Required” off."
    ).format(channel=isolate(channel.name))
    return Screen(text, keyboards.confirm_remove(channel), keyboards.to_card(channel))


def removed(channel: Channel) -> str:
    """Return the toast after the removal. Plain text."""
    return _("{channel} is removed.").format(channel=cut(bare(channel.name), _TOASTED_MAX))


def ask_label(channel: Channel) -> Screen:
    fields = {"channel": isolate(channel.title or str(channel.chat_id)), "most": LABEL_MAX}
    if channel.label:
        text = _(
            "Send what shall stand on the button for {channel} (now {label}): at most {most} characters. A single “-” "
            "takes the text away, and the title stands there. /cancel to stop."
        ).format(label=isolate(channel.label), **fields)
    else:
        text = _(
            "Send what shall stand on the button for {channel}: at most {most} characters. A single “-” takes the "
            "text away, and the title stands there. /cancel to stop."
        ).format(**fields)
    return Screen(text, (), keyboards.to_card(channel))
