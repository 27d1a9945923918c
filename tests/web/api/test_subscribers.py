"""`/api/admin/subscribers`: the list, the card, changes of one and of many with undo, gift links."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from core.clock import ManualClock
from core.segments import SegmentKind
from core.users import Visitor
from database import bot_profiles
from database.connection import Database
from database.operations import audit_ops, user_credits, user_ops
from tests.web.auth.signing import API, MANAGER, OWNER, bearer

LIST = f"{API}/subscribers"
CHANGES, UNDO = f"{LIST}/changes", f"{LIST}/undo"
KEY = "0123abcd-key"
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("admins")


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client with a bearer token of a manager."""
    client.headers.update(bearer(MANAGER, clock.now()))
    return client


async def met(clock: ManualClock, user_id: int, name: str = "Alice", username: str | None = None) -> None:
    await user_ops.upsert_visitor(Visitor(user_id=user_id, first_name=name, username=username), clock.now())


async def met_many(clock: ManualClock, ids: range) -> None:
    for user_id in ids:
        await met(clock, user_id, f"Somebody {user_id}")


def body(change: dict[str, Any], ids: list[int] | None = None, part: dict[str, Any] | None = None) -> dict[str, Any]:
    named = {"part": part} if ids is None else {"ids": ids}
    return {"key": KEY, "change": change, **named}


async def credits_of(user_id: int) -> int:
    user = await user_ops.find(user_id)
    assert user is not None
    return user.credits


# the list


async def test_a_page_holds_fifty_and_says_whether_more_follow(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await met_many(clock, range(1001, 1052))
    first = (await client.get(LIST)).json()
    second = (await client.get(LIST, params={"page": 1})).json()
    assert [len(first["rows"]), first["more"], len(second["rows"]), second["more"]] == [50, True, 1, False]
    assert len({row["user_id"] for row in first["rows"] + second["rows"]}) == 51
    assert (first["subscribers"], first["reached"]) == (51, 51)


@pytest.mark.parametrize(
    ("search", "found"),
    [("alice", [1001]), ("@ALI", [1001]), ("1002", [1002]), ("t.me/alice_s", [1001]), ("zzz", [])],
)
async def test_a_search_reads_names_usernames_links_and_ids_as_the_bot_does(
    client: httpx.AsyncClient, clock: ManualClock, search: str, found: list[int]
) -> None:
    await met(clock, 1001, "Alice", "alice_s")
    await met(clock, 1002, "Боб")
    rows = (await client.get(LIST, params={"search": search})).json()["rows"]
    assert [row["user_id"] for row in rows] == found


async def test_each_list_shows_whom_the_bots_list_shows(client: httpx.AsyncClient, clock: ManualClock) -> None:
    now = clock.now()
    await met_many(clock, range(1001, 1004))
    await user_credits.grant(1001, "k", now, pass_for=DAY)
    await user_ops.ban(1002, now, reason=None, until=None)
    await user_ops.mark_blocked(1003, now)
    for show, ids in ((SegmentKind.WITH_PASS, [1001]), (SegmentKind.BANNED, [1002]), (SegmentKind.BLOCKED, [1003])):
        rows = (await client.get(LIST, params={"show": show})).json()["rows"]
        assert [row["user_id"] for row in rows] == ids
        assert (await client.get(f"{LIST}/count", params={"show": show})).json() == {"count": 1}


@pytest.mark.parametrize(
    "params",
    [
        {"show": "language"},
        {"show": "without_pass"},
        {"show": "source"},
        {"show": "source", "source": "a b"},
        {"show": "x"},
        {"page": 200},
        {"page": -1},
        {"search": "x" * 121},
    ],
)
async def test_a_list_that_is_none_is_refused(client: httpx.AsyncClient, params: dict[str, Any]) -> None:
    answer = await client.get(LIST, params=params)
    assert answer.status_code == 422


# a card


async def test_a_card_shows_the_record_and_what_was_done(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await met(clock, 1001, "<b>Alice", "alice_s")
    await client.post(CHANGES, json=body({"credits": 5}, [1001]))
    card = (await client.get(f"{LIST}/1001")).json()
    assert (card["subscriber"]["name"], card["subscriber"]["credits"], card["may_ban"]) == ("<b>Alice", 5, True)
    assert [(one["kind"], one["amount"]) for one in card["history"]] == [("credits", 5)]


@pytest.mark.parametrize(("user_id", "status"), [(1001, 404), (0, 422), (2**52, 422), ("x", 422)])
async def test_the_card_of_somebody_unknown_is_not_there(
    client: httpx.AsyncClient, user_id: int | str, status: int
) -> None:
    assert (await client.get(f"{LIST}/{user_id}")).status_code == status


# changes


async def test_a_change_that_is_sent_again_counts_once_and_can_be_undone(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    await met(clock, 1001)
    first = await client.post(CHANGES, json=body({"credits": 5}, [1001]))
    again = await client.post(CHANGES, json=body({"credits": 5}, [1001]))
    assert first.json() == again.json()
    assert first.json()["changed"] == [
        {"user_id": 1001, "credits": 5, "was": None, "became": None, "ban_reason": None, "banned_until": None}
    ]
    assert await credits_of(1001) == 5
    for undone in (1, 1):
        answer = await client.post(UNDO, json={"key": KEY, "changed": first.json()["changed"]})
        assert answer.json() == {"undone": undone, "kept": 0}
        assert await credits_of(1001) == 0
    actions = [(one.admin_id, one.action, one.target) for one in await audit_ops.last(5)]
    assert actions == [(MANAGER, "person.credits_undone", "1001"), (MANAGER, "person.granted", "1001")]


async def test_taking_stops_at_nothing_and_gives_back_what_was_taken(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    await met(clock, 1001)
    await user_credits.grant(1001, "k", clock.now(), credits=3)
    answer = await client.post(CHANGES, json=body({"credits": -5}, [1001]))
    assert (answer.json()["changed"][0]["credits"], await credits_of(1001)) == (-3, 0)
    await client.post(UNDO, json={"key": KEY, "changed": answer.json()["changed"]})
    assert await credits_of(1001) == 3


async def test_spent_credits_are_not_taken_back(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await met(clock, 1001)
    changed = (await client.post(CHANGES, json=body({"credits": 1}, [1001]))).json()["changed"]
    await user_credits.spend_credit(1001, "a" * 16, "1", clock.now())
    answer = await client.post(UNDO, json={"key": KEY, "changed": changed})
    assert answer.json() == {"undone": 0, "kept": 1}
    assert await credits_of(1001) == 0


async def test_a_pass_is_put_back_only_while_nobody_else_changed_it(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    await met_many(clock, range(1001, 1003))
    changed = (await client.post(CHANGES, json=body({"days": 7}, [1001, 1002]))).json()["changed"]
    await user_credits.grant(1002, "other", clock.now(), pass_for=DAY)
    assert (await client.post(UNDO, json={"key": KEY, "changed": changed})).json() == {"undone": 1, "kept": 1}
    first, second = await user_ops.find(1001), await user_ops.find(1002)
    assert first is not None and first.pass_until is None
    assert second is not None and second.pass_until is not None


async def test_all_of_a_list_are_changed_a_hundred_at_a_time(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await met_many(clock, range(1001, 1106))
    part: dict[str, Any] = {"show": "everybody"}
    first = (await client.post(CHANGES, json=body({"credits": 1}, part=part))).json()
    assert (len(first["changed"]), first["after"], first["more"]) == (100, 1100, True)
    rest = (await client.post(CHANGES, json=body({"credits": 1}, part=part | {"after": first["after"]}))).json()
    assert (len(rest["changed"]), rest["after"], rest["more"]) == (5, 1105, False)
    assert {await credits_of(one) for one in range(1001, 1106)} == {1}


async def test_whoever_has_not_opened_the_bot_is_given_nothing(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await user_ops.ban(1001, clock.now(), reason=None, until=None)
    answer = (await client.post(CHANGES, json=body({"credits": 1}, [1001, 1002]))).json()
    assert (answer["changed"], answer["skipped"], await credits_of(1001)) == ([], 2, 0)


async def test_a_ban_leaves_one_that_holds_and_the_team_alone_and_only_its_own_is_undone(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    await met_many(clock, range(1001, 1003))
    await met(clock, OWNER, "Olive")
    await user_ops.ban(1001, clock.now(), reason="first", until=None)
    change = {"ban_days": 7, "reason": "sold  my\nposts"}
    answer = (await client.post(CHANGES, json=body(change, [1001, 1002, OWNER]))).json()
    assert ([one["user_id"] for one in answer["changed"]], answer["skipped"]) == ([1002], 2)
    first, second, owner = await user_ops.find(1001), await user_ops.find(1002), await user_ops.find(OWNER)
    assert first is not None and first.ban_reason == "first"
    assert second is not None and (second.ban_reason, second.banned_until) == (
        "sold my posts",
        clock.now().replace(microsecond=250_000) + 7 * DAY,
    )
    assert owner is not None and not owner.is_banned
    refused = await client.post(CHANGES, json=body({"ban_days": 0}, [OWNER]))
    assert (refused.status_code, refused.json()["code"]) == (422, "refused")
    undo = {"key": KEY, "changed": answer["changed"]}
    await user_ops.ban(1002, clock.now(), reason="again", until=None)
    assert (await client.post(UNDO, json=undo)).json() == {"undone": 0, "kept": 1}
    await user_ops.ban(1002, clock.now(), reason=second.ban_reason, until=second.banned_until)
    assert (await client.post(UNDO, json=undo)).json() == {"undone": 1, "kept": 0}
    assert not (await client.get(f"{LIST}/1002")).json()["subscriber"]["is_banned"]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"key": "short"},
        {"key": KEY, "change": {}, "ids": [1]},
        body({"credits": 0}, [1]),
        body({"credits": 100_001}, [1]),
        body({"credits": 1.5}, [1]),
        body({"credits": "1"}, [1]),
        body({"credits": 1, "days": 1}, [1]),
        body({"days": 0}, [1]),
        body({"days": 3651}, [1]),
        body({"ban_days": -1}, [1]),
        body({"ban_days": 1, "reason": "x" * 201}, [1]),
        body({"credits": 1, "reason": "x"}, [1]),
        body({"credits": 1}, []),
        body({"credits": 1}, [0]),
        body({"credits": 1}, [2**52]),
        body({"credits": 1}, [*range(1, 102)]),
        body({"credits": 1}, [1], None) | {"part": {"show": "everybody"}},
        body({"credits": 1}, part={"show": "source", "source": "$ne"}),
        body({"credits": 1}, part={"show": "everybody", "after": -1}),
        body({"credits": 1}, [1]) | {"more": 1},
    ],
)
async def test_a_change_of_a_wrong_shape_is_refused(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    answer = await client.post(CHANGES, json=wrong)
    assert answer.status_code == 422
    assert await audit_ops.last(1) == []


async def test_the_pass_ends_only_as_it_was_shown(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await met(clock, 1001)
    await user_credits.grant(1001, "k", clock.now(), pass_for=DAY)
    shown = (await client.get(f"{LIST}/1001")).json()["subscriber"]["pass_until"]
    await user_credits.grant(1001, "other", clock.now(), pass_for=DAY)
    answer = await client.post(f"{LIST}/1001/end-pass", json={"seen": shown})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")
    shown = (await client.get(f"{LIST}/1001")).json()["subscriber"]["pass_until"]
    assert (await client.post(f"{LIST}/1001/end-pass", json={"seen": shown})).status_code == 204
    assert (await client.get(f"{LIST}/1001")).json()["subscriber"]["pass_until"] is None
    assert (await client.post(f"{LIST}/1001/end-pass", json={"seen": "2026-03-01T00:00:00"})).status_code == 422


# gift links


async def test_a_gift_link_is_made_once_and_cancelled(client: httpx.AsyncClient, db: Database) -> None:
    wanted = {"code": "a" * 16, "credits": 10, "hours": 168}
    assert (await client.post(f"{LIST}/gifts", json=wanted)).json()["code"] == "refused"
    await bot_profiles.remember_usernames("shop_bot", "desk_bot")
    made = [(await client.post(f"{LIST}/gifts", json=wanted)).json() for _ in range(2)]
    assert made[0] == made[1]
    assert made[0]["link"] == f"https://t.me/shop_bot?start=g_{'a' * 16}"
    assert datetime.fromisoformat(made[0]["expires_at"]) == datetime(2026, 3, 8, 12, 0, 0, 250_000, tzinfo=UTC)
    assert (await client.delete(f"{LIST}/gifts/{'a' * 16}")).json()["is_cancelled"] is True
    assert (await client.delete(f"{LIST}/gifts/{'b' * 16}")).status_code == 404
    actions = [one.action for one in await audit_ops.last(5)]
    assert actions == ["person.gift_cancelled", "person.gift_made"]


@pytest.mark.parametrize(
    "wrong", [{"credits": 0}, {"credits": 1, "days": 1}, {"days": 3651}, {"credits": 1, "hours": 25}, {"credits": True}]
)
async def test_a_gift_of_a_wrong_shape_is_refused(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert (await client.post(f"{LIST}/gifts", json={"code": "a" * 16} | wrong)).status_code == 422


# what it costs


async def test_a_view_costs_few_commands_however_many_there_are(
    client: httpx.AsyncClient, clock: ManualClock, db: Database
) -> None:
    await met_many(clock, range(1001, 1061))
    await client.get(f"{API}/session")
    for path, most in ((LIST, 5), (f"{LIST}?page=1", 2), (f"{LIST}/1001", 14)):
        db.calls.clear()
        assert (await client.get(path)).status_code == 200
        assert db.calls.total() <= most, db.calls


async def test_undoing_gives_no_pass_beyond_the_calendar(client: httpx.AsyncClient, clock: ManualClock) -> None:
    await met(clock, 1001)
    given = (await client.post(CHANGES, json=body({"days": 7}, [1001]))).json()["changed"]
    forged = {"key": KEY, "changed": [given[0] | {"was": "9999-12-31T23:59:59Z"}]}
    assert (await client.post(UNDO, json=forged)).json() == {"undone": 0, "kept": 1}
