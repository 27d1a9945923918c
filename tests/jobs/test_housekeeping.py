"""What the housekeeping deletes and what it keeps, on both sides of each limit."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.errors import AutoReconnect

from core.clock import ManualClock
from core.delivery_states import FOREVER
from core.errors import StoreUnavailable
from core.gifts.records import GIFTS_KEPT_FOR
from core.jobs import Counts, JobOutcome
from core.users import Visitor
from database.batches import Bounds
from database.connection import Database
from database.operations import (
    broadcast_ops,
    broadcast_rows,
    deletion_ops,
    delivery_ops,
    impossible_deletions,
    inactive_user_ops,
    orphan_ops,
    run_ops,
    settings_ops,
    user_ops,
)
from database.operations.delivery_ops import NewDelivery
from database.values import Document, to_key
from monitoring import metrics
from schedulers.jobs import inactive_users, orphans
from schedulers.jobs.housekeeping import STEPS, Housekeeping
from schedulers.runner import Run
from tests.clocks import SteeredClock

#: the night of 1 March; in Kolkata it is 07:30 already
NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
UTC_ZONE, KOLKATA = ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata")
MS, HOUR, DAY = timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=1)
#: start of the oldest of the 30 days that are kept
OLDEST = datetime(2026, 1, 30, tzinfo=UTC)
BOT = 1002
NO_PAUSE: Bounds = {"pause_ms": 0}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def keep_house(
    clock: ManualClock, zone: ZoneInfo = UTC_ZONE, bounds: Bounds = NO_PAUSE, run: Run | None = None
) -> Counts:
    """Run the job once."""
    return await Housekeeping(bounds, zone)(run or Run(clock, "keeper"))


async def left(db: Database, collection: str, field: str) -> list[Any]:
    """The values of that field in what is left, sorted."""
    return sorted(found[field] for found in await db.collection(collection).find({}, limit=5_000))


async def put(db: Database, collection: str, *documents: Document) -> None:
    await db.collection(collection).insert_many(documents)


# history


async def test_with_nothing_to_delete_nothing_is_counted(db: Database, clock: ManualClock) -> None:
    assert await keep_house(clock) == Counts({}, more=False)


async def test_deliveries_older_than_the_history_are_deleted_while_nothing_of_them_is_left(
    db: Database, clock: ManualClock
) -> None:
    ended: Document = {"state": "sent", "delete_at": None, "sent_at": OLDEST - DAY}
    old: Document = {**ended, "opened_at": OLDEST - MS}
    await put(
        db,
        "deliveries",
        {**old, "_id": "too old"},
        {**old, "_id": "unknown", "state": "unknown"},
        {**ended, "_id": "old enough to stay", "opened_at": OLDEST},
        {**old, "_id": "being sent", "state": "sending"},
        {**old, "_id": "copies stand", "delete_at": NOW + DAY},
        {**old, "_id": "copies could not be deleted yet", "delete_at": NOW - DAY},
        {**ended, "_id": "failed", "state": "refused", "opened_at": None, "sent_at": OLDEST - MS},
        {**ended, "_id": "failed recently", "state": "refused", "opened_at": None, "sent_at": OLDEST},
        {**ended, "_id": "first one being sent", "state": "sending", "opened_at": None, "sent_at": OLDEST - MS},
    )
    assert await keep_house(clock) == Counts({"deliveries": 3})
    assert await left(db, "deliveries", "_id") == [
        "being sent",
        "copies could not be deleted yet",
        "copies stand",
        "failed recently",
        "first one being sent",
        "old enough to stay",
    ]


async def test_a_paid_delivery_is_deleted_when_its_copy_stood_until_before_the_history_and_a_kept_one_never(
    db: Database, clock: ManualClock
) -> None:
    paid: Document = {"state": "sent", "delete_at": None, "opened_at": OLDEST - DAY}
    await put(
        db,
        "deliveries",
        {**paid, "_id": "over", "paid_until": OLDEST - MS},
        {**paid, "_id": "over later", "paid_until": OLDEST},
        {**paid, "_id": "opened again for nothing", "paid_until": OLDEST - MS, "opened_at": OLDEST},
        {**paid, "_id": "copies stand", "paid_until": OLDEST - MS, "delete_at": NOW},
        {**paid, "_id": "for ever", "paid_until": FOREVER},
    )
    assert await keep_house(clock) == Counts({"deliveries": 1})
    assert "over" not in await left(db, "deliveries", "_id")
    clock.move(10_000 * DAY)
    await db.collection("deliveries").update_many({}, {"$set": {"delete_at": None}})
    await keep_house(clock)
    assert await left(db, "deliveries", "_id") == ["for ever"]


async def test_history_is_counted_in_days_of_the_zone_and_set_by_the_owner(db: Database, clock: ManualClock) -> None:
    await settings_ops.change("history_days", 10)
    midnight = datetime(2026, 2, 18, 18, 30, tzinfo=UTC)  # start of 19 February in Kolkata
    for name, opened_at in (("before", midnight - MS), ("after", midnight)):
        await put(db, "deliveries", {"_id": name, "opened_at": opened_at})
    await keep_house(clock, KOLKATA)
    assert await left(db, "deliveries", "_id") == ["after"]


async def test_a_history_of_a_day_keeps_deliveries_for_two(db: Database, clock: ManualClock) -> None:
    await settings_ops.change("history_days", 1)
    for name, opened_at in (("old", NOW - 2 * DAY - MS), ("young", NOW - 2 * DAY)):
        await put(db, "deliveries", {"_id": name, "opened_at": opened_at})
    await keep_house(clock)
    assert await left(db, "deliveries", "_id") == ["young"]


async def test_a_delivery_repeated_between_the_find_and_the_delete_is_kept(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = OLDEST - DAY
    claim = await delivery_ops.start(NewDelivery(BOT, 1, "post", "", "a process", long_ago, None))
    assert claim is not None
    await delivery_ops.record_sent(claim, [1], None, sent_at=long_ago, delete_at=None, paid_until=None)
    deliveries = db.bulk("deliveries")
    delete_many = deliveries.delete_many

    async def deliver_meanwhile(condition: Document) -> int:
        assert await delivery_ops.start(NewDelivery(BOT, 1, "post", "", "a process", NOW, None)) is not None
        return await delete_many(condition)

    monkeypatch.setattr(deliveries, "delete_many", deliver_meanwhile)
    assert await keep_house(clock) == Counts({"deliveries": 0})
    assert (await left(db, "deliveries", "opened_at")) == [NOW]


async def test_old_runs_are_deleted_except_the_newest_of_each_job(db: Database, clock: ManualClock) -> None:
    for name, started_at, more in (
        ("old", OLDEST - 3 * DAY, {}),
        ("last tick", OLDEST - 2 * DAY, {}),
        ("by hand", OLDEST - 2 * DAY + HOUR, {"requested_by": 7}),
        ("last by hand", OLDEST - DAY, {"requested_by": 7}),
        ("never ended", OLDEST - 3 * DAY + HOUR, {"outcome": None}),
        ("of an unknown job", OLDEST - 4 * DAY, {"job": "gone"}),
        ("young", OLDEST, {"job": "message_deleter"}),
        ("just too old", OLDEST - MS, {"job": "message_deleter"}),
    ):
        run: Document = {"job": "backup", "requested_by": None, "outcome": JobOutcome.SUCCEEDED, "note": name}
        await put(db, "job_runs", {**run, "scheduled_at": started_at, "started_at": started_at, **more})
    before = await run_ops.last_tick("backup")
    assert (await keep_house(clock)).done == {"runs": 4}
    assert await left(db, "job_runs", "note") == ["last by hand", "last tick", "never ended", "young"]
    assert await run_ops.last_tick("backup") == before


async def test_old_impossible_deletions_are_deleted_once_owners_were_notified(db: Database, clock: ManualClock) -> None:
    for name, is_told, at in (("told", True, OLDEST - MS), ("young", True, OLDEST), ("untold", False, OLDEST - DAY)):
        await put(db, "impossible_deletions", {"_id": name, "is_told": is_told, "at": at})
    assert (await keep_house(clock)).done == {"impossible": 1}
    assert await left(db, "impossible_deletions", "_id") == ["untold", "young"]


async def test_incidents_closed_long_ago_are_deleted_and_open_ones_kept(db: Database, clock: ManualClock) -> None:
    for name, closed_at in (("old", OLDEST - MS), ("young", OLDEST), ("open", None)):
        await put(db, "incidents", {"_id": name, "closed_at": closed_at})
    assert (await keep_house(clock)).done == {"incidents": 1}
    assert await left(db, "incidents", "_id") == ["open", "young"]


async def test_gifts_are_kept_for_a_month_after_their_end_and_what_is_owed_longer(
    db: Database, clock: ManualClock
) -> None:
    over, kept = NOW - GIFTS_KEPT_FOR - MS, NOW - GIFTS_KEPT_FOR
    await put(db, "gifts", {"code": "over", "expires_at": over}, {"code": "kept", "expires_at": kept})
    paid: Document = {"is_owed": False, "expires_at": over}
    owed, young = {**paid, "is_owed": True}, {**paid, "expires_at": kept}
    await put(db, "gift_claims", {"code": "over", **paid}, {"code": "owed", **owed}, {"code": "kept", **young})
    assert (await keep_house(clock)).done == {"gifts": 1, "gift_claims": 1}
    assert (await left(db, "gifts", "code"), await left(db, "gift_claims", "code")) == (["kept"], ["kept", "owed"])


async def test_past_pauses_and_expired_login_codes_are_deleted(db: Database, clock: ManualClock) -> None:
    await put(db, "send_pauses", {"_id": "over", "until": NOW}, {"_id": "on", "until": NOW + MS})
    codes = ({"code_hash": "old", "expires_at": NOW - MS}, {"code_hash": "good", "expires_at": NOW})
    await put(db, "login_codes", *codes)
    assert (await keep_house(clock)).done == {"pauses": 1, "login_codes": 1}
    assert await left(db, "send_pauses", "_id") == ["on"]
    assert await left(db, "login_codes", "code_hash") == ["good"]


async def test_old_memberships_are_deleted_and_join_requests_after_a_year(db: Database, clock: ManualClock) -> None:
    await put(db, "channels", {"chat_id": -1})
    for user_id, status, seen_at in (
        (1, "member", OLDEST - MS),
        (2, "left", OLDEST - MS),
        (3, "requested", OLDEST - 300 * DAY),
        (4, "member", OLDEST),
        (5, "requested", NOW - 365 * DAY - MS),
        (6, "requested", NOW - 365 * DAY),
    ):
        await put(db, "memberships", {"chat_id": -1, "user_id": user_id, "status": status, "seen_at": seen_at})
    assert (await keep_house(clock)).done == {"memberships": 3}
    assert await left(db, "memberships", "user_id") == [3, 4, 6]


async def test_what_the_team_did_and_who_was_erased_is_forgotten_after_a_year(db: Database, clock: ManualClock) -> None:
    year = NOW - 365 * DAY
    for name, at in (("old", year - MS), ("young", year)):
        await put(db, "audit_log", {"at": at, "admin_id": 1, "action": name})
        await put(db, "erasures", {"_id": name, "user_id": None, "next_at": None, "asked_at": at, "done_at": at})
    await put(db, "erasures", {"_id": "under way", "user_id": 5, "next_at": year, "asked_at": year, "done_at": None})
    assert (await keep_house(clock)).done == {"audit_log": 1, "tombstones": 1}
    assert await left(db, "audit_log", "action") == ["young"]
    assert await left(db, "erasures", "_id") == ["under way", "young"]


async def test_daily_statistics_and_broadcasts_are_never_deleted(db: Database, clock: ManualClock) -> None:
    long_ago = NOW - 400 * DAY
    await put(db, "daily_stats", {"date": long_ago, "counters": {"users": 1}})
    await put(db, "broadcasts", {"key": "x", "finished_at": long_ago, "are_rows_removed": True, "counts": {"sent": 5}})
    assert (await keep_house(clock)).done == {}
    for collection in ("daily_stats", "broadcasts"):
        assert await db.collection(collection).count({}) == 1, collection


# orphans


async def test_rows_without_a_broadcast_are_deleted(db: Database, clock: ManualClock) -> None:
    there = (await db.collection("broadcasts").insert_one({"key": "x"}), "there")[0]
    await broadcast_rows.add_recipients(str(there), [1, 2])
    gone_first, gone_last = "000000000000000000000001", "ffffffffffffffffffffffff"
    await broadcast_rows.add_recipients(gone_first, [1, 2, 3])
    await broadcast_rows.add_recipients(gone_last, [1])
    assert (await keep_house(clock)).done == {"recipients": 4}
    assert await left(db, "broadcast_recipients", "user_id") == [1, 2]
    assert await broadcast_ops.find(gone_first) is None


async def test_memberships_of_removed_channels_are_deleted_and_those_of_paused_and_unreadable_ones_kept(
    db: Database, clock: ManualClock
) -> None:
    await put(db, "channels", {"chat_id": -2, "is_paused": True}, {"chat_id": -4, "invite_link": None})
    for chat_id in (-5, -4, -3, -2, -1):
        await put(db, "memberships", {"chat_id": chat_id, "user_id": 1, "status": "requested", "seen_at": NOW - HOUR})
    assert (await keep_house(clock)).done == {"memberships": 3}
    assert await left(db, "memberships", "chat_id") == [-4, -2]


async def test_a_membership_of_a_removed_channel_seen_after_the_start_of_the_run_is_kept(
    db: Database, clock: ManualClock
) -> None:
    for user_id, seen_at in ((1, NOW - MS), (2, NOW)):
        await put(db, "memberships", {"chat_id": -1, "user_id": user_id, "status": "member", "seen_at": seen_at})
    await keep_house(clock)
    assert await left(db, "memberships", "user_id") == [2]


class Promised:
    """Stores a promise that has been due for `due_for`, in one of the two collections; returns its id."""

    def __init__(self, home: str) -> None:
        self.home = home

    async def __call__(self, user_id: int, sent_at: datetime, due_for: timedelta) -> str:
        delete_at, code = NOW - due_for, f"post{user_id}"
        if self.home == "pending_deletions":
            return await deletion_ops.promise(BOT, user_id, user_id, code, sent_at, delete_at, [10])
        claim = await delivery_ops.start(NewDelivery(BOT, user_id, code, "", "a process", sent_at, delete_at))
        assert claim is not None
        assert await delivery_ops.record_sent(claim, [10], None, sent_at=sent_at, delete_at=delete_at, paid_until=None)
        return claim.id


@pytest.fixture(params=["deliveries", "pending_deletions"])
def promised(request: pytest.FixtureRequest) -> Promised:
    return Promised(request.param)


async def is_there(promise_id: str) -> bool:
    found = await orphan_ops.find_overdue_promises(NOW + 365 * DAY, NOW + 365 * DAY, 1_000)
    return promise_id in {stuck.id for stuck in found}


async def test_promises_to_deleted_accounts_end_as_impossible_and_are_counted(
    db: Database, clock: ManualClock, promised: Promised
) -> None:
    for user_id in (1, 2, 3):
        await user_ops.upsert_visitor(Visitor(user_id=user_id), NOW - 3 * DAY)
    assert await user_ops.mark_deactivated(1, NOW - HOUR)
    assert await user_ops.mark_deactivated(3, NOW - HOUR)
    await user_ops.mark_blocked(2, NOW - HOUR)
    gone = await promised(1, NOW - 3 * HOUR, orphans.STUCK_AFTER + MS)
    only_blocked = await promised(2, NOW - 3 * HOUR, orphans.STUCK_AFTER + MS)
    remaining = await promised(3, NOW - 3 * HOUR, orphans.STUCK_AFTER)

    assert (await keep_house(clock)).done == {"promises": 1}

    assert [await is_there(one) for one in (gone, only_blocked, remaining)] == [False, True, True]
    (noted,) = await db.collection("impossible_deletions").find({}, limit=5)
    assert (noted["chat_id"], noted["reason"], noted["is_told"], noted["at"]) == (1, "reader_gone", False, NOW)
    assert await impossible_deletions.claim_for_notice("notice") == 1
    assert await impossible_deletions.count_in_notice("notice", "reader_gone") == 1


async def test_a_promise_to_an_account_that_came_back_is_left_to_the_deleter(
    db: Database, clock: ManualClock, promised: Promised
) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=1), NOW - 3 * DAY)
    await user_ops.mark_deactivated(1, NOW - HOUR)
    person, is_new = await user_ops.upsert_visitor(Visitor(user_id=1), NOW - MS)
    assert (person.deactivated_at, person.blocked_at, is_new) == (None, None, False)
    promise = await promised(1, NOW - 5 * HOUR, 2 * HOUR)
    assert (await keep_house(clock)).done == {}
    assert await is_there(promise)


@pytest.mark.parametrize(
    ("age", "due_for", "ends"),
    [
        (timedelta(hours=48), DAY, True),
        (timedelta(hours=48) - MS, DAY, False),
        (timedelta(hours=48), DAY - MS, False),
    ],
)
async def test_a_promise_overdue_for_a_day_ends_when_it_is_too_old_for_telegram(
    db: Database, clock: ManualClock, promised: Promised, age: timedelta, due_for: timedelta, ends: bool
) -> None:
    promise = await promised(1, NOW - age, due_for)
    assert (await keep_house(clock)).done == ({"promises": 1} if ends else {})
    assert await is_there(promise) is not ends
    assert await db.collection("impossible_deletions").count({"reason": "too_old"}) == ends


async def test_a_promise_claimed_by_a_deleter_is_left_to_it(
    db: Database, clock: ManualClock, promised: Promised
) -> None:
    promise = await promised(1, NOW - 3 * DAY, 2 * DAY)
    assert await deletion_ops.claim_due(NOW - HOUR, "deleter", HOUR + MS, 10)
    assert (await keep_house(clock)).done == {}
    assert await is_there(promise)

    clock.move(MS)
    assert (await keep_house(clock)).done == {"promises": 1}
    # the deleter that resumes has lost its claim
    assert await deletion_ops.finish([promise], "deleter") == 0


async def test_a_promise_claimed_by_a_deleter_after_the_find_is_left_to_it(
    db: Database, clock: ManualClock, promised: Promised, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise = await promised(1, NOW - 3 * DAY, 2 * DAY)
    find_deactivated = orphan_ops.find_deactivated

    async def claim_meanwhile(user_ids: Any) -> set[int]:
        assert await deletion_ops.claim_due(NOW, "deleter", HOUR, 10)
        return await find_deactivated(user_ids)

    monkeypatch.setattr(orphan_ops, "find_deactivated", claim_meanwhile)
    assert (await keep_house(clock)).done == {"promises": 0}
    assert await deletion_ops.finish([promise], "deleter") == 1
    assert await db.collection("impossible_deletions").count({}) == 0


async def test_a_promise_recorded_before_a_kill_is_counted_once(
    db: Database, clock: ManualClock, promised: Promised, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise = await promised(1, NOW - 3 * DAY, 2 * DAY)

    async def away(*_: object) -> int:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as broken, pytest.raises(StoreUnavailable):
        broken.setattr(orphan_ops, "finish", away)
        await keep_house(clock)
    assert await db.collection("impossible_deletions").count({}) == 1 and await is_there(promise)

    clock.move(orphans.CLAIM_FOR)
    assert (await keep_house(clock, run=Run(clock, "another"))).done == {"promises": 1}
    assert await db.collection("impossible_deletions").count({}) == 1 and not await is_there(promise)


async def test_many_promises_that_are_kept_do_not_hide_one_that_ends(
    db: Database, clock: ManualClock, promised: Promised, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "BATCH", 3)
    for user_id in range(1, 8):
        await promised(user_id, NOW - HOUR, 20 * HOUR - user_id * MS)
    await promised(8, NOW - 3 * DAY, 2 * DAY - 3 * HOUR)
    await user_ops.upsert_visitor(Visitor(user_id=7), NOW)
    await user_ops.mark_deactivated(7, NOW)
    assert await keep_house(clock) == Counts({"promises": 2})


async def test_unreadable_rows_do_not_end_the_step_early(
    db: Database, clock: ManualClock, promised: Promised, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "BATCH", 3)
    for user_id in range(1, 8):
        promise = await promised(user_id, NOW - 3 * DAY, 3 * DAY - user_id * MS)
        if user_id in (1, 2, 5):
            unreadable = {1: {"$unset": {"user_id": ""}}, 2: {"$set": {"user_id": "2"}}}
            change = unreadable.get(user_id, {"$set": {"user_id": None}})
            await db.collection(promised.home).update_one({"_id": to_key(promise)}, change)
    assert await keep_house(clock) == Counts({"promises": 4})


# inactive users


async def person(user_id: int, seen_at: datetime) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=user_id), seen_at)


@pytest.fixture
async def after_40_days(db: Database) -> None:
    await settings_ops.change("inactive_user_days", 40)


LONG_AGO = NOW - 40 * DAY - MS


async def test_a_silent_subscriber_is_kept_for_a_year_unless_the_settings_say_otherwise(
    db: Database, clock: ManualClock
) -> None:
    await person(1, NOW - 365 * DAY)
    await person(2, NOW - 365 * DAY - MS)
    assert (await keep_house(clock)).done == {"users": 1}
    await person(3, NOW - 3_000 * DAY)
    await settings_ops.change("inactive_user_days", None)
    assert (await keep_house(clock)).done == {}
    assert await left(db, "users", "user_id") == [1, 3]


@pytest.mark.usefixtures("after_40_days")
async def test_an_inactive_user_who_holds_nothing_is_deleted(db: Database, clock: ManualClock) -> None:
    await person(1, LONG_AGO)
    await person(2, NOW - 40 * DAY)
    await person(3, LONG_AGO)
    await user_ops.mark_blocked(3, LONG_AGO)
    assert (await keep_house(clock)).done == {"users": 2}
    assert await left(db, "users", "user_id") == [2]


#: what keeps a user, as a field of their record
HOLDS: dict[str, Document] = {
    "a credit": {"credits": 1},
    "a pass": {"pass_until": NOW + MS},
    "a ban": {"is_banned": True},
    "a ban in force": {"is_banned": True, "banned_until": NOW + MS},
    "no news wanted": {"news_stopped_at": LONG_AGO},
}
#: what does not
HOLDS_NO_MORE: dict[str, Document] = {
    "a ban that ran out": {"is_banned": True, "banned_until": NOW},
    "a pass that ran out": {"pass_until": NOW},
    "was paid once": {"grants": ["token x"], "credits": 0},
    "was charged": {"charges": {"c" * 16: {"at": LONG_AGO, "update_key": "u1"}}},
    "no news wanted, a year ago": {"news_stopped_at": LONG_AGO, "last_seen_at": NOW - 365 * DAY - MS},
}


@pytest.mark.usefixtures("after_40_days")
@pytest.mark.parametrize("what", HOLDS)
async def test_a_user_who_holds_something_is_kept(db: Database, clock: ManualClock, what: str) -> None:
    await person(1, LONG_AGO)
    await db.collection("users").update_one({"user_id": 1}, {"$set": HOLDS[what]})
    assert (await keep_house(clock)).done == {}
    assert await user_ops.find(1) is not None


@pytest.mark.usefixtures("after_40_days")
@pytest.mark.parametrize("what", HOLDS_NO_MORE)
async def test_a_user_who_holds_nothing_any_more_is_deleted(db: Database, clock: ManualClock, what: str) -> None:
    await person(1, LONG_AGO)
    await db.collection("users").update_one({"user_id": 1}, {"$set": HOLDS_NO_MORE[what]})
    assert (await keep_house(clock)).done == {"users": 1}


@pytest.mark.usefixtures("after_40_days")
async def test_a_user_with_a_paid_copy_that_stays_is_kept(db: Database, clock: ManualClock) -> None:
    await person(1, LONG_AGO)
    await person(2, LONG_AGO)
    sent: Document = {"state": "sent", "delete_at": None, "opened_at": LONG_AGO}
    await put(db, "deliveries", {**sent, "_id": "1002:1:a", "user_id": 1, "paid_until": FOREVER})
    await put(db, "deliveries", {**sent, "_id": "1002:2:a", "user_id": 2, "paid_until": NOW})
    assert (await keep_house(clock)).done["users"] == 1
    assert await left(db, "users", "user_id") == [1]


@pytest.mark.usefixtures("after_40_days")
async def test_a_user_with_an_open_delivery_or_a_verified_token_is_kept(db: Database, clock: ManualClock) -> None:
    for user_id in (1, 2, 3, 4):
        await person(user_id, LONG_AGO)
    await deletion_ops.promise(BOT, 1, 1, "post", NOW, NOW + HOUR)
    await put(db, "deliveries", {"_id": "1002:4:a", "user_id": 4, "state": "sent", "delete_at": NOW + HOUR})
    await put(db, "deliveries", {"_id": "1002:3:a", "user_id": 3, "state": "sent", "delete_at": None})
    await put(db, "tokens", {"token": "a", "user_id": 2, "status": "verified"})
    await put(db, "tokens", {"token": "b", "user_id": 3, "status": "unused"})
    assert (await keep_house(clock)).done == {"users": 1}
    assert await left(db, "users", "user_id") == [1, 2, 4]


@pytest.mark.usefixtures("after_40_days")
async def test_a_user_who_comes_back_between_the_find_and_the_delete_is_kept(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await person(1, LONG_AGO)
    ask = inactive_user_ops.has_delivery_or_token

    async def come_back_meanwhile(user_id: int, now: datetime) -> bool:
        answer = await ask(user_id, now)
        await person(user_id, NOW)
        return answer

    monkeypatch.setattr(inactive_user_ops, "has_delivery_or_token", come_back_meanwhile)
    assert (await keep_house(clock)).done == {}
    assert (found := await user_ops.find(1)) is not None and found.joined_at == LONG_AGO


@pytest.mark.usefixtures("after_40_days")
async def test_a_user_banned_between_the_find_and_the_delete_stays_banned(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await person(1, LONG_AGO)
    ask = inactive_user_ops.has_delivery_or_token

    async def ban_meanwhile(user_id: int, now: datetime) -> bool:
        await user_ops.ban(user_id, NOW, reason=None, until=None)
        return await ask(user_id, now)

    monkeypatch.setattr(inactive_user_ops, "has_delivery_or_token", ban_meanwhile)
    assert (await keep_house(clock)).done == {}
    assert (found := await user_ops.find(1)) is not None and found.is_banned


@pytest.mark.usefixtures("after_40_days")
async def test_users_who_are_kept_are_looked_at_once_and_hide_nobody_behind_them(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inactive_users, "BATCH", 4)
    kept = range(60)
    # more of one instant than are read at once
    await db.collection("users").insert_many(
        [{"user_id": number, "last_seen_at": LONG_AGO - DAY + number // 15 * MS} for number in kept]
    )
    await put(db, "tokens", *({"token": f"t{number}", "user_id": number, "status": "verified"} for number in kept))
    await person(9_999, LONG_AGO)
    db.calls.clear()
    assert await keep_house(clock) == Counts({"users": 1})
    assert db.calls["find users"] == 61 // 4 + 1
    assert db.calls["find_one tokens"] == 61


# stops, limits, errors


def fail_at(db: Database, call: str) -> None:
    """Make the database fail this call."""

    def refuse(operation: str, collection: str) -> None:
        if f"{operation} {collection}" == call:
            raise AutoReconnect("connection closed")

    db.before_call = refuse


@pytest.fixture
async def old_everywhere(db: Database) -> None:
    """Old deliveries and incidents."""
    for number in range(10):
        opened = {"_id": f"{number}", "opened_at": OLDEST - DAY + number * MS}
        await put(db, "deliveries", opened)
        await put(db, "incidents", {"_id": f"{number}", "closed_at": OLDEST - DAY + number * MS})


@pytest.mark.usefixtures("old_everywhere")
@pytest.mark.parametrize("call", ["find deliveries", "delete_many deliveries", "find_one memberships"])
async def test_an_error_in_one_step_does_not_prevent_the_others(db: Database, clock: ManualClock, call: str) -> None:
    run = Run(clock, "keeper")
    fail_at(db, call)
    with pytest.raises(StoreUnavailable, match=r"deliveries|memberships"):
        await keep_house(clock, run=run)
    db.before_call = None
    assert run.done["incidents"] == 10
    assert await db.collection("incidents").count({}) == 0
    assert await db.collection("deliveries").count({}) == (10 if "deliveries" in call else 0)


@pytest.mark.usefixtures("old_everywhere")
async def test_an_outage_in_the_middle_of_a_step_keeps_its_counts(db: Database, clock: ManualClock) -> None:
    run, deletes = Run(clock, "keeper"), 0

    def refuse(operation: str, collection: str) -> None:
        nonlocal deletes
        deletes += (operation, collection) == ("delete_many", "deliveries")
        if deletes == 3:
            raise AutoReconnect("connection closed")

    db.before_call = refuse
    with pytest.raises(StoreUnavailable):
        await keep_house(clock, run=run, bounds={"pause_ms": 0, "batch_size": 2})
    db.before_call = None
    assert run.done["deliveries"] == 4
    assert await left(db, "deliveries", "_id") == [f"{number}" for number in range(4, 10)]


@pytest.mark.usefixtures("old_everywhere")
async def test_a_stop_ends_it_after_the_batch_in_progress(db: Database, clock: ManualClock) -> None:
    async def stop_now(seconds: float) -> None:
        run.stopping.set()

    run = Run(SteeredClock(stop_now, start=NOW), "keeper")
    counts = await keep_house(clock, run=run, bounds={"batch_size": 4})
    assert counts == Counts({"deliveries": 4}, more=True), "the oldest are deleted first"
    assert await left(db, "deliveries", "_id") == [f"{number}" for number in range(4, 10)]
    assert await db.collection("incidents").count({}) == 10


@pytest.mark.usefixtures("old_everywhere")
async def test_a_run_out_of_time_reports_more_and_the_next_run_does_the_rest(db: Database, clock: ManualClock) -> None:
    # the first pause takes longer than the run may
    first = await keep_house(clock, bounds={"batch_size": 4, "pause_ms": 40_000, "timeout_s": 30})
    assert first == Counts({"deliveries": 8}, more=True)
    assert await keep_house(clock) == Counts({"deliveries": 2, "incidents": 10})


@pytest.mark.usefixtures("old_everywhere")
async def test_deleted_documents_are_counted_in_the_metrics_by_kind(db: Database, clock: ManualClock) -> None:
    before = metrics.REGISTRY.get_sample_value("tollgate_cleanup_deleted_total", {"kind": "deliveries"}) or 0
    await keep_house(clock)
    after = metrics.REGISTRY.get_sample_value("tollgate_cleanup_deleted_total", {"kind": "deliveries"})
    assert after == before + 10


def test_each_step_has_a_name_of_its_own() -> None:
    assert len({name for name, _ in STEPS}) == len(STEPS)
