"""What admins read of channels to join."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.subscriptions import CHANNELS_MAX, LABEL_MAX, Channel, ChannelMode, OnError
from views.html import bare, cut, esc, isolate
from views.storage.rights import Lack
from views.storage.texts import missing
from views.times import date_and_time, duration

#: characters of a name in the list, and in a toast
_LISTED_MAX, _TOASTED_MAX = 40, 60

CHANNEL_GONE = "This channel is not (or no longer) one to join. Here are the others."
PICK_CHANNEL_BUTTON = "Choose a channel"
PICK_GROUP_BUTTON = "Choose a group"
ASK_CHANNEL = (
    "Which channel do subscribers have to join?\n\n"
    "Press one of the two buttons below the text field, or forward me any post from the channel. /cancel to stop."
)
PICK_HERE = f"“{PICK_CHANNEL_BUTTON}” and “{PICK_GROUP_BUTTON}” are below the text field."
CHANNEL_EXPECTED = (
    "I can't tell a channel by that. Forward me a post that was written in the channel, or press "
    f"“{PICK_CHANNEL_BUTTON}” below the text field. /cancel to stop."
)
PERSON_FORWARDED = (
    "That was written by a person, not in a channel. Forward me a post that was written in the channel, or press "
    f"“{PICK_CHANNEL_BUTTON}” below the text field. /cancel to stop."
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
QUESTION_LOST = "I have lost track of what I asked. Open the channel again with /channels."
LABEL_EXPECTED = (
    f"A label is a line of text with 1 to {LABEL_MAX} characters, or a single “-” for none. /cancel to stop."
)


def link_wait(retry_after_s: float) -> str:
    wait = duration(timedelta(seconds=max(1, retry_after_s)))
    return f"Telegram asks me to slow down, so nothing was changed. Please try again in {wait}."


def link_refused(description: str) -> str:
    return f"Telegram made no invite link, so nothing was changed. It says: {esc(cut(description, 200))}"


def list_screen(channels: Sequence[Channel], page: int, of_page: int, zone: ZoneInfo) -> str:
    """Return one line per channel. `page` from 0, with `of_page` lines each."""
    if not channels:
        return (
            "<b>Channels to join</b>\n\nNone yet: posts are handed over without asking for any. "
            "Add one, and subscribers have to join it first."
        )
    first = page * of_page
    shown = channels[first : first + of_page]
    count = f" · {first + 1} to {first + len(shown)} of {len(channels)}" if len(channels) > of_page else ""
    lines = [f"{number}. {_line(channel, zone)}" for number, channel in enumerate(shown, start=first + 1)]
    head = f"<b>Channels to join</b>, in this order{count}"
    return "\n".join([head, "", *lines, "", "Press one to open it."])


def _line(channel: Channel, zone: ZoneInfo) -> str:
    facts = [
        f"mode {channel.mode}",
        f"when I can't tell: {_error_words(channel.on_error)}",
        f"{channel.joined_count} joined",
    ]
    if channel.is_paused:
        facts.append("<b>paused</b>")
    if channel.broken_since:
        facts.append(f"<b>broken</b> since {date_and_time(channel.broken_since, zone)}")
    return f"{isolate(channel.name, _LISTED_MAX)} · {' · '.join(facts)}"


def channel_screen(channel: Channel, place: int, of_all: int, zone: ZoneInfo) -> str:
    """Return everything about one channel. `place`: in the order, from 0."""
    lines = [f"<b>Channel to join</b> · {isolate(channel.title or str(channel.chat_id))}", *_state(channel, zone), ""]
    if channel.label:
        lines.append(f"Label: {isolate(channel.label)}")
    lines += [
        f"Address: @{esc(channel.username)}" if channel.username else "It is private.",
        f"Order: number {place + 1} of {of_all}",
        f"Counts as joined: {_mode_words(channel.mode)}",
        f"When I can't tell who has joined: {_error_words(channel.on_error)}",
        f"Joined through its link: {channel.joined_count}",
        esc(channel.invite_link),
    ]
    if channel.added_at:
        lines += ["", f"Added {date_and_time(channel.added_at, zone)}"]
    return "\n".join(lines)


def _state(channel: Channel, zone: ZoneInfo) -> list[str]:
    lines = []
    if channel.is_paused:
        lines.append("<b>Paused:</b> nobody is asked to join it.")
    if channel.broken_since:
        since = date_and_time(channel.broken_since, zone)
        lines.append(f"<b>Broken</b> since {since}: the user bot cannot see who has joined. “Check” shows why.")
    return lines


def _mode_words(mode: ChannelMode) -> str:
    if mode is ChannelMode.REQUEST:
        return "members, and whoever has asked to join (mode request)"
    return "members only (mode join)"


def _error_words(on_error: OnError) -> str:
    return "let them pass (open)" if on_error is OnError.OPEN else "keep them out (closed)"


def added(channel: Channel) -> str:
    return f"{isolate(channel.name)} is added: subscribers have to join it from now on."


def already_there(channel: Channel) -> str:
    return f"{isolate(channel.name)} is one of the channels to join already."


def lacking(title: str | None, username: str, lacks: Sequence[Lack]) -> str:
    """Return the rights the user bot is missing in a channel. `title` None: not known."""
    return missing(title or "the channel", ("", ()), (username, lacks))


def confirm_remove(channel: Channel) -> str:
    return (
        f"Remove {isolate(channel.name)} from the channels to join?\n\n"
        "Nobody is asked to join it any more, and what I know of who has joined is forgotten. "
        "The channel itself and its members stay as they are, and so does the invite link. "
        "To stop asking for a while only, go back and pause it."
    )


def removed(channel: Channel) -> str:
    """Return the toast after the removal. Plain text."""
    return f"{cut(bare(channel.name), _TOASTED_MAX)} is removed."


def ask_label(channel: Channel) -> str:
    now = f" (now {isolate(channel.label)})" if channel.label else ""
    return (
        f"Send what shall stand on the button for {isolate(channel.title or str(channel.chat_id))}{now}: at most "
        f"{LABEL_MAX} characters. A single “-” takes the label away, and the title stands there. /cancel to stop."
    )
