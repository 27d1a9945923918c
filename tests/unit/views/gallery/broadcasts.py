"""Broadcasts: composing, progress, the list."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.broadcasts import BUTTONS_MAX, Broadcast, BroadcastStatus, LinkButton, RecipientState
from core.segments import ACTIVE_DAYS_MAX, Segment, SegmentKind
from core.times import LONGEST_AHEAD
from tests.unit.views.gallery import LONG_TITLE
from views.broadcasts import compose_keyboards, compose_texts, progress_texts
from views.broadcasts.compose_texts import DraftFacts
from views.navigation import Section, parent
from views.screens import Screen

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_DRAFT = "f" * 16
_SEGMENTS = (
    Segment(),
    Segment(kind=SegmentKind.ACTIVE, days=ACTIVE_DAYS_MAX),
    Segment(kind=SegmentKind.LANGUAGE, language="pt-br"),
    Segment(kind=SegmentKind.SOURCE, source="s" * 24),
)


def _facts(segment: Segment, count: int) -> DraftFacts:
    return DraftFacts(
        segment=segment,
        count=count,
        buttons=[LinkButton(text="W" * 40, url="https://example.org")] * BUTTONS_MAX,
        is_album=False,
        silent=True,
        pin=True,
        lifetime_minutes=47 * 60,
        start=compose_texts.when(_NOW + LONGEST_AHEAD, _ZONE, _NOW),
        needed=timedelta(days=9),
        too_late=compose_texts.too_late(timedelta(days=99), 0.01),
    )


def _broadcast(status: BroadcastStatus, **more: object) -> Broadcast:
    known = {
        "id": "f" * 24,
        "key": "draft",
        "title": LONG_TITLE,
        "source_chat_id": -1,
        "message_ids": (1,),
        "status": status,
        "created_by": 1,
        "created_at": _NOW,
        "send_at": _NOW,
        "started_at": _NOW,
        "finished_at": _NOW,
        "is_filled": True,
        "error": "<&>" * 400,
        "lifetime_minutes": 47 * 60 - 1,
        "counts": dict.fromkeys(RecipientState, 10**7),
        "progress_chat_id": 1,
    }
    return Broadcast.model_validate(known | more)


_ALL = [_broadcast(status) for status in BroadcastStatus]

SCREENS: dict[str, Screen] = {
    "ask": compose_texts.ask_message(),
    **{
        f"draft {number} {count}": Screen(
            compose_texts.screen(_facts(segment, count), compose_texts.changed_meanwhile()),
            compose_keyboards.screen(_DRAFT, count, silent=True, pin=True),
            parent(Section.BROADCASTS),
        )
        for number, segment in enumerate(_SEGMENTS)
        for count in (0, 10**9)
    },
    "audience": Screen(
        compose_texts.audience_screen(_SEGMENTS[-1], 10**9),
        compose_keyboards.audience(_DRAFT),
        compose_keyboards.to_draft(_DRAFT),
    ),
    "lifetime": Screen(
        compose_texts.lifetime_screen(47 * 60, compose_texts.too_late(timedelta(days=99), 0.01)),
        compose_keyboards.lifetime(_DRAFT),
        compose_keyboards.to_draft(_DRAFT),
    ),
    "when": Screen(
        compose_texts.when_screen(compose_texts.when(_NOW + LONGEST_AHEAD, _ZONE, _NOW), compose_texts.time_passed()),
        compose_keyboards.when(_DRAFT),
        compose_keyboards.to_draft(_DRAFT),
    ),
    "confirm": Screen(
        compose_texts.confirm(_facts(_SEGMENTS[-1], 10**9), _ALL, _NOW, compose_texts.changed_meanwhile()),
        compose_keyboards.confirm(_DRAFT, "f" * 8, 10**9),
        compose_keyboards.to_draft(_DRAFT),
    ),
    **{
        f"progress {one.status} {is_behind}": progress_texts.progress(
            one, _NOW, _ZONE, is_behind_another=is_behind, rate_per_s=0.01
        )
        for one in _ALL
        for is_behind in (True, False)
    },
    **{f"cancel {one.status}": progress_texts.confirm_cancel(one) for one in _ALL},
    **{f"recall {one.status}": progress_texts.confirm_recall(one) for one in _ALL},
    "moved": progress_texts.moved(_ALL[0]),
    "list": progress_texts.list_screen(_ALL[:5], 0, more=True),
    "second page": progress_texts.list_screen(_ALL[3:8], 1, more=True),
    "no broadcast": progress_texts.list_screen([], 0, more=False),
}
