"""One-time codes of the link to the admin page (collection `login_codes`)."""

from datetime import datetime, timedelta
from hashlib import sha256

from core.ids import is_token, new_token
from database.collection import Collection
from database.connection import current_database

#: how long a link to the admin page is valid
CODE_HOLDS_FOR = timedelta(minutes=5)


def _codes() -> Collection:
    return current_database().collection("login_codes")


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()


async def create(user_id: int, now: datetime) -> str:
    """Create a code of 32 letters and digits that signs `user_id` in, once, until `now + CODE_HOLDS_FOR`.

    Only its hash is stored: the database or a backup is not enough to sign in.
    """
    code = new_token()
    row = {"code_hash": _hash(code), "user_id": user_id, "expires_at": now + CODE_HOLDS_FOR}
    await _codes().insert_one(row)
    return code


async def redeem(code: str, now: datetime) -> int | None:
    """Use a code; returns the id of the user it was created for. Atomic: of concurrent calls one gets it.

    None for a code that is unknown, used or expired (`expires_at < now`); a text without the shape of a code costs no
    command. The caller checks whether the user is still an admin.
    """
    if not is_token(code):
        return None
    row = await _codes().find_one_and_delete({"code_hash": _hash(code), "expires_at": {"$gte": now}})
    return None if row is None else int(row["user_id"])


async def withdraw(user_id: int) -> None:
    """Delete the codes made for a person: their links sign nobody in."""
    await _codes().delete_many({"user_id": user_id})
