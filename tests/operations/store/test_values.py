"""What is stored for the values of records."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from bson import ObjectId

from core.delivery_states import DeliveryState
from core.subscriptions import ChannelMode
from database.values import to_stored

KEY = ObjectId()
#: 12:00:00.123456 in UTC
NOON = datetime(2026, 11, 30, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
STORED_NOON = datetime(2026, 11, 30, 12, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"field": value}, lambda value: {"$in": [value]}])
@pytest.mark.parametrize(
    ("value", "stored"),
    [
        *((plain, plain) for plain in ("text", 7, True, 0.5, None, KEY, b"bytes")),
        (DeliveryState.SENT, "sent"),
        (ChannelMode.REQUEST, "request"),
        (NOON, STORED_NOON),
        ((1, DeliveryState.SENT), [1, "sent"]),
        ({"at": NOON, "states": (DeliveryState.SENT,)}, {"at": STORED_NOON, "states": ["sent"]}),
    ],
)
def test_a_value_is_stored_alike_alone_in_a_field_and_in_a_list(value: Any, stored: Any, wrap: Any) -> None:
    found, expected = to_stored(wrap(value)), wrap(stored)
    assert (found, repr(found)) == (expected, repr(expected))


@pytest.mark.parametrize("document", [{"at": datetime(2026, 1, 1)}, {"$in": [datetime(2026, 1, 1)]}])  # noqa: DTZ001
def test_a_time_without_a_zone_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        to_stored(document)


def test_containers_are_copied() -> None:
    document: dict[str, Any] = {"ids": [1], "more": {"ids": [2]}}
    stored = to_stored(document)
    assert stored == document
    assert stored["ids"] is not document["ids"]
    assert stored["more"] is not document["more"]
