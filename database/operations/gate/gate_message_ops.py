"""The gate message of a post (field `gates` of `users`): one a subscriber and post, wherever it was sent from."""

from collections.abc import Sequence

from core.ids import is_code
from core.users import GateMessage
from database.operations.user_ops import users
from database.values import Document

#: posts whose gate a subscriber stands at; older ones are forgotten, and their messages stay
KEPT = 20


def _path(code: str) -> str:
    """Return the path of the message for a post. Raises ValueError for anything but a code: it could be any field."""
    if not is_code(code):
        raise ValueError("that is not the code of a post")
    return f"gates.{code}"


async def remember(user_id: int, code: str, message: GateMessage, forget: Sequence[str] = ()) -> GateMessage | None:
    """Store the message of a post in place of the one before; return that one, None when there was none. Atomic.

    Of concurrent calls each gets what the other stored, so that all but one can be deleted. `forget`: codes whose
    messages are forgotten (never `code`). Raises ValueError for anything but a code.
    """
    update: Document = {"$set": {_path(code): message.model_dump()}}
    if forgotten := {_path(other): "" for other in forget if other != code}:
        update["$unset"] = forgotten
    return await _changed(user_id, code, update)


async def forget(user_id: int, code: str) -> GateMessage | None:
    """Forget the message of a post; return it, None when there is none. Atomic: of concurrent calls one gets it."""
    return await _changed(user_id, code, {"$unset": {_path(code): ""}})


async def _changed(user_id: int, code: str, update: Document) -> GateMessage | None:
    found = await users().find_one_and_update({"user_id": user_id}, update, before=True, projection=[_path(code)])
    known = None if found is None else found.get("gates", {}).get(code)
    return None if known is None else GateMessage.model_validate(known)
