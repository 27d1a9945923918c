"""Every operation with arguments for each of its branches, on the rows of `rows.py`."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from core.announcements import Announcement, AnnouncementState, NewAnnouncement, Slots
from core.bots.profile import ShownText
from core.broadcasts import Broadcast, BroadcastStatus, NewBroadcast, RecipientState
from core.clock import ManualClock
from core.delivery import PendingDeletion
from core.delivery_states import Delivery
from core.exchange.exports import Exported
from core.exchange.imports.people import ImportedPerson
from core.exchange.imports.runs import ImportCounts, ImportFile, ImportRun, ImportState
from core.gifts.records import GiftTerms
from core.health.findings import Health
from core.jobs import JobOutcome, RunReport
from core.posts import Content, Post, PostField, PostFilter, PostItem
from core.processes.polling_lease import PollingLease
from core.rates.ledger import Beat
from core.segments import Segment, SegmentKind
from core.settings.changes import Editor
from core.shorteners.records import Origin, Shortener
from core.statistics import Count
from core.statistics.events import Step
from core.statistics.periods import Period
from core.subscriptions import Channel, MembershipStatus
from core.team.admins import AdminRow, Role
from core.team.first_hour import StorageCandidate
from core.team.invitations import Invitation
from core.team.sessions import OpenSession, SignInWay
from core.users import GateMessage, User, Visitor
from core.verification import Token, TokenStatus
from database import (
    batches,
    bot_profiles,
    doctor,
    examination,
    first_hour,
    indexes,
    operations,
    unreadable_rows,
)
from database.batches import Bounds
from database.connection import current_database
from database.erasing.tombstones import Tombstones
from database.migrations import first_keys, runner
from database.operations import (
    admin_ops,
    announcement_ops,
    audit_ops,
    broadcast_ops,
    broadcast_rows,
    channel_ops,
    deletion_ops,
    delivery_ops,
    health_ops,
    housekeeping_ops,
    impossible_deletions,
    inactive_user_ops,
    incident_ops,
    known_messages,
    lease_ops,
    login_ops,
    membership_ops,
    orphan_ops,
    pause_ops,
    run_ops,
    segments,
    session_ops,
    settings_ops,
    statistics_ops,
    token_counts,
    token_ops,
    user_credits,
    user_ops,
)
from database.operations.announcements import changes, publishing, removals, renewals
from database.operations.announcements import rows as announcement_rows
from database.operations.audit_ops import AuditFilter
from database.operations.broadcasts import decisions
from database.operations.counting import batches as event_batches
from database.operations.counting import post_days, tries
from database.operations.erasures import (
    erased_copies,
    erased_rows,
    erased_user,
    erasing,
    erasure_ops,
    own_data,
)
from database.operations.exchange import export_ops, import_ops, imported_people, old_link_ops
from database.operations.exchange.imported_people import Source
from database.operations.gate import gate_message_ops
from database.operations.people import corrections, gift_ops, history_ops, people_lists, standing_ops
from database.operations.posts import post_content, post_ops, post_search, post_takedown
from database.operations.processes import polling_lease_ops
from database.operations.rates import share_ops
from database.operations.searching import word_search
from database.operations.shorteners import shortener_counts, shortener_ops
from database.operations.team import invitation_ops, notice_ops, open_session_ops
from database.operations.team.notice_ops import SignInNotice
from database.operations.walks import Place
from database.values import Document, with_id
from tests.operations.plans.rows import (
    BOT,
    COLLECTOR,
    COMMON,
    CUTOFF,
    DAY,
    DUE,
    FAILED,
    FREE,
    FRESH,
    GARDEN,
    GIFT,
    HOUR,
    LANGUAGE,
    LAPSED,
    LAPSED_SENDING,
    LEAVING,
    NOT_STARTED,
    NOW,
    OPEN_GIFT,
    OVER,
    OVER_INCIDENT,
    OWNER,
    PAID,
    PAID_LONG_AGO,
    PAUSED,
    PLANNED,
    RARE,
    RECALLING,
    RENEWING,
    SECOND,
    SENDING,
    SOURCE,
    STANDING,
    TO_EDIT,
    TODAY,
    UNKNOWN,
    UNREADABLE,
    WANTED,
    announcement_row,
    delivery_key,
    key,
    rows_of,
    token,
    tombstone,
)

Operation = Callable[..., Awaitable[object]]
#: modules outside `database/operations` that are operations, too
ALSO = (bot_profiles, examination, first_hour, unreadable_rows)
#: public coroutines of the maintenance that query
BESIDES: tuple[Operation, ...] = (
    batches.delete_in_batches,
    doctor.examine,
    first_keys.give_keys,
    indexes.ensure_indexes,
    indexes.missing_indexes,
    runner.Migrator.step,
    runner.find_state,
)
BATCH = 10
#: one batch, and the check whether more remains
ONE_BATCH: Bounds = {"batch_size": BATCH, "timeout_s": 0}


@dataclass(frozen=True)
class Case:
    """One operation called in one way; `name` is unique."""

    name: str
    operation: Operation
    run: Callable[[], Awaitable[object]]


def _module(operation: Operation) -> str:
    return operation.__module__.rpartition(".")[2]


def _case(operation: Operation, *args: Any, way: str = "", **options: Any) -> Case:
    name = f"{_module(operation)}.{operation.__qualname__}" + f" ({way})" * bool(way)
    return Case(name, operation, partial(operation, *args, **options))


def _on_database(operation: Operation) -> Case:
    return Case(f"{_module(operation)}.{operation.__qualname__}", operation, lambda: operation(current_database()))


def _migrator_step(way: str) -> Case:
    """One step of another process that has just started."""
    name = f"{_module(runner.Migrator.step)}.{runner.Migrator.step.__qualname__} ({way})"
    run: Callable[[], Awaitable[object]] = lambda: runner.Migrator(current_database(), ManualClock(NOW)).step()  # noqa: E731
    return Case(name, runner.Migrator.step, run)


def _id(number: int) -> str:
    return str(key(number))


def _claim(number: int) -> delivery_ops.Claim:
    """Of a delivery whose owner is gone: it may still write the outcome."""
    return delivery_ops.Claim(delivery_key(number), 1)


def _post(number: int) -> Post:
    """Post `number`, as it was read."""
    return Post.model_validate(rows_of("posts", 50)[number])


def _new(number: int, key: str = "new") -> delivery_ops.NewDelivery:
    return delivery_ops.NewDelivery(BOT, number, f"c{number}", key, OWNER, NOW, NOW + HOUR)


def _as_read(number: int) -> Delivery:
    made: Document = {"bot_id": BOT, "user_id": number, "post_code": f"c{number}", "count": 1}
    return Delivery.model_validate({**made, "id": delivery_key(number), "delete_at": NOW + HOUR, "sent_at": NOW})


_REPORT = RunReport("rare", JobOutcome.SUCCEEDED, NOW, NOW, HOUR)
_EDITOR = Editor(1, "Ann")
_KEPT = PendingDeletion(
    id=str(key(10**6)), bot_id=BOT, user_id=1, chat_id=1, post_code="c1", sent_at=NOW, delete_at=NOW + HOUR
)
_TOKEN = Token(token="t" * 32, user_id=1, created_at=NOW, expires_at=NOW + DAY)
_CHANNEL = Channel(chat_id=-1000, invite_link="https://t.me/+x")
_CANDIDATE = StorageCandidate(chat_id=-1, title="Storage", admin_id=1, admin_name="Ann", message_id=1)
_SHORTENER = Shortener(code="code1", name="s1", sealed_key="sealed 1")
_OF_ENVIRONMENT = Shortener(code="env", name="env", origin=Origin.ENVIRONMENT)
_MEMBER = MembershipStatus.MEMBER
BEAT = Beat(1, 1, (0, 0, 0), 4.0, (0.5, 1.0))


async def _share_of_environment() -> bool:
    """The first change of one whose configuration is not stored."""
    shortener_ops.set_environment([_OF_ENVIRONMENT])
    return await shortener_ops.set_share(_OF_ENVIRONMENT, 2, 1, "Olive")


async def _first_change() -> object:
    """The first change in a house where nobody has changed a setting yet."""
    await current_database().collection("admin_config").delete_one({"_id": "settings"})
    return await settings_ops.change_from("pass_hours", 48, expected=24, by=_EDITOR, at=NOW)


def _of_another_program(number: int) -> Broadcast:
    """A broadcast that needs no more than three fields."""
    row: Document = {"id": _id(number), "message_id": 1, "created_at": NOW, "delete_at": NOW}
    return Broadcast.model_validate(row)


async def _two_batches() -> object:
    """Of a known size, whatever else there is."""
    tokens = current_database().collection("tokens")
    await tokens.insert_many([{"token": f"z{number}", "user_id": 1} for number in range(5)])
    mine: Document = {"token": {"$gte": "z", "$lt": "zz"}}
    return await batches.delete_in_batches(tokens, mine, "token", batch_size=3, clock=ManualClock(NOW))


async def _give_a_key() -> int:
    await current_database().collection("tokens").insert_one({"user_id": 1})
    return await first_keys.give_keys(current_database())


_UNPAID = "C" * 16
_NEWS = NewBroadcast(
    key="new",
    title="News",
    source_chat_id=-1,
    message_ids=(1,),
    created_by=1,
    created_at=NOW,
    send_at=NOW,
    progress_chat_id=1,
)
_PLANNED = Broadcast(
    **(_NEWS.model_dump() | {"key": f"k{PLANNED}", "send_at": NOW - DAY}),
    id=_id(PLANNED),
    status=BroadcastStatus.QUEUED,
)
#: what a post gets in place of its message
_CONTENT = Content(storage_chat_id=-1, message_ids=(7, 8), items=(PostItem(), PostItem()))
_POST: dict[str, Any] = {"storage_chat_id": -1, "message_ids": [1], "created_by": 1, "created_at": NOW}


def _announced(kind: int, number: int = 1) -> Announcement:
    """An announcement of one kind, as it is stored at the beginning; the first of a kind has the number 0."""
    i = kind * WANTED + number
    return Announcement.model_validate(with_id({"_id": key(i), **announcement_row(i)}))


#: as somebody read it who was slower than the next change
_CHANGED_SINCE = _announced(TO_EDIT, 2).model_copy(update={"revision": 99})
_NEW_ANNOUNCEMENT = NewAnnouncement(
    key="new",
    post_code="new",
    chat_id=GARDEN,
    publish_at=NOW,
    source="ch1",
    text="Spring album",
    label="Open",
    url="https://t.me/shop_bot",
    created_by=1,
    created_at=NOW,
)
_SHOWN = changes.Content("New", None, "Open")
_RENEWAL = renewals.Renewal(key="r2", started_by=1, started_at=NOW)
_ANNOUNCED = (
    _case(announcement_ops.create, _NEW_ANNOUNCEMENT),
    _case(announcement_ops.create, _NEW_ANNOUNCEMENT, way="pressed again"),
    _case(
        announcement_ops.create,
        _NEW_ANNOUNCEMENT.model_copy(update={"key": "other", "post_code": f"p{FAILED * WANTED + 4}"}),
        way="after a failure",
    ),
    _case(announcement_ops.find, _id(1)),
    _case(announcement_ops.find_last, "p1", GARDEN),
    _case(announcement_ops.find_of_draft, "d1"),
    _case(announcement_ops.find_of_post, "p1"),
    _case(announcement_ops.find_of_post, "p1", [AnnouncementState.PLANNED], way="in a state"),
    _case(announcement_ops.count_of_post, "p1"),
    _case(announcement_ops.tell_post, "c1"),
    _case(announcement_ops.find_planned, limit=10),
    _case(announcement_ops.find_planned, limit=10, chat_id=GARDEN, way="in a channel"),
    _case(announcement_ops.find_planned_between, NOW, NOW + HOUR, limit=10),
    _case(announcement_ops.find_taken, GARDEN, NOW),
    _case(announcement_ops.find_troubled, 20),
    _case(announcement_ops.find_troubled, 20, GARDEN, way="in a channel"),
    _case(publishing.has_work, NOW),
    _case(publishing.find_due, NOW, limit=3),
    _case(publishing.find_due, NOW, is_now=True, limit=3, way="now"),
    _case(publishing.find_due, NOW, without=[-5], limit=3, way="without"),
    _case(publishing.claim, _announced(DUE), OWNER, BOT, NOW),
    _case(publishing.find_claimed, _announced(DUE), OWNER),
    _case(publishing.renew, OWNER, [_id(1)], NOW),
    _case(publishing.release, _announced(LAPSED_SENDING), NOW + HOUR),
    _case(publishing.release, _announced(DUE, 4), NOW + HOUR, way="given up"),
    _case(publishing.record_published, _announced(LAPSED_SENDING, 2), 5, NOW),
    _case(publishing.record_failed, _announced(LAPSED_SENDING, 3), "no"),
    _case(publishing.record_unknown, _announced(LAPSED_SENDING, 4), "lost"),
    _case(publishing.give_up_lapsed, NOW, 2),
    _case(publishing.mark_missed, _announced(DUE, 2)),
    _case(publishing.drop, _announced(DUE, 3), "removed"),
    _case(publishing.postpone, _announced(DUE, 3), NOW + HOUR),
    _case(publishing.find_last_published_at, GARDEN, NOW),
    _case(publishing.find_unnoted, 3),
    _case(publishing.mark_noted, _announced(TO_EDIT)),
    _case(announcement_ops.move, _id(3), NOW + HOUR),
    _case(announcement_ops.put_back, _id(3), NOW + HOUR),
    _case(announcement_ops.count_in, AnnouncementState.PUBLISHED),
    _case(announcement_ops.find_unreported, WANTED),
    _case(announcement_ops.mark_reported, "d1"),
    _case(announcement_ops.publish_now, _id(FAILED * WANTED + 1), NOW),
    _case(announcement_ops.send_again, _id(UNKNOWN * WANTED + 1), NOW),
    _case(announcement_ops.confirm, _id(UNKNOWN * WANTED + 2), NOW),
    _case(announcement_ops.hold, GARDEN),
    _case(announcement_ops.cancel, _id(UNKNOWN * WANTED + 3)),
    _case(announcement_rows.change_state, _id(3), [AnnouncementState.PLANNED], {}),
    _case(announcement_rows.find_some, {"state": "planned"}, limit=3, sort=[("publish_at", 1)]),
    _case(changes.change_all, "p2", _SHOWN, NOW),
    _case(changes.count_changeable, "p2"),
    _case(changes.find_due, NOW, limit=3),
    _case(changes.find_due, NOW, without=[-5], limit=3, way="without"),
    _case(changes.record_edited, _announced(TO_EDIT), "https://t.me/x", None),
    _case(changes.record_edited, _CHANGED_SINCE, "https://t.me/x", None, way="changed meanwhile"),
    _case(changes.record_refused, _announced(TO_EDIT, 3), "no"),
    _case(changes.keep, _announced(TO_EDIT, 4), "another bot"),
    _case(changes.postpone, _announced(RENEWING), NOW + DAY),
    _case(removals.find_due, NOW, 3),
    _case(removals.is_any_due, NOW),
    _case(removals.request, _id(TO_EDIT * WANTED + 1), NOW),
    _case(removals.withdraw_all, "p1", NOW),
    _case(removals.record_withdrawn, _announced(LEAVING)),
    _case(removals.record_emptied, _announced(LEAVING, 2)),
    _case(removals.postpone, _announced(LEAVING, 3), NOW + HOUR, "no"),
    _case(renewals.start, "r2", 1, NOW),
    _case(renewals.find),
    _case(renewals.find_renewal),
    _case(renewals.mark_page, _RENEWAL, NOW, way="the first page"),
    _case(renewals.mark_page, _RENEWAL.model_copy(update={"cursor": _id(1)}), NOW),
    _case(renewals.cancel, "r2"),
)
#: last: they delete rows that other cases find
_SWEPT = (
    _case(orphan_ops.find_overdue_promises, NOW - 2 * HOUR, NOW, 10),
    _case(orphan_ops.find_overdue_promises, NOW - 2 * HOUR, NOW, 10, without=[_id(41)], way="without"),
    _case(orphan_ops.find_deactivated, [1, 2, 3]),
    _case(orphan_ops.find_known_users, [1, 2, 3]),
    _case(orphan_ops.find_unused_tokens, NOW, NOW, 10),
    _case(orphan_ops.find_unused_tokens, NOW, NOW, 10, Place(NOW - 50 * HOUR, (1,)), way="next page"),
    _case(orphan_ops.delete_unused_tokens, [_id(1), _id(2)], NOW),
    _case(orphan_ops.give_up_promises, {_id(3): "too_old", delivery_key(3): "too_old"}, NOW, OWNER, NOW, HOUR),
    _case(orphan_ops.next_broadcast_with_rows, None),
    _case(orphan_ops.next_broadcast_with_rows, _id(OVER), way="the next"),
    _case(orphan_ops.has_broadcast, _id(OVER)),
    _case(orphan_ops.next_channel_with_memberships, None),
    _case(orphan_ops.next_channel_with_memberships, -5, way="the next"),
    _case(orphan_ops.has_channel, -1),
    _case(orphan_ops.delete_memberships_before, -5, NOW, **(ONE_BATCH | {"batch_size": 2})),
    _case(inactive_user_ops.find_inactive, NOW - 30 * HOUR, NOW, 10),
    _case(inactive_user_ops.find_inactive, NOW - 30 * HOUR, NOW, 10, Place(NOW - 40 * HOUR, (1,)), way="next page"),
    _case(inactive_user_ops.has_delivery_or_token, 4, NOW),
    _case(inactive_user_ops.has_delivery_or_token, -1, NOW, way="no promise"),
    _case(inactive_user_ops.delete_inactive, 2, NOW, NOW),
    _case(housekeeping_ops.delete_old_deliveries, NOW - 2 * DAY, **ONE_BATCH),
    _case(housekeeping_ops.delete_old_paid_deliveries, NOW - 2 * DAY, **ONE_BATCH),
    _case(housekeeping_ops.delete_failed_deliveries, NOW - 2 * DAY, **ONE_BATCH),
    _case(housekeeping_ops.find_runs_to_keep, ["token_cleanup", "message_deleter"]),
    _case(housekeeping_ops.delete_old_runs, NOW, [_id(49)], **ONE_BATCH),
    _case(housekeeping_ops.delete_notified_impossible, NOW, **ONE_BATCH),
    _case(housekeeping_ops.delete_expired_login_codes, NOW, **ONE_BATCH),
    _case(housekeeping_ops.delete_old_incidents, NOW, **ONE_BATCH),
    _case(housekeeping_ops.delete_old_memberships, NOW, **ONE_BATCH),
    _case(housekeeping_ops.delete_old_requests, NOW, **ONE_BATCH),
    _case(housekeeping_ops.delete_old_audit_entries, NOW, **ONE_BATCH),
    _case(session_ops.delete_expired_sessions, NOW, **ONE_BATCH),
    _case(open_session_ops.delete_ended, NOW, **ONE_BATCH),
)


async def _erase_copies() -> None:
    """Of a broadcast that has its rows again, whatever the cases before made of it."""
    await current_database().collection("broadcasts").update_one({"_id": key(0)}, {"$set": {"are_rows_removed": False}})
    await erased_copies.erase_broadcast_copies(erased_rows.Pass(), _LEAVES, NOW, is_patient=True)


#: a subscriber whose document is emptied first, and one who is banned
_LEAVES, _BANNED = 25, 27
_ERASURE = erasure_ops.Erasure(id="f" * 64, user_id=_LEAVES, asked_at=NOW - HOUR, next_at=NOW)
_ERASED = (
    _case(erasure_ops.begin, "f" * 64, _LEAVES, NOW, way="new"),
    _case(erasure_ops.begin, "f" * 64, _LEAVES, NOW, way="under way"),
    _case(erasure_ops.find_due, NOW, BATCH),
    _case(erasure_ops.is_any_due, NOW),
    _case(erasure_ops.find_done, "", BATCH),
    _case(erasure_ops.go_on_at, tombstone(1), NOW + HOUR),
    _case(own_data.rows_of, _LEAVES),
    _case(erased_user.standing, _LEAVES, NOW),
    _case(erased_user.empty, _LEAVES, NOW),
    _case(erased_user.empty, _BANNED, NOW, way="a banned one"),
    _case(erased_copies.keep_promise, {"_id": "1:25:x:1", "user_id": _LEAVES, "chat_id": _LEAVES, "delete_at": NOW}),
    Case("erased_copies.erase_broadcast_copies", erased_copies.erase_broadcast_copies, _erase_copies),
    _case(erased_rows.erase_rows, _LEAVES, NOW, is_patient=True),
    _case(erased_rows.erase_rows, _LEAVES, NOW, is_patient=False, way="without waiting"),
    _case(erasing.take_step, _ERASURE, NOW - HOUR, way="the first"),
    _case(erasing.take_step, _ERASURE, NOW, way="the last"),
    _case(erased_user.delete, _LEAVES, NOW, way="gone"),
    _case(erased_user.delete, _BANNED, NOW, way="a banned one"),
    _case(erasure_ops.finish, "f" * 64, NOW),
    _case(erasure_ops.begin_again, [_ERASURE]),
    _case(erasure_ops.delete_old, NOW - 2 * HOUR, **ONE_BATCH),
)

_SEGMENTS = tuple(
    _case(operation, segment, *more, way=segment.kind.value, **options)
    for segment in (
        Segment(),
        Segment(kind=SegmentKind.NEW, days=1),
        Segment(kind=SegmentKind.ACTIVE, days=7),
        Segment(kind=SegmentKind.WITH_PASS),
        Segment(kind=SegmentKind.WITHOUT_PASS),
        Segment(kind=SegmentKind.LANGUAGE, language=LANGUAGE),
        Segment(kind=SegmentKind.SOURCE, source=SOURCE),
    )
    for operation, more, options in (
        (segments.count_reachable, (NOW,), {}),
        (segments.find_reachable, (NOW, NOW), {"after": 5, "limit": 10}),
    )
)

_LISTED = (
    Segment(),
    Segment(kind=SegmentKind.NEW, days=1),
    Segment(kind=SegmentKind.ACTIVE, days=7),
    Segment(kind=SegmentKind.WITH_PASS),
    Segment(kind=SegmentKind.SOURCE, source=SOURCE),
    Segment(kind=SegmentKind.BANNED),
    Segment(kind=SegmentKind.BLOCKED),
)
_IMPORT = ImportRun(key="k", state=ImportState.READY, file=ImportFile(bot_id=1, file_id="f"), asked_by=1, asked_at=NOW)
#: one is known, one is new
_IMPORTED = [ImportedPerson(2, 3), ImportedPerson(3, 10**12)]
_IMPORT_SOURCE = Source("f" * 16, is_of_this_bot=True, at=NOW)
_TOMBSTONES = Tombstones(b"k" * 32)
_GIFT = GiftTerms(credits=5).gift(GIFT, 1, NOW)
_OPEN_GIFT = GiftTerms(credits=5, is_for_one=False).gift(OPEN_GIFT, 1, NOW)
_PEOPLE = (
    *(_case(people_lists.page, one, NOW, skip=0, limit=6, way=one.kind.value) for one in _LISTED),
    _case(people_lists.page, Segment(), NOW, skip=6, limit=6, way="next page"),
    _case(people_lists.search, COMMON, skip=0, limit=6, way="a common word"),
    _case(people_lists.search, RARE, skip=0, limit=6, way="a rare word"),
    _case(people_lists.search, f"{RARE} ali", skip=0, limit=6, way="several words"),
    _case(people_lists.search, "@user_1", skip=0, limit=6, way="username"),
    _case(people_lists.search, "3", skip=0, limit=6, way="id"),
    _case(people_lists.search, "4503599627370495", skip=0, limit=6, way="a number of nobody"),
    Case(
        "word_search.rarest_first",
        word_search.rarest_first,
        lambda: word_search.rarest_first(current_database().collection("users"), (COMMON, RARE)),
    ),
    _case(people_lists.find_several, [3, 4, -1]),
    _case(people_lists.count_unreached, NOW),
    _case(user_credits.take_credits, 1, "taken", 1),
    _case(user_credits.take_credits, 1, "taken", 1, way="again"),
    _case(user_credits.set_pass, 3, None, NOW),
    _case(history_ops.count_received, 3),
    _case(history_ops.last_deliveries, 3, 20),
    _case(history_ops.last_unlocks, COLLECTOR, TokenStatus.VERIFIED, 20),
    _case(history_ops.last_actions, 3, 20),
    _case(gift_ops.create, _GIFT, way="made before"),
    _case(gift_ops.find, GIFT),
    _case(gift_ops.claim, _GIFT, 1, NOW, way="for one"),
    _case(gift_ops.claim, _GIFT, 2, NOW, way="another one has it"),
    _case(gift_ops.claim, _OPEN_GIFT, 1, NOW, way="for anyone"),
    _case(gift_ops.find_claim, _OPEN_GIFT, 1),
    _case(gift_ops.last_of, 3, 20),
    _case(gift_ops.count_claims, OPEN_GIFT),
    _case(gift_ops.find_open, NOW, skip=0, limit=6),
    _case(gift_ops.count_claims_of, [GIFT, OPEN_GIFT]),
    _case(gift_ops.mark_paid, GIFT, NOW),
    _case(gift_ops.find_owed, NOW, 10),
    _case(gift_ops.cancel, GIFT, NOW),
    _case(gift_ops.delete_over, NOW, **ONE_BATCH),
    _case(gift_ops.delete_old_claims, NOW, **ONE_BATCH),
)

MEMBER = corrections.Editor(3, NOW, audit_ops.record)
SUBSCRIBER = User(user_id=1, joined_at=NOW, last_seen_at=NOW)

CASES: tuple[Case, ...] = (
    _case(admin_ops.load),
    _case(admin_ops.current, NOW),
    _case(admin_ops.find_claim),
    _case(admin_ops.issue_claim, "x", NOW),
    _case(admin_ops.become_owner, 1, "x", "x", NOW),
    _case(admin_ops.become_owner, 10**9, "x", "x", NOW, way="without a row"),
    _case(admin_ops.become_owner, 2, "x", "x", NOW, way="somebody was faster"),
    _case(admin_ops.withdraw_claim),
    _case(admin_ops.add_member, 3, Role.EDITOR, "Bob", 1, NOW),
    _case(admin_ops.add_member, 10**9, Role.EDITOR, "Bob", 1, NOW, way="without a row"),
    _case(admin_ops.set_role, 3, Role.MANAGER),
    _case(admin_ops.put_back, AdminRow(3, Role.EDITOR)),
    _case(admin_ops.set_language, 3, "ru"),
    _case(admin_ops.set_app_language, 10**9, "ru", way="without a row"),
    _case(admin_ops.forget_proof, 3, "x"),
    _case(admin_ops.remove, 3),
    _case(invitation_ops.add, Invitation(fingerprint="new", role=Role.EDITOR, invited_by=1, expires_at=NOW)),
    _case(invitation_ops.find, "f1"),
    _case(invitation_ops.take, "f15", 7, NOW),
    _case(invitation_ops.take, "f1", 7, NOW, way="over"),
    _case(invitation_ops.open_ones, NOW - 10**3 * HOUR),
    _case(invitation_ops.cancel, "f15"),
    _case(invitation_ops.forget_used_by, 50),
    _case(invitation_ops.delete_expired, NOW - DAY),
    _case(bot_profiles.load, 1),
    _case(bot_profiles.store, 1, "about", ShownText("a", "a")),
    _case(bot_profiles.forget, 1, "about"),
    _case(bot_profiles.remember_usernames, "user_bot", "admin_bot"),
    _case(bot_profiles.usernames),
    _case(first_hour.load),
    _case(first_hour.current, NOW),
    _case(first_hour.mark_announced, NOW, way="the first"),
    _case(first_hour.mark_announced, NOW, way="again"),
    _case(first_hour.keep_candidate, _CANDIDATE),
    _case(first_hour.drop_candidate, -1),
    _case(first_hour.drop_candidate, -1, way="again"),
    _case(first_hour.mark_told, NOW),
    _case(unreadable_rows.note, "posts", [(key(1), "title: a text is expected")]),
    _case(unreadable_rows.find, 10),
    _case(unreadable_rows.find_one, "posts:1"),
    _case(unreadable_rows.find_longest_unseen, 10),
    _case(unreadable_rows.mark_seen, "posts:1", NOW),
    _case(unreadable_rows.forget, "posts:1"),
    _case(examination.recheck, 3),
    _case(audit_ops.record, NOW, 1, "post.renamed"),
    _case(audit_ops.last, 10),
    _case(audit_ops.page, AuditFilter(), skip=0, limit=6),
    _case(audit_ops.page, AuditFilter(who=2), skip=0, limit=6, way="of one"),
    _case(audit_ops.page, AuditFilter(area="team"), skip=0, limit=6, way="of an area"),
    _case(audit_ops.page, AuditFilter(2, "team", NOW - DAY, NOW + DAY), skip=0, limit=6, way="of one, an area, a day"),
    _case(export_ops.page, Exported.POSTS, way="posts"),
    _case(export_ops.page, Exported.POSTS, 5, way="posts behind a number"),
    _case(export_ops.page, Exported.SUBSCRIBERS, way="subscribers"),
    _case(export_ops.page, Exported.SUBSCRIBERS, 5, way="subscribers behind an id"),
    _case(export_ops.page, Exported.DAYS, way="days"),
    _case(export_ops.page, Exported.ACTIVITY, way="actions"),
    _case(export_ops.page, Exported.ACTIVITY, (NOW - DAY, (1,)), way="actions behind one"),
    _case(old_link_ops.count_other),
    _case(corrections.give, MEMBER, 1, 5, "corrected"),
    _case(corrections.give, MEMBER, 1, -5, "corrected down", way="taking"),
    _case(corrections.prolong, MEMBER, 1, DAY, "corrected pass"),
    _case(corrections.end_pass, MEMBER, 1, NOW),
    _case(corrections.undo_credits, MEMBER, 1, "corrected", 5),
    _case(corrections.undo_credits, MEMBER, 1, "corrected down", -5, way="of taking"),
    _case(corrections.undo_pass, MEMBER, 1, None, NOW),
    _case(corrections.ban, MEMBER, 1, DAY, "why"),
    _case(corrections.ban_if_free, MEMBER, 1, None, None),
    _case(corrections.unban, MEMBER, 1),
    _case(corrections.undo_ban, MEMBER, 1, None, None),
    _case(standing_ops.standing, SUBSCRIBER, NOW, may_ban=True),
    _case(standing_ops.last_events, 1),
    _case(notice_ops.add, 3, Role.MANAGER, "en", NOW),
    _case(notice_ops.add_sign_in, SignInNotice(3, SignInWay.LINK, "Firefox, Linux", "en", NOW)),
    _case(notice_ops.take),
    _case(user_ops.ban_if_free, 1, NOW, reason=None, until=None),
    _case(segments.count_part, Segment(kind=SegmentKind.BANNED), NOW),
    _case(segments.find_part, Segment(kind=SegmentKind.EVERYBODY), NOW, after=0, limit=10),
    _case(old_link_ops.other_count),
    _case(import_ops.find),
    _case(import_ops.offer, _IMPORT),
    _case(import_ops.set_bot, "k", is_of_this_bot=True),
    _case(import_ops.start, "k", 1),
    _case(import_ops.take, "me", NOW),
    _case(import_ops.advance, _IMPORT, ImportCounts(), NOW),
    _case(import_ops.release, _IMPORT),
    _case(import_ops.finish, _IMPORT, NOW),
    _case(imported_people.sort_page, _IMPORTED, _TOMBSTONES, frozenset()),
    _case(imported_people.store_page, _IMPORTED, _TOMBSTONES, frozenset(), _IMPORT_SOURCE),
    _case(broadcast_ops.create, _NEWS),
    _case(broadcast_ops.create, _NEWS, way="confirmed twice"),
    _case(broadcast_ops.find, _id(OVER)),
    _case(broadcast_ops.find_by_key, f"k{OVER}"),
    _case(broadcast_ops.find_titles, [f"k{OVER}", "none"]),
    _case(broadcast_ops.last, 10),
    _case(broadcast_ops.last, 10, 20, way="a later page"),
    _case(broadcast_ops.find_unfinished, 10),
    _case(broadcast_ops.find_begun, NOW, 10),
    _case(broadcast_ops.find_begun, NOW, 10, Place(NOW - HOUR, (1,)), way="next page"),
    _case(broadcast_ops.find_not_shown, 10),
    _case(broadcast_ops.mark_shown, _id(OVER), BroadcastStatus.SENT),
    _case(broadcast_ops.set_progress_message, _id(OVER), 1, 2),
    _case(broadcast_ops.find_next, NOW),
    _case(broadcast_ops.record_cursor, _id(SENDING), 7, is_filled=False),
    _case(broadcast_ops.record_counts, _id(SENDING), {"sent": 1}),
    _case(broadcast_ops.record_counts, _id(RECALLING), {"sent": 1}, way="over"),
    _case(broadcast_ops.finish, _id(SENDING), BroadcastStatus.SENT, NOW, {"sent": 1}),
    _case(broadcast_ops.find_next, NOW, way="none is being sent"),
    _case(broadcast_ops.start, _PLANNED, NOW),
    _case(broadcast_ops.pause, _id(PLANNED)),
    _case(decisions.decide, decisions.Decision.PAUSE, _PLANNED, NOW),
    _case(broadcast_ops.resume, _id(PAUSED)),
    _case(broadcast_ops.cancel, _id(PAUSED), NOW),
    _case(broadcast_ops.request_recall, _id(OVER), NOW),
    _case(broadcast_ops.find_expired, NOW, 20),
    _case(broadcast_ops.is_any_expired, NOW),
    _case(broadcast_ops.is_any_expired, NOW - 365 * DAY, way="none"),
    _case(broadcast_ops.mark_recalling, _id(OVER)),
    _case(broadcast_ops.postpone_recall, _id(OVER), NOW + HOUR, {}),
    _case(broadcast_ops.postpone_recall, _id(OVER), NOW + HOUR, {}, is_requested=True, way="requested by an admin"),
    _case(broadcast_ops.finish_recall, _id(OVER), {"deleted": 1}),
    _case(broadcast_ops.find_with_removable_rows, NOW - 2 * DAY, 10),
    _case(broadcast_ops.finalize_counts, _id(OVER), {"deleted": 1}),
    _case(broadcast_ops.mark_rows_removed, _id(OVER), {"deleted": 1}),
    _case(broadcast_rows.add_recipients, _id(OVER), [2 * FRESH, 2 * FRESH + 1]),
    _case(broadcast_rows.add_recipients, _id(OVER), [2 * FRESH, 2 * FRESH + 2], way="some are there"),
    _case(broadcast_rows.next_pending, _id(OVER), 0, 10),
    _case(broadcast_rows.claim, _id(OVER), [FRESH, FRESH + 1], OWNER),
    _case(broadcast_rows.claim, _id(OVER), [FRESH + 1, FRESH + 2], OWNER, way="some are taken"),
    _case(broadcast_rows.release, _id(OVER), FRESH, OWNER),
    _case(broadcast_rows.leave_out, _id(OVER), FRESH),
    _case(broadcast_rows.mark_sent, _id(OVER), FRESH + 1, OWNER, [1], NOW),
    _case(broadcast_rows.mark_each_sent, _id(OVER), OWNER, [broadcast_rows.SentCopies(FRESH + 1, [1], NOW)]),
    _case(broadcast_rows.mark_not_sent, _id(OVER), FRESH + 2, OWNER, RecipientState.FAILED, "no"),
    _case(broadcast_rows.mark_lost_unknown, _id(OVER), "a run that begins"),
    _case(broadcast_rows.count_states, _id(OVER)),
    _case(broadcast_rows.next_to_recall, _id(OVER), NOW, 10),
    _case(broadcast_rows.next_to_recall, _id(OVER), NOW, 10, without=[40, 41], way="without"),
    _case(broadcast_rows.mark_recalled, _id(OVER), 45, RecipientState.DELETED),
    _case(broadcast_rows.next_to_recall, _id(OVER), None, 10, way="of whatever time"),
    _case(broadcast_rows.oldest_sent_at, _id(OVER), NOW),
    _case(broadcast_rows.count_set_aside, _id(OVER), RecipientState.SENT, NOW),
    _case(broadcast_rows.count_of_unknown_state, _id(OVER)),
    _case(broadcast_rows.bound_sweeps, _id(OVER), [FRESH], 9),
    _case(broadcast_rows.bound_earlier_sweeps, _id(OVER), OWNER, 9),
    _case(broadcast_rows.next_to_sweep, _id(OVER), NOW, 10),
    _case(broadcast_rows.next_to_sweep, _id(OVER), None, 10, way="of whatever time"),
    _case(broadcast_rows.mark_swept, _id(OVER), 45),
    _case(broadcast_rows.oldest_to_sweep, _id(OVER), NOW),
    _case(broadcast_rows.remove_rows, _id(OVER), ONE_BATCH),
    *_SEGMENTS,
    _case(lease_ops.take, "job 0", OWNER, NOW, HOUR),
    _case(lease_ops.take, "job 1", OWNER, NOW, HOUR, way="held by another"),
    _case(lease_ops.take, "a job", OWNER, NOW, HOUR, way="the first time"),
    _case(lease_ops.is_free, "job 1", NOW, HOUR),
    _case(lease_ops.renew, "job 0", OWNER, NOW, HOUR),
    _case(lease_ops.release, "job 0", OWNER, NOW),
    _case(lease_ops.pause, "job 2", NOW, 1),
    _case(lease_ops.pause, "job 2", NOW, 1, way="paused"),
    _case(lease_ops.pause, "one more job", NOW, 1, way="that never ran"),
    _case(lease_ops.take, "job 2", OWNER, NOW, HOUR, even_paused=True, way="paused"),
    _case(lease_ops.resume, "job 2"),
    _case(lease_ops.find, "job 0"),
    _case(lease_ops.find_many, ["job 0", "job 1", "a job", "no job"]),
    _case(polling_lease_ops.find, 0),
    _case(polling_lease_ops.take, 0, OWNER, "", PollingLease(owner=OWNER, beat=7), NOW),
    _case(polling_lease_ops.take, 0, OWNER, "", PollingLease(owner=OWNER, beat=6), NOW, way="changed since"),
    _case(polling_lease_ops.take, 9, OWNER, "", None, NOW, way="the first time"),
    _case(
        polling_lease_ops.take,
        2,
        OWNER,
        "",
        PollingLease(owner=polling_lease_ops.UNREADABLE, beat=0),
        NOW,
        way="one that cannot be read",
    ),
    _case(polling_lease_ops.renew, 0, OWNER, NOW),
    _case(polling_lease_ops.release, 0, OWNER, NOW),
    _case(polling_lease_ops.stand_by, 0),
    _case(login_ops.create, 1, NOW),
    _case(login_ops.redeem, token(1), NOW),
    _case(session_ops.revoke, "new", NOW + HOUR),
    _case(session_ops.revoke, "new", NOW + HOUR, way="again"),
    _case(session_ops.is_refused, 1, NOW, "s1"),
    _case(session_ops.refuse_before, 1, NOW),
    _case(
        open_session_ops.add,
        OpenSession(sid="new", user_id=1, way=SignInWay.LINK, signed_in_at=NOW, ends_at=NOW + HOUR),
    ),
    _case(open_session_ops.listed, NOW),
    _case(open_session_ops.listed, NOW, 1, way="of one person"),
    _case(open_session_ops.end, "s1", NOW + HOUR),
    _case(open_session_ops.end_all, 1, NOW),
    _case(login_ops.withdraw, 1),
    _case(channel_ops.load),
    _case(channel_ops.current, NOW + DAY),
    _case(channel_ops.add, _CHANNEL),
    _case(channel_ops.add, _CHANNEL.model_copy(update={"chat_id": -1}), way="stored"),
    _case(channel_ops.connect, -1, title="A", username=None, added_by=1, added_at=NOW),
    _case(channel_ops.connect, -9000, title="A", username=None, added_by=1, added_at=NOW, way="a new one"),
    _case(channel_ops.switch_publishing, -2, is_on=True),
    _case(channel_ops.find, -1),
    _case(channel_ops.change, -1, label="Join us"),
    _case(channel_ops.change_slots, -1, Slots(), Slots(times=("18:00",))),
    _case(channel_ops.change_slots, -1, Slots(times=("09:00",)), Slots(), way="others are stored"),
    _case(channel_ops.change_link, -1, "https://t.me/+x", invite_link="https://t.me/+y"),
    _case(channel_ops.change_link, -4, "https://t.me/+y", invite_link="https://t.me/+z", way="another link is stored"),
    _case(channel_ops.mark_broken, -1, NOW),
    _case(channel_ops.mark_working, -1),
    _case(channel_ops.count_join, -1, "join 1"),
    _case(channel_ops.move_to, -2, -1002),
    _case(channel_ops.remove, -3),
    _case(shortener_ops.load),
    _case(shortener_ops.current, NOW + DAY),
    # later each: the list that was just read is kept for five seconds
    _case(shortener_ops.has_active, NOW + HOUR),
    _case(shortener_ops.hosts_of_chat, NOW + 2 * HOUR),
    _case(shortener_ops.find, "code1"),
    _case(shortener_ops.add, Shortener(code="new", name="new")),
    _case(shortener_ops.add, Shortener(code="code3", name="three"), way="one that cannot be read is stored"),
    _case(shortener_ops.set_share, _SHORTENER, 2, 1, "Olive"),
    Case("shortener_ops.set_share (of the environment)", shortener_ops.set_share, _share_of_environment),
    _case(shortener_ops.set_paused, _SHORTENER, True, 1, "Olive"),
    _case(shortener_ops.replace_key, _SHORTENER, "sealed", NOW, 1, "Olive"),
    _case(shortener_ops.remember_host, "code1", "s.example"),
    _case(shortener_ops.remove, "code2", NOW),
    _case(shortener_counts.count_made, "s1", TODAY, NOW),
    _case(shortener_counts.count_finished, "s1", TODAY, 48.0),
    _case(shortener_counts.count_too_fast, "s1", TODAY),
    _case(shortener_counts.count_failed, "s1", TODAY, NOW, "refused"),
    _case(shortener_counts.note_test, "s1", TODAY, NOW),
    _case(shortener_counts.sums, ["s1", "s2"], TODAY - 365 * DAY),
    _case(shortener_counts.tallies, ["s1", "s2"], TODAY - 7 * DAY),
    _case(deletion_ops.promise, BOT, 1, 1, "c1", NOW, NOW + HOUR),
    _case(deletion_ops.claim_due, NOW, "claimer", HOUR, 5),
    _case(deletion_ops.claim_due, NOW, "claimer", HOUR, 5, bot_id=BOT, way="of one bot"),
    _case(
        deletion_ops.claim_due,
        NOW - 30 * DAY,
        "claimer",
        HOUR,
        5,
        bot_id=BOT,
        without_chats=[1],
        per_chat=2,
        way="other chats",
    ),
    _case(deletion_ops.claim_due_of_other_bots, BOT, NOW, "claimer", HOUR, 5),
    _case(known_messages.known_between, 4, 20, 30, bot_id=BOT, since=NOW - HOUR),
    _case(deletion_ops.finish, [_id(0), _id(1), delivery_key(0), delivery_key(1)], OWNER),
    _case(deletion_ops.release, _id(2), OWNER, not_before=NOW, error=None),
    _case(deletion_ops.release, delivery_key(2), OWNER, not_before=NOW, error=None, way="in a delivery"),
    _case(deletion_ops.release_all, OWNER, NOW),
    _case(deletion_ops.count_overdue, NOW),
    _case(deletion_ops.next_due),
    _case(deletion_ops.open_deliveries, 4, 10),
    _case(deletion_ops.open_deliveries, UNREADABLE // 5, 10, way="one cannot be read"),
    _case(delivery_ops.start, _new(10**6), way="the first"),
    _case(delivery_ops.start, _new(FREE)),
    _case(delivery_ops.start, _new(FREE, key=""), way="that is being sent"),
    _case(delivery_ops.start, _new(STANDING, key=""), way="copies stand"),
    _case(delivery_ops.put_aside, _as_read(STANDING)),
    _case(delivery_ops.put_aside, _as_read(STANDING), way="again"),
    _case(delivery_ops.record_pointer, _as_read(STANDING), 5, "u9"),
    _case(delivery_ops.drop_put_aside, _as_read(STANDING)),
    _case(delivery_ops.restart, _as_read(STANDING), _new(STANDING)),
    _case(delivery_ops.restart, _as_read(STANDING), _new(STANDING), way="another was first"),
    _case(delivery_ops.find, BOT, STANDING, f"c{STANDING}"),
    _case(delivery_ops.find_lapsed, BOT, NOW, 10),
    _case(delivery_ops.find_lapsed_of_other_bots, BOT, NOW, 10),
    _case(delivery_ops.take_over, _as_read(LAPSED), OWNER, NOW),
    _case(delivery_ops.take_over, _as_read(LAPSED), OWNER, NOW, way="another was first"),
    _case(delivery_ops.renew, OWNER, [delivery_key(LAPSED), delivery_key(FREE)], NOW),
    _case(delivery_ops.record_sent, _claim(LAPSED + 1), [1], 2, sent_at=NOW, delete_at=NOW + HOUR, paid_until=NOW),
    _case(delivery_ops.record_unknown, _claim(LAPSED + 2), 2),
    _case(delivery_ops.record_refused, _claim(LAPSED + 3)),
    _case(impossible_deletions.record_impossible, [(_KEPT, "too_old")], NOW),
    _case(impossible_deletions.record_impossible, [(_KEPT, "too_old")], NOW, way="again"),
    _case(impossible_deletions.claim_for_notice, "notice"),
    _case(impossible_deletions.count_in_notice, "notice", "too_old"),
    _case(impossible_deletions.mark_notified, "notice"),
    _case(health_ops.find),
    _case(health_ops.find_due_since, NOW),
    _case(health_ops.write, Health(at=NOW, since=NOW)),
    _case(incident_ops.claim_open, "incident new", NOW, HOUR),
    _case(incident_ops.claim_open, OVER_INCIDENT, NOW, HOUR, way="closed before"),
    _case(incident_ops.claim_open, OVER_INCIDENT, NOW, HOUR, way="claimed by another"),
    _case(incident_ops.claim_open, OVER_INCIDENT, NOW + 2 * HOUR, HOUR, way="whose claim expired"),
    _case(incident_ops.release_open, OVER_INCIDENT),
    _case(incident_ops.mark_notified, OVER_INCIDENT, NOW),
    _case(incident_ops.mark_notified, "incident told", NOW, way="new"),
    _case(incident_ops.claim_close, OVER_INCIDENT, NOW, HOUR),
    _case(incident_ops.claim_close, OVER_INCIDENT, NOW, HOUR, way="end claimed by another"),
    _case(incident_ops.release_close, OVER_INCIDENT),
    _case(incident_ops.close, OVER_INCIDENT, NOW),
    _case(incident_ops.find_open),
    _case(incident_ops.find_told),
    _case(incident_ops.count_open),
    _case(membership_ops.find_memberships, 1, [-1, -2, -3]),
    _case(membership_ops.record, -1, 1, _MEMBER, NOW, way="known"),
    _case(membership_ops.record, -1, -1, _MEMBER, NOW, way="new"),
    _case(membership_ops.record, -1, 1, _MEMBER, NOW - DAY, way="a newer one is stored"),
    _case(membership_ops.record, -2, 1, _MEMBER, NOW, keep_request=True, way="a join request is kept"),
    _case(membership_ops.delete_channel, -4, **(ONE_BATCH | {"batch_size": 2})),
    _case(pause_ops.record, BOT, 1, NOW + HOUR, NOW),
    _case(pause_ops.record, BOT, "*", NOW + HOUR, NOW, replace=True, way="the bot's"),
    _case(pause_ops.load, BOT, NOW, limit=10),
    _case(pause_ops.load_noted, (BOT, BOT - 1), NOW - HOUR, limit=10),
    _case(pause_ops.delete_some_expired, NOW, 10),
    _case(pause_ops.delete_expired, NOW, **ONE_BATCH),
    _case(share_ops.join, BOT, "p", BEAT),
    _case(share_ops.join, -1, "p", BEAT, way="the first of a bot"),
    _case(share_ops.beat, BOT, OWNER, BEAT),
    _case(share_ops.beat, BOT, OWNER, replace(BEAT, number=0), way="an older one"),
    _case(share_ops.mend_version, BOT + 2),
    _case(share_ops.take, BOT + 1, 0, {OWNER: 2}, ("p",)),
    _case(share_ops.clear, -1),
    _case(post_ops.create, title="New", **_POST),
    _case(post_ops.open_post, "c1", way="a button"),
    _case(post_ops.open_post, "c1", opening=7_000_001),
    _case(post_ops.open_post, "c1", opening=7_000_001, way="again"),
    _case(post_ops.open_post, "c1", "insta", opening=7_000_002, way="of a source"),
    _case(post_ops.open_post, "c1", "unknown", opening=7_000_003, way="of an unknown source"),
    _case(post_ops.find, "c1"),
    _case(post_ops.titles, ["c1", "c2", "nothing"]),
    _case(post_ops.set_seen, "c1", PostField.TITLE, "New", is_seen=lambda _: True, by=1, at=NOW),
    _case(post_ops.set_option, "c1", PostField.LABEL, "Open", expected=None, by=1, at=NOW),
    _case(post_ops.set_option, "c1", PostField.LABEL, "Get", expected="Other", by=1, at=NOW, way="differs"),
    _case(post_ops.add_source, "c1", "news"),
    _case(post_ops.add_source, "c1", "insta", way="known"),
    _case(post_ops.note_announcements, "c1", planned=1, published=0),
    _case(post_ops.remove, "c1"),
    _case(post_ops.restore, "c1"),
    _case(post_ops.discard, "c0", NOW),
    *(_case(post_search.search, None, skip=8, limit=8, show=show, way=show.value) for show in PostFilter),
    _case(post_search.search, "#1", skip=0, limit=8, way="a number"),
    _case(post_search.search, f"https://t.me/shop_bot?start=p_{'A' * 16}", skip=0, limit=8, way="a link"),
    _case(post_search.search, "17", skip=0, limit=8, way="number first"),
    _case(post_search.search, "17", skip=8, limit=8, way="number first, next page"),
    _case(post_search.search, RARE[:5], skip=0, limit=8, way="a rare word"),
    _case(post_search.search, RARE, skip=0, limit=8, show=PostFilter.ALL, way="a rare word of every post"),
    _case(post_search.search, COMMON[:4], skip=0, limit=8, way="a common word"),
    _case(post_search.search, f"{COMMON} {RARE} title", skip=0, limit=8, way="several words"),
    _case(post_content.change_content, _post(30), _CONTENT, by=1, at=NOW),
    _case(post_content.undo_content, _post(0), NOW - DAY),
    _case(post_content.pop_expired_undos, NOW - WANTED * SECOND, WANTED),
    _case(post_takedown.count_copies, f"c{STANDING}", NOW),
    _case(post_takedown.take_down, "c2", by=1, at=NOW),
    _case(post_takedown.find_taking_down, WANTED),
    _case(post_takedown.is_being_sent, f"c{STANDING}", NOW),
    _case(post_takedown.bring_forward, f"c{STANDING}", NOW, BATCH),
    _case(post_takedown.bring_forward, "nothing", NOW, BATCH, way="nothing left"),
    _case(post_takedown.end_take_down, "c3", NOW - DAY + 3 * SECOND),
    _case(run_ops.start_run, "rare", NOW, OWNER, NOW),
    _case(run_ops.start_run, "rare", NOW, OWNER, NOW, way="started by the same"),
    _case(run_ops.start_run, "rare", None, OWNER, NOW, way="by hand"),
    _case(run_ops.start_takeover, "rare", NOW, OWNER, NOW, 7),
    _case(run_ops.start_takeover, "rare", NOW, "another", NOW, 8, way="taken over before"),
    _case(run_ops.find_tick, "rare", NOW),
    _case(run_ops.request_run, "rare", NOW + HOUR, 1),
    _case(run_ops.request_run, "rare", NOW + HOUR, 1, way="requested before"),
    _case(run_ops.find_requests, 10),
    _case(run_ops.find_runs, [_id(0), _id(1)]),
    _case(run_ops.start_requested, _id(1), OWNER, NOW, 7),
    _case(run_ops.expire_requests, NOW, HOUR),
    _case(run_ops.finish_run, _id(0), _REPORT),
    _case(run_ops.finish_run, _id(0), _REPORT, way="again"),
    _case(run_ops.latest_runs, ["rare", "message_deleter"]),
    _case(run_ops.last_tick, "message_deleter"),
    _case(run_ops.last_runs, 10),
    _case(run_ops.last_runs, 10, "token_cleanup", way="of one job"),
    _case(run_ops.abandon_before, "rare", 1, NOW),
    _case(settings_ops.load),
    _case(settings_ops.current, NOW),
    _case(settings_ops.load_now, NOW),
    _case(settings_ops.change, "pass_hours", 48),
    _case(settings_ops.change_from, "pass_hours", 48, expected=24, by=_EDITOR, at=NOW),
    _case(settings_ops.change_from, "pass_hours", 48, expected=7, by=_EDITOR, at=NOW, way="somebody was first"),
    _case(settings_ops.change_from, "contact", "@ann", expected=None, by=_EDITOR, at=NOW, way="as stored before"),
    Case("settings_ops.change_from (the first change)", settings_ops.change_from, _first_change),
    _case(statistics_ops.add_once, TODAY, "broadcast x", {"deliveries": 2}),
    _case(statistics_ops.add_once, TODAY, "broadcast x", {"deliveries": 2}, way="again"),
    _case(statistics_ops.read_day, TODAY),
    _case(statistics_ops.last_days, NOW, 10),
    _case(statistics_ops.count_totals),
    _case(statistics_ops.count_active, TODAY, NOW),
    _case(statistics_ops.read_days, TODAY - DAY, NOW),
    _case(statistics_ops.overview, Period.WEEK, NOW, ZoneInfo("UTC")),
    _case(post_days.top, TODAY, NOW, 10),
    _case(post_days.of_post, "c3", TODAY - DAY, NOW),
    _case(post_days.add, 2, {("c3", TODAY): {"tries": 1}, ("new", TODAY): {"tries": 1}}),
    _case(tries.step_up, 1, "c1", TODAY, Step.JOINED),
    _case(tries.step_up, 1, "c1", TODAY, Step.TRIED, way="again"),
    _case(tries.find_due, BATCH),
    _case(tries.move_from_deliveries, ZoneInfo("UTC"), BATCH),
    _case(tries.delete_old, TODAY - DAY, **(ONE_BATCH | {"batch_size": 5})),
    _case(event_batches.count_events, ZoneInfo("UTC"), BATCH),
    _case(statistics_ops.is_closed, TODAY),
    _case(statistics_ops.write_day, TODAY, 2, NOW, {Count.ACTIVE_USERS: 1}, totals={Count.USERS: 1}, is_over=True),
    _case(statistics_ops.write_day, TODAY, 1, NOW, {Count.ACTIVE_USERS: 1}, way="refused"),
    _case(token_ops.delete_expired_and_used_tokens, NOW, **(ONE_BATCH | {"batch_size": 5})),
    _case(token_ops.delete_unused_older_than, CUTOFF, NOW, **(ONE_BATCH | {"batch_size": 2})),
    _case(token_counts.reset_token_counts, TODAY, **ONE_BATCH),
    _case(token_ops.add, _TOKEN),
    _case(token_ops.add, _TOKEN, way="again"),
    _case(token_ops.find, token(1)),
    _case(token_ops.open_tokens, COLLECTOR, NOW, 10),
    _case(token_ops.open_tokens, WANTED + 1, NOW, 10, way="owed"),
    _case(token_ops.mark_verified, token(2 * WANTED), NOW, 40.0),
    _case(token_ops.mark_bypassed, token(2 * WANTED + 1), NOW),
    _case(token_ops.note_bypass, token(2 * WANTED + 1), NOW),
    _case(token_ops.redeem, token(2 * WANTED), COLLECTOR, NOW),
    _case(token_ops.redeem, token(2 * WANTED + 2), COLLECTOR, NOW, elapsed_seconds=40.0, way="without a page"),
    _case(token_ops.find_owed, NOW, 10),
    _case(token_ops.mark_granted, token(WANTED), NOW),
    _case(token_ops.take_replacement, 18, NOW),
    _case(token_ops.take_replacement, 19, NOW, "u1", way="with a key"),
    _case(token_ops.take_replacement, 19, NOW, "u1", way="by the same"),
    _case(token_ops.return_replacement, token(18)),
    _case(token_counts.count_link, 1, TODAY, 15),
    _case(token_counts.count_link, -1, TODAY, 15, way="the first"),
    _case(token_counts.count_link, 3, TODAY, 1, way="at the limit"),
    _case(token_counts.count_link, 5, TODAY, 15, "u1", way="with a key"),
    _case(token_counts.count_link, 5, TODAY, 15, "u1", way="by the same"),
    _case(token_counts.uncount_link, 1, TODAY),
    _case(token_counts.uncount_link, 5, TODAY, "u1", way="with a key"),
    _case(token_counts.links_on, 1, TODAY),
    _case(user_ops.upsert_visitor, Visitor(user_id=1), NOW, way="known"),
    _case(user_ops.upsert_visitor, Visitor(user_id=-1), NOW, way="new"),
    _case(user_ops.upsert_visitor, Visitor(user_id=1), NOW, is_writing=False, way="not writing"),
    _case(user_ops.find, 2),
    _case(user_ops.mark_blocked, 3, NOW),
    _case(user_ops.mark_unblocked, 20),
    _case(user_ops.mark_deactivated, 3, NOW),
    _case(user_ops.mark_deactivated, 10, NOW, way="blocked before"),
    _case(user_ops.upsert_visitor, Visitor(user_id=NOT_STARTED), NOW, way="the first Start of one who was banned"),
    _case(user_credits.spend_credit, 1, _UNPAID, "u", NOW, [PAID_LONG_AGO]),
    _case(user_credits.spend_credit, 1, _UNPAID, "u", NOW, way="paid by the same"),
    _case(user_credits.spend_credit, 2, _UNPAID, "u", NOW, way="nothing left"),
    _case(user_credits.give_back_credit, 1, PAID, "u1"),
    _case(user_credits.close_request, 2, PAID, "u2"),
    _case(user_credits.grant, 1, "new", NOW, credits=5),
    _case(user_credits.grant, 1, "new", NOW, credits=5, way="again"),
    _case(user_credits.grant, 1, "pass", NOW, pass_for=DAY, way="a pass"),
    _case(user_credits.grant, 1, "pass", NOW, pass_for=DAY, way="a pass again"),
    _case(user_credits.grant, -1_000, "new", NOW, credits=5, way="to an unknown user"),
    _case(user_ops.ban, 4, NOW, reason="spam", until=None, way="known"),
    _case(user_ops.ban, -4, NOW, reason=None, until=NOW + DAY, way="unknown user"),
    _case(user_ops.unban, 6),
    _case(user_ops.end_ban, 6, reason=None, until=None),
    _case(user_ops.note_stray, 2, NOW),
    _case(user_ops.note_stray, 2, NOW, way="again"),
    _case(gate_message_ops.remember, 1, PAID, GateMessage(bot_id=BOT, message_id=1, sent_at=NOW), [PAID_LONG_AGO]),
    _case(gate_message_ops.forget, 1, PAID),
    _case(gate_message_ops.forget, 1, PAID, way="again"),
    _case(user_ops.stop_news, 2, NOW),
    _case(user_ops.find_news_stopped, NOW - HOUR, after=1, until=500, limit=10),
    _case(user_ops.resume_news, 2),
    _case(user_ops.choose_language, 2, "de"),
    _case(segments.languages_of, [2, 5]),
    _case(user_ops.set_pending_post, 5, PAID, NOW, "m"),
    _case(user_ops.pop_pending_post, 5, PAID, NOW - HOUR, "m"),
    _case(user_ops.pop_pending_post, 6, "Z" * 16, NOW - HOUR, "m", way="popped before"),
    _case(user_ops.count),
    Case(
        "batches.delete_in_batches",
        batches.delete_in_batches,
        lambda: batches.delete_in_batches(
            current_database().collection("tokens"), {"token": {"$gte": token(1)}}, "token", **ONE_BATCH
        ),
    ),
    Case("batches.delete_in_batches (two batches)", batches.delete_in_batches, _two_batches),
    Case("first_keys.give_keys", first_keys.give_keys, _give_a_key),
    _case(broadcast_ops.end_without_recipients, _of_another_program(3), NOW),
    *_ANNOUNCED,
    *_PEOPLE,
    *_SWEPT,
    *_ERASED,
    _case(examination.remove, "announcements:first"),
    _case(examination.remove, "posts:2", way="readable again"),
    # in this order: each process finds what the one before it has left
    _migrator_step("without a record"),
    _migrator_step("a page"),
    _migrator_step("while another migrates"),
    _on_database(runner.find_state),
    _on_database(doctor.examine),
    _on_database(indexes.ensure_indexes),
    _on_database(indexes.missing_indexes),
)


def operations_there_are() -> set[Operation]:
    """Return every public coroutine function of `database/operations` and of `ALSO`, and those in `BESIDES`."""
    found: set[Operation] = set(BESIDES)
    names = [entry.name for entry in pkgutil.walk_packages(operations.__path__, f"{operations.__name__}.")]
    for module in (*map(importlib.import_module, names), *ALSO):
        functions = inspect.getmembers(module, inspect.iscoroutinefunction)
        found |= {it for name, it in functions if it.__module__ == module.__name__ and not name.startswith("_")}
    return found
