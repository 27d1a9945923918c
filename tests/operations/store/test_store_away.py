"""While the database is away every operation raises StoreUnavailable and nothing else; afterwards it works again."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.errors import NetworkTimeout

from core.announcements import Slots
from core.bots.profile import ShownText
from core.broadcasts import Broadcast, BroadcastStatus, NewBroadcast, RecipientState
from core.delivery import PendingDeletion
from core.delivery_states import Delivery
from core.errors import StoreUnavailable
from core.exchange.exports import Exported
from core.exchange.imports.people import ImportedPerson
from core.exchange.imports.runs import ImportCounts, ImportFile, ImportRun, ImportState
from core.health.findings import Health
from core.jobs import JobOutcome, RunReport
from core.posts import Content, ContentUndo, Post, PostField, PostItem
from core.rates.ledger import Beat
from core.segments import Segment
from core.settings.changes import Editor
from core.shorteners.records import Shortener
from core.statistics.events import Step
from core.statistics.periods import Period
from core.subscriptions import Channel, MembershipStatus
from core.team.admins import AdminRow, Role
from core.team.first_hour import StorageCandidate
from core.team.invitations import Invitation
from core.team.sessions import OpenSession, SignInWay
from core.users import GateMessage, User, Visitor
from core.verification import Token
from database import bot_profiles, examination, first_hour, unreadable_rows
from database.connection import Database
from database.doctor import examine
from database.erasing.tombstones import Tombstones
from database.indexes import ensure_indexes
from database.migrations.runner import find_state, migrate
from database.operations import (
    admin_ops,
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
from database.operations.audit_ops import AuditFilter
from database.operations.broadcasts import decisions
from database.operations.counting import post_days, tries
from database.operations.counting.batches import count_events
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
from database.operations.people import corrections, standing_ops
from database.operations.posts import post_content, post_ops, post_search, post_takedown
from database.operations.processes import polling_lease_ops
from database.operations.rates import share_ops
from database.operations.shorteners import shortener_counts, shortener_ops
from database.operations.team import invitation_ops, notice_ops, open_session_ops
from database.operations.team.notice_ops import SignInNotice
from tests.operations.plans.catalogue import BESIDES, operations_there_are
from tests.operations.store.announcement_calls import ANNOUNCEMENT_CALLS
from tests.operations.store.people_calls import PEOPLE_CALLS

pytestmark = pytest.mark.sweep

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOLD = timedelta(minutes=1)
OPEN_SESSION = OpenSession(sid="s", user_id=1, way=SignInWay.LINK, signed_in_at=NOW, ends_at=NOW)
INVITATION = Invitation(fingerprint="x", role=Role.EDITOR, invited_by=1, expires_at=NOW)
CONTENT = Content(storage_chat_id=-1, message_ids=(1,), items=(PostItem(),))
POST = Post(
    code="x",
    number=1,
    storage_chat_id=-1,
    message_ids=(5,),
    item_count=1,
    created_by=1,
    created_at=NOW,
    content_undo=ContentUndo(content=CONTENT, until=NOW + HOLD, by=1),
)
PROMISE = PendingDeletion(id="x", bot_id=1, user_id=1, chat_id=1, post_code="x", sent_at=NOW, delete_at=NOW)
CLAIM = delivery_ops.Claim("1:1:x", 1)
DELIVERY = Delivery(id="1:1:x", bot_id=1, user_id=1, post_code="x", delete_at=NOW)
NEW_DELIVERY = delivery_ops.NewDelivery(1, 1, "x", "u", "a", NOW, NOW)
TOKEN, CODE = "t" * 32, "c" * 16
ERASURE = erasure_ops.Erasure(id="f" * 64, user_id=1, asked_at=NOW, next_at=NOW)
GATE_MESSAGE = GateMessage(bot_id=1, message_id=1, sent_at=NOW)
NEW_TOKEN = Token(token=TOKEN, user_id=1, created_at=NOW, expires_at=NOW)
CHANNEL = Channel(chat_id=-1, invite_link="https://t.me/+x")
SHORTENER = Shortener(code="x", name="x")
NEWS = NewBroadcast(
    key="x",
    title="x",
    source_chat_id=-1,
    message_ids=(1,),
    created_by=1,
    created_at=NOW,
    send_at=NOW,
    progress_chat_id=1,
)
IMPORT = ImportRun(key="x", state=ImportState.READY, file=ImportFile(bot_id=1, file_id="x"), asked_by=1, asked_at=NOW)
IMPORTED = [ImportedPerson(2, 3)]
TOMBSTONES = Tombstones(b"k" * 32)
BROADCAST = Broadcast(**NEWS.model_dump(), id="x", status=BroadcastStatus.QUEUED)
CANDIDATE = StorageCandidate(chat_id=-1, title="x", admin_id=1, admin_name="x", message_id=1)
BEAT = Beat(1, 1, (0, 0, 0), 4.0, (0.5, 1.0))
REPORT = RunReport("job", JobOutcome.SUCCEEDED, NOW, NOW, HOLD)
MEMBER = corrections.Editor(1, NOW, audit_ops.record)
SUBSCRIBER = User(user_id=1, joined_at=NOW, last_seen_at=NOW)

Operation = Callable[[], Awaitable[Any]]
OPERATIONS: dict[str, Operation] = {
    "admin_ops.become_owner": lambda: admin_ops.become_owner(1, "x", "x", NOW),
    "admin_ops.current": lambda: admin_ops.current(NOW),
    "admin_ops.find_claim": lambda: admin_ops.find_claim(),
    "admin_ops.issue_claim": lambda: admin_ops.issue_claim("x", NOW),
    "admin_ops.load": lambda: admin_ops.load(),
    "admin_ops.withdraw_claim": lambda: admin_ops.withdraw_claim(),
    "admin_ops.add_member": lambda: admin_ops.add_member(1, Role.EDITOR, "", 1, NOW),
    "admin_ops.set_role": lambda: admin_ops.set_role(1, Role.EDITOR),
    "admin_ops.put_back": lambda: admin_ops.put_back(AdminRow(1, Role.EDITOR)),
    "admin_ops.set_language": lambda: admin_ops.set_language(1, "ru"),
    "admin_ops.set_app_language": lambda: admin_ops.set_app_language(1, "ru"),
    "admin_ops.forget_proof": lambda: admin_ops.forget_proof(1, "x"),
    "admin_ops.remove": lambda: admin_ops.remove(1),
    "invitation_ops.add": lambda: invitation_ops.add(INVITATION),
    "invitation_ops.find": lambda: invitation_ops.find("x"),
    "invitation_ops.take": lambda: invitation_ops.take("x", 1, NOW),
    "invitation_ops.open_ones": lambda: invitation_ops.open_ones(NOW),
    "invitation_ops.cancel": lambda: invitation_ops.cancel("x"),
    "invitation_ops.forget_used_by": lambda: invitation_ops.forget_used_by(1),
    "invitation_ops.delete_expired": lambda: invitation_ops.delete_expired(NOW),
    "audit_ops.page": lambda: audit_ops.page(AuditFilter(), skip=0, limit=1),
    "audit_ops.last": lambda: audit_ops.last(1),
    "audit_ops.record": lambda: audit_ops.record(NOW, 1, "x"),
    "old_link_ops.count_other": old_link_ops.count_other,
    "corrections.give": lambda: corrections.give(MEMBER, 1, 5, "k"),
    "corrections.prolong": lambda: corrections.prolong(MEMBER, 1, timedelta(days=1), "k"),
    "corrections.end_pass": lambda: corrections.end_pass(MEMBER, 1, NOW),
    "corrections.undo_credits": lambda: corrections.undo_credits(MEMBER, 1, "k", 5),
    "corrections.undo_pass": lambda: corrections.undo_pass(MEMBER, 1, None, NOW),
    "corrections.ban": lambda: corrections.ban(MEMBER, 1, None, None),
    "corrections.ban_if_free": lambda: corrections.ban_if_free(MEMBER, 1, None, None),
    "corrections.unban": lambda: corrections.unban(MEMBER, 1),
    "corrections.undo_ban": lambda: corrections.undo_ban(MEMBER, 1, None, None),
    "standing_ops.standing": lambda: standing_ops.standing(SUBSCRIBER, NOW, may_ban=True),
    "standing_ops.last_events": lambda: standing_ops.last_events(1),
    "notice_ops.add": lambda: notice_ops.add(1, None, "en", NOW),
    "notice_ops.take": lambda: notice_ops.take(),
    "user_ops.ban_if_free": lambda: user_ops.ban_if_free(1, NOW, reason=None, until=None),
    "segments.count_part": lambda: segments.count_part(Segment(), NOW),
    "segments.find_part": lambda: segments.find_part(Segment(), NOW, after=0, limit=1),
    "old_link_ops.other_count": old_link_ops.other_count,
    "import_ops.find": import_ops.find,
    "import_ops.offer": lambda: import_ops.offer(IMPORT),
    "import_ops.set_bot": lambda: import_ops.set_bot("x", is_of_this_bot=True),
    "import_ops.start": lambda: import_ops.start("x", 1),
    "import_ops.take": lambda: import_ops.take("x", NOW),
    "import_ops.advance": lambda: import_ops.advance(IMPORT, ImportCounts(), NOW),
    "import_ops.finish": lambda: import_ops.finish(IMPORT, NOW),
    "import_ops.release": lambda: import_ops.release(IMPORT),
    "imported_people.sort_page": lambda: imported_people.sort_page(IMPORTED, TOMBSTONES, frozenset()),
    "imported_people.store_page": lambda: imported_people.store_page(
        IMPORTED, TOMBSTONES, frozenset(), Source("f" * 16, is_of_this_bot=True, at=NOW)
    ),
    "export_ops.page": lambda: export_ops.page(Exported.POSTS),
    "bot_profiles.forget": lambda: bot_profiles.forget(1, "x"),
    "bot_profiles.load": lambda: bot_profiles.load(1),
    "bot_profiles.remember_usernames": lambda: bot_profiles.remember_usernames("u", "a"),
    "bot_profiles.usernames": lambda: bot_profiles.usernames(),
    "bot_profiles.store": lambda: bot_profiles.store(1, "x", ShownText("x", "x")),
    "broadcast_ops.start": lambda: broadcast_ops.start(BROADCAST, NOW),
    "broadcast_ops.cancel": lambda: broadcast_ops.cancel("x", NOW),
    "broadcast_ops.create": lambda: broadcast_ops.create(NEWS),
    "broadcast_ops.find": lambda: broadcast_ops.find("x"),
    "broadcast_ops.find_expired": lambda: broadcast_ops.find_expired(NOW, 1),
    "broadcast_ops.find_by_key": lambda: broadcast_ops.find_by_key("x"),
    "broadcast_ops.find_next": lambda: broadcast_ops.find_next(NOW),
    "broadcast_ops.find_with_removable_rows": lambda: broadcast_ops.find_with_removable_rows(NOW, 1),
    "broadcast_ops.finish": lambda: broadcast_ops.finish("x", BroadcastStatus.SENT, NOW, {}),
    "broadcast_ops.finish_recall": lambda: broadcast_ops.finish_recall("x", {}),
    "broadcast_ops.finalize_counts": lambda: broadcast_ops.finalize_counts("x", {}),
    "broadcast_ops.is_any_expired": lambda: broadcast_ops.is_any_expired(NOW),
    "broadcast_ops.record_cursor": lambda: broadcast_ops.record_cursor("x", 1, is_filled=False),
    "broadcast_ops.set_progress_message": lambda: broadcast_ops.set_progress_message("x", 1, 1),
    "broadcast_ops.find_titles": lambda: broadcast_ops.find_titles(["x"]),
    "broadcast_ops.last": lambda: broadcast_ops.last(1),
    "broadcast_ops.end_without_recipients": lambda: broadcast_ops.end_without_recipients(BROADCAST, NOW),
    "broadcast_ops.mark_recalling": lambda: broadcast_ops.mark_recalling("x"),
    "broadcast_ops.mark_rows_removed": lambda: broadcast_ops.mark_rows_removed("x", {}),
    "broadcast_ops.mark_shown": lambda: broadcast_ops.mark_shown("x", BroadcastStatus.SENT),
    "broadcast_ops.find_not_shown": lambda: broadcast_ops.find_not_shown(1),
    "broadcast_ops.record_counts": lambda: broadcast_ops.record_counts("x", {}),
    "decisions.decide": lambda: decisions.decide(decisions.Decision.PAUSE, BROADCAST, NOW),
    "broadcast_ops.pause": lambda: broadcast_ops.pause("x"),
    "broadcast_ops.postpone_recall": lambda: broadcast_ops.postpone_recall("x", NOW, {}),
    "broadcast_ops.resume": lambda: broadcast_ops.resume("x"),
    "broadcast_ops.find_begun": lambda: broadcast_ops.find_begun(NOW, 1),
    "broadcast_ops.find_unfinished": lambda: broadcast_ops.find_unfinished(1),
    "broadcast_ops.request_recall": lambda: broadcast_ops.request_recall("x", NOW),
    "broadcast_rows.add_recipients": lambda: broadcast_rows.add_recipients("x", [1]),
    "broadcast_rows.claim": lambda: broadcast_rows.claim("x", [1], "a"),
    "broadcast_rows.count_of_unknown_state": lambda: broadcast_rows.count_of_unknown_state("x"),
    "broadcast_rows.count_set_aside": lambda: broadcast_rows.count_set_aside("x", RecipientState.SENT, NOW),
    "broadcast_rows.count_states": lambda: broadcast_rows.count_states("x"),
    "broadcast_rows.release": lambda: broadcast_rows.release("x", 1, "a"),
    "broadcast_rows.mark_lost_unknown": lambda: broadcast_rows.mark_lost_unknown("x", "a"),
    "broadcast_rows.leave_out": lambda: broadcast_rows.leave_out("x", 1),
    "broadcast_rows.mark_not_sent": lambda: broadcast_rows.mark_not_sent("x", 1, "a", RecipientState.FAILED, "no"),
    "broadcast_rows.mark_recalled": lambda: broadcast_rows.mark_recalled("x", 1, RecipientState.DELETED),
    "broadcast_rows.mark_each_sent": lambda: broadcast_rows.mark_each_sent(
        "x", "a", [broadcast_rows.SentCopies(1, [1], NOW)]
    ),
    "broadcast_rows.mark_sent": lambda: broadcast_rows.mark_sent("x", 1, "a", [1], NOW),
    "broadcast_rows.next_pending": lambda: broadcast_rows.next_pending("x", 0, 1),
    "broadcast_rows.next_to_recall": lambda: broadcast_rows.next_to_recall("x", NOW, 1),
    "broadcast_rows.oldest_sent_at": lambda: broadcast_rows.oldest_sent_at("x", NOW),
    "broadcast_rows.bound_sweeps": lambda: broadcast_rows.bound_sweeps("x", [1], 9),
    "broadcast_rows.bound_earlier_sweeps": lambda: broadcast_rows.bound_earlier_sweeps("x", "a", 9),
    "broadcast_rows.next_to_sweep": lambda: broadcast_rows.next_to_sweep("x", NOW, 1),
    "broadcast_rows.mark_swept": lambda: broadcast_rows.mark_swept("x", 1),
    "broadcast_rows.oldest_to_sweep": lambda: broadcast_rows.oldest_to_sweep("x", NOW),
    "broadcast_rows.remove_rows": lambda: broadcast_rows.remove_rows("x", {}),
    **ANNOUNCEMENT_CALLS,
    **PEOPLE_CALLS,
    "first_hour.current": lambda: first_hour.current(NOW),
    "first_hour.drop_candidate": lambda: first_hour.drop_candidate(-1),
    "first_hour.keep_candidate": lambda: first_hour.keep_candidate(CANDIDATE),
    "first_hour.load": first_hour.load,
    "first_hour.mark_announced": lambda: first_hour.mark_announced(NOW),
    "first_hour.mark_told": lambda: first_hour.mark_told(NOW),
    "channel_ops.add": lambda: channel_ops.add(CHANNEL),
    "channel_ops.connect": lambda: channel_ops.connect(-1, title="x", username=None, added_by=1, added_at=NOW),
    "channel_ops.switch_publishing": lambda: channel_ops.switch_publishing(-1, is_on=True),
    "channel_ops.change": lambda: channel_ops.change(-1, label="x"),
    "channel_ops.change_slots": lambda: channel_ops.change_slots(-1, Slots(), Slots()),
    "channel_ops.change_link": lambda: channel_ops.change_link(-1, "https://t.me/+x", invite_link="y"),
    "channel_ops.count_join": lambda: channel_ops.count_join(-1, "join 1"),
    "shortener_ops.add": lambda: shortener_ops.add(SHORTENER),
    "shortener_ops.current": lambda: shortener_ops.current(NOW),
    "shortener_ops.find": lambda: shortener_ops.find("x"),
    "shortener_ops.has_active": lambda: shortener_ops.has_active(NOW),
    "shortener_ops.hosts_of_chat": lambda: shortener_ops.hosts_of_chat(NOW),
    "shortener_ops.load": shortener_ops.load,
    "shortener_ops.remember_host": lambda: shortener_ops.remember_host("x", "s.example"),
    "shortener_ops.remove": lambda: shortener_ops.remove("x", NOW),
    "shortener_ops.replace_key": lambda: shortener_ops.replace_key(SHORTENER, "y", NOW, 1, "Olive"),
    "shortener_ops.set_paused": lambda: shortener_ops.set_paused(SHORTENER, True, 1, "Olive"),
    "shortener_ops.set_share": lambda: shortener_ops.set_share(SHORTENER, 2, 1, "Olive"),
    "shortener_counts.count_failed": lambda: shortener_counts.count_failed("x", NOW, NOW, "refused"),
    "shortener_counts.count_finished": lambda: shortener_counts.count_finished("x", NOW, 48.0),
    "shortener_counts.count_made": lambda: shortener_counts.count_made("x", NOW, NOW),
    "shortener_counts.count_too_fast": lambda: shortener_counts.count_too_fast("x", NOW),
    "shortener_counts.note_test": lambda: shortener_counts.note_test("x", NOW, NOW),
    "shortener_counts.sums": lambda: shortener_counts.sums(["x"], NOW),
    "shortener_counts.tallies": lambda: shortener_counts.tallies(["x"], NOW),
    "channel_ops.current": lambda: channel_ops.current(NOW),
    "channel_ops.find": lambda: channel_ops.find(-1),
    "channel_ops.load": channel_ops.load,
    "channel_ops.mark_broken": lambda: channel_ops.mark_broken(-1, NOW),
    "channel_ops.mark_working": lambda: channel_ops.mark_working(-1),
    "channel_ops.move_to": lambda: channel_ops.move_to(-1, -2),
    "channel_ops.remove": lambda: channel_ops.remove(-1),
    "deletion_ops.claim_due": lambda: deletion_ops.claim_due(NOW, "a", HOLD, 1),
    "deletion_ops.claim_due_of_other_bots": lambda: deletion_ops.claim_due_of_other_bots(1, NOW, "a", HOLD, 1),
    "deletion_ops.count_overdue": lambda: deletion_ops.count_overdue(NOW),
    "impossible_deletions.claim_for_notice": lambda: impossible_deletions.claim_for_notice("notice"),
    "impossible_deletions.count_in_notice": lambda: impossible_deletions.count_in_notice("notice", "unknown"),
    "deletion_ops.finish": lambda: deletion_ops.finish(["x"], "a"),
    "deletion_ops.release": lambda: deletion_ops.release("x", "a", not_before=None, error=None),
    "deletion_ops.release_all": lambda: deletion_ops.release_all("a", NOW),
    "known_messages.known_between": lambda: known_messages.known_between(1, 1, 9, bot_id=1, since=NOW),
    "impossible_deletions.mark_notified": lambda: impossible_deletions.mark_notified("notice"),
    "deletion_ops.next_due": deletion_ops.next_due,
    "impossible_deletions.record_impossible": lambda: impossible_deletions.record_impossible(
        [(PROMISE, "unknown")], NOW
    ),
    "deletion_ops.open_deliveries": lambda: deletion_ops.open_deliveries(1, 1),
    "deletion_ops.promise": lambda: deletion_ops.promise(1, 1, 1, "x", NOW, NOW),
    "delivery_ops.find": lambda: delivery_ops.find(1, 1, "x"),
    "delivery_ops.find_lapsed": lambda: delivery_ops.find_lapsed(1, NOW, 1),
    "delivery_ops.find_lapsed_of_other_bots": lambda: delivery_ops.find_lapsed_of_other_bots(1, NOW, 1),
    "delivery_ops.put_aside": lambda: delivery_ops.put_aside(DELIVERY),
    "delivery_ops.record_pointer": lambda: delivery_ops.record_pointer(DELIVERY, 5, "u"),
    "delivery_ops.drop_put_aside": lambda: delivery_ops.drop_put_aside(DELIVERY),
    "delivery_ops.record_refused": lambda: delivery_ops.record_refused(CLAIM),
    "delivery_ops.record_sent": lambda: delivery_ops.record_sent(
        CLAIM, [1], 2, sent_at=NOW, delete_at=NOW, paid_until=None
    ),
    "delivery_ops.record_unknown": lambda: delivery_ops.record_unknown(CLAIM, 2),
    "delivery_ops.renew": lambda: delivery_ops.renew("a", ["1:1:x"], NOW),
    "delivery_ops.restart": lambda: delivery_ops.restart(DELIVERY, NEW_DELIVERY),
    "delivery_ops.start": lambda: delivery_ops.start(NEW_DELIVERY),
    "delivery_ops.take_over": lambda: delivery_ops.take_over(DELIVERY, "a", NOW),
    "lease_ops.find": lambda: lease_ops.find("x"),
    "lease_ops.is_free": lambda: lease_ops.is_free("x", NOW, HOLD),
    "lease_ops.pause": lambda: lease_ops.pause("x", NOW, 1),
    "lease_ops.release": lambda: lease_ops.release("x", "a", NOW),
    "lease_ops.renew": lambda: lease_ops.renew("x", "a", NOW, HOLD),
    "lease_ops.resume": lambda: lease_ops.resume("x"),
    "lease_ops.find_many": lambda: lease_ops.find_many(["job"]),
    "lease_ops.take": lambda: lease_ops.take("x", "a", NOW, HOLD),
    "polling_lease_ops.find": lambda: polling_lease_ops.find(1),
    "polling_lease_ops.take": lambda: polling_lease_ops.take(1, "a", "", None, NOW),
    "polling_lease_ops.renew": lambda: polling_lease_ops.renew(1, "a", NOW),
    "polling_lease_ops.release": lambda: polling_lease_ops.release(1, "a", NOW),
    "polling_lease_ops.stand_by": lambda: polling_lease_ops.stand_by(1),
    "login_ops.create": lambda: login_ops.create(1, NOW),
    "login_ops.redeem": lambda: login_ops.redeem(TOKEN, NOW),
    "membership_ops.delete_channel": lambda: membership_ops.delete_channel(-1),
    "membership_ops.find_memberships": lambda: membership_ops.find_memberships(1, [-1]),
    "membership_ops.record": lambda: membership_ops.record(-1, 1, MembershipStatus.LEFT, NOW),
    "pause_ops.delete_expired": lambda: pause_ops.delete_expired(NOW),
    "pause_ops.delete_some_expired": lambda: pause_ops.delete_some_expired(NOW, 10),
    "pause_ops.load_noted": lambda: pause_ops.load_noted([1], NOW),
    "pause_ops.load": lambda: pause_ops.load(1, NOW),
    "pause_ops.record": lambda: pause_ops.record(1, 1, NOW, NOW),
    "share_ops.mend_version": lambda: share_ops.mend_version(1),
    "share_ops.beat": lambda: share_ops.beat(1, "x", BEAT),
    "share_ops.clear": lambda: share_ops.clear(1),
    "share_ops.join": lambda: share_ops.join(1, "x", BEAT),
    "share_ops.take": lambda: share_ops.take(1, 1, {"x": 1}, ()),
    "post_ops.create": lambda: post_ops.create(
        title="x", storage_chat_id=-1, message_ids=[1], created_by=1, created_at=NOW
    ),
    "post_ops.find": lambda: post_ops.find("x"),
    "post_ops.open_post": lambda: post_ops.open_post("x", opening=1),
    "post_ops.remove": lambda: post_ops.remove("x"),
    "post_ops.restore": lambda: post_ops.restore("x"),
    "post_ops.titles": lambda: post_ops.titles(["x"]),
    "post_ops.set_seen": lambda: post_ops.set_seen("x", PostField.LABEL, "x", is_seen=bool, by=1, at=NOW),
    "post_ops.set_option": lambda: post_ops.set_option("x", PostField.LABEL, "x", expected=None, by=1, at=NOW),
    "post_ops.add_source": lambda: post_ops.add_source("x", "x"),
    "post_ops.note_announcements": lambda: post_ops.note_announcements("x", planned=0, published=0),
    "post_ops.discard": lambda: post_ops.discard("x", NOW),
    "post_search.search": lambda: post_search.search(None, skip=0, limit=1),
    "post_content.change_content": lambda: post_content.change_content(POST, CONTENT, by=1, at=NOW),
    "post_content.undo_content": lambda: post_content.undo_content(POST, NOW),
    "post_content.pop_expired_undos": lambda: post_content.pop_expired_undos(NOW, 1),
    "post_takedown.count_copies": lambda: post_takedown.count_copies("x", NOW),
    "post_takedown.take_down": lambda: post_takedown.take_down("x", by=1, at=NOW),
    "post_takedown.find_taking_down": lambda: post_takedown.find_taking_down(1),
    "post_takedown.bring_forward": lambda: post_takedown.bring_forward("x", NOW, 1),
    "post_takedown.is_being_sent": lambda: post_takedown.is_being_sent("x", NOW),
    "post_takedown.end_take_down": lambda: post_takedown.end_take_down("x", NOW),
    "batches.count_events": lambda: count_events(ZoneInfo("UTC"), 1),
    "tries.step_up": lambda: tries.step_up(1, "x", NOW, Step.TRIED),
    "tries.move_from_deliveries": lambda: tries.move_from_deliveries(ZoneInfo("UTC"), 1),
    "tries.find_due": lambda: tries.find_due(1),
    "tries.delete_old": lambda: tries.delete_old(NOW),
    "post_days.add": lambda: post_days.add(1, {("x", NOW): {"tries": 1}}),
    "post_days.of_post": lambda: post_days.of_post("x", NOW, NOW),
    "post_days.top": lambda: post_days.top(NOW, NOW, 1),
    "run_ops.abandon_before": lambda: run_ops.abandon_before("x", 1, NOW),
    "run_ops.start_requested": lambda: run_ops.start_requested("x", "a", NOW, 1),
    "run_ops.find_requests": run_ops.find_requests,
    "run_ops.find_runs": lambda: run_ops.find_runs(["x"]),
    "run_ops.find_tick": lambda: run_ops.find_tick("x", NOW),
    "run_ops.finish_run": lambda: run_ops.finish_run("x", REPORT),
    "run_ops.expire_requests": lambda: run_ops.expire_requests(NOW, HOLD),
    "run_ops.last_runs": lambda: run_ops.last_runs(1),
    "run_ops.last_tick": lambda: run_ops.last_tick("job"),
    "run_ops.latest_runs": lambda: run_ops.latest_runs(["job"]),
    "run_ops.request_run": lambda: run_ops.request_run("job", NOW, 1),
    "run_ops.start_takeover": lambda: run_ops.start_takeover("job", NOW, "a", NOW, 1),
    "run_ops.start_run": lambda: run_ops.start_run("job", None, "a", NOW),
    "segments.count_reachable": lambda: segments.count_reachable(Segment(), NOW),
    "segments.languages_of": lambda: segments.languages_of([1]),
    "segments.find_reachable": lambda: segments.find_reachable(Segment(), NOW, NOW, after=None, limit=1),
    "health_ops.find_due_since": lambda: health_ops.find_due_since(NOW),
    "health_ops.find": health_ops.find,
    "health_ops.write": lambda: health_ops.write(Health(at=NOW, since=NOW)),
    "incident_ops.claim_open": lambda: incident_ops.claim_open("x", NOW, HOLD),
    "incident_ops.claim_close": lambda: incident_ops.claim_close("x", NOW, HOLD),
    "incident_ops.count_open": incident_ops.count_open,
    "incident_ops.close": lambda: incident_ops.close("x", NOW),
    "incident_ops.release_open": lambda: incident_ops.release_open("x"),
    "incident_ops.release_close": lambda: incident_ops.release_close("x"),
    "incident_ops.mark_notified": lambda: incident_ops.mark_notified("x", NOW),
    "incident_ops.find_open": incident_ops.find_open,
    "incident_ops.find_told": incident_ops.find_told,
    "housekeeping_ops.delete_expired_login_codes": lambda: housekeeping_ops.delete_expired_login_codes(NOW),
    "housekeeping_ops.delete_failed_deliveries": lambda: housekeeping_ops.delete_failed_deliveries(NOW),
    "inactive_user_ops.delete_inactive": lambda: inactive_user_ops.delete_inactive(1, NOW, NOW),
    "housekeeping_ops.delete_old_deliveries": lambda: housekeeping_ops.delete_old_deliveries(NOW),
    "housekeeping_ops.delete_old_paid_deliveries": lambda: housekeeping_ops.delete_old_paid_deliveries(NOW),
    "housekeeping_ops.delete_old_incidents": lambda: housekeeping_ops.delete_old_incidents(NOW),
    "housekeeping_ops.delete_old_memberships": lambda: housekeeping_ops.delete_old_memberships(NOW),
    "housekeeping_ops.delete_old_audit_entries": lambda: housekeeping_ops.delete_old_audit_entries(NOW),
    "housekeeping_ops.delete_old_requests": lambda: housekeeping_ops.delete_old_requests(NOW),
    "housekeeping_ops.delete_old_runs": lambda: housekeeping_ops.delete_old_runs(NOW, ["x"]),
    "housekeeping_ops.delete_notified_impossible": lambda: housekeeping_ops.delete_notified_impossible(NOW),
    "orphan_ops.give_up_promises": lambda: orphan_ops.give_up_promises({"x": "too_old"}, NOW, "a", NOW, HOLD),
    "orphan_ops.find_known_users": lambda: orphan_ops.find_known_users([1]),
    "orphan_ops.find_unused_tokens": lambda: orphan_ops.find_unused_tokens(NOW, NOW, 1),
    "orphan_ops.delete_unused_tokens": lambda: orphan_ops.delete_unused_tokens(["x"], NOW),
    "orphan_ops.find_deactivated": lambda: orphan_ops.find_deactivated([1]),
    "inactive_user_ops.find_inactive": lambda: inactive_user_ops.find_inactive(NOW, NOW, 1),
    "housekeeping_ops.find_runs_to_keep": lambda: housekeeping_ops.find_runs_to_keep(["x"]),
    "orphan_ops.find_overdue_promises": lambda: orphan_ops.find_overdue_promises(NOW, NOW, 1),
    "orphan_ops.delete_memberships_before": lambda: orphan_ops.delete_memberships_before(-1, NOW),
    "inactive_user_ops.has_delivery_or_token": lambda: inactive_user_ops.has_delivery_or_token(1, NOW),
    "orphan_ops.has_broadcast": lambda: orphan_ops.has_broadcast("x"),
    "orphan_ops.has_channel": lambda: orphan_ops.has_channel(-1),
    "orphan_ops.next_broadcast_with_rows": lambda: orphan_ops.next_broadcast_with_rows(None),
    "orphan_ops.next_channel_with_memberships": lambda: orphan_ops.next_channel_with_memberships(None),
    "session_ops.delete_expired_sessions": session_ops.delete_expired_sessions,
    "session_ops.is_refused": lambda: session_ops.is_refused(1, NOW, "x"),
    "session_ops.refuse_before": lambda: session_ops.refuse_before(1, NOW),
    "open_session_ops.add": lambda: open_session_ops.add(OPEN_SESSION),
    "open_session_ops.delete_ended": lambda: open_session_ops.delete_ended(NOW),
    "open_session_ops.end": lambda: open_session_ops.end("x", NOW),
    "open_session_ops.end_all": lambda: open_session_ops.end_all(1, NOW),
    "open_session_ops.listed": lambda: open_session_ops.listed(NOW),
    "login_ops.withdraw": lambda: login_ops.withdraw(1),
    "notice_ops.add_sign_in": lambda: notice_ops.add_sign_in(SignInNotice(1, SignInWay.LINK, "", "en", NOW)),
    "session_ops.revoke": lambda: session_ops.revoke("x", NOW),
    "settings_ops.change": lambda: settings_ops.change("pass_hours", 5),
    "settings_ops.change_from": lambda: settings_ops.change_from(
        "pass_hours", 5, expected=24, by=Editor(1, "Ann"), at=NOW
    ),
    "settings_ops.load_now": lambda: settings_ops.load_now(NOW),
    "settings_ops.current": lambda: settings_ops.current(NOW),
    "settings_ops.load": settings_ops.load,
    "statistics_ops.count_active": lambda: statistics_ops.count_active(NOW, NOW),
    "statistics_ops.read_days": lambda: statistics_ops.read_days(NOW, NOW),
    "statistics_ops.overview": lambda: statistics_ops.overview(Period.WEEK, NOW, ZoneInfo("UTC")),
    "statistics_ops.count_totals": statistics_ops.count_totals,
    "statistics_ops.is_closed": lambda: statistics_ops.is_closed(NOW),
    "statistics_ops.write_day": lambda: statistics_ops.write_day(NOW, 1, NOW, {}),
    "statistics_ops.add_once": lambda: statistics_ops.add_once(NOW, "x", {"x": 1}),
    "statistics_ops.last_days": lambda: statistics_ops.last_days(NOW, 1),
    "statistics_ops.read_day": lambda: statistics_ops.read_day(NOW),
    "token_ops.add": lambda: token_ops.add(NEW_TOKEN),
    "token_counts.count_link": lambda: token_counts.count_link(1, NOW, 1),
    "token_ops.find": lambda: token_ops.find(TOKEN),
    "token_ops.find_owed": lambda: token_ops.find_owed(NOW, 1),
    "token_counts.links_on": lambda: token_counts.links_on(1, NOW),
    "token_ops.mark_bypassed": lambda: token_ops.mark_bypassed(TOKEN, NOW),
    "token_ops.note_bypass": lambda: token_ops.note_bypass(TOKEN, NOW),
    "token_ops.mark_granted": lambda: token_ops.mark_granted(TOKEN, NOW),
    "token_ops.mark_verified": lambda: token_ops.mark_verified(TOKEN, NOW, 1.0),
    "token_ops.open_tokens": lambda: token_ops.open_tokens(1, NOW),
    "token_ops.redeem": lambda: token_ops.redeem(TOKEN, 1, NOW),
    "token_ops.return_replacement": lambda: token_ops.return_replacement(TOKEN),
    "token_ops.take_replacement": lambda: token_ops.take_replacement(1, NOW),
    "token_counts.uncount_link": lambda: token_counts.uncount_link(1, NOW),
    "token_ops.delete_expired_and_used_tokens": token_ops.delete_expired_and_used_tokens,
    "token_ops.delete_unused_older_than": lambda: token_ops.delete_unused_older_than(NOW),
    "token_counts.reset_token_counts": lambda: token_counts.reset_token_counts(NOW),
    "erasure_ops.begin": lambda: erasure_ops.begin("f" * 64, 1, NOW),
    "erasure_ops.begin_again": lambda: erasure_ops.begin_again([ERASURE]),
    "erasure_ops.delete_old": lambda: erasure_ops.delete_old(NOW),
    "erasure_ops.find_done": lambda: erasure_ops.find_done("", 1),
    "erasure_ops.find_due": lambda: erasure_ops.find_due(NOW, 1),
    "erasure_ops.finish": lambda: erasure_ops.finish("f" * 64, NOW),
    "erasure_ops.go_on_at": lambda: erasure_ops.go_on_at("f" * 64, NOW),
    "erasure_ops.is_any_due": lambda: erasure_ops.is_any_due(NOW),
    "erased_copies.erase_broadcast_copies": lambda: erased_copies.erase_broadcast_copies(
        erased_rows.Pass(), 1, NOW, is_patient=True
    ),
    "erased_copies.keep_promise": lambda: erased_copies.keep_promise({"_id": "x"}),
    "erased_rows.erase_rows": lambda: erased_rows.erase_rows(1, NOW, is_patient=True),
    "erased_user.delete": lambda: erased_user.delete(1, NOW),
    "erased_user.empty": lambda: erased_user.empty(1, NOW),
    "erased_user.standing": lambda: erased_user.standing(1, NOW),
    "erasing.take_step": lambda: erasing.take_step(ERASURE, NOW),
    "own_data.rows_of": lambda: own_data.rows_of(1),
    "examination.recheck": examination.recheck,
    "examination.remove": lambda: examination.remove("posts:x"),
    "unreadable_rows.find": unreadable_rows.find,
    "unreadable_rows.find_longest_unseen": lambda: unreadable_rows.find_longest_unseen(1),
    "unreadable_rows.find_one": lambda: unreadable_rows.find_one("posts:x"),
    "unreadable_rows.forget": lambda: unreadable_rows.forget("posts:x"),
    "unreadable_rows.mark_seen": lambda: unreadable_rows.mark_seen("posts:x", NOW),
    "unreadable_rows.note": lambda: unreadable_rows.note("posts", [("x", "title")]),
    "user_ops.ban": lambda: user_ops.ban(1, NOW, reason=None, until=None),
    "user_ops.find_news_stopped": lambda: user_ops.find_news_stopped(NOW, after=None, until=None, limit=1),
    "user_credits.give_back_credit": lambda: user_credits.give_back_credit(1, CODE, "u"),
    "user_credits.close_request": lambda: user_credits.close_request(1, CODE, "u"),
    "user_credits.grant": lambda: user_credits.grant(1, "k", NOW, credits=1),
    "user_credits.spend_credit": lambda: user_credits.spend_credit(1, CODE, "u", NOW),
    "user_ops.note_stray": lambda: user_ops.note_stray(1, NOW),
    "gate_message_ops.remember": lambda: gate_message_ops.remember(1, CODE, GATE_MESSAGE),
    "gate_message_ops.forget": lambda: gate_message_ops.forget(1, CODE),
    "user_ops.stop_news": lambda: user_ops.stop_news(1, NOW),
    "user_ops.pop_pending_post": lambda: user_ops.pop_pending_post(1, "c" * 16, NOW),
    "user_ops.unban": lambda: user_ops.unban(1),
    "user_ops.end_ban": lambda: user_ops.end_ban(1, reason=None, until=None),
    "user_ops.set_pending_post": lambda: user_ops.set_pending_post(1, CODE, NOW),
    "user_ops.resume_news": lambda: user_ops.resume_news(1),
    "user_ops.choose_language": lambda: user_ops.choose_language(1, "de"),
    "user_ops.count": user_ops.count,
    "user_ops.find": lambda: user_ops.find(1),
    "user_ops.mark_blocked": lambda: user_ops.mark_blocked(1, NOW),
    "user_ops.mark_deactivated": lambda: user_ops.mark_deactivated(1, NOW),
    "user_ops.mark_unblocked": lambda: user_ops.mark_unblocked(1),
    "user_ops.upsert_visitor": lambda: user_ops.upsert_visitor(Visitor(user_id=1), NOW),
}


def test_every_public_operation_is_in_this_list() -> None:
    public = operations_there_are() - set(BESIDES)
    names = {f"{operation.__module__.rpartition('.')[2]}.{operation.__qualname__}" for operation in public}
    assert names == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
async def test_an_operation_raises_store_unavailable_and_then_works_again(
    db: Database, take_away: Callable[[], None], name: str
) -> None:
    take_away()
    with pytest.raises(StoreUnavailable) as caught:
        await OPERATIONS[name]()
    assert "hunter2" not in str(caught.value)

    db.before_call = None
    await OPERATIONS[name]()


@pytest.mark.parametrize("look", [ensure_indexes, examine, find_state, migrate, Database.ping, Database.size_bytes])
async def test_maintenance_raises_store_unavailable_too(
    db: Database, take_away: Callable[[], None], look: Callable[[Database], Awaitable[Any]]
) -> None:
    take_away()
    with pytest.raises(StoreUnavailable):
        await look(db)


async def test_an_outage_between_claiming_and_reading_leaves_the_promises_to_the_next_owner(
    db: Database, now: datetime
) -> None:
    promise_id = await deletion_ops.promise(1, 7, 7, "x", now, now)
    finds = 0

    def away_at_the_reading(operation: str, collection: str) -> None:
        nonlocal finds
        finds += operation == "find"
        # one in each collection looks for what is due
        if finds == 3:
            raise NetworkTimeout("no answer")

    db.before_call = away_at_the_reading
    with pytest.raises(StoreUnavailable):
        await deletion_ops.claim_due(now, "a", HOLD, 10)

    db.before_call = None
    assert await deletion_ops.claim_due(now, "b", HOLD, 10) == []
    (taken_over,) = await deletion_ops.claim_due(now + HOLD, "b", HOLD, 10)
    assert taken_over.id == promise_id
    assert await deletion_ops.release_all("b", NOW + HOLD) == 1


async def test_an_outage_during_a_clean_up_keeps_the_finished_batches(db: Database, now: datetime) -> None:
    for number in range(6):
        expires_at = now - timedelta(days=1) + number * timedelta(seconds=1)
        await db.collection("tokens").insert_one(
            {"token": str(number), "user_id": 1, "status": "verified", "expires_at": expires_at}
        )
    deletes = 0

    def away_at_the_second_delete(operation: str, collection: str) -> None:
        nonlocal deletes
        deletes += operation == "delete_many"
        if deletes == 2:
            raise NetworkTimeout("no answer")

    db.before_call = away_at_the_second_delete
    with pytest.raises(StoreUnavailable):
        await token_ops.delete_expired_and_used_tokens(now, batch_size=2, pause_ms=0)

    db.before_call = None
    assert await db.collection("tokens").count({}) == 4
    assert (await token_ops.delete_expired_and_used_tokens(now)).count == 4
