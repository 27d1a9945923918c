"""The API of the numbers: the figures of the one function the bot and the table use."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from core.clock import ManualClock
from core.shorteners.records import Origin, Shortener
from core.statistics.periods import Period
from core.statistics.tables import days_csv
from core.team.admins import Role
from database.connection import Database
from database.operations import statistics_ops
from database.operations.counting import post_days
from database.operations.shorteners import shortener_ops
from tests.web.api.posting import POSTS, connect, post, problem_of
from tests.web.auth.signing import API, EDITOR, OWNER, bearer
from tests.web.conftest import NOW

pytestmark = pytest.mark.usefixtures("admins")
NUMBERS = f"{API}/numbers"
ZONE, DAY = ZoneInfo("Europe/Berlin"), timedelta(days=1)
#: midnight in Berlin
TODAY = datetime(2026, 2, 28, 23, tzinfo=UTC)


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def add_days(db: Database, *backs: int) -> None:
    for back in backs:
        counters = {"new_users": 1, "tries": 10, "joined": 8, "unlocked": 6, "delivered": 5, "unlocks": 4}
        counters |= {"too_fast": 3, "mended": 1, "newly_blocked": 2, "active_users": 7}
        sources = {"ch1": {"new": 1, "tries": 4, "delivered": 2}, "_other": {"new": 0, "tries": 1, "delivered": 1}}
        day = {"date": TODAY - back * DAY, "counters": counters, "sources": sources, "is_by_event": True}
        await db.collection("daily_stats").insert_one(day)


@pytest.mark.parametrize("period", Period)
async def test_the_figures_are_those_of_the_bot(client: httpx.AsyncClient, db: Database, period: Period) -> None:
    await add_days(db, 0, 3, 10, 40)
    await connect()
    found = (await client.get(NUMBERS, params={"period": period})).json()
    overview = await statistics_ops.overview(period, NOW, ZONE)
    days = {Period.TODAY: 1, Period.WEEK: 2, Period.MONTH: 3, Period.ALL: 4}[period]
    assert (found["new"], found["too_fast"], found["blocked"]) == (days, overview.figures.too_fast, 2 * days)
    assert found["steps"] == {"tries": 10 * days, "joined": 8 * days, "unlocked": 6 * days, "delivered": 5 * days}
    assert (found["steps_before"] is None) == (period is Period.ALL)
    assert len(found["days"]) == days
    assert found["days"][-1] == {"date": "2026-03-01", "new": 1, "active": 7, "delivered": 5}
    # channels by name, further sources without one
    assert [(one["name"], one["tries"]) for one in found["sources"]] == [("Olive's Garden", 4 * days), ("", days)]


async def test_shorteners_have_every_day_of_the_period_and_a_median_for_a_short_one(
    client: httpx.AsyncClient, db: Database
) -> None:
    shortener_ops.set_environment([Shortener(code="c", name="s", origin=Origin.ENVIRONMENT)])
    rows = [{"name": "s", "date": TODAY - back * DAY, "links": 2, "times": {"s45": 1}} for back in range(200)]
    await db.collection("shortener_days").insert_many(rows)
    for period, days in {Period.WEEK: 7, Period.MONTH: 30, Period.ALL: 200}.items():
        (found,) = (await client.get(NUMBERS, params={"period": period})).json()["shorteners"]
        assert found["links"] == 2 * days
        assert (found["median_s"] is None) == (days > 7)


async def test_the_table_is_the_one_the_bot_sends(client: httpx.AsyncClient, db: Database) -> None:
    await add_days(db, 0, 3, 10)
    answer = await client.get(f"{NUMBERS}.csv", params={"period": "7"})
    days = await statistics_ops.read_days(statistics_ops.start_of(Period.WEEK, NOW, ZONE), NOW)
    assert (answer.content, len(answer.text.splitlines())) == (days_csv(days, ZONE), 3)
    assert answer.headers["content-disposition"] == 'attachment; filename="statistics-2026-03-01.csv"'


async def test_posts_by_deliveries_are_paged_and_one_post_has_its_steps(client: httpx.AsyncClient) -> None:
    one = await post("Spring album")
    counts = {(f"code{number}", TODAY): {"delivered": 60 - number} for number in range(51)}
    await post_days.add(1, counts | {(one.code, TODAY): {"tries": 100, "joined": 90, "unlocked": 80, "delivered": 70}})
    first = (await client.get(f"{NUMBERS}/posts")).json()
    assert (first["posts"][0], len(first["posts"]), first["more"]) == (
        {"code": one.code, "title": "Spring album", "deliveries": 70},
        50,
        True,
    )
    rest = (await client.get(f"{NUMBERS}/posts", params={"page": 1})).json()
    assert ([one["code"] for one in rest["posts"]], rest["more"]) == (["code49", "code50"], False)
    numbers = (await client.get(f"{POSTS}/{one.code}/numbers")).json()
    assert numbers["steps"] == {"tries": 100, "joined": 90, "unlocked": 80, "delivered": 70}
    assert (await client.get(f"{POSTS}/{one.code}/numbers?period=today")).json()["steps"]["tries"] == 100


async def test_an_editor_sees_the_numbers_of_posts_only(client: httpx.AsyncClient, clock: ManualClock) -> None:
    client.headers.update(bearer(EDITOR, clock.now(), Role.EDITOR))
    one = await post()
    for path in (NUMBERS, f"{NUMBERS}.csv"):
        assert problem_of(await client.get(path)) == (403, "role")
    for path in (f"{NUMBERS}/posts", f"{POSTS}/{one.code}/numbers"):
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("query", ["period=8", "period=", "period=ALL"])
async def test_an_unknown_period_is_422(client: httpx.AsyncClient, query: str) -> None:
    for path in (NUMBERS, f"{NUMBERS}.csv", f"{NUMBERS}/posts"):
        assert problem_of(await client.get(f"{path}?{query}")) == (422, "bad_request")
