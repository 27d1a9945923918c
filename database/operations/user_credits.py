"""Credits and passes of users: spent, given back and granted (collection `users`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import to_milliseconds
from core.errors import StoreUnavailable
from core.ids import is_code
from core.users import FAR_END, User
from database.operations.user_ops import FIELDS, to_user, users
from database.values import Document

#: grants a user's document remembers, so that none is paid out twice
GRANTS_KEPT = 100
#: closed requests a user's document remembers: one is closed after a crash
CLOSED_KEPT = 20
#: attempts to extend a pass against concurrent grants for the same user
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Granted:
    """The user after the grant; `is_new` is False when it had been paid out before."""

    user: User
    is_new: bool
    #: the end of the pass before; None also for a grant of credits, and when it had been paid out before
    pass_before: datetime | None = None
    #: credits added, negative for taken; 0 when it had been paid out before
    credits: int = 0


def _charge(code: str) -> str:
    """Return the path of the charge for a post. Raises ValueError for anything but a code: it could be any field."""
    if not is_code(code):
        raise ValueError("that is not the code of a post")
    return f"charges.{code}"


async def spend_credit(
    user_id: int, code: str, update_key: str, now: datetime, forget: Sequence[str] = ()
) -> int | None:
    """Spend a credit on a post for the request `update_key`; return how many are left.

    None when the user has none, or there is no such user.

    One conditional update: concurrent calls spend no more credits than there are, and one key is charged once: a
    number also when it was charged before, or closed. `forget`: codes whose charges are deleted (never `code`). Raises
    ValueError for anything but a code, and for an empty key.
    """
    charge = _charge(code)
    if not update_key:
        raise ValueError("a charge needs an update_key: without one it might be made twice")
    update: Document = {"$inc": {"credits": -1}, "$set": {charge: {"at": now, "update_key": update_key}}}
    forgotten = {_charge(other): "" for other in forget if other != code}
    if forgotten:
        update["$unset"] = forgotten
    condition: Document = {
        "user_id": user_id,
        "credits": {"$gte": 1},
        f"{charge}.update_key": {"$ne": update_key},
        "closed_requests": {"$ne": update_key},
    }
    paid = await users().find_one_and_update(condition, update, projection=["credits"])
    if paid is None:
        settled = [{f"{charge}.update_key": update_key}, {"closed_requests": update_key}]
        paid = await users().find_one({"user_id": user_id, "$or": settled}, projection=["credits"])
    return None if paid is None else int(paid.get("credits") or 0)


async def give_back_credit(user_id: int, code: str, update_key: str) -> bool:
    """Give back the credit the request `update_key` spent on the post; atomic. False without that charge.

    Raises ValueError for anything but a code.
    """
    charge = _charge(code)
    condition: Document = {"user_id": user_id, f"{charge}.update_key": update_key}
    return await users().update_one(condition, {"$inc": {"credits": 1}, "$unset": {charge: ""}})


async def close_request(user_id: int, code: str, update_key: str) -> bool:
    """Give back what the request `update_key` spent on the post, and let it spend nothing later; False if it had not.

    For the request of a process that may only be slow. Two commands, may be repeated. Raises ValueError for anything
    but a code.
    """
    closed: Document = {"closed_requests": {"$each": [update_key], "$slice": -CLOSED_KEPT}}
    await users().update_one({"user_id": user_id, "closed_requests": {"$ne": update_key}}, {"$push": closed})
    return await give_back_credit(user_id, code, update_key)


async def grant(
    user_id: int,
    key: str,
    now: datetime,
    *,
    credits: int = 0,
    pass_for: timedelta = timedelta(),
    is_unlock: bool = False,
) -> Granted | None:
    """Add credits, or time to the pass, once for each `key`; None when there is no such user.

    Each grant is one conditional update; the last 100 keys of a user are remembered. `is_unlock`: it is counted as an
    unlock, too. Raises ValueError for negative amounts, StoreUnavailable when concurrent grants of a pass were faster
    20 times.
    """
    if credits < 0 or pass_for < timedelta():
        raise ValueError("a grant takes nothing away")
    for _ in range(_TRIES):
        change = _credits(credits) if not pass_for else await _with_pass(user_id, now, credits, pass_for)
        if change is not None and is_unlock:
            change[1]["$inc"]["unlocks"] = 1
        paid = None if change is None else await _pay(user_id, key, *change)
        if paid is not None and change is not None:
            return Granted(paid, is_new=True, pass_before=change[0].get("pass_until"), credits=credits)
        before = await to_user(await users().find_one({"user_id": user_id, "grants": key}, projection=FIELDS))
        if before is not None:
            return Granted(before, is_new=False)
        if change is None or not pass_for:
            return None
    raise StoreUnavailable(f"grant users: {_TRIES} other grants were faster")


#: a further condition, and the update
_Change = tuple[Document, Document]


def _credits(credits: int) -> _Change:
    return {}, {"$inc": {"credits": credits}}


async def _with_pass(user_id: int, now: datetime, credits: int, pass_for: timedelta) -> _Change | None:
    """Compare and set: the new end of the pass is computed from the stored one, which must not change meanwhile.

    None when there is no such user.
    """
    found = await to_user(await users().find_one({"user_id": user_id}, projection=FIELDS))
    if found is None:
        return None
    until = found.pass_until
    extended_from = to_milliseconds(now) if until is None else max(now, until)
    extended = extended_from + min(pass_for, max(FAR_END - extended_from, timedelta()))
    return {"pass_until": until}, {"$inc": {"credits": credits}, "$set": {"pass_until": extended}}


async def _pay(user_id: int, key: str, condition: Document, update: Document) -> User | None:
    """Apply the grant; returns the user, None when the key was paid out before, or the condition does not hold."""
    unpaid: Document = {"user_id": user_id, "grants": {"$ne": key}, **condition}
    remembered: Document = {"$push": {"grants": {"$each": [key], "$slice": -GRANTS_KEPT}}}
    paid = await users().find_one_and_update(unpaid, update | remembered, projection=FIELDS)
    return await to_user(paid)


async def take_credits(user_id: int, key: str, credits: int, *, all_or_none: bool = False) -> Granted | None:
    """Take credits away, once for each `key`, never below 0; None when there is no such user.

    With `all_or_none` None also when there are fewer. A conditional update; repeated when the credits changed between.
    Raises ValueError for less than one credit, StoreUnavailable when others were faster 20 times.
    """
    if credits < 1:
        raise ValueError("at least one credit is taken")
    for _ in range(_TRIES):
        document = await users().find_one({"user_id": user_id}, projection=(*FIELDS, "grants"))
        before = await to_user(document)
        if document is None or before is None:
            return None
        if key in document.get("grants", ()):
            return Granted(before, is_new=False)
        if all_or_none and before.credits < credits:
            return None
        taken = min(credits, max(before.credits, 0))
        after = await _pay(user_id, key, {"credits": before.credits}, {"$inc": {"credits": -taken}})
        if after is not None:
            return Granted(after, is_new=True, credits=-taken)
    raise StoreUnavailable(f"take users: {_TRIES} other changes were faster")


async def set_pass(user_id: int, seen: datetime | None, until: datetime | None) -> User | None:
    """Replace the end of the pass, None for no pass, only if it still is `seen`; one conditional update.

    None when there is no such user, or the end is another one.
    """
    changed = await users().find_one_and_update(
        {"user_id": user_id, "pass_until": seen}, {"$set": {"pass_until": until}}, projection=FIELDS
    )
    return await to_user(changed)
