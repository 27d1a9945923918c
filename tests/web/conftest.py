"""The web app in the test's event loop with a manual clock and an empty store, in memory or on MONGO_URI."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from core.clock import ManualClock
from core.ids import new_token
from core.team.admins import Role
from core.verification import Token
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import settings_ops, token_ops
from database.team import Team
from schedulers import registry
from tests.clocks import WithSeconds
from tests.web.auth.signing import ADMIN_TOKEN, EDITOR, MANAGER, OWNER, SECRET, Ticks, add_admin
from tests.web.start_costs import spare_web_costs
from web_app.app import build_app
from web_app.auth.mini_app import mini_app_key
from web_app.services import AdminServices, Keys, Services

spare_web_costs()

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
BOT = "gate_bot"
LINKS = "https://t.me"
SHORT = "short.example"
#: the host of the public address, and the name by which a proxy in the containers' network asks (ALLOWED_HOSTS)
HOSTS = frozenset({"gate.example", "tollgate"})
#: this machine
LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
#: default of the setting min_verify_seconds
LEAST_S = 30

Making = Callable[..., Awaitable[Token]]
Snapshot = dict[str, list[Any]]


@pytest.fixture
def clock(ticks: Ticks) -> ManualClock:
    return WithSeconds(ticks, NOW)


@pytest.fixture
async def db(clock: ManualClock) -> AsyncIterator[Database]:
    """An open, empty database with all indexes."""
    db = await open_database(
        os.environ.get("MONGO_URI", "memory://"), f"tollgate_test_{secrets.token_hex(6)}", clock=clock
    )
    await ensure_indexes(db)
    yield db
    db.before_call = None
    await db.drop()
    await close_database()


@pytest.fixture
async def admins(db: Database) -> None:
    """Insert a manager and an editor."""
    await add_admin(db, MANAGER, Role.MANAGER)
    await add_admin(db, EDITOR, Role.EDITOR)
    db.calls.clear()


@pytest.fixture
def ticks() -> Ticks:
    """The monotonic clock of limits and caches."""
    return Ticks()


@pytest.fixture
def admin(clock: ManualClock) -> AdminServices:
    zone = ZoneInfo("Europe/Berlin")
    return AdminServices(
        Keys(SECRET, mini_app_key(ADMIN_TOKEN)),
        Team({OWNER}, lambda: None, clock),
        registry.plans(zone),
        zone,
        base_url="https://gate.example",
    )


@pytest.fixture
def services(clock: ManualClock, admin: AdminServices) -> Services:
    return Services(clock, LINKS, b"the page's key", frozenset({SHORT}), bot_username=BOT, admin=admin, hosts=HOSTS)


@pytest.fixture
async def client(db: Database, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app; it does not follow redirects."""
    transport = httpx.ASGITransport(build_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="https://gate.example") as client:
        yield client


@pytest.fixture
async def other(db: Database, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a second app on the same database."""
    transport = httpx.ASGITransport(build_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="https://gate.example") as client:
        yield client


@pytest.fixture
def make(db: Database, clock: ManualClock) -> Making:
    """Stores a token as the bot makes one; `more` overrides its fields."""

    async def make(**more: Any) -> Token:
        now = clock.now()
        usual = {
            "token": new_token(),
            "user_id": 502,
            "shortener": "short",
            "has_page": True,
            "bot_username": BOT,
            "created_at": now,
            "shown_at": now,
            "expires_at": now + timedelta(days=2),
        }
        token = Token.model_validate(usual | more)
        await token_ops.add(token)
        return token

    return make


@pytest.fixture
async def require_referer(db: Database) -> None:
    await settings_ops.change("require_referer", True)


async def whole(db: Database) -> Snapshot:
    """All documents, by collection."""
    names = sorted(await db._native.list_collection_names())
    return {name: [document async for document in db._native[name].find().sort("_id")] for name in names}


async def stored(token: Token) -> Token:
    found = await token_ops.find(token.token)
    assert found is not None
    return found


def all_read_before_one_writes(db: Database, monkeypatch: pytest.MonkeyPatch, reads: int) -> None:
    """Make the first `reads` of a token end together: the in-memory store alone has no races."""
    tokens = db.collection("tokens")
    original = tokens.find_one
    reading = asyncio.Barrier(reads)
    left = reads

    async def together(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        found = await original(*arguments, **options)
        if left > 0:
            left -= 1
            await reading.wait()
        return found

    monkeypatch.setattr(tokens, "find_one", together)
