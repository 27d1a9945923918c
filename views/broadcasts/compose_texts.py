"""What admins read while they compose a broadcast. `…_expected` and the sentences beside them are plain text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.broadcasts import BUTTONS_MAX, Broadcast, BroadcastStatus, LinkButton
from core.segments import ACTIVE_DAYS_MAX, Segment, SegmentKind
from views.broadcasts.audiences import people_new_in
from views.html import esc, isolate
from views.language import _, ngettext, pgettext
from views.navigation import Section, parent
from views.quantities import people
from views.screens import Screen
from views.times import date_and_time, duration

#: buttons named on the draft's screen, and characters of each
_LABELS_SHOWN, _LABEL_SHOWN = 3, 24


def ask_message_text() -> str:
    return _(
        "<b>New broadcast.</b> Send or forward the message for your subscribers: with its formatting, with photos or "
        "files, or an album. I show it to you first, and nothing is sent before you confirm it. /cancel to stop."
    )


def not_after_command() -> str:
    return _("What stands after /broadcast is not sent.")


def ask_new_message() -> str:
    return _(
        "Send or forward the message that goes out instead. Audience, time and the rest stay as they are. "
        "Until it is here, the old one stays."
    )


def album_stopped() -> str:
    return _("This album is not in a broadcast: you had stopped before it was complete. /broadcast begins again.")


def too_many() -> str:
    return _("A broadcast is one message or one album of at most 10. Please send it again, or /cancel.")


def lost() -> str:
    return _("I have lost track of your broadcast, and nothing was sent. Please begin again with /broadcast.")


def stale() -> str:
    return _("This draft of a broadcast is closed.")


def made() -> str:
    return _("This broadcast is on its way already. /broadcast list shows it.")


def cancelled() -> str:
    return _("Broadcast cancelled. Nothing was sent.")


def changed_meanwhile() -> str:
    return _("The draft was changed since. This is how it is now: please confirm again.")


def of_preview() -> str:
    return _("This is how subscribers see it. Here the button does nothing.")


def nobody() -> str:
    return _("Nobody would get it: there is nobody in this audience at the moment. Nothing was sent.")


def time_passed() -> str:
    return _("The time you chose has passed. Nothing was sent: choose another one.")


def text_expected() -> str:
    return _("Please answer with a text, or /cancel.")


def album_has_no_buttons() -> str:
    return _("Telegram has no buttons below albums. Send a single message to have some.")


def ask_buttons() -> str:
    return _(
        "Send the buttons, one a line, each as text, a dash with spaces around it, and the address:\n"
        "<code>Open the shop - https://example.org/shop</code>\n\n"
        "At most {most}, one below the other. A single “-” removes them all. /cancel to stop."
    ).format(most=BUTTONS_MAX)


def too_many_buttons() -> str:
    return ngettext(
        "At most {count} button, one a line. Send them again, or /cancel.",
        "At most {count} buttons, one a line. Send them again, or /cancel.",
        BUTTONS_MAX,
    ).format(count=BUTTONS_MAX)


def buttons_expected() -> str:
    return _("Send each button in a line of its own, as in: Open the shop - https://example.org/shop")


def ask_days() -> str:
    return _("Send a number of days, 1 to {most}: whoever used the bot within them gets it. /cancel to stop.").format(
        most=ACTIVE_DAYS_MAX
    )


def ask_language() -> str:
    return _(
        "Send the language of the people's app: <code>pt</code> for all of Portuguese, <code>pt-br</code> for the "
        "Brazilian one. /cancel to stop."
    )


def ask_source() -> str:
    return _(
        "Send the source: the tag after <code>-s_</code> in the link people first came through. Letters and digits, at "
        "most 24; small and large letters differ. /cancel to stop."
    )


def days_expected() -> str:
    return _("A number of days is expected, 1 to {most}. Send it, or /cancel.").format(most=ACTIVE_DAYS_MAX)


def language_expected() -> str:
    return _("A language is 2 or 3 letters, like en, or with its country, like pt-br. Send it, or /cancel.")


def source_expected() -> str:
    return _("A source is 1 to 24 letters and digits, like spring24. Send it, or /cancel.")


def ask_lifetime() -> str:
    return _(
        "How long does each copy stay after it arrived? Send <code>30</code> (minutes), <code>2h</code>, "
        "<code>1h 30m</code> or <code>never</code> to leave it for good. Between 10 minutes and 47 hours. "
        "/cancel to stop."
    )


def lifetime_expected() -> str:
    return _(
        "Send how long a copy stays, like 45 (minutes), 2h, 1h 30m or never. Between 10 minutes and 47 hours. "
        "/cancel to stop."
    )


def lifetime_too_long() -> str:
    return _(
        "At most 47 hours: Telegram deletes nothing older than 48, and deleting a broadcast takes its time. "
        "Send a shorter one, never, or /cancel."
    )


def lifetime_too_short() -> str:
    return _("At least 10 minutes, so that it can be read. Send a longer one, never, or /cancel.")


def gone() -> str:
    return _("It is not in the storage channel any more. Send it anew with “Change message”.")


def incomplete() -> str:
    return _("Not all of the album is in the storage channel any more. Send it anew with “Change message”.")


def refused() -> str:
    return _(
        "Telegram refuses to send it like this, so nobody would get it. Look at its buttons, or send another message "
        "with “Change message”."
    )


def saving_restricted() -> str:
    return _(
        "The storage channel restricts saving content, so nothing can be copied from it. Turn “Restrict saving "
        "content” off in the settings of that channel. Then try again."
    )


def voice_forbidden() -> str:
    return _(
        "Your own privacy settings do not let bots send you voice or video messages. Subscribers who allow them get it."
    )


def out_of_reach() -> str:
    return _("The storage channel is out of reach. /start helps to put that right.")


def trouble() -> str:
    return _("Telegram gave no usable answer just now. Please try again in a moment.")


def ask_message() -> Screen:
    return Screen(ask_message_text(), (), parent(Section.BROADCASTS))


def of_line(number: int, sentence: str) -> str:
    """Name the line of a problem with a button. Plain text."""
    return _("Line {number}: {problem}").format(number=number, problem=sentence)


def audience(segment: Segment) -> str:
    """Return the audience in words."""
    match segment.kind:
        case SegmentKind.EVERYBODY:
            return pgettext("audience", "everybody")
        case SegmentKind.NEW:
            return people_new_in(segment.days or 0)
        case SegmentKind.BANNED | SegmentKind.BLOCKED:
            # no draft has them
            return pgettext("audience", "nobody")
        case SegmentKind.ACTIVE:
            days = segment.days or 0
            return ngettext("active in the last day", "active in the last {count} days", days).format(count=days)
        case SegmentKind.WITH_PASS:
            return _("people with a pass")
        case SegmentKind.WITHOUT_PASS:
            return _("people without a pass")
        case SegmentKind.LANGUAGE:
            return _("people whose app speaks {language}").format(language=esc(segment.language or ""))
        case SegmentKind.SOURCE:
            return _("people who came through the source {source}").format(source=esc(segment.source or ""))


def lifetime_words(minutes: int) -> str:
    """Say when the copies are deleted; 0: never."""
    if minutes == 0:
        return pgettext("when copies are deleted", "never")
    return _("{duration} after each got it").format(duration=duration(timedelta(minutes=minutes)))


def when(send_at: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """Say when it is sent; None: at once."""
    return pgettext("when it is sent", "now") if send_at is None else date_and_time(send_at, zone, now)


def _buttons(buttons: Sequence[LinkButton], *, is_album: bool) -> str:
    if is_album:
        return _("none (albums cannot have any)")
    named = ", ".join(isolate(button.text, _LABEL_SHOWN) for button in buttons[:_LABELS_SHOWN])
    more = len(buttons) - _LABELS_SHOWN
    if more > 0:
        return ngettext("{names} and {count} more", "{names} and {count} more", more).format(names=named, count=more)
    return named or pgettext("buttons", "none")


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


def _title() -> str:
    return _("<b>New broadcast</b>")


def _summary(draft: DraftFacts) -> list[str]:
    count = people(draft.count) if draft.count else _("nobody at the moment")
    return [
        _("To: {audience} ({count})").format(audience=audience(draft.segment), count=count),
        _("When: {time}").format(time=draft.start),
        _("Auto-delete: {words}").format(words=lifetime_words(draft.lifetime_minutes)),
    ]


def too_late(age: timedelta, rate_per_s: float) -> str:
    """Say that not every copy can be deleted. `age`: of the oldest at its turn; `rate_per_s`: copies a second."""
    return _(
        "<b>Not every copy can be deleted before Telegram's 48 hours.</b> At {rate} a second, some would be {age} old "
        "when their turn comes. A shorter auto-delete time or a smaller audience leaves room."
    ).format(rate=f"{max(rate_per_s, 0.1):.2g}", age=duration(age))


def screen(draft: DraftFacts, note: str | None = None) -> str:
    """Return the draft's own screen. `note` (HTML) is shown below it, in place of the sentence of `too_late`."""
    lines = [
        *_summary(draft),
        _("Buttons: {buttons}").format(buttons=_buttons(draft.buttons, is_album=draft.is_album)),
        _("Sound: off") if draft.silent else _("Sound: on"),
        _("Pinned: yes") if draft.pin else _("Pinned: no"),
    ]
    if draft.count:
        needed = duration(max(draft.needed, timedelta(seconds=1)))
        lines.append(_("Time needed: about {duration}").format(duration=needed))
    below = note or draft.too_late
    return "\n\n".join([_title(), "\n".join(lines), *([below] if below else [])])


def audience_screen(segment: Segment, count: int) -> str:
    return _(
        "<b>New broadcast</b>\n\nWho gets it? Now: {audience} ({count}).\n\n"
        "It never goes to people who blocked the bot, are banned or turned news off."
    ).format(audience=audience(segment), count=people(count))


def lifetime_screen(minutes: int, note: str | None = None) -> str:
    """Return the choice of an auto-delete time. `note` (HTML) is shown below it."""
    text = _(
        "<b>New broadcast</b>\n\nWhen is it deleted for subscribers? Now: {words}.\n\n"
        "At most 47 hours, because Telegram deletes nothing older than 48."
    ).format(words=lifetime_words(minutes))
    return f"{text}\n\n{note}" if note else text


def when_screen(start: str, note: str | None = None) -> str:
    text = _("<b>New broadcast</b>\n\nWhen is it sent? Now chosen: {time}.").format(time=start)
    return f"{note}\n\n{text}" if note else text


def ask_time(zone: ZoneInfo) -> str:
    return _(
        "Send the time, as the clocks in {zone} show it: <code>18:30</code> (today), <code>tomorrow 9:00</code>, "
        "<code>in 2 hours</code>, <code>Mon 18:00</code>, <code>25.11. 18:30</code> or <code>2026-11-25 18:30</code>. "
        "/cancel to stop."
    ).format(zone=zone.key)


def confirm(draft: DraftFacts, others: Sequence[Broadcast], now: datetime, note: str | None = None) -> str:
    """Return the confirmation. `others`: unfinished broadcasts; `note` (HTML) is shown above it."""
    parts = [
        note,
        _("<b>Send this broadcast to {people}?</b>").format(people=people(draft.count)),
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
        return _("Another broadcast is being sent; this one starts after it.")
    if others:
        return ngettext(
            "{count} other broadcast is planned or paused. They go out one after the other.",
            "{count} other broadcasts are planned or paused. They go out one after the other.",
            len(others),
        ).format(count=f"{len(others):,}")
    return ""


def test_sent(username: str) -> str:
    return _("A test copy is in your chat with @{username}.").format(username=username)


def test_unsure(username: str) -> str:
    return _(
        "Telegram did not confirm the test copy. Look into your chat with @{username} before you ask for another one."
    ).format(username=username)


def test_not_open(username: str) -> str:
    return _(
        "@{username} cannot write to you. Open https://t.me/{username}, press Start, and ask for the test copy again."
    ).format(username=username)


def wait(seconds: float) -> str:
    pause = duration(timedelta(seconds=max(seconds, 1)))
    return _("Telegram asks for a pause of {duration}. Please try again after it.").format(duration=pause)
