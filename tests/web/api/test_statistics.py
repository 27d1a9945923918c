"""The API of the statistics: daily counters, current totals, charts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from core.clock import ManualClock
from core.statistics import DayStats
from database.connection import Database
from database.operations import deletion_ops
from database.operations.counting import post_days
from monitoring.pictures import Picture, Theme
from tests.web.auth.signing import API, OWNER, STATISTICS, Ticks, bearer
from tests.web.conftest import NOW
from web_app.app import build_app
from web_app.services import Services

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
#: midnight in Berlin
TODAY = datetime(2026, 2, 28, 23, tzinfo=UTC)


@pytest.fixture
def client(client: httpx.AsyncClient, clock: ManualClock) -> httpx.AsyncClient:
    """A client with a bearer token of the owner."""
    client.headers.update(bearer(OWNER, clock.now()))
    return client


async def add_days(db: Database, count: int) -> None:
    for back in range(count):
        await db.collection("daily_stats").insert_one(
            {
                "date": TODAY - timedelta(days=back),
                "counters": {"new_users": back},
                "top_posts": [{"code": "c", "title": "<b>", "deliveries": 3}],
            }
        )


async def test_days_are_calendar_days_of_the_time_zone(client: httpx.AsyncClient, db: Database) -> None:
    await add_days(db, 3)
    found = (await client.get(STATISTICS, params={"days": 2})).json()
    assert [day["date"] for day in found["days"]] == ["2026-02-28", "2026-03-01"]
    assert found["days"][1]["counters"] == {"new_users": 0}
    assert found["days"][0]["top_posts"] == [{"code": "c", "title": "<b>", "deliveries": 3}]


async def test_the_posts_delivered_most_are_those_of_the_days_shown(client: httpx.AsyncClient, db: Database) -> None:
    await post_days.add(1, {("old", TODAY - 2 * DAY): {"delivered": 9}, ("new", TODAY): {"delivered": 2}})
    for days, codes in ((1, ["new"]), (3, ["old", "new"])):
        found = (await client.get(STATISTICS, params={"days": days})).json()["top_posts"]
        assert [post["code"] for post in found] == codes


async def test_the_table_is_the_one_the_bot_sends(client: httpx.AsyncClient, db: Database) -> None:
    await add_days(db, 3)
    answer = await client.get(f"{STATISTICS}.csv", params={"days": 2})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.content.startswith(b"\xef\xbb\xbfdate,users,new_users,")
    assert [line.split(",")[0] for line in answer.text.splitlines()[1:]] == ["2026-02-28", "2026-03-01"]


async def test_current_totals_are_cached_for_ten_seconds(client: httpx.AsyncClient, db: Database, ticks: Ticks) -> None:
    users = db.collection("users")
    for number in (1, 2, 3):
        await users.insert_one(
            {
                "user_id": number,
                "last_seen_at": NOW if number < 3 else TODAY - MINUTE,
                "blocked_at": NOW if number == 3 else None,
            }
        )
    await deletion_ops.promise(1, 1, 1, "c", NOW, NOW)
    await deletion_ops.promise(1, 2, 2, "c", NOW, NOW + MINUTE)
    counters = {"unlocks": 3, "too_fast": 2, "mended": 1, "delivered": 4, "new_users": 5}
    await db.collection("daily_stats").insert_one({"date": TODAY, "counters": counters})
    now = (await client.get(STATISTICS)).json()["now"]
    # only a real server reports the size of the database
    assert (now.pop("database_bytes", None) is None) is db.is_memory
    assert now == {
        "users": 3,
        "blocked_users": 1,
        "posts": 0,
        "new_users_today": 5,
        "active_today": 2,
        "deliveries_today": 4,
        "verified_today": 3,
        "bypassed_today": 1,
        "pending_deletions": 2,
        "overdue_deletions": 1,
    }
    # cached: counted again after 10 seconds
    db.calls.clear()
    await client.get(STATISTICS)
    assert "count users" not in db.calls
    ticks.now += 10
    await client.get(STATISTICS)
    assert db.calls["count users"] == 6


@pytest.mark.parametrize("days", ["0", "-1", "367", "x", "1e9", "", "30%0d%0aSet-Cookie:%20a=b", "9" * 5000])
@pytest.mark.parametrize("path", [STATISTICS, f"{API}/pictures/users.png"])
async def test_a_number_of_days_out_of_range_is_422(client: httpx.AsyncClient, path: str, days: str) -> None:
    answer = await client.get(f"{path}?days={days}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
    assert "set-cookie" not in answer.headers


class FakeDraw:
    """A `draw` that records its calls."""

    def __init__(self) -> None:
        self.drawn: list[tuple[Picture, int, Theme, str]] = []

    async def __call__(self, kind: Picture, days: Sequence[DayStats], theme: Theme, zone: ZoneInfo) -> bytes:
        self.drawn.append((kind, len(days), theme, zone.key))
        return b"\x89PNG " + kind.encode()


@pytest.fixture
def fake_draw(services: Services) -> FakeDraw:
    return FakeDraw()


@pytest.fixture
async def painter(db: Database, services: Services, clock: ManualClock, fake_draw: FakeDraw) -> httpx.AsyncClient:
    assert services.admin is not None
    drawing = replace(services, admin=replace(services.admin, draw=fake_draw))
    transport = httpx.ASGITransport(build_app(drawing))
    return httpx.AsyncClient(transport=transport, base_url="https://gate.example", headers=bearer(OWNER, clock.now()))


async def test_a_picture_is_drawn_once_and_kept_by_the_browser(
    painter: httpx.AsyncClient, db: Database, fake_draw: FakeDraw
) -> None:
    await add_days(db, 3)
    path = f"{API}/pictures/deliveries.png?theme=dark&days=2"
    first = await painter.get(path)
    assert (first.status_code, first.content) == (200, b"\x89PNG deliveries")
    assert first.headers["content-type"] == "image/png"
    assert first.headers["cache-control"] == "private, max-age=60"
    assert first.headers["vary"] == "Cookie, Authorization"
    assert (await painter.get(path)).content == first.content
    assert fake_draw.drawn == [(Picture.DELIVERIES, 2, Theme.DARK, "Europe/Berlin")]
    for known in (first.headers["etag"], f"W/{first.headers['etag']}", f'"x", {first.headers["etag"]}'):
        again = await painter.get(path, headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    # changed numbers give another picture
    await db.collection("daily_stats").update_one({"date": TODAY}, {"$set": {"counters.deliveries": 9}})
    changed = await painter.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (changed.status_code, len(fake_draw.drawn)) == (200, 2)
    assert changed.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("kind", Picture)
async def test_every_kind_has_a_picture(painter: httpx.AsyncClient, fake_draw: FakeDraw, kind: Picture) -> None:
    assert (await painter.get(f"{API}/pictures/{kind}.png")).status_code == 200
    assert fake_draw.drawn == [(kind, 0, Theme.LIGHT, "Europe/Berlin")]


async def test_sixteen_pictures_are_cached(painter: httpx.AsyncClient, db: Database, fake_draw: FakeDraw) -> None:
    await add_days(db, 30)
    for days in range(1, 31):
        await painter.get(f"{API}/pictures/users.png?days={days}")
    await painter.get(f"{API}/pictures/users.png?days=30")
    assert len(fake_draw.drawn) == 30
    await painter.get(f"{API}/pictures/users.png?days=1")
    assert len(fake_draw.drawn) == 31


async def test_the_picture_is_a_png_file(client: httpx.AsyncClient, db: Database) -> None:
    await add_days(db, 3)
    answer = await client.get(f"{API}/pictures/users.png")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("pictures/secrets.png", 422),
        ("pictures/..%2f..%2fetc%2fpasswd.png", 404),
        ("pictures/../../../etc/passwd", 404),
        ("pictures/users.png%00", 404),
        ("pictures/users.jpg", 404),
        ("pictures/users.png?theme=blue", 422),
        ("pictures/users.png?theme=light%0d%0aX-Evil:1", 422),
    ],
)
async def test_unknown_pictures_and_themes_are_refused(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(f"{API}/{path}")
    assert answer.status_code == status
    assert "x-evil" not in answer.headers
