"""What a request to the web app costs in database commands."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from core.clock import ManualClock
from core.ids import new_token
from core.verification import Token
from database.connection import Database
from database.operations import token_ops
from database.team import Team
from schedulers import registry
from tests.operations.counts.counting import Wire, counted_commands
from tests.web.auth.signing import API, OWNER, SECRET, STATISTICS, STATUS, bearer
from web_app.app import build_app
from web_app.services import AdminServices, Keys, Services

#: the body of the page's form when the visitor's origin is not known
FORM = {"host": "", "seal": ""}
#: whether the session was signed out
SESSION = {"find revoked_sessions": 1}


@pytest.fixture
async def client(database: Database, clock: ManualClock) -> AsyncIterator[httpx.AsyncClient]:
    """An owner who has signed in."""
    zone = ZoneInfo("UTC")
    admin = AdminServices(Keys(SECRET, b""), Team({OWNER}, lambda: None, clock), registry.plans(zone), zone)
    services = Services(clock, "https://t.me", b"the page's key", admin=admin, hosts=frozenset({"gate.example"}))
    transport = httpx.ASGITransport(build_app(services))
    headers = bearer(OWNER, clock.now())
    async with httpx.AsyncClient(transport=transport, base_url="https://gate.example", headers=headers) as client:
        yield client


@pytest.fixture
async def page(database: Database, clock: ManualClock) -> str:
    """The path of a link's page, a minute after the link was made."""
    now, token = clock.now(), new_token()
    expires_at = now + timedelta(days=2)
    await token_ops.add(Token(token=token, user_id=502, has_page=True, created_at=now, expires_at=expires_at))
    clock.move(timedelta(minutes=1))
    return f"/v/{token}"


async def cost_of(
    client: httpx.AsyncClient, database: Database, wire: Wire, method: str, path: str, data: Mapping[str, str] = {}
) -> Mapping[str, int]:
    """The commands of one request that is answered with 200."""
    async with counted_commands(database, wire) as cost:
        answer = await client.request(method, path, data=data)
    assert answer.status_code == 200
    return cost.commands


async def test_page_costs_1_command_and_its_button_2(
    client: httpx.AsyncClient, database: Database, wire: Wire, page: str
) -> None:
    assert await cost_of(client, database, wire, "GET", page) == {"find tokens": 1}
    assert await cost_of(client, database, wire, "POST", page, FORM) == {"find tokens": 1, "update tokens": 1}
    assert await cost_of(client, database, wire, "POST", page, FORM) == {"find tokens": 1}


async def test_a_shortener_s_link_costs_1_command_more_at_the_button(
    client: httpx.AsyncClient, database: Database, wire: Wire, page: str
) -> None:
    await database.collection("tokens").update_one({"token": page.removeprefix("/v/")}, {"$set": {"shortener": "s"}})
    assert await cost_of(client, database, wire, "POST", page, FORM) == {
        "find tokens": 1,
        "update tokens": 1,
        "update shortener_days": 1,
    }


async def test_status_of_the_jobs_costs_1_command_for_each_job_and_2(
    client: httpx.AsyncClient, database: Database, wire: Wire
) -> None:
    commands = await cost_of(client, database, wire, "GET", STATUS)
    assert commands == SESSION | {"find job_runs": len(registry.JOB_NAMES), "find job_leases": 1}


async def test_statistics_cost_16_commands(client: httpx.AsyncClient, database: Database, wire: Wire) -> None:
    assert await cost_of(client, database, wire, "GET", STATISTICS) == SESSION | {
        "find daily_stats": 2,
        "aggregate users": 6,
        "aggregate post_days": 2,
        "aggregate pending_deletions": 2,
        "aggregate posts": 1,
        "aggregate deliveries": 2,
        "dbStats": 1,
    }


async def test_views_of_settings_broadcasts_and_system_cost_2_commands_at_most_besides_the_jobs(
    client: httpx.AsyncClient, database: Database, wire: Wire
) -> None:
    # settings and shorteners are among the shared reads
    assert await cost_of(client, database, wire, "GET", f"{API}/settings") == SESSION
    assert await cost_of(client, database, wire, "GET", f"{API}/broadcasts") == SESSION | {"find broadcasts": 1}
    backups = await cost_of(client, database, wire, "GET", f"{API}/system/backups")
    assert backups == SESSION | {"find job_leases": 1, "find job_runs": 1}
    assert await cost_of(client, database, wire, "GET", f"{API}/system/maintenance") == SESSION
