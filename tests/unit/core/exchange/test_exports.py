"""Rows of an export, and parts."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.exchange.exports import COLUMNS, Exported, FileFormat, RowWriter, post_row, subscriber_row, writer
from core.exchange.parts import Part
from core.posts import Post
from core.users import User

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
POST = Post(
    code="c" * 16,
    number=3,
    title="=1+1",
    description='a "b"\nc',
    storage_chat_id=-1001,
    message_ids=(4, 5),
    item_count=2,
    password="secret",
    created_by=7,
    created_at=NOW,
)


def _user(**fields: Any) -> User:
    return User.model_validate(
        {"user_id": 1, "first_name": "Ann", "joined_at": NOW, "last_seen_at": NOW + timedelta(1)} | fields
    )


def _written(rows: RowWriter, lines: list[list[Any]]) -> bytes:
    file = io.BytesIO()
    part = Part(rows, file)
    assert all(part.add(line) for line in lines)
    part.close()
    return file.getvalue()


def test_a_table_opens_in_a_spreadsheet_and_runs_no_cell_of_it() -> None:
    found = _written(writer(Exported.POSTS, FileFormat.CSV, ZONE), [post_row(POST)])
    assert found.startswith(b"\xef\xbb\xbfnumber,code,title")
    (line,) = csv.DictReader(io.StringIO(found.decode("utf-8-sig"), newline=""))
    assert (line["title"], line["description"], line["message_ids"]) == ("'=1+1", 'a "b"\nc', "4 5")
    assert line["created_at"] == "2026-03-02T00:30:00+01:00"


def test_a_json_file_has_the_values_as_they_are() -> None:
    (found,) = json.loads(_written(writer(Exported.POSTS, FileFormat.JSON, ZONE), [post_row(POST)]))
    assert (found["title"], found["message_ids"], found["restrict_saving"]) == ("=1+1", [4, 5], None)


@pytest.mark.parametrize("form", FileFormat)
def test_no_file_holds_the_password_of_an_archive(form: FileFormat) -> None:
    assert b"secret" not in _written(writer(Exported.POSTS, form, ZONE), [post_row(POST)])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_json_file_of_any_number_of_rows_can_be_read(count: int) -> None:
    rows = [[f"\ud800{number}", 1, "x", None, {"a": NOW}, [1]] for number in range(count)]
    assert len(json.loads(_written(writer(Exported.ACTIVITY, FileFormat.JSON, ZONE), rows))) == count


def test_whoever_is_being_erased_or_never_pressed_start_is_not_exported() -> None:
    row = subscriber_row(_user(), NOW)
    assert row is not None and len(row) == len(COLUMNS[Exported.SUBSCRIBERS])
    assert subscriber_row(_user(erasing_at=NOW), NOW) is None
    assert subscriber_row(_user(first_name="", last_seen_at=NOW), NOW) is None


def test_a_ban_that_is_over_is_none() -> None:
    row = subscriber_row(_user(is_banned=True, banned_until=NOW, ban_reason="spam"), NOW)
    assert row is not None and "spam" not in row and row[7] is False


@pytest.mark.parametrize("form", FileFormat)
def test_a_part_has_at_most_its_bytes_and_a_row_that_does_not_fit_is_left_for_the_next(form: FileFormat) -> None:
    rows = writer(Exported.DAYS, form, ZONE)
    line = ["x" * 10] * len(COLUMNS[Exported.DAYS])
    whole = len(_written(rows, [line, line]))
    for room, fits in ((whole, True), (whole - 1, False)):
        file = io.BytesIO()
        part = Part(rows, file, room)
        assert part.add(line)
        assert part.add(line) is fits
        part.close()
        assert len(file.getvalue()) <= room
        assert part.count == 1 + fits


def test_a_row_that_is_bigger_than_a_part_has_a_part_of_its_own() -> None:
    part = Part(writer(Exported.ACTIVITY, FileFormat.CSV, ZONE), io.BytesIO(), 10)
    assert part.add([NOW, 1, "x" * 99, None, None, None])
    assert not part.add([NOW, 1, "x", None, None, None])
