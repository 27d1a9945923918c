"""Codes that sign one person in, once: what the link to the admin page holds."""

from datetime import datetime, timedelta
from hashlib import sha256

from core.ids import is_token, new_token
from database.collection import Collection
from database.connection import current_database

#: how long a link to the admin page works
CODE_HOLDS_FOR = timedelta(minutes=5)


def _codes() -> Collection:
    return current_database().collection("login_codes")


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()


async def create(user_id: int, now: datetime) -> str:
    """Make a code that signs `user_id` in until `now + CODE_HOLDS_FOR`; 32 letters and digits.

    Only its hash is stored: who reads the database, or a backup, cannot sign in with it.
    """
    code = new_token()
    row = {"code_hash": _hash(code), "user_id": user_id, "expires_at": now + CODE_HOLDS_FOR}
    await _codes().insert_one(row)
    return code


async def redeem(code: str, now: datetime) -> int | None:
    """Use a code up: the person it was made for. Atomic: of any number of calls at once one gets them.

    None for one that is unknown, used or expired (`expires_at < now`); nobody is asked about what has not the shape of
    a code. Whether the person may (still) come in is not asked here.
    """
    if not is_token(code):
        return None
    row = await _codes().find_one_and_delete({"code_hash": _hash(code), "expires_at": {"$gte": now}})
    return None if row is None else int(row["user_id"])
