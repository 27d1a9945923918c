"""Helpers that sign initData as Telegram does, and tokens as the web app does; the people who sign in."""

import hmac
import json
from datetime import datetime
from hashlib import sha256
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import httpx

from core.team.admins import Role
from database.connection import Database
from database.operations import login_ops
from web_app.auth.tokens import new_session, write_token

ADMIN_TOKEN, USER_TOKEN = "1001:sandbox-admin", "1002:sandbox-user"
SECRET = b"0123456789abcdef0123456789abcdef"
#: the owner is in the configuration, manager and editor are in the database, the stranger is in neither
OWNER, MANAGER, EDITOR, STRANGER = 501, 601, 701, 801
API = "/api/admin"
SESSION = f"{API}/session"
STATUS, TRIGGER, STATISTICS = f"{API}/scheduler/status", f"{API}/scheduler/trigger", f"{API}/scheduler/statistics"


class Ticks:
    """A monotonic clock that is moved by setting `now`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def signature(fields: dict[str, str], bot_token: str = ADMIN_TOKEN) -> str:
    """The value of `hash`, computed independently of the code under test."""
    text = "\n".join(sorted(f"{name}={value}" for name, value in fields.items()))
    key = hmac.new(b"WebAppData", bot_token.encode(), sha256).digest()
    return hmac.new(key, text.encode(), sha256).hexdigest()


def opened_by(user_id: Any, at: datetime, **more: str) -> dict[str, str]:
    """The fields of initData for a Mini App opened at that time, without `hash`."""
    user = {"id": user_id, "first_name": "Ann & Bob = ♥", "language_code": "en"}
    return {
        "query_id": "AAHdF6IQAAAAAN0XohDhrOrc",
        "user": json.dumps(user, ensure_ascii=False),
        "auth_date": str(int(at.timestamp())),
        "signature": "not-for-us",
    } | more


def init_data(user_id: Any, at: datetime, bot_token: str = ADMIN_TOKEN, **more: str) -> str:
    """Signed initData."""
    fields = opened_by(user_id, at, **more)
    return urlencode(fields | {"hash": signature(fields, bot_token)})


async def add_admin(db: Database, user_id: int, role: Role) -> None:
    """Insert a row into `admins`."""
    await db.collection("admins").insert_one({"user_id": user_id, "role": role})


def bearer(user_id: int, now: datetime, role: Role = Role.OWNER, key: bytes = SECRET) -> dict[str, str]:
    """The Authorization header of a new session."""
    return {"authorization": f"Bearer {write_token(new_session(user_id, role, now), key)}"}


def cookie_of(answer: httpx.Response) -> dict[str, Any]:
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return {"value": morsel.value} | {name: value for name, value in morsel.items() if value}


async def signed_in(client: httpx.AsyncClient, user_id: int, now: datetime) -> httpx.Response:
    """Sign in by a link, as the page does; the client keeps the cookie."""
    code = await login_ops.create(user_id, now)
    answer = await client.post(SESSION, json={"code": code})
    assert answer.status_code == 200, answer.text
    return answer
