"""What people spend and are paid: credits and passes. Used as part of `user_ops`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import to_milliseconds
from core.errors import StoreUnavailable
from core.ids import is_code
from core.users import User
from database.operations.user_ops import FIELDS, to_user, users
from database.values import Document

#: grants a person's record remembers, so that none is paid out twice
GRANTS_KEPT = 100
#: tries to prolong a pass against other grants for the same person
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Granted:
    """Who was paid, as they are now; `is_new` False when that very grant had been paid out before."""

    user: User
    is_new: bool


def _charge(code: str) -> str:
    """The field of the charge for a post. Raises ValueError for what is no code: it could name any field."""
    if not is_code(code):
        raise ValueError("that is not the code of a post")
    return f"charges.{code}"


async def spend_credit(user_id: int, code: str, update_key: str, now: datetime, forget: Sequence[str] = ()) -> bool:
    """Spend a credit on a post for the wish `update_key`; False when there is none left, or no such person.

    One conditional update: of any number of calls at once no more succeed than there are credits, and one key is
    charged once: True also when this very wish has paid already. `forget`: codes whose charges go (never `code`).
    Raises ValueError for what is no code, and for an empty key.
    """
    charge = _charge(code)
    if not update_key:
        raise ValueError("a charge needs an update_key: without one it might be made twice")
    update: Document = {"$inc": {"credits": -1}, "$set": {charge: {"at": now, "update_key": update_key}}}
    forgotten = {_charge(other): "" for other in forget if other != code}
    if forgotten:
        update["$unset"] = forgotten
    condition: Document = {"user_id": user_id, "credits": {"$gte": 1}, f"{charge}.update_key": {"$ne": update_key}}
    if await users().update_one(condition, update):
        return True
    return (
        await users().find_one({"user_id": user_id, f"{charge}.update_key": update_key}, projection=["_id"]) is not None
    )


async def give_back_credit(user_id: int, code: str, update_key: str) -> bool:
    """Give back the credit the request `update_key` spent on the post; atomic. False when that charge is not there.

    Raises ValueError for what is no code.
    """
    charge = _charge(code)
    condition: Document = {"user_id": user_id, f"{charge}.update_key": update_key}
    return await users().update_one(condition, {"$inc": {"credits": 1}, "$unset": {charge: ""}})


async def grant(
    user_id: int, key: str, now: datetime, *, credits: int = 0, pass_for: timedelta = timedelta()
) -> Granted | None:
    """Pay out credits, or time added to what is left of the pass, once for each `key`; None when they never came.

    Each payment is one conditional update; the last 100 keys of a person are remembered. Raises ValueError for less
    than nothing, StoreUnavailable when other grants of a pass were faster 20 times in a row.
    """
    if credits < 0 or pass_for < timedelta():
        raise ValueError("a grant takes nothing away")
    for _ in range(_TRIES):
        change = _credits(credits) if not pass_for else await _with_pass(user_id, now, credits, pass_for)
        paid = None if change is None else await _pay(user_id, key, *change)
        if paid is not None:
            return Granted(paid, is_new=True)
        before = await users().find_one({"user_id": user_id, "grants": key}, projection=FIELDS)
        if before is not None:
            return Granted(to_user(before), is_new=False)
        if change is None or not pass_for:
            return None
    raise StoreUnavailable(f"grant users: {_TRIES} other grants were faster")


#: what must hold beside, and the update
_Change = tuple[Document, Document]


def _credits(credits: int) -> _Change:
    return {}, {"$inc": {"credits": credits}}


async def _with_pass(user_id: int, now: datetime, credits: int, pass_for: timedelta) -> _Change | None:
    """Compare and set: the end of the pass is worked out from what stands, and must still stand. None: never came."""
    found = await users().find_one({"user_id": user_id}, projection=["pass_until"])
    if found is None:
        return None
    until = found.get("pass_until")
    begins_at = to_milliseconds(now) if until is None else max(now, until)
    return {"pass_until": until}, {"$inc": {"credits": credits}, "$set": {"pass_until": begins_at + pass_for}}


async def _pay(user_id: int, key: str, condition: Document, update: Document) -> User | None:
    """The person as they are now; None when the key was paid out before, or the condition does not hold."""
    open_for_it: Document = {"user_id": user_id, "grants": {"$ne": key}, **condition}
    remembered: Document = {"$push": {"grants": {"$each": [key], "$slice": -GRANTS_KEPT}}}
    paid = await users().find_one_and_update(open_for_it, update | remembered, projection=FIELDS)
    return None if paid is None else to_user(paid)
