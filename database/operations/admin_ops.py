"""The stored team and the link that makes the first owner (collection `admins`).

A row has `user_id`, `role`, `added_by` and `added_at`; an owner's `proof` and `claimed_with` too. Their languages
are in `language` and `app_language`; an owner of ADMIN_IDS may have a row with nothing else. The link is the one row
whose `user_id` is null: the unique index allows no second one.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

from pydantic import TypeAdapter

from core.errors import AlreadyThere
from core.team.admins import AdminRow, ClaimRow, Role
from database.collection import Collection
from database.connection import Database, current_database
from database.readable import find_records, record_or_none
from database.shared_read import SharedRead
from database.values import Document

_ROW, _CLAIM = TypeAdapter(AdminRow), TypeAdapter(ClaimRow)
#: rows read; a team is small
MEMBERS_MAX = 200
_LANGUAGES = ("language", "app_language")


@dataclass(slots=True)
class _Cache:
    rows: SharedRead[tuple[AdminRow, ...]] = field(default_factory=SharedRead)


_caches: WeakKeyDictionary[Database, _Cache] = WeakKeyDictionary()


def _admins() -> Collection:
    return current_database().collection("admins")


def _cache() -> _Cache:
    return _caches.setdefault(current_database(), _Cache())


def read(document: Document) -> AdminRow | ClaimRow:
    """Return the row of a document: a person's, or the link. Raises one of `readable.CANNOT_READ`."""
    if document["user_id"] is None:
        return _CLAIM.validate_python({name: document[name] for name in ("fingerprint", "expires_at")})
    role: str = document.get("role") or ""
    return _ROW.validate_python(
        {
            "user_id": document["user_id"],
            "role": Role(role) if role in Role.__members__.values() else None,
            "proof": document.get("proof") or "",
            "claimed_with": document.get("claimed_with") or "",
            "name": document.get("name") or "",
            "added_by": document.get("added_by"),
            "added_at": document.get("added_at"),
            "language": document.get("language") or "",
            "app_language": document.get("app_language") or "",
        }
    )


async def load() -> tuple[AdminRow, ...]:
    """Return the rows of people, at most MEMBERS_MAX, by user id."""
    people: Document = {"user_id": {"$gt": 0}}
    found = await find_records(_admins(), read, people, limit=MEMBERS_MAX, sort=[("user_id", 1)])
    return tuple(row for row in found if isinstance(row, AdminRow))


async def current(now: datetime) -> tuple[AdminRow, ...]:
    """Return the rows of people as of at most 5 seconds ago; a change by this process is seen at once."""
    return await _cache().rows.get(now, load)


async def find_claim() -> ClaimRow | None:
    """Return the stored link; None when there is none that can be read."""
    found = await record_or_none(_admins(), await _admins().find_one({"user_id": None}), read)
    return found if isinstance(found, ClaimRow) else None


async def issue_claim(fingerprint: str, expires_at: datetime) -> None:
    """Store the link's fingerprint; an earlier link stops. One atomic upsert."""
    update = {"$set": {"fingerprint": fingerprint, "expires_at": expires_at}}
    try:
        await _admins().update_one({"user_id": None}, update, upsert=True)
    except AlreadyThere:
        # another process inserted it in the same instant
        await _admins().update_one({"user_id": None}, update, upsert=True)


async def withdraw_claim() -> None:
    """Delete the link, if there is one."""
    await _admins().delete_one({"user_id": None})


async def become_owner(user_id: int, fingerprint: str, proof: str, now: datetime) -> bool:
    """Turn the unexpired link with this fingerprint into the owner's row: one conditional update, of any number of
    concurrent callers one gets True.

    A row the person has already, of a lower role or with a proof that is not valid, is deleted before and put back
    when somebody else was faster. The person's own concurrent call is left alone.
    """
    former = await _admins().find_one_and_delete({"user_id": user_id, "claimed_with": {"$ne": fingerprint}})
    owner: Document = {
        "user_id": user_id,
        "role": Role.OWNER,
        "proof": proof,
        "claimed_with": fingerprint,
        "added_by": user_id,
        "added_at": now,
    }
    owner |= {name: former[name] for name in _LANGUAGES if former is not None and name in former}
    unused = {"user_id": None, "fingerprint": fingerprint, "expires_at": {"$gte": now}}
    is_owner = await _admins().update_one(unused, {"$set": owner, "$unset": {"fingerprint": "", "expires_at": ""}})
    if not is_owner and former is not None:
        await _admins().insert_one(former)
    _cache().rows.clear()
    return is_owner


async def add_member(user_id: int, role: Role, name: str, added_by: int, now: datetime) -> None:
    """Give somebody who has none a role that needs no proof; a row without a proof is replaced. One atomic upsert."""
    row: Document = {"role": role, "name": name, "added_by": added_by, "added_at": now, "proof": "", "claimed_with": ""}
    # a second press inserted it in the same instant, or they have become the owner meanwhile
    with suppress(AlreadyThere):
        await _admins().update_one({"user_id": user_id, "proof": {"$in": ["", None]}}, {"$set": row}, upsert=True)
    _cache().rows.clear()


async def set_role(user_id: int, role: Role, proof: str = "", was: Role | None = None) -> bool:
    """Change a row's role, with `was` only from that one; `proof`: an owner's. One conditional update.

    False when there is no such row.
    """
    is_changed = await _admins().update_one(_with_role(user_id, was), {"$set": {"role": role, "proof": proof}})
    _cache().rows.clear()
    return is_changed


async def put_back(row: AdminRow) -> None:
    """Store a row that was changed or deleted as it was before; one atomic upsert."""
    before: Document = {
        "role": row.role,
        "proof": row.proof,
        "claimed_with": row.claimed_with,
        "name": row.name,
        "added_by": row.added_by,
        "added_at": row.added_at,
        "language": row.language,
        "app_language": row.app_language,
    }
    await _admins().update_one({"user_id": row.user_id}, {"$set": before}, upsert=True)
    _cache().rows.clear()


async def set_language(user_id: int, code: str) -> None:
    """Store the language a member chose, "" for that of their app. One atomic upsert."""
    await _set_language(user_id, {"language": code})


async def set_app_language(user_id: int, code: str) -> None:
    """Store the language of a member's app. One atomic upsert."""
    await _set_language(user_id, {"app_language": code})


async def _set_language(user_id: int, change: Document) -> None:
    # an owner of ADMIN_IDS has no row until then; another process may insert it in the same instant
    for _attempt in range(2):
        with suppress(AlreadyThere):
            await _admins().update_one({"user_id": user_id}, {"$set": change}, upsert=True)
            break
    _cache().rows.clear()


async def forget_proof(user_id: int, proof: str) -> None:
    """Delete a row whose proof is not valid, unless it has another one meanwhile."""
    await _admins().delete_one({"user_id": user_id, "proof": proof})


def _with_role(user_id: int, role: Role | None) -> Document:
    return {"user_id": user_id} if role is None else {"user_id": user_id, "role": role}


async def remove(user_id: int, was: Role | None = None) -> bool:
    """Delete a row, with `was` only one with that role; False when there is none."""
    is_removed = await _admins().delete_one(_with_role(user_id, was))
    _cache().rows.clear()
    return is_removed
