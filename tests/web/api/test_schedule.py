"""The API of the schedule: its spans, and each decision about an announcement in each state."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from core.announcements import AnnouncementState
from core.clock import ManualClock
from core.publishing.steps import ALLOWED, Step
from core.team.admins import Role
from database.connection import Database
from database.operations import announcement_ops, audit_ops, channel_ops
from tests.operations.announcements.announcing import in_state, planned, published, put, state_of, stored
from tests.web.api.posting import ANNOUNCEMENTS, GARDEN, GREENHOUSE, POSTS, SCHEDULE, actions, connect, problem_of
from tests.web.auth.signing import API, EDITOR, MANAGER, OWNER, bearer
from tests.web.conftest import NOW, whole

pytestmark = pytest.mark.usefixtures("admins")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STATES, DECISIONS = list(AnnouncementState), [Step.NOW, Step.OFF, Step.THERE, Step.AGAIN, Step.WITHDRAW]
ACTIONS = {
    Step.NOW: "announcement.published_now",
    Step.OFF: "announcement.off_schedule",
    Step.THERE: "announcement.confirmed",
    Step.AGAIN: "announcement.sent_again",
    Step.WITHDRAW: "announcement.withdrawn",
}


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def test_a_span_is_days_of_the_zone_fifty_a_page_with_what_needs_a_person(client: httpx.AsyncClient) -> None:
    await connect()
    # midnight of 2 March in Berlin
    start = NOW.replace(hour=23, minute=0, second=0, microsecond=0)
    await planned(start - timedelta(minutes=1), key="before", post_code="Before0000000000")
    for number in range(51):
        at = start + number * timedelta(minutes=10)
        await planned(at, key=f"d{number}", post_code=f"Post{number:012}", title=f"Post {number}", number=number)
    await planned(start + DAY, key="after", post_code="After00000000000")
    failed = await in_state(AnnouncementState.FAILED, NOW, key="failed", post_code="Failed0000000000")
    span: dict[str, str | int] = {"first": "2026-03-02", "days": 1}
    page = (await client.get(SCHEDULE, params=span)).json()
    assert (len(page["planned"]), page["more"], page["zone"]) == (50, True, "Europe/Berlin")
    assert [one["title"] for one in page["planned"]][:2] == ["Post 0", "Post 1"]
    assert [(one["id"], one["error"], one["channel"]) for one in page["troubled"]] == [
        (failed.id, "refused", "Olive's Garden")
    ]
    rest = (await client.get(SCHEDULE, params=span | {"page": 1})).json()
    assert ([one["title"] for one in rest["planned"]], rest["more"], rest["troubled"]) == (["Post 50"], False, [])
    end = (await client.get(SCHEDULE, params={"first": "9999-12-31"})).json()
    assert (end["planned"], end["more"]) == ([], False)


@pytest.mark.parametrize("query", ["", "first=2026-02-30", "first=x", "first=2026-03-01&days=63"])
async def test_a_span_out_of_range_is_422(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"{SCHEDULE}?{query}")).status_code == 422


@pytest.mark.parametrize("step", DECISIONS)
async def test_a_step_is_done_in_its_states_and_says_in_others_what_it_is_now(
    client: httpx.AsyncClient, db: Database, step: Step
) -> None:
    await connect()
    for state in STATES:
        one = await in_state(state, NOW, key=state, post_code=f"{state:0<16}")
        before = await whole(db)
        answer = await client.post(f"{ANNOUNCEMENTS}/{one.id}/{step}", json={"state": state})
        if state in ALLOWED[step]:
            assert (answer.status_code, (await actions())[0]) == (200, ACTIONS[step]), state
            assert answer.json()["state"] == await state_of(one)
        else:
            assert problem_of(answer) == (409, "changed"), state
            assert await whole(db) == before


async def test_a_decision_about_another_state_than_was_seen_does_nothing(client: httpx.AsyncClient) -> None:
    await connect()
    one = await in_state(AnnouncementState.FAILED, NOW)
    answer = await client.post(f"{ANNOUNCEMENTS}/{one.id}/now", json={"state": "planned"})
    assert problem_of(answer) == (409, "changed")
    assert answer.json()["error"] == "Telegram refused it. Nothing was changed."
    assert await state_of(one) is AnnouncementState.FAILED
    assert problem_of(await client.post(f"{ANNOUNCEMENTS}/{'0' * 24}/now", json={"state": "x"})) == (404, "not_there")
    assert problem_of(await client.post(f"{ANNOUNCEMENTS}/x/now", json={"state": "x"})) == (422, "bad_request")


async def test_of_two_who_decide_at_once_one_does_it_once(client: httpx.AsyncClient) -> None:
    await connect()
    one = await planned(NOW + DAY)
    answers = await asyncio.gather(
        *(client.post(f"{ANNOUNCEMENTS}/{one.id}/off", json={"state": "planned"}) for _ in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await actions() == ["announcement.off_schedule"]


async def test_a_move_is_from_the_time_that_was_seen_and_names_who_was_faster(
    client: httpx.AsyncClient, db: Database, clock: ManualClock
) -> None:
    await connect()
    await db.collection("admins").update_one({"user_id": MANAGER}, {"$set": {"name": "Bob"}})
    one = await planned(NOW + DAY)
    seen, path = one.publish_at.isoformat(), f"{ANNOUNCEMENTS}/{one.id}/move"
    theirs = bearer(MANAGER, clock.now(), Role.MANAGER)
    body = {"at": "2026-03-05 18:00", "seen": seen}
    assert (await client.post(path, json=body, headers=theirs)).status_code == 200
    answer = await client.post(path, json={"at": "2026-03-06 18:00", "seen": seen})
    assert problem_of(answer) == (409, "changed")
    assert answer.json()["error"].startswith("\u2068Bob\u2069 moved this to 2026-03-05 18:00 a moment ago.")
    # the same time again, as after a lost answer
    assert (await client.post(path, json=body)).json()["at"] == "2026-03-05T17:00:00Z"
    assert (await stored(one)).publish_at.isoformat() == "2026-03-05T17:00:00+00:00"
    (entry,) = await audit_ops.last(5)
    assert (entry.action, entry.admin_id) == ("announcement.moved", MANAGER)
    for at in ("2026-03-01 12:00", "yesterday", ""):
        assert problem_of(await client.post(path, json=body | {"at": at})) == (422, "refused")


async def test_off_the_schedule_comes_back_until_its_time_has_passed(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    await connect()
    one = await planned(NOW + HOUR)
    path, back = f"{ANNOUNCEMENTS}/{one.id}", {"at": one.publish_at.isoformat()}
    await client.post(f"{path}/off", json={"state": "planned"})
    assert (await client.post(f"{path}/back", json=back)).json()["state"] == "planned"
    assert (await stored(one)).publish_at == one.publish_at
    await client.post(f"{path}/off", json={"state": "planned"})
    # no time but the one it had
    for other in ("2026-03-01T18:00:00Z", "9999-12-31T23:59:59Z"):
        assert problem_of(await client.post(f"{path}/back", json={"at": other})) == (409, "changed")
    clock.move(2 * HOUR)
    client.headers.update(bearer(OWNER, clock.now()))
    assert problem_of(await client.post(f"{path}/back", json=back)) == (422, "refused")
    assert await state_of(one) is AnnouncementState.CANCELLED


async def test_nothing_is_sent_to_a_channel_that_is_not_connected_any_more(client: httpx.AsyncClient) -> None:
    await connect(GREENHOUSE, "The Greenhouse")
    one = await planned(NOW + DAY)
    for step, body in (("now", {"state": "planned"}), ("move", {"at": "tomorrow 9:00", "seen": str(one.publish_at)})):
        assert problem_of(await client.post(f"{ANNOUNCEMENTS}/{one.id}/{step}", json=body)) == (422, "refused")
    assert await channel_ops.find(GARDEN) is None
    assert (await announcement_ops.find(one.id)) == one


async def test_an_editor_takes_own_announcements_out_of_a_channel_only(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    client.headers.update(bearer(EDITOR, clock.now(), Role.EDITOR))
    await connect()
    theirs = await published(NOW)
    own = await published(NOW, key="own", post_code="Own0000000000000", created_by=EDITOR)
    shown = [(await client.get(f"{ANNOUNCEMENTS}/{one.id}")).json()["may"] for one in (theirs, own)]
    assert shown == [[], ["withdraw"]]
    body = {"state": "published"}
    assert problem_of(await client.post(f"{ANNOUNCEMENTS}/{theirs.id}/withdraw", json=body)) == (403, "role")
    assert (await client.post(f"{ANNOUNCEMENTS}/{own.id}/withdraw", json=body)).status_code == 200
    assert not (await stored(theirs)).is_withdrawal_wanted
    # one whose message nobody knows cannot be taken out
    await put(theirs, message_id=None, created_by=EDITOR)
    assert (await client.get(f"{ANNOUNCEMENTS}/{theirs.id}")).json()["may"] == []


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00", "2026-03-05T00:00:00"])
async def test_a_time_that_no_calendar_or_no_zone_has_is_a_wrong_request(client: httpx.AsyncClient, at: str) -> None:
    one = await planned(NOW + HOUR)
    for path, body in (
        (f"{ANNOUNCEMENTS}/{one.id}/move", {"at": "tomorrow 9:00", "seen": at}),
        (f"{ANNOUNCEMENTS}/{one.id}/back", {"at": at}),
        (f"{POSTS}/{one.post_code}/restore", {"removed_at": at}),
        (f"{API}/subscribers/502/end-pass", {"seen": at}),
        (f"{API}/subscribers/undo", {"key": "0123abcd-key", "changed": [{"user_id": 502, "became": at}]}),
    ):
        assert problem_of(await client.post(path, json=body)) == (422, "bad_request"), path
    for change in ({"until": at, "seen": None}, {"until": None, "seen": at}):
        assert problem_of(await client.put(f"{API}/system/maintenance", json=change)) == (422, "bad_request")
