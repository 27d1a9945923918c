"""Channels in words, and their screens."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.subscriptions import CHANNELS_MAX, LABEL_MAX, Channel
from views.buttons import Row
from views.channels import keyboards
from views.channels.keyboards import PICK_CHANNEL_BUTTON, PICK_GROUP_BUTTON
from views.html import bare, cut, esc, isolate
from views.navigation import MENU, Section, parent
from views.screens import Parent, Screen
from views.storage.rights import Lack
from views.storage.texts import missing
from views.times import date_and_time, duration

#: characters of a name in the list, and in a toast
_LISTED_MAX, _TOASTED_MAX = 40, 60
#: channels named above the list
_BROKEN_MAX = 3

CHANNEL_GONE = "This channel is not here (any more). Here are the others."
ASK_CHANNEL = (
    "Which one?\n\nPress the button below the text field, or forward me any post that was written there. "
    "/cancel to stop."
)
CHANNEL_EXPECTED = (
    "I can't tell a channel by that. Forward me a post that was written in the channel, or press the button below "
    "the text field. /cancel to stop."
)
PERSON_FORWARDED = (
    "That was written by a person, not in a channel. Forward me a post that was written in the channel, or press "
    "the button below the text field. /cancel to stop."
)
IS_STORAGE = (
    "That is the storage channel. Whoever joins it sees every post, so nobody should have to. Choose another one."
)
IS_BASIC_GROUP = (
    "That is a basic group, which has no invite links I could count by. Make its history visible for new members in "
    "the group's settings: Telegram then turns it into a supergroup. After that, add it again."
)
IS_NO_CHANNEL = "That is neither a channel nor a group. Choose another one."
FULL = f"There are {CHANNELS_MAX} channels already, and more cannot be asked for. Remove one first."
LINK_UNSURE = (
    "Telegram did not confirm the new invite link, so nothing was changed. Please try again in a moment. "
    "An unused link called Tollgate may be left among the channel's invite links; you can revoke it there."
)
LINK_TROUBLE = "Telegram has trouble right now, so nothing was changed. Please try again in a moment."
RIGHTS_LOST = (
    "Telegram does not let the user bot make an invite link there, so nothing was changed. "
    "“Check” shows what is missing."
)
NEW_LINK_MADE = "There is a new link now. The old one no longer works."
OLD_LINK_NOT_REVOKED = "There is a new link now. The old one could not be revoked: you can do that in Telegram."
CHECKED_FINE = "All is well: the user bot sees who has joined, and the invite link works."
CHECKED_WITHOUT_LINK = "The user bot sees who has joined. About the invite link Telegram did not answer."
LINK_GONE = (
    "<b>The invite link no longer works.</b> Somebody has revoked it, or it is not the user bot's: people who press "
    "its button cannot join. “New link” makes one that works."
)
CHECK_UNSURE = "Telegram did not answer, so I cannot tell. Please try again in a moment."
QUESTION_LOST = "I have lost track of what I asked. Here are your channels."
LABEL_EXPECTED = (
    f"A button text is a line of text with 1 to {LABEL_MAX} characters, or a single “-” for none. /cancel to stop."
)


def pick_here(*, is_group: bool) -> str:
    return f"“{PICK_GROUP_BUTTON if is_group else PICK_CHANNEL_BUTTON}” is below the text field."


def link_wait(retry_after_s: float) -> str:
    wait = duration(timedelta(seconds=max(1, retry_after_s)))
    return f"Telegram asks me to slow down, so nothing was changed. Please try again in {wait}."


def link_refused(description: str) -> str:
    return f"Telegram made no invite link, so nothing was changed. It says: {esc(cut(bare(description), 200))}"


def channel_list(channels: Sequence[Channel], page: int, zone: ZoneInfo) -> Screen:
    """Return a page of the list, from 0. Channels the user bot cannot see are named above it."""
    if not channels:
        text = "<b>Channels</b>\n\nNo channel yet. Connect the one your subscribers read."
        return Screen(text, keyboards.channel_list(channels, 0), MENU)
    broken = [one for one in channels if one.broken_since is not None and one.is_joined_for_posts]
    lines = ["<b>Channels</b>, in the order subscribers see them"]
    lines += [f"⚠ {isolate(one.name, _LISTED_MAX)}: {_broken_words(one, zone)}" for one in broken[:_BROKEN_MAX]]
    return Screen("\n".join(lines), keyboards.channel_list(channels, page), MENU)


def _broken_words(channel: Channel, zone: ZoneInfo) -> str:
    assert channel.broken_since is not None, "checked by the callers"
    return f"the user bot cannot see who has joined, since {date_and_time(channel.broken_since, zone)}."


def channel_card(channel: Channel, place: int, of_all: int, zone: ZoneInfo) -> Screen:
    """Return everything about one channel. `place`: in the order, from 0."""
    address = f"@{esc(channel.username)}" if channel.username else "private"
    lines = [f"<b>{isolate(channel.title or str(channel.chat_id))}</b> · {address}"]
    if channel.is_published_to:
        lines.append("I publish posts here.")
    if channel.is_joined_for_posts:
        lines.append(f"Subscribers must join it: number {place + 1} of {of_all}.")
    elif channel.invite_link:
        lines.append("Nobody has to join it now; what I know of its members stays.")
    if channel.broken_since and channel.is_watched:
        lines.append(f"⚠ {_broken_words(channel, zone).capitalize()} “Check” shows why.")
    if channel.label:
        lines.append(f"Button text: {isolate(channel.label)}")
    if channel.invite_link:
        lines += [f"Joined through its link: {channel.joined_count:,}", esc(cut(channel.invite_link, 100))]
    if channel.added_at:
        lines.append(f"Connected {date_and_time(channel.added_at, zone)}")
    return Screen("\n".join(lines), keyboards.channel(channel, place, of_all), parent(Section.CHANNELS))


def added(channel: Channel) -> str:
    return f"{isolate(channel.name)} is connected: subscribers have to join it from now on."


def already_there(channel: Channel) -> str:
    return f"{isolate(channel.name)} is one of the channels to join already."


def lacking(title: str | None, username: str, lacks: Sequence[Lack], rows: tuple[Row, ...], back: Parent) -> Screen:
    """Return the rights the user bot is missing in a channel. `title` None: not known."""
    return Screen(missing(title or "the channel", ("", ()), (username, lacks)), rows, back)


def confirm_remove(channel: Channel) -> Screen:
    text = (
        f"Remove {isolate(channel.name)} from your channels?\n\n"
        "Nobody is asked to join it any more, nothing is published in it, and what I know of who has joined is "
        "forgotten. The channel itself, its members and posts stay as they are, and so does the invite link. "
        "To stop asking for a while only, go back and turn “Required” off."
    )
    return Screen(text, keyboards.confirm_remove(channel), keyboards.to_card(channel))


def removed(channel: Channel) -> str:
    """Return the toast after the removal. Plain text."""
    return f"{cut(bare(channel.name), _TOASTED_MAX)} is removed."


def ask_label(channel: Channel) -> Screen:
    now = f" (now {isolate(channel.label)})" if channel.label else ""
    text = (
        f"Send what shall stand on the button for {isolate(channel.title or str(channel.chat_id))}{now}: at most "
        f"{LABEL_MAX} characters. A single “-” takes the text away, and the title stands there. /cancel to stop."
    )
    return Screen(text, (), keyboards.to_card(channel))
