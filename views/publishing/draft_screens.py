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
from views.language import _, ngettext, pgettext
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
from views.screen_limits import HALF_MAX
from views.screens import Parent, Screen

#: channels named on the screen of a draft, and characters of a name there and on a button
_NAMED_MAX, _NAME_MAX, _BUTTON_MAX = 3, 40, 34
#: hours offered until it leaves its channel
_HOURS = (1, 6, 24, 47)


def no_channel() -> str:
    return _("No channel is connected. Choose the one your subscribers read.")


def ask_text() -> str:
    return _(
        "Send the text of this announcement, formatted as you like. The post keeps its own.\n\n"
        "For example: Out now: the whole spring album."
    )


def ask_label() -> str:
    return _("Send the words on the button of this announcement, up to 40 characters, like: Open the album.")


def ask_cover() -> str:
    return _("Send the picture of this announcement as a photo. The post keeps its own.")


def ask_leaves() -> str:
    return _("After how long shall it leave the channel? Send it like 90 min, 12h or 1 day: up to 47 h, or never.")


def photo_expected() -> str:
    return _("I need one photo here, sent as a photo and not as a file: up to 10 MB. Send me one.")


def text_expected() -> str:
    return _("I need a text here. Send one message without a picture or file.")


def empty_text() -> str:
    return _("There is nothing to read in this text. Send one with a letter or a digit.")


def label_expected() -> str:
    return _("I need one line of 1 to 40 characters, like: Open the album.")


def leaves_expected() -> str:
    return _(
        "I need a time from 1 min to 47 h, like 90 min or 12h, or never. Bots can delete nothing older than 48 hours."
    )


def slot_taken() -> str:
    return _("That slot was taken meanwhile: choose another time.")


def time_passed() -> str:
    return _("Its time has passed meanwhile: choose another one, or publish now.")


def question_lost() -> str:
    return _("I have lost track of what I asked. Open the post and press Publish again.")


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
    name = _("Post {number}").format(number=number) if number else _("Post")
    return Parent(name, OpenPost(code=code).pack())


def _act(text: str, act: DraftAction, facts: DraftFacts) -> InlineKeyboardButton:
    return button(text, DraftButton(act=act, draft=facts.draft).pack())


def _back(facts: DraftFacts) -> Parent:
    return Parent(_("Publish"), DraftButton(act=DraftAction.SHOW, draft=facts.draft).pack())


def _named(names: Sequence[str]) -> str:
    if not names:
        return _("no channel yet")
    shown = ", ".join(isolate(name, _NAME_MAX) for name in names[:_NAMED_MAX])
    more = len(names) - _NAMED_MAX
    if more <= 0:
        return shown
    return ngettext("{names} and {count} more", "{names} and {count} more", more).format(names=shown, count=more)


def leaves_words(minutes: int) -> str:
    """Return `never`, or `6 h`."""
    return in_short(timedelta(minutes=minutes)) if minutes else pgettext("time", "never")


def sound_words(*, is_silent: bool) -> str:
    return pgettext("switch", "off") if is_silent else pgettext("switch", "on")


def pin_words(*, is_pinned: bool) -> str:
    return pgettext("an announcement", "pinned") if is_pinned else pgettext("an announcement", "not pinned")


def zone_words(zone: ZoneInfo) -> str:
    return _("Times are those of {zone}.").format(zone=zone.key)


def publish_screen(facts: DraftFacts) -> Screen:
    """Return the screen below the preview."""
    leaves = leaves_words(facts.leaves_after_minutes)
    if facts.leaves_after_minutes:
        leaves = _("after {time}").format(time=leaves)
    lines = (
        _("Publish post {number}").format(number=facts.number),
        _("To: {channels}").format(channels=_named(facts.targets)),
        _("When: {time} · sound {sound} · {pin}").format(
            time=_when(facts), sound=sound_words(is_silent=facts.silent), pin=pin_words(is_pinned=facts.pin)
        ),
        _("Leaves the channel: {time}").format(time=leaves),
    )
    return Screen("\n".join(lines), (_confirm_row(facts), *_choice_rows(facts)), post_parent(facts.code, facts.number))


def _when(facts: DraftFacts) -> str:
    """Return when it is published, HTML."""
    if facts.publish_at is None:
        return pgettext("time", "now")
    return time_words(facts.publish_at, facts.zone, facts.now)


def _confirm_row(facts: DraftFacts) -> Row:
    if not facts.targets:
        return []
    text = _("Publish now") if facts.publish_at is None else _("Put on the schedule")
    return [button(text, PublishConfirmed(draft=facts.draft, fingerprint=facts.fingerprint).pack(), style=PRIMARY)]


def _choice_rows(facts: DraftFacts) -> tuple[Row, ...]:
    act = DraftAction
    when = pgettext("time", "now")
    if facts.publish_at is not None:
        when = tight_time(facts.publish_at, facts.zone, facts.now)
    sound_on, sound_off = _act(_("Sound: on"), act.SOUND_OFF, facts), _act(_("Sound: off"), act.SOUND_ON, facts)
    pinned, not_pinned = _act(_("Pin: on"), act.NO_PIN, facts), _act(_("Pin: off"), act.PIN, facts)
    leaves = _("Leaves: {time} ›").format(time=leaves_words(facts.leaves_after_minutes))
    if len(leaves) > HALF_MAX:
        leaves = _("Leaves: own time ›")
    targets = ngettext("To: {count} channel ›", "To: {count} channels ›", len(facts.targets))
    return (
        [
            _act(targets.format(count=len(facts.targets)), act.TO, facts),
            _act(_("When: {time} ›").format(time=when), act.WHEN, facts),
        ],
        [_act(_("Text ›"), act.ASK_TEXT, facts), _act(_("Cover ›"), act.COVER, facts)],
        [_act(_("Button ›"), act.ASK_LABEL, facts), sound_off if facts.silent else sound_on],
        [pinned if facts.pin else not_pinned, _act(leaves, act.LEAVES, facts)],
    )


def no_channel_screen(facts: DraftFacts) -> Screen:
    """Return what stands in place of the draft while no channel is connected."""
    connect = button(_("Connect a channel"), ConnectButton(draft=facts.draft).pack(), style=PRIMARY)
    return Screen(no_channel(), ([connect],), post_parent(facts.code, facts.number))


def too_long_screen(facts: DraftFacts, characters: int) -> Screen:
    """Return what stands in place of the draft while Telegram would refuse its text."""
    act = DraftAction
    if facts.has_cover:
        text = ngettext(
            "The text has {count} character; under a picture Telegram takes {most}.",
            "The text has {count} characters; under a picture Telegram takes {most}.",
            characters,
        ).format(count=f"{characters:,}", most=f"{CAPTION_MAX:,}")
        first = [_act(_("Shorten"), act.SHORTEN, facts), _act(_("Without picture"), act.COVER_NONE, facts)]
    else:
        text = ngettext(
            "The text has {count} character; Telegram takes {most}.",
            "The text has {count} characters; Telegram takes {most}.",
            characters,
        ).format(count=f"{characters:,}", most=f"{TEXT_MAX:,}")
        first = [_act(_("Shorten"), act.SHORTEN, facts)]
    second = [_act(_("Text ›"), act.ASK_TEXT, facts), _act(_("Cover ›"), act.COVER, facts)]
    return Screen(text, (first, second), post_parent(facts.code, facts.number))


def no_preview_screen(facts: DraftFacts, problem: str, *, is_about_cover: bool) -> Screen:
    """Return what stands in place of the draft while its preview cannot be shown. `problem`: HTML."""
    act = DraftAction
    again = [_act(_("Show it again"), act.PREVIEW, facts)]
    cover = [_act(_("Cover ›"), act.COVER, facts), _act(_("Without picture"), act.COVER_NONE, facts)]
    rows = (again, cover) if is_about_cover else (again,)
    return Screen(problem, rows, post_parent(facts.code, facts.number))


def cover_gone() -> str:
    return _("The picture is not in the storage channel any more. Choose another one.")


def preview_refused(words: str) -> str:
    """`words`: Telegram's, as it sent them."""
    return _("Telegram refused: {words} Change the text, the picture or the button.").format(words=isolate(words, 200))


def preview_unsure() -> str:
    return _("Telegram did not show the preview. Nothing is published without one.")


def to_screen(facts: DraftFacts, targets: Sequence[Target], page: int) -> Screen:
    """Return the channels, with a tick at those it goes to."""
    first, shown, pages = page_of(targets, page, with_row_below=True)
    rows: list[Row] = [
        [
            button(
                _target(one),
                TargetButton(draft=facts.draft, chat_id=one.chat_id, is_on=not one.is_on, page=first).pack(),
            )
        ]
        for one in shown
    ]
    turning = pager(first, pages, lambda number: TargetPage(draft=facts.draft, page=number).pack())
    connect = button(_("Connect a channel"), ConnectButton(draft=facts.draft).pack())
    chosen = sum(one.is_on for one in targets)
    text = ngettext(
        "Where post {number} is published. Chosen: {count} channel of {all}.",
        "Where post {number} is published. Chosen: {count} channels of {all}.",
        chosen,
    ).format(number=facts.number, count=chosen, all=len(targets))
    return Screen(text, (*rows, turning, [connect]), _back(facts))


def _target(one: Target) -> str:
    name = cut(bare(one.name).strip() or pgettext("channel", "untitled"), _BUTTON_MAX)
    return f"✓ {name}" if one.is_on else name


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
        [button(_("Another time"), ask)],
    )


def slot_text(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `Next slot: Mon 24, 18:00`."""
    return _("Next slot: {time}").format(time=short_time(at, zone, now))


def when_screen(facts: DraftFacts, *, slot: datetime | None, is_today_free: bool) -> Screen:
    """Return the choice of a time. `slot`: the next free one; `is_today_free`: today 20:00 is still to come."""

    def data(act: DraftAction) -> str:
        return DraftButton(act=act, draft=facts.draft).pack()

    rows = time_rows(
        None if slot is None else TimeChoice(slot_text(slot, facts.zone, facts.now), data(DraftAction.SLOT)),
        TimeChoice(_("Today 20:00"), data(DraftAction.TODAY)) if is_today_free else None,
        TimeChoice(_("Tomorrow 9:00"), data(DraftAction.TOMORROW)),
        data(DraftAction.ASK_TIME),
    )
    now = [button(pgettext("publish", "Now"), data(DraftAction.NOW))]
    when = _("When post {number} is published: {time}.").format(number=facts.number, time=_when(facts))
    text = f"{when}\n{zone_words(facts.zone)}"
    return Screen(text, (now, *rows), _back(facts))


def ask_time(zone: ZoneInfo) -> str:
    ask = _("When shall it be published? Send it like 18:00, tomorrow 9:00, in 2 hours, Mon 18:00 or 24.12. 18:00.")
    return f"{ask} {zone_words(zone)}"


def leaves_screen(facts: DraftFacts) -> Screen:
    """Return the choice of how long it stays in its channel."""

    def choice(minutes: int) -> InlineKeyboardButton:
        words = leaves_words(minutes)
        text = f"✓ {words}" if facts.leaves_after_minutes == minutes else words
        return button(text, LeavesButton(draft=facts.draft, minutes=minutes).pack())

    hours = [choice(hour * 60) for hour in _HOURS]
    text = _("Leaves the channel: {time}.\nAt most 47 h: bots can delete nothing that is older than 48 hours.").format(
        time=leaves_words(facts.leaves_after_minutes)
    )
    own = _act(_("Own time"), DraftAction.ASK_LEAVES, facts)
    return Screen(text, (hours[:2], hours[2:], [choice(0), own]), _back(facts))


def cover_screen(facts: DraftFacts, *, from_post: bool, has_default: bool) -> Screen:
    """Return the choice of a picture. `from_post`: the post has one; `has_default`: the settings name one."""
    act = DraftAction
    first = [_act(_("From the post"), act.COVER_OF_POST, facts)] if from_post else []
    second = [_act(pgettext("cover", "Default"), act.COVER_DEFAULT, facts)] if has_default else []
    lines = [_("The picture of this announcement; the post keeps its own.")]
    if not facts.has_cover:
        lines.append(_("Now: none."))
    rows = (
        [*first, _act(_("Send one"), act.ASK_COVER, facts)],
        [*second, _act(pgettext("cover", "None"), act.COVER_NONE, facts)],
    )
    return Screen("\n".join(lines), rows, _back(facts))


def question(facts: DraftFacts, html: str, usual: DraftAction | None = None) -> Screen:
    """Return a question about the draft. `usual`: goes back to what the settings say."""
    row = [] if usual is None else [_act(_("As usual"), usual, facts)]
    return Screen(html, (row,), _back(facts))
