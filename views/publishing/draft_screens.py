"""The screens of a draft: what is published, where, when, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from core.announcements import CAPTION_MAX, TEXT_MAX
from core.durations import in_short
from views.buttons import PRIMARY, Row, button
from views.html import bare, cut, isolate
from views.navigation import OpenPost
from views.publishing.callbacks import (
    ConnectButton,
    DraftAction,
    DraftButton,
    LeavesButton,
    PublishConfirmed,
    TargetButton,
    TargetPage,
)
from views.publishing.paging import page_of, pager
from views.publishing.times import short_time, tight_time, time_words
from views.quantities import counted
from views.screens import Parent, Screen

#: channels named on the screen of a draft, and characters of a name there and on a button
_NAMED_MAX, _NAME_MAX, _BUTTON_MAX = 3, 40, 34
#: hours offered until it leaves its channel
_HOURS = (1, 6, 24, 47)
NO_CHANNEL = "No channel is connected. Choose the one your subscribers read."
ASK_TEXT = (
    "Send the text of this announcement, formatted as you like. The post keeps its own.\n\n"
    "For example: Out now: the whole spring album."
)
ASK_LABEL = "Send the words on the button of this announcement, up to 40 characters, like: Open the album."
ASK_COVER = "Send the picture of this announcement as a photo. The post keeps its own."
ASK_LEAVES = "After how long shall it leave the channel? Send it like 90 min, 12h or 1 day: up to 47 h, or never."
PHOTO_EXPECTED = "I need one photo here, sent as a photo and not as a file: up to 10 MB. Send me one."
TEXT_EXPECTED = "I need a text here. Send one message without a picture or file."
EMPTY_TEXT = "There is nothing to read in this text. Send one with a letter or a digit."
LABEL_EXPECTED = "I need one line of 1 to 40 characters, like: Open the album."
LEAVES_EXPECTED = (
    "I need a time from 1 min to 47 h, like 90 min or 12h, or never. Bots can delete nothing older than 48 hours."
)
SLOT_TAKEN = "That slot was taken meanwhile: choose another time."
TIME_PASSED = "Its time has passed meanwhile: choose another one, or publish now."
QUESTION_LOST = "I have lost track of what I asked. Open the post and press Publish again."


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """What the screens of a draft show."""

    draft: str
    fingerprint: str
    code: str
    number: int
    #: names of the channels it goes to
    targets: tuple[str, ...]
    #: None: now
    publish_at: datetime | None
    leaves_after_minutes: int
    silent: bool
    pin: bool
    has_cover: bool
    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Target:
    """A channel to publish in."""

    chat_id: int
    name: str
    is_on: bool


def post_parent(code: str, number: int) -> Parent:
    """Return a post's card as the parent of a screen."""
    return Parent(f"Post {number}" if number else "Post", OpenPost(code=code).pack())


def _act(text: str, act: DraftAction, facts: DraftFacts) -> InlineKeyboardButton:
    return button(text, DraftButton(act=act, draft=facts.draft).pack())


def _back(facts: DraftFacts) -> Parent:
    return Parent("Publish", DraftButton(act=DraftAction.SHOW, draft=facts.draft).pack())


def _named(names: Sequence[str]) -> str:
    if not names:
        return "no channel yet"
    shown = [isolate(name, _NAME_MAX) for name in names[:_NAMED_MAX]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def leaves_words(minutes: int) -> str:
    """Return `never`, or `6 h`."""
    return in_short(timedelta(minutes=minutes)) if minutes else "never"


def publish_screen(facts: DraftFacts) -> Screen:
    """Return the screen below the preview."""
    when = "now" if facts.publish_at is None else time_words(facts.publish_at, facts.zone, facts.now)
    sound, pin = ("off" if facts.silent else "on"), ("pinned" if facts.pin else "not pinned")
    leaves = f"after {leaves_words(facts.leaves_after_minutes)}" if facts.leaves_after_minutes else "never"
    lines = (
        f"Publish post {facts.number}",
        f"To: {_named(facts.targets)}",
        f"When: {when} · sound {sound} · {pin}",
        f"Leaves the channel: {leaves}",
    )
    return Screen("\n".join(lines), (_confirm_row(facts), *_choice_rows(facts)), post_parent(facts.code, facts.number))


def _confirm_row(facts: DraftFacts) -> Row:
    if not facts.targets:
        return []
    text = "Publish now" if facts.publish_at is None else "Put on the schedule"
    return [button(text, PublishConfirmed(draft=facts.draft, fingerprint=facts.fingerprint).pack(), style=PRIMARY)]


def _choice_rows(facts: DraftFacts) -> tuple[Row, ...]:
    act = DraftAction
    when = "now" if facts.publish_at is None else tight_time(facts.publish_at, facts.zone, facts.now)
    sound = _act("Sound: off", act.SOUND_ON, facts) if facts.silent else _act("Sound: on", act.SOUND_OFF, facts)
    pin = _act("Pin: on", act.NO_PIN, facts) if facts.pin else _act("Pin: off", act.PIN, facts)
    leaves = f"Leaves: {leaves_words(facts.leaves_after_minutes)} ›"
    return (
        [
            _act(f"To: {counted(len(facts.targets), 'channel')} ›", act.TO, facts),
            _act(f"When: {when} ›", act.WHEN, facts),
        ],
        [_act("Text ›", act.ASK_TEXT, facts), _act("Cover ›", act.COVER, facts)],
        [_act("Button ›", act.ASK_LABEL, facts), sound],
        [pin, _act(leaves if len(leaves) <= 20 else "Leaves: own time ›", act.LEAVES, facts)],
    )


def no_channel_screen(facts: DraftFacts) -> Screen:
    """Return what stands in place of the draft while no channel is connected."""
    connect = button("Connect a channel", ConnectButton(draft=facts.draft).pack(), style=PRIMARY)
    return Screen(NO_CHANNEL, ([connect],), post_parent(facts.code, facts.number))


def too_long_screen(facts: DraftFacts, characters: int) -> Screen:
    """Return what stands in place of the draft while Telegram would refuse its text."""
    act = DraftAction
    if facts.has_cover:
        text = f"The text has {characters:,} characters; under a picture Telegram takes {CAPTION_MAX:,}."
        first = [_act("Shorten", act.SHORTEN, facts), _act("Without picture", act.COVER_NONE, facts)]
    else:
        text = f"The text has {characters:,} characters; Telegram takes {TEXT_MAX:,}."
        first = [_act("Shorten", act.SHORTEN, facts)]
    second = [_act("Text ›", act.ASK_TEXT, facts), _act("Cover ›", act.COVER, facts)]
    return Screen(text, (first, second), post_parent(facts.code, facts.number))


def no_preview_screen(facts: DraftFacts, problem: str, *, is_about_cover: bool) -> Screen:
    """Return what stands in place of the draft while its preview cannot be shown. `problem`: HTML."""
    act = DraftAction
    again = [_act("Show it again", act.PREVIEW, facts)]
    cover = [_act("Cover ›", act.COVER, facts), _act("Without picture", act.COVER_NONE, facts)]
    rows = (again, cover) if is_about_cover else (again,)
    return Screen(problem, rows, post_parent(facts.code, facts.number))


def cover_gone() -> str:
    return "The picture is not in the storage channel any more. Choose another one."


def preview_refused(words: str) -> str:
    """`words`: Telegram's, as it sent them."""
    return f"Telegram refused: {isolate(words, 200)} Change the text, the picture or the button."


PREVIEW_UNSURE = "Telegram did not show the preview. Nothing is published without one."


def to_screen(facts: DraftFacts, targets: Sequence[Target], page: int) -> Screen:
    """Return the channels, with a tick at those it goes to."""
    first, shown, pages = page_of(targets, page, with_row_below=True)
    rows: list[Row] = [
        [
            button(
                f"{'✓ ' if one.is_on else ''}{cut(bare(one.name).strip() or 'untitled', _BUTTON_MAX)}",
                TargetButton(draft=facts.draft, chat_id=one.chat_id, is_on=not one.is_on, page=first).pack(),
            )
        ]
        for one in shown
    ]
    turning = pager(first, pages, lambda number: TargetPage(draft=facts.draft, page=number).pack())
    connect = button("Connect a channel", ConnectButton(draft=facts.draft).pack())
    chosen = sum(one.is_on for one in targets)
    text = f"Where post {facts.number} is published. Chosen: {counted(chosen, 'channel')} of {len(targets)}."
    return Screen(text, (*rows, turning, [connect]), _back(facts))


@dataclass(frozen=True, slots=True)
class TimeChoice:
    """A time that is offered."""

    text: str
    data: str


def time_rows(slot: TimeChoice | None, today: TimeChoice | None, tomorrow: TimeChoice, ask: str) -> tuple[Row, ...]:
    """Return the rows of every screen that offers times: the next slot, today, tomorrow, another time."""
    days = [one for one in (today, tomorrow) if one is not None]
    return (
        [button(slot.text, slot.data)] if slot is not None else [],
        [button(one.text, one.data) for one in days],
        [button("Another time", ask)],
    )


def slot_text(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `Next slot: Mon 24, 18:00`."""
    return f"Next slot: {short_time(at, zone, now)}"


def when_screen(facts: DraftFacts, *, slot: datetime | None, is_today_free: bool) -> Screen:
    """Return the choice of a time. `slot`: the next free one; `is_today_free`: today 20:00 is still to come."""

    def data(act: DraftAction) -> str:
        return DraftButton(act=act, draft=facts.draft).pack()

    when = "now" if facts.publish_at is None else time_words(facts.publish_at, facts.zone, facts.now)
    rows = time_rows(
        None if slot is None else TimeChoice(slot_text(slot, facts.zone, facts.now), data(DraftAction.SLOT)),
        TimeChoice("Today 20:00", data(DraftAction.TODAY)) if is_today_free else None,
        TimeChoice("Tomorrow 9:00", data(DraftAction.TOMORROW)),
        data(DraftAction.ASK_TIME),
    )
    now = [button("Now", data(DraftAction.NOW))]
    text = f"When post {facts.number} is published: {when}.\nTimes are those of {facts.zone.key}."
    return Screen(text, (now, *rows), _back(facts))


def ask_time(zone: ZoneInfo) -> str:
    return (
        "When shall it be published? Send it like 18:00, tomorrow 9:00, in 2 hours, Mon 18:00 or 24.12. 18:00. "
        f"Times are those of {zone.key}."
    )


def leaves_screen(facts: DraftFacts) -> Screen:
    """Return the choice of how long it stays in its channel."""

    def choice(minutes: int) -> InlineKeyboardButton:
        tick = "✓ " if facts.leaves_after_minutes == minutes else ""
        return button(f"{tick}{leaves_words(minutes)}", LeavesButton(draft=facts.draft, minutes=minutes).pack())

    hours = [choice(hour * 60) for hour in _HOURS]
    text = (
        f"Leaves the channel: {leaves_words(facts.leaves_after_minutes)}.\n"
        "At most 47 h: bots can delete nothing that is older than 48 hours."
    )
    own = _act("Own time", DraftAction.ASK_LEAVES, facts)
    return Screen(text, (hours[:2], hours[2:], [choice(0), own]), _back(facts))


def cover_screen(facts: DraftFacts, *, from_post: bool, has_default: bool) -> Screen:
    """Return the choice of a picture. `from_post`: the post has one; `has_default`: the settings name one."""
    act = DraftAction
    first = [_act("From the post", act.COVER_OF_POST, facts)] if from_post else []
    second = [_act("Default", act.COVER_DEFAULT, facts)] if has_default else []
    text = "The picture of this announcement; the post keeps its own."
    if not facts.has_cover:
        text += "\nNow: none."
    rows = ([*first, _act("Send one", act.ASK_COVER, facts)], [*second, _act("None", act.COVER_NONE, facts)])
    return Screen(text, rows, _back(facts))


def question(facts: DraftFacts, html: str, usual: DraftAction | None = None) -> Screen:
    """Return a question about the draft. `usual`: goes back to what the settings say."""
    row = [] if usual is None else [_act("As usual", usual, facts)]
    return Screen(html, (row,), _back(facts))
