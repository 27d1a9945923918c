"""What admins read while they compose a broadcast. `…_EXPECTED` and the sentences beside them are plain text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.broadcasts import BUTTONS_MAX, Broadcast, BroadcastStatus, LinkButton
from core.segments import ACTIVE_DAYS_MAX, Segment, SegmentKind
from views.html import esc, isolate
from views.navigation import Section, parent
from views.quantities import counted, people
from views.screens import Screen
from views.storage import copying_texts
from views.times import date_and_time, duration

#: buttons named on the draft's screen, and characters of each
_LABELS_SHOWN, _LABEL_SHOWN = 3, 24

ASK_MESSAGE = (
    "<b>New broadcast.</b> Send or forward the message for your subscribers: with its formatting, with photos or "
    "files, or an album. I show it to you first, and nothing is sent before you confirm it. /cancel to stop."
)
NOT_AFTER_COMMAND = "What stands after /broadcast is not sent."
ASK_NEW_MESSAGE = (
    "Send or forward the message that goes out instead. Audience, time and the rest stay as they are. "
    "Until it is here, the old one stays."
)
ALBUM_STOPPED = "This album is not in a broadcast: you had stopped before it was complete. /broadcast begins again."
TOO_MANY = "A broadcast is one message or one album of at most 10. Please send it again, or /cancel."
LOST = "I have lost track of your broadcast, and nothing was sent. Please begin again with /broadcast."
STALE = "This draft of a broadcast is closed."
MADE = "This broadcast is on its way already. /broadcast list shows it."
CANCELLED = "Broadcast cancelled. Nothing was sent."
CHANGED_MEANWHILE = "The draft was changed since. This is how it is now: please confirm again."
OF_PREVIEW = "This is how subscribers see it. Here the button does nothing."
NOBODY = "Nobody would get it: there is nobody in this audience at the moment. Nothing was sent."
TIME_PASSED = "The time you chose has passed. Nothing was sent: choose another one."
TEXT_EXPECTED = "Please answer with a text, or /cancel."

ALBUM_HAS_NO_BUTTONS = "Telegram has no buttons below albums. Send a single message to have some."
ASK_BUTTONS = (
    "Send the buttons, one a line, each as text, a dash with spaces around it, and the address:\n"
    "<code>Open the shop - https://example.org/shop</code>\n\n"
    f"At most {BUTTONS_MAX}, one below the other. A single “-” removes them all. /cancel to stop."
)
TOO_MANY_BUTTONS = f"At most {BUTTONS_MAX} buttons, one a line. Send them again, or /cancel."
BUTTONS_EXPECTED = "Send each button in a line of its own, as in: Open the shop - https://example.org/shop"

ASK_DAYS = f"Send a number of days, 1 to {ACTIVE_DAYS_MAX}: whoever used the bot within them gets it. /cancel to stop."
ASK_LANGUAGE = (
    "Send the language of the people's app: <code>pt</code> for all of Portuguese, <code>pt-br</code> for the "
    "Brazilian one. /cancel to stop."
)
ASK_SOURCE = (
    "Send the source: the tag after <code>-s_</code> in the link people first came through. Letters and digits, at "
    "most 24; small and large letters differ. /cancel to stop."
)
DAYS_EXPECTED = f"A number of days is expected, 1 to {ACTIVE_DAYS_MAX}. Send it, or /cancel."
LANGUAGE_EXPECTED = "A language is 2 or 3 letters, like en, or with its country, like pt-br. Send it, or /cancel."
SOURCE_EXPECTED = "A source is 1 to 24 letters and digits, like spring24. Send it, or /cancel."

ASK_LIFETIME = (
    "How long does each copy stay after it arrived? Send <code>30</code> (minutes), <code>2h</code>, "
    "<code>1h 30m</code> or <code>never</code> to leave it for good. Between 10 minutes and 47 hours. /cancel to stop."
)
LIFETIME_EXPECTED = (
    "Send how long a copy stays, like 45 (minutes), 2h, 1h 30m or never. Between 10 minutes and 47 hours. "
    "/cancel to stop."
)
LIFETIME_TOO_LONG = (
    "At most 47 hours: Telegram deletes nothing older than 48, and deleting a broadcast takes its time. "
    "Send a shorter one, never, or /cancel."
)
LIFETIME_TOO_SHORT = "At least 10 minutes, so that it can be read. Send a longer one, never, or /cancel."

_NOT_COPIED = "Send it anew with “Change message”."
GONE = f"It is not in the storage channel any more. {_NOT_COPIED}"
INCOMPLETE = f"Not all of the album is in the storage channel any more. {_NOT_COPIED}"
REFUSED = (
    "Telegram refuses to send it like this, so nobody would get it. Look at its buttons, or send another message with "
    "“Change message”."
)
SAVING_RESTRICTED = f"{copying_texts.SAVING_RESTRICTED} Then try again."
VOICE_FORBIDDEN = (
    "Your own privacy settings do not let bots send you voice or video messages. Subscribers who allow them get it."
)
OUT_OF_REACH = "The storage channel is out of reach. /start helps to put that right."
TROUBLE = "Telegram gave no usable answer just now. Please try again in a moment."


def ask_message() -> Screen:
    return Screen(ASK_MESSAGE, (), parent(Section.BROADCASTS))


def of_line(number: int, sentence: str) -> str:
    """Name the line of a problem with a button. Plain text."""
    return f"Line {number}: {sentence}"


def audience(segment: Segment) -> str:
    """Return the audience in words."""
    match segment.kind:
        case SegmentKind.EVERYBODY:
            return "everybody"
        case SegmentKind.ACTIVE:
            days = segment.days or 0
            return "active in the last day" if days == 1 else f"active in the last {days} days"
        case SegmentKind.WITH_PASS:
            return "people with a pass"
        case SegmentKind.WITHOUT_PASS:
            return "people without a pass"
        case SegmentKind.LANGUAGE:
            return f"people whose app speaks {esc(segment.language or '')}"
        case SegmentKind.SOURCE:
            return f"people who came through the source {esc(segment.source or '')}"


def lifetime_words(minutes: int) -> str:
    """Say when the copies are deleted; 0: never."""
    if minutes == 0:
        return "never"
    return f"{duration(timedelta(minutes=minutes))} after each got it"


def when(send_at: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """Say when it is sent; None: at once."""
    return "now" if send_at is None else date_and_time(send_at, zone, now)


def _buttons(buttons: Sequence[LinkButton], *, is_album: bool) -> str:
    if is_album:
        return "none (albums cannot have any)"
    named = ", ".join(isolate(button.text, _LABEL_SHOWN) for button in buttons[:_LABELS_SHOWN])
    more = len(buttons) - _LABELS_SHOWN
    return f"{named} and {more} more" if more > 0 else named or "none"


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """What the screens of a draft show."""

    segment: Segment
    #: subscribers who would get it now
    count: int
    buttons: Sequence[LinkButton]
    is_album: bool
    silent: bool
    pin: bool
    lifetime_minutes: int
    #: as `when` says it
    start: str
    #: how long sending takes
    needed: timedelta
    #: `too_late`'s sentence (HTML); None: the copies can be deleted in time
    too_late: str | None = None


def _summary(draft: DraftFacts) -> list[str]:
    return [
        f"To: {audience(draft.segment)} ({people(draft.count) if draft.count else 'nobody at the moment'})",
        f"When: {draft.start}",
        f"Auto-delete: {lifetime_words(draft.lifetime_minutes)}",
    ]


def too_late(age: timedelta, rate_per_s: float) -> str:
    """Say that not every copy can be deleted. `age`: of the oldest at its turn; `rate_per_s`: copies a second."""
    return (
        "<b>Not every copy can be deleted before Telegram's 48 hours.</b> "
        f"At {max(rate_per_s, 0.1):.2g} a second, some would be {duration(age)} old when their turn comes. "
        "A shorter auto-delete time or a smaller audience leaves room."
    )


def screen(draft: DraftFacts, note: str | None = None) -> str:
    """Return the draft's own screen. `note` (HTML) is shown below it, in place of the sentence of `too_late`."""
    lines = [
        *_summary(draft),
        f"Buttons: {_buttons(draft.buttons, is_album=draft.is_album)}",
        f"Sound: {'off' if draft.silent else 'on'}",
        f"Pinned: {'yes' if draft.pin else 'no'}",
    ]
    if draft.count:
        lines.append(f"Time needed: about {duration(max(draft.needed, timedelta(seconds=1)))}")
    below = note or draft.too_late
    return "\n\n".join(["<b>New broadcast</b>", "\n".join(lines), *([below] if below else [])])


def audience_screen(segment: Segment, count: int) -> str:
    return (
        f"<b>New broadcast</b>\n\nWho gets it? Now: {audience(segment)} ({people(count)}).\n\n"
        "It never goes to people who blocked the bot, are banned or turned news off."
    )


def lifetime_screen(minutes: int, note: str | None = None) -> str:
    """Return the choice of an auto-delete time. `note` (HTML) is shown below it."""
    below = f"\n\n{note}" if note else ""
    return (
        f"<b>New broadcast</b>\n\nWhen is it deleted for subscribers? Now: {lifetime_words(minutes)}.\n\n"
        f"At most 47 hours, because Telegram deletes nothing older than 48.{below}"
    )


def when_screen(start: str, note: str | None = None) -> str:
    head = f"{note}\n\n" if note else ""
    return f"{head}<b>New broadcast</b>\n\nWhen is it sent? Now chosen: {start}."


def ask_time(zone: ZoneInfo) -> str:
    return (
        f"Send the time, as the clocks in {zone.key} show it: <code>18:30</code> (today), <code>tomorrow 9:00</code>, "
        "<code>in 2 hours</code>, <code>Mon 18:00</code>, <code>25.11. 18:30</code> or <code>2026-11-25 18:30</code>. "
        "/cancel to stop."
    )


def confirm(draft: DraftFacts, others: Sequence[Broadcast], now: datetime, note: str | None = None) -> str:
    """Return the confirmation. `others`: unfinished broadcasts; `note` (HTML) is shown above it."""
    parts = [
        note,
        f"<b>Send this broadcast to {people(draft.count)}?</b>",
        "\n".join(_summary(draft)),
        draft.too_late,
        _queue(others, now),
    ]
    return "\n\n".join(part for part in parts if part)


def _queue(others: Sequence[Broadcast], now: datetime) -> str:
    """Say what the other broadcasts mean for this one: they are sent one after the other."""
    is_busy = any(
        one.status is BroadcastStatus.SENDING or (one.status is BroadcastStatus.QUEUED and one.send_at <= now)
        for one in others
    )
    if is_busy:
        return "Another broadcast is being sent; this one starts after it."
    if others:
        are = "is" if len(others) == 1 else "are"
        waiting = f"{counted(len(others), 'other broadcast')} {are} planned or paused."
        return f"{waiting} They go out one after the other."
    return ""


def test_sent(username: str) -> str:
    return f"A test copy is in your chat with @{username}."


def test_unsure(username: str) -> str:
    return (
        f"Telegram did not confirm the test copy. Look into your chat with @{username} before you ask for another one."
    )


def test_not_open(username: str) -> str:
    return (
        f"@{username} cannot write to you. Open https://t.me/{username}, press Start, and ask for the test copy again."
    )


def wait(seconds: float) -> str:
    return f"Telegram asks for a pause of {duration(timedelta(seconds=max(seconds, 1)))}. Please try again after it."
