"""Import: who is new, who stays as they are, kills at every command, one at a time."""

from datetime import timedelta
from typing import Any

import pytest

from core.clock import ManualClock
from core.exchange.imports.runs import LEASE_FOR, ImportCounts, ImportState
from core.segments import Segment
from core.users import Visitor
from database.connection import Database, current_database
from database.operations import inactive_user_ops, segments, user_credits, user_ops
from database.operations.erasures import erased_user, erasure_ops
from database.operations.exchange import import_ops, imported_people
from database.operations.exchange.imported_people import UNSEEN_FOR, SortedPage
from database.operations.people import people_lists
from tests.operations.exchange.importing import KEY, NOW, TOMBSTONES, go_on, imported, importer, offered

FILE = "id,first_name,username,credits,joined,last_seen\n1,Ann,Ann_a,9,2025-05-01,2026-02-20\n2,Bob,,,,\n3,Cec,,4,,\n"


EVERYBODY = Segment()


class Killed(BaseException):
    """The process is gone."""


def kill_at(db: Database, call: int) -> None:
    """Kill at the command of this number, from 0."""
    made = 0

    def count(operation: str, collection: str) -> None:
        nonlocal made
        made += 1
        if made > call:
            raise Killed

    db.before_call = count


async def users() -> dict[int, tuple[str, int]]:
    """Name and credits by id."""
    found = await current_database().collection("users").find({"user_id": {"$gt": 0}}, limit=5_000)
    return {one["user_id"]: (one["first_name"], one["credits"]) for one in found}


async def test_everybody_of_a_file_is_stored_as_the_file_has_them(db: Database) -> None:
    assert await imported(FILE) == ImportCounts(new=3)
    one, two = await user_ops.find(1), await user_ops.find(2)
    assert one is not None and two is not None
    assert (one.first_name, one.username, one.credits, one.imported_at) == ("Ann", "Ann_a", 9, NOW)
    assert one.joined_at.isoformat() == "2025-05-01T00:00:00+00:00"
    assert one.last_seen_at.isoformat() == "2026-02-20T00:00:00+00:00"
    assert (two.joined_at, two.last_seen_at) == (NOW, NOW - UNSEEN_FOR)
    await imported("id,name,surname\n9,Zo,Quux\n", "e" * 16)
    named, _ = await people_lists.search("quux", skip=0, limit=5)
    assert [(user.user_id, user.last_name) for user in named] == [(9, "Quux")]
    found, _ = await people_lists.search("@ann", skip=0, limit=5)
    assert [user.user_id for user in found] == [1]


async def test_a_file_that_comes_twice_changes_nothing(db: Database) -> None:
    await imported(FILE)
    await user_credits.grant(1, "g", NOW, credits=5)
    before = await current_database().collection("users").find({"user_id": {"$gt": 0}}, limit=9)
    again = FILE.replace("9,2025", "90,2024").replace("Bob", "Rob")
    assert await imported(again, "f" * 16) == ImportCounts(known=3)
    assert await current_database().collection("users").find({"user_id": {"$gt": 0}}, limit=9) == before


async def test_the_look_says_what_the_import_does(db: Database) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=2, first_name="Bob"), NOW)
    content = FILE + "x,Bad\n1,Ann again\n-5,Group\n2,Bob again\n"
    looked = await importer(content, page=2).look()
    assert looked == ImportCounts(new=2, known=1, doubled=2, unreadable=2, lines=(5, 7))
    assert set(await users()) == {2}
    assert await imported(content, page=2) == looked
    assert await users() == {1: ("Ann", 9), 2: ("Bob", 0), 3: ("Cec", 4)}


async def test_who_asked_to_be_deleted_is_not_brought_back(db: Database) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=1, first_name="Ann"), NOW)
    await erasure_ops.begin(TOMBSTONES.of(1), 1, NOW)
    await erased_user.empty(1, NOW)
    await erased_user.delete(1, NOW)
    await erasure_ops.finish(TOMBSTONES.of(1), NOW)
    assert await importer(FILE).look() == ImportCounts(new=2, erased=1)
    assert await imported(FILE) == ImportCounts(new=2, erased=1)
    assert set(await users()) == {2, 3}


async def test_who_has_not_started_this_bot_gets_no_broadcast_until_they_do(db: Database) -> None:
    await imported(FILE)
    assert await segments.count_reachable(EVERYBODY, NOW) == 0
    assert await user_ops.count() == 0
    _, is_new = await user_ops.upsert_visitor(Visitor(user_id=1, first_name="Ann"), NOW)
    assert not is_new
    assert await segments.find_reachable(EVERYBODY, NOW, NOW, after=None, limit=5) == [1]
    assert await user_ops.count() == 1
    known = await user_ops.find(1)
    assert known is not None and known.credits == 9


async def test_subscribers_of_the_same_bot_are_reached_except_those_who_had_blocked_it(db: Database) -> None:
    await imported("id,blocked_at,news_stopped_at\n1,,\n2,2026-01-01,\n3,,2026-01-01\n", is_of_this_bot=True)
    assert await segments.find_reachable(EVERYBODY, NOW, NOW, after=None, limit=5) == [1]
    assert (await user_ops.count(), await people_lists.count_unreached(NOW)) == (3, 1)


async def test_imported_people_stay_as_long_as_somebody_seen_on_that_day(db: Database) -> None:
    await imported("id,last_seen\n1,2020-01-01\n")
    kept = timedelta(days=365)
    assert await inactive_user_ops.find_inactive(NOW - kept, NOW, 5) == ([], None)
    later = NOW + kept + timedelta(days=1)
    assert (await inactive_user_ops.find_inactive(later - kept, later, 5))[0] == [1]


async def test_a_kill_at_any_command_stores_and_counts_everybody_once(db: Database) -> None:
    content = "id,first_name,credits\n" + "".join(f"{number},P{number},{number}\n" for number in range(1, 12))
    content += "bad,X,1\n3,P3,9\n"
    clock, taken = ManualClock(NOW), 0
    await user_ops.upsert_visitor(Visitor(user_id=7, first_name="Known"), NOW)
    assert await import_ops.offer(offered())
    assert await import_ops.start(KEY, 5)
    for call in range(60):
        kill_at(db, call % 9)
        try:
            is_over = await go_on(content, clock, f"process {call}", page=2)
        except Killed:
            is_over = False
        finally:
            db.before_call = None
        taken += 1
        clock.move(LEASE_FOR)
        if is_over:
            break
    found = await import_ops.find()
    assert found is not None and found.state is ImportState.DONE and taken > 5
    assert found.done == ImportCounts(new=10, known=1, doubled=1, unreadable=1, lines=(13,))
    assert await users() == {**{one: (f"P{one}", one) for one in range(1, 12)}, 7: ("Known", 0)}


async def test_a_page_that_was_stored_but_not_recorded_is_counted_as_new(db: Database) -> None:
    assert await import_ops.offer(offered())
    assert await import_ops.start(KEY, 5)
    real = import_ops.advance
    with pytest.MonkeyPatch.context() as patch:

        async def killed(*_: object) -> bool:
            raise Killed

        patch.setattr(import_ops, "advance", killed)
        with pytest.raises(Killed):
            await go_on(FILE, ManualClock(NOW), "one", page=2)
    assert import_ops.advance is real and set(await users()) == {1, 2}
    assert await go_on(FILE, ManualClock(NOW + LEASE_FOR), "two", page=2)
    found = await import_ops.find()
    assert found is not None and found.done == ImportCounts(new=3)


async def test_one_process_at_a_time_and_the_one_that_lost_it_records_nothing(db: Database) -> None:
    assert await import_ops.offer(offered())
    assert await import_ops.take("one", NOW) is None
    assert await import_ops.start(KEY, 5) and not await import_ops.start(KEY, 6)
    slow = await import_ops.take("one", NOW)
    assert slow is not None and await import_ops.take("two", NOW + LEASE_FOR - timedelta(seconds=1)) is None
    assert not await import_ops.offer(offered("f" * 16))
    assert await go_on(FILE, ManualClock(NOW + LEASE_FOR), "two")
    assert not await import_ops.advance(slow, ImportCounts(new=1), NOW)
    assert not await import_ops.finish(slow, NOW)
    assert await import_ops.offer(offered("f" * 16))
    assert not await import_ops.start(KEY, 5) and not await import_ops.set_bot(KEY, is_of_this_bot=True)


async def test_who_presses_start_while_the_page_is_stored_keeps_what_they_have(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = imported_people.sort_page

    async def press(*words: Any) -> SortedPage:
        page = await real(*words)
        await user_ops.upsert_visitor(Visitor(user_id=1, first_name="Anna"), NOW)
        return page

    monkeypatch.setattr(imported_people, "sort_page", press)
    assert await imported(FILE) == ImportCounts(new=2, known=1)
    assert (await users())[1] == ("Anna", 0)
