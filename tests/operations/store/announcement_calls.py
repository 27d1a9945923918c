"""A call of each operation of announcements, for `test_store_away.py`."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from core.announcements import Announcement, AnnouncementState, NewAnnouncement
from database.operations import announcement_ops
from database.operations.announcements import changes, publishing, removals, renewals, rows

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
NEW = NewAnnouncement(
    key="x",
    post_code="x",
    chat_id=-1,
    publish_at=NOW,
    source="ch1",
    text="x",
    label="Open",
    url="https://t.me/x",
    created_by=1,
    created_at=NOW,
)
STORED = Announcement(**NEW.model_dump(), id="x")
CONTENT = changes.Content("x", None, "Open")
RENEWAL = renewals.Renewal(key="x", started_by=1, started_at=NOW)

ANNOUNCEMENT_CALLS: dict[str, Callable[[], Awaitable[Any]]] = {
    "announcement_ops.hold": lambda: announcement_ops.hold(-100),
    "announcement_ops.cancel": lambda: announcement_ops.cancel("x"),
    "announcement_ops.confirm": lambda: announcement_ops.confirm("x", NOW),
    "announcement_ops.count_in": lambda: announcement_ops.count_in(AnnouncementState.PLANNED),
    "announcement_ops.count_of_post": lambda: announcement_ops.count_of_post("x"),
    "announcement_ops.create": lambda: announcement_ops.create(NEW),
    "announcement_ops.find": lambda: announcement_ops.find("x"),
    "announcement_ops.find_last": lambda: announcement_ops.find_last("x", -1),
    "announcement_ops.find_of_draft": lambda: announcement_ops.find_of_draft("x"),
    "announcement_ops.find_of_post": lambda: announcement_ops.find_of_post("x"),
    "announcement_ops.find_planned": lambda: announcement_ops.find_planned(limit=1),
    "announcement_ops.find_planned_between": lambda: announcement_ops.find_planned_between(NOW, LATER, limit=1),
    "announcement_ops.find_taken": lambda: announcement_ops.find_taken(-1, NOW),
    "announcement_ops.find_troubled": lambda: announcement_ops.find_troubled(1),
    "announcement_ops.find_unreported": lambda: announcement_ops.find_unreported(1),
    "announcement_ops.mark_reported": lambda: announcement_ops.mark_reported("x"),
    "announcement_ops.move": lambda: announcement_ops.move("x", NOW),
    "announcement_ops.publish_now": lambda: announcement_ops.publish_now("x", NOW),
    "announcement_ops.put_back": lambda: announcement_ops.put_back("x", NOW),
    "announcement_ops.send_again": lambda: announcement_ops.send_again("x", NOW),
    "announcement_ops.tell_post": lambda: announcement_ops.tell_post("x"),
    "changes.change_all": lambda: changes.change_all("x", CONTENT, NOW),
    "changes.count_changeable": lambda: changes.count_changeable("x"),
    "changes.find_due": lambda: changes.find_due(NOW, limit=1),
    "changes.keep": lambda: changes.keep(STORED, "another bot"),
    "changes.postpone": lambda: changes.postpone(STORED, LATER),
    "changes.record_edited": lambda: changes.record_edited(STORED, "https://t.me/x", None),
    "changes.record_refused": lambda: changes.record_refused(STORED, "no"),
    "publishing.claim": lambda: publishing.claim(STORED, "a", 1, NOW),
    "publishing.drop": lambda: publishing.drop(STORED, "removed"),
    "publishing.find_claimed": lambda: publishing.find_claimed(STORED, "a"),
    "publishing.find_due": lambda: publishing.find_due(NOW, limit=1),
    "publishing.find_last_published_at": lambda: publishing.find_last_published_at(-1, NOW),
    "publishing.find_unnoted": lambda: publishing.find_unnoted(1),
    "publishing.give_up_lapsed": lambda: publishing.give_up_lapsed(NOW, 1),
    "publishing.has_work": lambda: publishing.has_work(NOW),
    "publishing.mark_missed": lambda: publishing.mark_missed(STORED),
    "publishing.mark_noted": lambda: publishing.mark_noted(STORED),
    "publishing.postpone": lambda: publishing.postpone(STORED, LATER),
    "publishing.record_failed": lambda: publishing.record_failed(STORED, "no"),
    "publishing.record_published": lambda: publishing.record_published(STORED, 5, NOW),
    "publishing.record_unknown": lambda: publishing.record_unknown(STORED, "lost"),
    "publishing.release": lambda: publishing.release(STORED, LATER),
    "publishing.renew": lambda: publishing.renew("a", ["x"], NOW),
    "removals.find_due": lambda: removals.find_due(NOW, 1),
    "removals.is_any_due": lambda: removals.is_any_due(NOW),
    "removals.postpone": lambda: removals.postpone(STORED, LATER, "no"),
    "removals.record_emptied": lambda: removals.record_emptied(STORED),
    "removals.record_withdrawn": lambda: removals.record_withdrawn(STORED),
    "removals.request": lambda: removals.request("x", NOW),
    "removals.withdraw_all": lambda: removals.withdraw_all("x", NOW),
    "renewals.cancel": lambda: renewals.cancel("x"),
    "renewals.find": renewals.find,
    "renewals.find_renewal": renewals.find_renewal,
    "renewals.mark_page": lambda: renewals.mark_page(RENEWAL, NOW),
    "renewals.start": lambda: renewals.start("x", 1, NOW),
    "rows.change_state": lambda: rows.change_state("x", [AnnouncementState.PLANNED], {}),
    "rows.find_some": lambda: rows.find_some({}, limit=1),
}
