"""Publishing: the draft, its choices, results, the schedule, slots, the settings of publishing."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.announcements import LEAVES_AFTER_MAX, SLOT_TIMES_MAX, Announcement, AnnouncementState, Slots
from core.subscriptions import Channel
from tests.unit.views.gallery import LONG_CHANNEL, LONG_TITLE, LONG_USERNAME
from views.navigation import Section, parent
from views.publishing import announcement_screens, draft_screens, result_screens, schedule_screens, setting_screens
from views.publishing.announcement_screens import Shown
from views.publishing.callbacks import Back, DraftAction
from views.publishing.draft_screens import DraftFacts, Target
from views.publishing.setting_screens import RenewalFacts
from views.screens import Screen
from views.undo import undo_button

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_CHAT = -1009999999999999
_NEXT_YEAR = _NOW + timedelta(days=366)
_WORDS = "Bad Request: " + "<not> enough rights & more " * 40
_UNDO = undo_button("a" * 8)


def _facts(targets: int = 50, *, is_on: bool = True, publish_at: datetime | None = None, leaves: int = 0) -> DraftFacts:
    return DraftFacts(
        draft="f" * 16,
        fingerprint="f" * 8,
        code="C" * 16,
        number=999_999_999,
        targets=(LONG_CHANNEL,) * targets,
        publish_at=publish_at,
        leaves_after_minutes=leaves,
        silent=is_on,
        pin=is_on,
        has_cover=is_on,
        now=_NOW,
        zone=_ZONE,
    )


def _shown(state: AnnouncementState, **more: object) -> Shown:
    fields: dict[str, object] = {
        "id": "f" * 24,
        "key": "f" * 16,
        "post_code": "C" * 16,
        "chat_id": _CHAT,
        "state": state,
        "publish_at": _NOW + timedelta(days=40),
        "published_at": _NOW - timedelta(days=365),
        "message_id": 2_000_000_000,
        "leaves_after_minutes": LEAVES_AFTER_MAX,
        "leaves_at": _NEXT_YEAR,
        "error": _WORDS,
        "source": "ch1",
        "text": "x",
        "label": "Open",
        "url": "https://t.me/shop_bot",
        "created_by": 1,
        "created_at": _NOW,
        "number": 999_999_999,
        "title": LONG_TITLE,
    }
    one = Announcement.model_validate(fields | more)
    return Shown(one, LONG_CHANNEL, None, LONG_USERNAME, _NOW, _ZONE)


def _channel(times: int = SLOT_TIMES_MAX, days: tuple[int, ...] = (0, 1, 2, 3, 5, 6)) -> Channel:
    slots = Slots(weekdays=days, times=tuple(f"{hour:02}:30" for hour in range(times)))
    return Channel(chat_id=_CHAT, title=LONG_CHANNEL, slots=slots, is_published_to=True, is_required=False)


_TARGETS = [Target(_CHAT - number, LONG_CHANNEL, is_on=True) for number in range(50)]
_ALL = [_shown(state) for state in AnnouncementState]
_SEVERAL = [_shown(AnnouncementState.FAILED)] * 50
_RENEWAL = RenewalFacts(_NOW, 123_456, 123_456, 123_456, 123_456, is_over=False, is_stopped=False)
_OVER = RenewalFacts(_NOW, 0, 123_456, 123_456, 123_456, is_over=True, is_stopped=True)

_ITEMS: dict[str, Screen] = {
    f"{state}, from {back.name.lower()}": announcement_screens.announcement_screen(_shown(state), back)
    for state in AnnouncementState
    for back in Back
}
_RESULTS: dict[str, Screen] = {
    f"result {state}": result_screens.result_screen([_shown(state)]) for state in AnnouncementState
}

SCREENS = {
    **_ITEMS,
    **_RESULTS,
    "draft": draft_screens.publish_screen(_facts()),
    "draft, later": draft_screens.publish_screen(_facts(1, is_on=False, publish_at=_NEXT_YEAR, leaves=2819)),
    "draft, this month": draft_screens.publish_screen(_facts(1, publish_at=_NOW + timedelta(days=27), leaves=2820)),
    "draft, later this year": draft_screens.publish_screen(_facts(1, publish_at=_NOW + timedelta(days=29))),
    "draft, to nowhere": draft_screens.publish_screen(_facts(0)),
    "no channel": draft_screens.no_channel_screen(_facts(0)),
    "too long under a picture": draft_screens.too_long_screen(_facts(), 12_345),
    "too long": draft_screens.too_long_screen(_facts(is_on=False), 12_345),
    "preview refused": draft_screens.no_preview_screen(
        _facts(), draft_screens.preview_refused(_WORDS), is_about_cover=True
    ),
    "no preview": draft_screens.no_preview_screen(_facts(), draft_screens.preview_unsure(), is_about_cover=False),
    "to, first page": draft_screens.to_screen(_facts(), _TARGETS, 0),
    "to, a page in the middle": draft_screens.to_screen(_facts(), _TARGETS, 3),
    "to, one page": draft_screens.to_screen(_facts(), _TARGETS[:6], 9),
    "to, without one": draft_screens.to_screen(_facts(0), [], 0),
    "when": draft_screens.when_screen(_facts(publish_at=_NEXT_YEAR), slot=_NEXT_YEAR, is_today_free=True),
    "when, without slots": draft_screens.when_screen(_facts(), slot=None, is_today_free=False),
    "leaves": draft_screens.leaves_screen(_facts(leaves=1440)),
    "cover": draft_screens.cover_screen(_facts(is_on=False), from_post=True, has_default=True),
    "cover, neither": draft_screens.cover_screen(_facts(), from_post=False, has_default=False),
    "question, text": draft_screens.question(_facts(), draft_screens.ask_text(), DraftAction.USUAL_TEXT),
    "question, label": draft_screens.question(_facts(), draft_screens.ask_label(), DraftAction.USUAL_LABEL),
    "question, cover": draft_screens.question(_facts(), draft_screens.ask_cover()),
    "question, time": draft_screens.question(_facts(), draft_screens.ask_time(_ZONE)),
    "question, leaves": draft_screens.question(_facts(), draft_screens.ask_leaves()),
    "results, first page": result_screens.result_screen(_SEVERAL, 0),
    "results, last page": result_screens.result_screen(_SEVERAL, 99),
    "results, every state": result_screens.result_screen(_ALL, 0),
    "results, all planned": result_screens.result_screen([_shown(AnnouncementState.PLANNED)] * 7),
    "there": result_screens.there_screen(_facts(1), [_shown(AnnouncementState.PUBLISHED)]),
    "there, in many": result_screens.there_screen(_facts(), [_shown(AnnouncementState.PUBLISHED)] * 50),
    "there, perhaps": result_screens.there_screen(_facts(), [_shown(AnnouncementState.UNKNOWN)] * 2),
    "there, planned": result_screens.there_screen(_facts(), [_shown(AnnouncementState.PLANNED)] * 2),
    "rights for a switch": result_screens.rights_for_switch(LONG_CHANNEL, LONG_USERNAME, _CHAT),
    "switched on": result_screens.switched_on(Channel(chat_id=_CHAT, title=LONG_CHANNEL)),
    "rights": result_screens.rights_screen(LONG_CHANNEL, LONG_USERNAME, _CHAT, "f" * 16, parent(Section.SLOTS)),
    "which channel": result_screens.ask_channel_screen(parent(Section.SCHEDULE)),
    "now?": announcement_screens.confirm_now(_shown(AnnouncementState.PLANNED), Back.SCHEDULE),
    "withdraw?": announcement_screens.confirm_withdraw(
        _shown(AnnouncementState.PUBLISHED), Back.RESULT, is_deletable=True
    ),
    "withdraw an old one?": announcement_screens.confirm_withdraw(
        _shown(AnnouncementState.PUBLISHED), Back.SCHEDULE, is_deletable=False
    ),
    "move": announcement_screens.move_screen(
        _shown(AnnouncementState.PLANNED), Back.SCHEDULE, slot=_NEXT_YEAR, is_today_free=True
    ),
    "move, question": announcement_screens.move_question(
        _shown(AnnouncementState.PLANNED), Back.SCHEDULE, draft_screens.ask_time(_ZONE)
    ),
    "leaving": announcement_screens.announcement_screen(
        _shown(AnnouncementState.PUBLISHED, is_withdrawal_wanted=True), Back.RESULT
    ),
    "schedule, empty": schedule_screens.schedule_screen(
        [], [], page=0, has_more=False, troubled=0, now=_NOW, zone=_ZONE
    ),
    "schedule, one channel": schedule_screens.schedule_screen(
        [one.announcement for one in _ALL[:6]],
        [_channel()],
        page=0,
        has_more=False,
        troubled=3,
        now=_NOW,
        zone=_ZONE,
    ),
    "schedule, in the middle": schedule_screens.schedule_screen(
        [_ALL[0].announcement] * 6, [_channel()] * 50, page=9_998, has_more=True, troubled=50, now=_NOW, zone=_ZONE
    ),
    "schedule, behind the end": schedule_screens.schedule_screen(
        [], [_channel()], page=9, has_more=False, troubled=0, now=_NOW, zone=_ZONE
    ),
    "slots, none": schedule_screens.slots_list([], 0),
    "slots, first page": schedule_screens.slots_list([_channel()] * 50, 0),
    "slots, middle": schedule_screens.slots_list([_channel(2, (0, 1, 2, 3, 4, 5, 6))] * 50, 3),
    "slots of a channel": schedule_screens.slots_screen(_channel(), _ZONE, _UNDO),
    "slots of a channel, none": schedule_screens.slots_screen(_channel(0), _ZONE),
    "slots, question": schedule_screens.slot_question(_channel(), schedule_screens.ask_slot()),
    "default cover": setting_screens.default_cover_screen(
        is_set=True, undo=_UNDO, note=setting_screens.cover_removed()
    ),
    "default cover, none": setting_screens.default_cover_screen(is_set=False),
    "default cover, question": setting_screens.default_cover_question(),
    "renewal, never": setting_screens.renewal_screen(123_456, None, _NOW, _ZONE),
    "renewal, under way": setting_screens.renewal_screen(123_456, _RENEWAL, _NOW, _ZONE),
    "renewal, over": setting_screens.renewal_screen(123_456, _OVER, _NOW, _ZONE),
    "renewal, nothing there": setting_screens.renewal_screen(0, _OVER, _NOW, _ZONE),
}
