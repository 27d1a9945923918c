"""A draft of a broadcast without I/O: storage, its fingerprint, the row it becomes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from admin_bot.conversation.broadcast_draft import (
    FINGERPRINT_LENGTH,
    ID_LENGTH,
    BroadcastDraft,
    new_broadcast_draft,
    read_broadcast_draft,
)
from core.broadcasts import MESSAGES_MAX, LinkButton
from core.segments import Segment, SegmentKind
from views.broadcasts.compose_callbacks import ComposeAction, ComposeButton, SendConfirmed

NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
SHOP = LinkButton(text="Shop", url="https://example.org")


def full() -> BroadcastDraft:
    """A draft with every value set."""
    return new_broadcast_draft(-100, (7,), (900,), "News").changed(
        buttons=(SHOP,),
        segment=Segment(kind=SegmentKind.LANGUAGE, language="pt-br"),
        silent=True,
        pin=True,
        lifetime_minutes=90,
        send_at=NOW,
        screen_id=5,
        preview_ids=(3, 4),
    )


def test_a_stored_draft_is_read_unchanged() -> None:
    draft = full()
    assert read_broadcast_draft(json.loads(json.dumps(draft.model_dump(mode="json")))) == draft


@pytest.mark.parametrize(
    "stored", [None, 5, {}, {"id": "x"}, full().model_dump(mode="json") | {"segment": {"kind": "active"}}]
)
def test_stored_data_of_another_version_is_read_as_none(stored: Any) -> None:
    assert read_broadcast_draft(stored) is None


def test_an_album_has_at_most_ten_messages() -> None:
    stored = full().model_dump(mode="json")
    assert read_broadcast_draft(stored | {"message_ids": list(range(MESSAGES_MAX))}) is not None
    assert read_broadcast_draft(stored | {"message_ids": list(range(MESSAGES_MAX + 1))}) is None
    assert read_broadcast_draft(stored | {"message_ids": []}) is None


def test_ids_differ_and_fit_into_buttons() -> None:
    ids = {new_broadcast_draft(-100, (7,), (900,), "News").id for _ in range(100)}
    assert len(ids) == 100
    assert {len(one) for one in ids} == {ID_LENGTH}
    for act in ComposeAction:
        packed = ComposeButton(act=act, draft="f" * ID_LENGTH).pack()
        assert len(packed) <= 64
    assert SendConfirmed(draft="f" * ID_LENGTH, fingerprint="f" * FINGERPRINT_LENGTH)


@pytest.mark.parametrize(
    "change",
    [
        {"message_ids": (8,)},
        {"buttons": ()},
        {"segment": Segment()},
        {"silent": False},
        {"pin": False},
        {"lifetime_minutes": 0},
        {"send_at": None},
        {"send_at": NOW + timedelta(minutes=1)},
    ],
)
def test_content_audience_and_time_change_the_fingerprint(change: dict[str, Any]) -> None:
    draft = full()
    assert draft.changed(**change).fingerprint != draft.fingerprint


def test_the_messages_that_show_a_draft_do_not_change_its_fingerprint() -> None:
    draft = full()
    assert draft.changed(screen_id=6, preview_ids=(), taken_from=(1,)).fingerprint == draft.fingerprint
    assert len(draft.fingerprint) == FINGERPRINT_LENGTH


def test_another_message_keeps_everything_but_buttons_of_an_album() -> None:
    draft = full()
    single = draft.with_content(-200, [9], [901], "Better")
    assert single == draft.changed(chat_id=-200, message_ids=(9,), taken_from=(901,), title="Better")
    album = draft.with_content(-200, [9, 10], [901, 902], "Better")
    assert (album.buttons, album.pin, album.segment) == ((), True, draft.segment)


def test_the_row_has_everything_and_an_album_no_stop_button() -> None:
    draft = full()
    row = draft.to_broadcast(1, NOW, has_stop_button=True, screen_id=5)
    shared = set(type(row).model_fields) & set(type(draft).model_fields)
    assert {name: getattr(row, name) for name in shared} == {name: getattr(draft, name) for name in shared}
    assert (row.key, row.source_chat_id, row.has_stop_button) == (draft.id, -100, True)
    album = draft.with_content(-100, [9, 10], [901, 902], "Better")
    assert not album.to_broadcast(1, NOW, has_stop_button=True, screen_id=5).has_stop_button
    assert not draft.to_broadcast(1, NOW, has_stop_button=False, screen_id=5).has_stop_button


def test_without_a_time_it_is_sent_when_confirmed() -> None:
    row = full().changed(send_at=None).to_broadcast(1, NOW, has_stop_button=False, screen_id=None)
    assert (row.created_at, row.send_at) == (NOW, NOW)


def test_a_draft_is_late_from_its_very_time_on() -> None:
    draft = full()
    assert draft.is_late(NOW)
    assert not draft.is_late(NOW - timedelta(milliseconds=1))
    assert not draft.changed(send_at=None).is_late(NOW)


def test_pinning_is_a_second_call() -> None:
    assert (full().calls_each, full().changed(pin=False).calls_each) == (2, 1)
