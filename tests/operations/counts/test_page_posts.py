"""What the views of posts, schedule and statistics cost in database commands, besides what is cached."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from core.clock import ManualClock
from core.posts import Post
from database.connection import Database
from database.operations import channel_ops
from database.team import Team
from schedulers import registry
from tests.operations.announcements.announcing import planned
from tests.operations.counts.counting import Wire, counted_commands
from tests.operations.posts.making import make
from tests.web.auth.signing import OWNER, SECRET, bearer
from web_app.app import build_app
from web_app.services import AdminServices, Keys, Services

#: whether the session was signed out
SESSION = {"find revoked_sessions": 1}
API = "/api/admin"


@pytest.fixture
async def post(database: Database, clock: ManualClock) -> Post:
    """A post that waits for its time in a connected channel."""
    await channel_ops.connect(-1001, title="Garden", username=None, added_by=OWNER, added_at=clock.now())
    one = await make(created_at=clock.now())
    await planned(clock.now() + timedelta(days=1), post_code=one.code)
    return one


@pytest.fixture
async def client(database: Database, clock: ManualClock, post: Post) -> AsyncIterator[httpx.AsyncClient]:
    """An owner whose views were opened before: settings, channels and shorteners are cached for five seconds."""
    zone = ZoneInfo("UTC")
    admin = AdminServices(Keys(SECRET, b""), Team({OWNER}, lambda: None, clock), registry.plans(zone), zone)
    hosts = frozenset({"gate.example"})
    services = Services(clock, "https://t.me", b"the page's key", bot_username="shop_bot", admin=admin, hosts=hosts)
    transport, headers = httpx.ASGITransport(build_app(services)), bearer(OWNER, clock.now())
    async with httpx.AsyncClient(transport=transport, base_url="https://gate.example", headers=headers) as client:
        for path in (f"{API}/posts/{post.code}/draft", f"{API}/numbers"):
            assert (await client.get(path)).status_code == 200
        yield client


@pytest.mark.parametrize(
    ("path", "cost"),
    [
        ("posts", {"find posts": 1}),
        ("posts?search=hol", {"find posts": 1}),
        ("posts/{code}", {"find posts": 1, "find announcements": 1}),
        ("posts/{code}/draft", {"find posts": 1, "find announcements": 1}),
        ("posts/{code}/numbers", {"find posts": 1, "aggregate post_days": 1}),
        ("schedule?first=2026-01-01", {"find announcements": 2}),
        ("numbers/posts", {"aggregate post_days": 1}),
        (
            "numbers?period=30",
            {"find daily_stats": 2, "aggregate users": 3, "aggregate post_days": 1},
        ),
    ],
)
async def test_a_view_costs_these_commands(
    client: httpx.AsyncClient, database: Database, wire: Wire, post: Post, path: str, cost: Mapping[str, int]
) -> None:
    async with counted_commands(database, wire) as counted:
        answer = await client.get(f"{API}/{path.format(code=post.code)}")
    assert answer.status_code == 200
    assert counted.commands == SESSION | dict(cost)
