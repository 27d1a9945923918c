"""What an export holds: its columns, and one row a record. Names of columns are for programs and stay English."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from core.csv_tables import Cell, to_csv_line, to_csv_start
from core.posts import Post
from core.statistics import DayStats
from core.statistics.tables import COLUMNS as DAY_COLUMNS
from core.statistics.tables import cell_of
from core.team.admins import Role
from core.team.rights import Right, may
from core.users import User, has_opened_bot, is_banned


class Exported(StrEnum):
    """What can be exported. A closed list."""

    POSTS = "posts"
    SUBSCRIBERS = "subscribers"
    DAYS = "days"
    ACTIVITY = "activity"


class FileFormat(StrEnum):
    """How a file is written. A closed list."""

    CSV = "csv"
    JSON = "json"


COLUMNS: Mapping[Exported, tuple[str, ...]] = {
    Exported.POSTS: (
        "number",
        "code",
        "title",
        "description",
        "status",
        "storage_chat_id",
        "message_ids",
        "restrict_saving",
        "delete_after_minutes",
        "access",
        "opened",
        "delivered",
        "is_imported",
        "created_by",
        "created_at",
    ),
    Exported.SUBSCRIBERS: (
        "user_id",
        "first_name",
        "last_name",
        "username",
        "language",
        "credits",
        "pass_until",
        "is_banned",
        "banned_until",
        "ban_reason",
        "blocked_at",
        "news_stopped_at",
        "joined_at",
        "last_seen_at",
        "source",
        "unlocks",
    ),
    Exported.DAYS: ("date", *(count.value for count in DAY_COLUMNS)),
    Exported.ACTIVITY: ("at", "user_id", "action", "target", "before", "after"),
}


def may_export(role: Role, what: Exported) -> bool:
    """Return whether a role may have a file; what the team did only those who may read it elsewhere, too."""
    return may(role, Right.EXPORT) and (what is not Exported.ACTIVITY or may(role, Right.TEAM))


def post_row(post: Post) -> list[Any]:
    """Return a post, without the password of its archive."""
    return [
        post.number,
        post.code,
        post.title,
        post.description,
        post.status.value,
        post.storage_chat_id,
        list(post.message_ids),
        post.protect,
        post.delete_after_minutes,
        post.access.value,
        post.opened,
        post.delivered,
        post.is_imported,
        post.created_by,
        post.created_at,
    ]


def subscriber_row(user: User, now: datetime) -> list[Any] | None:
    """Return a subscriber; None for one who never pressed Start, and one who is being erased."""
    if user.erasing_at is not None or not has_opened_bot(user):
        return None
    is_out = is_banned(user, now)
    return [
        user.user_id,
        user.first_name,
        user.last_name,
        user.username,
        user.chosen_language or user.language,
        user.credits,
        user.pass_until,
        is_out,
        user.banned_until if is_out else None,
        user.ban_reason if is_out else None,
        user.blocked_at,
        user.news_stopped_at,
        user.joined_at,
        user.last_seen_at,
        user.source,
        user.unlocks,
    ]


def day_row(day: DayStats, zone: ZoneInfo) -> list[Any]:
    """Return a day; None for what was not counted or kept."""
    return [day.date.astimezone(zone).date().isoformat(), *(cell_of(day, count) for count in DAY_COLUMNS)]


class RowWriter(Protocol):
    """Makes the bytes of a file: what it begins with, each row, what it ends with."""

    def start(self) -> bytes: ...

    def row(self, values: list[Any], *, is_first: bool) -> bytes: ...

    def end(self) -> bytes: ...


class CsvRows:
    """A table for spreadsheets. Lists are joined by spaces, other values that are no cell are JSON."""

    def __init__(self, columns: tuple[str, ...], zone: ZoneInfo) -> None:
        self._columns = columns
        self._zone = zone

    def start(self) -> bytes:
        return to_csv_start(self._columns)

    def row(self, values: list[Any], *, is_first: bool) -> bytes:
        return to_csv_line([self._cell(value) for value in values])

    def end(self) -> bytes:
        return b""

    def _cell(self, value: Any) -> Cell:
        if isinstance(value, datetime):
            return _time(value, self._zone)
        if isinstance(value, bool):
            return int(value)
        if value is None or isinstance(value, str | int | float):
            return value
        if isinstance(value, list) and all(isinstance(one, int) for one in value):
            return " ".join(map(str, value))
        return json.dumps(value, ensure_ascii=False, default=str)


class JsonRows:
    """A list of objects, one a line."""

    def __init__(self, columns: tuple[str, ...], zone: ZoneInfo) -> None:
        self._columns = columns
        self._zone = zone

    def start(self) -> bytes:
        return b"["

    def row(self, values: list[Any], *, is_first: bool) -> bytes:
        fields = dict(zip(self._columns, values, strict=True))
        return (b"\n" if is_first else b",\n") + json.dumps(fields, ensure_ascii=False, default=self._value).encode(
            errors="replace"
        )

    def end(self) -> bytes:
        return b"\n]\n"

    def _value(self, value: Any) -> str:
        return _time(value, self._zone) if isinstance(value, datetime) else str(value)


def writer(what: Exported, form: FileFormat, zone: ZoneInfo) -> RowWriter:
    """Return what makes the bytes of an export."""
    return (CsvRows if form is FileFormat.CSV else JsonRows)(COLUMNS[what], zone)


def file_name(what: Exported, form: FileFormat, now: datetime, zone: ZoneInfo, *, part: int = 0) -> str:
    """Return the name of a file; `part`: its number among several, from 1."""
    day = f"{now.astimezone(zone):%Y-%m-%d}"
    return f"{what}-{day}-{part}.{form}" if part else f"{what}-{day}.{form}"


def _time(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds")
